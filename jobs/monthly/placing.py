"""A month's files put in place, and what the ledger notes of it."""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jobs.billing.invoicing import Issued
from jobs.billing.month import Month
from jobs.ledger.folders import Folders
from jobs.monthly.job import Job
from jobs.output.documents import UnitFolder
from jobs.securevideo.client import Reply
from reports.document import Document

if TYPE_CHECKING:
    from jobs.billing.decide import Decision

log = logging.getLogger(__name__)


def write(
    job: Job, folder: UnitFolder, decision: "Decision", issued: tuple[Issued, ...]
) -> tuple[list[Document], dict[str, str]]:
    """Puts the unit's files in place; gives the documents to report, and the drafts' SHA-256 by file name."""
    restore(job, folder, issued)
    if decision.drafts:
        return [decision.drafts[0]], folder.write_drafts(decision.drafts, decision.month.sessions)
    folder.remove_drafts()
    return [decision.post] if decision.post else [one.document for one in issued], {}


def restore(job: Job, folder: UnitFolder, issued: Sequence[Issued]) -> None:
    """Puts the files of what stands in place: all of a document not yet written, the missing ones of another."""
    written = job.ledger.written(*_unit_of(issued)) if issued else {}
    for one in issued:
        if one.id in written:
            folder.restore(one.document, one.unpacked, written[one.id])
        else:
            _write_issued(job, folder, one)


def finish(job: Job, folder: UnitFolder, account: str, month: Month) -> None:
    """Writes the files of documents that an earlier run posted and then was stopped."""
    for issued in job.ledger.unwritten(account, str(month)):
        log.info("%s %s: finishing %s, left by a run that was stopped", account, month, issued.document.stem)
        _write_issued(job, folder, issued)


def _write_issued(job: Job, folder: UnitFolder, issued: Issued) -> None:
    digests = folder.write_issued(issued.document, issued.sessions)
    account, month = _unit_of((issued,))
    job.ledger.add_event(account, month, "written", document_id=issued.id, detail=digests)


def _unit_of(issued: Sequence[Issued]) -> tuple[str, str]:
    return issued[0].document.account, issued[0].document.month


def looked_at(reply: Reply[Any]) -> dict[str, str]:
    return {"looked_at": reply.received_at.isoformat(timespec="seconds")}


def left(job: Job, files: Mapping[str, str]) -> dict[str, Any]:
    """Which files a unit left, for the ledger; the configured folders, which may move; and where else the files are."""
    folders = Folders(job.config.output, job.config.snapshots).to_builtins()
    named = {} if job.output == job.config.output else {"output": str(job.output)}
    return {"files": files, "folders": folders, **named}
