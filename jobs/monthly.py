"""One account-month from the vendor's reply to the files: gather, decide, apply; and the loop over all of them."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from jobs.billing.decide import Decision, Gathered, decide
from jobs.billing.findings import finding
from jobs.billing.invoicing import Issued, Setting
from jobs.billing.month import Month
from jobs.billing.terms import Terms, from_builtins
from jobs.config import Account, Config
from jobs.errors import BillingError, CredentialsRefused, OutputError
from jobs.fetch import AccountVendor, Fetched, Settled, clock_skew
from jobs.ledger.folders import Folders
from jobs.ledger.posting import Stale
from jobs.ledger.store import ALL, Known, Ledger, View
from jobs.log import bug
from jobs.output import summary
from jobs.output.documents import UnitFolder, final_files
from jobs.securevideo.client import Reply
from reports.document import Document, Finding, Snapshot
from reports.text import so_many

log = logging.getLogger(__name__)

_DECISIONS = 30  # another process may post to the account between decision and posting: so often we look again


@dataclass(frozen=True, slots=True)
class Job:
    """One run: what it works on and how."""

    config: Config
    ledger: Ledger
    output: Path
    environ: Mapping[str, str]
    now: Callable[[], datetime]  # aware, UTC
    program_version: str
    draft: bool = False
    adjust: bool = False


Unit = tuple[Account, Month]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one account-month."""

    summary: dict[str, Any]
    exit_status: int  # 0, 1 or 3


def units(job: Job, accounts: Iterable[Account], months: Iterable[Month], *, watch: bool) -> list[Unit]:
    """Each account's months, ascending; with `watch` also its last issued months, whose sessions may have changed."""
    found = []
    for account in accounts:
        chosen = set(months)
        watched = job.config.restate_months if watch else 0
        if watched:
            chosen |= {Month.parse(month) for month in job.ledger.issued_months(account.key)[-watched:]}
        found += [(account, month) for month in sorted(chosen)]
    return found


def run(job: Job, units: Iterable[Unit]) -> Iterator[Outcome]:
    """Bills the units, those of an account in one go. One unit's failure never stops the others."""
    for key, of_account in groupby(units, key=lambda unit: unit[0].key):
        account = job.config.accounts[key]
        with AccountVendor(job.config, account, job.ledger, environ=job.environ, now=job.now) as vendor:
            yield from _run_account(job, account, [month for _, month in of_account], vendor)


def _run_account(job: Job, account: Account, months: Iterable[Month], vendor: AccountVendor) -> Iterator[Outcome]:
    refused: str | None = None
    for month in months:
        if refused is not None:
            yield _failed(job, account.key, month, f"skipped: {refused}")
            continue
        try:
            yield _unit(job, account, month, vendor)
        except BillingError as error:
            refused = str(error) if isinstance(error, CredentialsRefused) else None
            yield _failed(job, account.key, month, str(error))
        except Exception as error:  # noqa: BLE001  # a bug in one unit must not keep the others from being billed
            yield _failed(job, account.key, month, bug(error))


def _unit(job: Job, account: Account, month: Month, vendor: AccountVendor) -> Outcome:
    with UnitFolder(job.output, account.key, str(month), job.config.file_mode) as folder, folder.locked():
        _finish(job, folder, account.key, month)
        fetched = vendor.fetch(month, job.ledger.settled(account.key, str(month)))
        if isinstance(fetched, Settled):
            return _settled(job, folder, account, month, fetched)
        decision, snapshot, standing = _decide_and_post(job, folder, account, month, fetched)
        documents, files = _write(job, folder, decision, standing)
        told = summary.of_decision(account.key, str(month), snapshot, decision, documents)
        files |= folder.write_summary(summary.to_json(told))
        detail = {**summary.for_ledger(decision), "snapshot": snapshot.sha256} | _looked_at(fetched.reply)
        job.ledger.add_event(account.key, str(month), decision.status, detail=detail | _left(job, files))
    return Outcome(told, 3 if decision.needs_a_person else 0)


def _settled(job: Job, folder: UnitFolder, account: Account, month: Month, fetched: Settled) -> Outcome:
    """The rerun of an issued month for which the vendor sent, to the byte, what it was issued on."""
    view = job.ledger.view(account.key, str(month))
    standing = job.ledger.known(account.key, str(month), view).issued
    _restore(job, folder, standing)
    folder.remove_drafts()
    told = summary.of_settled([issued.document for issued in standing])
    files = folder.write_summary(summary.to_json(told))
    detail = summary.for_ledger_settled(standing[-1].document) | _looked_at(fetched.reply) | _left(job, files)
    job.ledger.add_event(account.key, str(month), "unchanged", detail=detail)
    return Outcome(told, 0)


def _decide_and_post(
    job: Job, folder: UnitFolder, account: Account, month: Month, fetched: Fetched
) -> tuple[Decision, Snapshot, tuple[Issued, ...]]:
    """The decision, and all of the month's documents that stand after it.

    All files of a document are made before its number is taken: what cannot be made takes none.
    """
    received = fetched.reply.content
    snapshot_id, snapshot = job.ledger.add_snapshot(
        account.key,
        str(month),
        kept=fetched.kept,
        rows=received.received,
        fetched_at=fetched.reply.received_at,
        attached=fetched.attached,
    )
    for _ in range(_DECISIONS):
        known = job.ledger.known(account.key, str(month), View(ALL, snapshot_id))
        decision = decide(_gather(job, account, month, fetched=fetched, known=known, snapshot=snapshot))
        if decision.post is None:
            return decision, snapshot, known.issued
        there = [file for output in {job.output, job.config.output} for file in final_files(output, account.key)]
        there = [file for file in there if not file.is_symlink()]  # these the folder itself refuses
        try:
            (numbered,) = job.ledger.numbered([decision.post])
            folder.prepare(numbered, decision.month.sessions)
            posted = job.ledger.post(
                numbered, decision.month.sessions, newest=known.newest, snapshot_id=snapshot_id, there=there
            )
        except Stale:
            continue
        final = posted.document
        changes = final if decision.changes else None
        return replace(decision, post=final, changes=changes), snapshot, (*known.issued, posted)
    raise BillingError("other runs kept changing this account; nothing was issued: run again when they are done")


def _gather(
    job: Job, account: Account, month: Month, *, fetched: Fetched, known: Known, snapshot: Snapshot
) -> Gathered:
    config, received = job.config, fetched.reply.content
    setting = Setting(
        account=account.key,
        snapshot=snapshot,
        presentation=config.presentation(job.program_version),
        formats=config.formats,
        close_day=config.close_day,
        past=known.past,
    )
    return Gathered(
        month=month,
        now=job.now(),
        draft_only=job.draft,
        adjust=job.adjust,
        terms=_terms(account, known),
        setting=setting,
        rows=received.rows,
        received=received.received,
        findings=(
            *received.findings,
            *clock_skew(fetched.reply),
            *rows_gone(received.received, known, month, config.close_day),
        ),
        issued=known.issued,
        elsewhere=known.elsewhere,
        live=fetched.live,
    )


def _terms(account: Account, known: Known) -> Terms:
    return from_builtins(known.issued[0].document.terms) if known.issued else account.terms


def rows_gone(received: int, known: Known, month: Month, close_day: int) -> Iterator[Finding]:
    """Tells of a reply that holds fewer rows than the one before it did when the month was closed already."""
    last = known.last_snapshot
    if last is not None and last.fetched_at >= month.closes_at(close_day) and received < last.rows:
        before = f"{last.rows} at {last.fetched_at:%Y-%m-%d %H:%M} UTC"
        gone = last.rows - received
        text = f"{so_many(gone, 'row')} {'is' if gone == 1 else 'are'} gone: {received} came, {before}"
        yield finding("rows-gone", None, f"{text}, when the month was closed already; ask the vendor why")


def _write(
    job: Job, folder: UnitFolder, decision: Decision, standing: tuple[Issued, ...]
) -> tuple[list[Document], dict[str, str]]:
    """Puts the unit's files in place; gives the documents to tell of, and the drafts' SHA-256 by file name."""
    _restore(job, folder, standing)
    if decision.drafts:
        return [decision.drafts[0]], folder.write_drafts(decision.drafts, decision.month.sessions)
    folder.remove_drafts()
    return [decision.post] if decision.post else [issued.document for issued in standing], {}


def _restore(job: Job, folder: UnitFolder, standing: Sequence[Issued]) -> None:
    """Puts the files of what stands in place: all of a document not yet written, the missing ones of another."""
    written = job.ledger.written(*_unit_of(standing)) if standing else {}
    for issued in standing:
        if issued.id in written:
            folder.restore(issued.document, issued.sessions, written[issued.id])
        else:
            _write_issued(job, folder, issued)


def _finish(job: Job, folder: UnitFolder, account: str, month: Month) -> None:
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


def _looked_at(reply: Reply[Any]) -> dict[str, str]:
    return {"looked_at": reply.received_at.isoformat(timespec="seconds")}


def _left(job: Job, files: Mapping[str, str]) -> dict[str, Any]:
    """Which files a unit left, for the ledger; the configured folders, which may move; and where else the files are."""
    folders = Folders(job.config.output, job.config.snapshots).to_builtins()
    named = {} if job.output == job.config.output else {"output": str(job.output)}
    return {"files": files, "folders": folders, **named}


def _failed(job: Job, account: str, month: Month, error: str) -> Outcome:
    told = summary.of_failure(account, str(month), error)
    files: dict[str, str] = {}
    with (
        _whatever_else_fails(),
        UnitFolder(job.output, account, str(month), job.config.file_mode) as folder,
        folder.locked(),
    ):
        files = folder.write_summary(summary.to_json(told))
    with _whatever_else_fails():
        job.ledger.add_event(account, str(month), "failed", detail={"error": error} | _left(job, files))
    return Outcome(told, 1)


@contextmanager
def _whatever_else_fails() -> Iterator[None]:
    """The unit has failed already: what cannot be written about that is only logged."""
    try:
        yield
    except (BillingError, OutputError) as error:
        log.warning("%s", error)
