"""One account-month from the vendor's reply to the files: gather, decide, apply; and the loop over all of them."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from jobs.billing import together
from jobs.billing.decide import Decision, Gathered
from jobs.billing.invoicing import Issued
from jobs.billing.month import Month
from jobs.config import Account, Config
from jobs.errors import BillingError, OutputError, UnitError
from jobs.fetch import AccountVendor, Fetched, Settled, clock_skew
from jobs.gather import configured, gather, sources_for, terms_of
from jobs.ledger.folders import Folders
from jobs.ledger.posting import Stale
from jobs.ledger.store import ALL, Known, Ledger, Posting, View
from jobs.log import bug
from jobs.output import summary
from jobs.output.documents import UnitFolder, final_files
from jobs.securevideo.client import Reply
from reports.document import Document, Snapshot

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
    """Bills the units, those of an account in one go. One unit's failure never stops the others.

    Where adjustments are to be issued, an account's months are decided together: a session may have moved.
    """
    for key, of_account in groupby(units, key=lambda unit: unit[0].key):
        account, months = job.config.accounts[key], [month for _, month in of_account]
        with AccountVendor(job.config, account, job.ledger, environ=job.environ, now=job.now) as vendor:
            if job.adjust and not job.draft:
                yield from sorted(_billed(job, account, months, vendor), key=lambda one: str(one.summary["month"]))
                continue
            for month in months:
                yield from _billed(job, account, [month], vendor)


@dataclass(frozen=True, slots=True)
class _Unit:
    """An account-month that the vendor has answered for."""

    month: Month
    home: str  # the key that the month is kept under: the account may have been renamed
    credentials: str  # the fingerprint of those that it was fetched with
    folder: UnitFolder
    held: ExitStack  # keeps the folder locked
    fetched: Fetched
    snapshot_id: int
    snapshot: Snapshot


_Posted = tuple[Decision, tuple[Issued, ...]]  # the decision, and all of the month's documents that stand after it


def _billed(job: Job, account: Account, months: Sequence[Month], vendor: AccountVendor) -> Iterator[Outcome]:
    """Bills `months` (ascending), deciding those together that sessions moved between."""
    with ExitStack() as held:
        units = []
        for month in months:
            opened = _opened(job, account, month, vendor)
            if isinstance(opened, Outcome):
                yield opened
            else:
                held.enter_context(opened.held)
                units.append(opened)
        for group in _grouped(job, account, units):
            posted = _decide_and_post(job, account, group)
            for unit, result in zip(group, posted, strict=True):
                yield (
                    _failed_unit(job, account, unit, result)
                    if isinstance(result, str)
                    else _written(job, account, unit, *result)
                )


def _opened(job: Job, account: Account, month: Month, vendor: AccountVendor) -> _Unit | Outcome:
    """Asks the vendor, the folder being locked from then on; or the outcome, where that is all there is to do."""
    try:
        job.ledger.refuse_other(account.key, account.terms.invoice_prefix)
        home = job.ledger.home(account.key, str(month))
        with ExitStack() as held:
            folder = held.enter_context(UnitFolder(job.output, home, str(month), job.config.file_mode))
            held.enter_context(folder.locked())
            _finish(job, folder, home, month)
            fetched = vendor.fetch(month, job.ledger.settled(home, str(month)))
            credentials = vendor.fingerprint()
            job.ledger.note_credentials(account.key, credentials)
            if isinstance(fetched, Settled):
                return _settled(job, folder, account, month, fetched, home=home)
            snapshot_id, snapshot = job.ledger.add_snapshot(
                home,
                str(month),
                kept=fetched.kept,
                rows=fetched.reply.content.received,
                fetched_at=fetched.reply.received_at,
                attached=fetched.attached,
            )
            return _Unit(month, home, credentials, folder, held.pop_all(), fetched, snapshot_id, snapshot)
    except Exception as error:  # noqa: BLE001  # a bug in one unit must not keep the others from being billed
        return _failed(job, account.key, month, _said(error))


def _grouped(job: Job, account: Account, units: Sequence[_Unit]) -> list[list[_Unit]]:
    """Those to be decided together; each by itself where that cannot be told, for then it fails by itself."""
    if len(units) > 1:
        try:
            found = together.groups([_gather(job, account, unit)[0] for unit in units])
            return [[units[index] for index in group] for group in found]
        except Exception as error:  # noqa: BLE001  # see `_opened`
            log.warning("%s: the months are decided one by one: %s", account.key, _said(error))
    return [[unit] for unit in units]


def _written(job: Job, account: Account, unit: _Unit, decision: Decision, standing: tuple[Issued, ...]) -> Outcome:
    try:
        documents, files = _write(job, unit.folder, decision, standing)
        told = summary.of_decision(account.key, str(unit.month), unit.snapshot, decision, documents)
        files |= unit.folder.write_summary(summary.to_json(told))
        detail = {**summary.for_ledger(decision), "snapshot": unit.snapshot.sha256} | _looked_at(unit.fetched.reply)
        job.ledger.add_event(unit.home, str(unit.month), decision.status, detail=detail | _left(job, files))
    except Exception as error:  # noqa: BLE001  # see `_opened`
        return _failed_unit(job, account, unit, _said(error))
    unit.held.close()
    return Outcome(told, 3 if decision.needs_a_person else 0)


def _failed_unit(job: Job, account: Account, unit: _Unit, error: str) -> Outcome:
    unit.held.close()
    return _failed(job, account.key, unit.month, error)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, BillingError) else bug(error)


def _settled(job: Job, folder: UnitFolder, account: Account, month: Month, fetched: Settled, *, home: str) -> Outcome:
    """The rerun of an issued month for which the vendor sent, to the byte, what it was issued on."""
    view = job.ledger.view(home, str(month))
    standing = job.ledger.known(home, str(month), view).issued
    _restore(job, folder, standing)
    folder.remove_drafts()
    told = summary.of_settled(account.key, standing)
    files = folder.write_summary(summary.to_json(told))
    detail = summary.for_ledger_settled(standing) | _looked_at(fetched.reply) | _left(job, files)
    job.ledger.add_event(home, str(month), "unchanged", detail=detail)
    return Outcome(told, 0)


def _decide_and_post(job: Job, account: Account, units: Sequence[_Unit]) -> list[_Posted | str]:
    """What becomes of months that are decided together, all that is issued at once; or why a month failed."""
    try:
        for _ in range(_DECISIONS):
            gathered = [_gather(job, account, unit) for unit in units]
            decided = together.decide_together([one for one, _ in gathered])
            decisions = [_unless_refused(job, unit, one) for unit, one in zip(units, decided, strict=True)]
            try:
                return _post(job, units, gathered, decisions)
            except Stale:
                continue
        raise BillingError("other runs kept changing this account; nothing was issued: run again when they are done")
    except Exception as error:  # noqa: BLE001  # see `_opened`
        return [_said(error)] * len(units)


def _unless_refused(job: Job, unit: _Unit, outcome: together.Outcome) -> together.Outcome:
    """The outcome, or the error where sessions in it were billed under another account."""
    if isinstance(outcome, Decision):
        try:
            for document in (outcome.post, *outcome.drafts[:1]):
                if document is not None:
                    job.ledger.refuse_counted(document, outcome.month.sessions, unit.credentials)
        except UnitError as error:
            return error
    return outcome


def _post(
    job: Job,
    units: Sequence[_Unit],
    gathered: Sequence[tuple[Gathered, Known]],
    decisions: Sequence[together.Outcome],
) -> list[_Posted | str]:
    """All files of a document are made before its number is taken: what cannot be made takes none. Raises Stale."""
    postings: list[Posting] = []
    for unit, (_, known), one in zip(units, gathered, decisions, strict=True):
        if isinstance(one, Decision) and one.post is not None:
            postings.append(
                Posting(
                    one.post, one.month.sessions, unit.snapshot_id, known.accepted, unit.credentials, moving=one.moving
                )
            )
    posted: Iterator[Issued] = iter(())
    if postings:
        account = postings[0].document.account
        numbered = job.ledger.numbered([posting.document for posting in postings])
        postings = [replace(posting, document=final) for posting, final in zip(postings, numbered, strict=True)]
        folders = {str(unit.month): unit.folder for unit in units}
        for posting in postings:
            folders[posting.document.month].prepare(posting.document, posting.sessions)
        keys, outputs = job.ledger.keys_of(account), {job.output, job.config.output}
        there = [file for output in outputs for key in keys for file in final_files(output, key)]
        there = [file for file in there if not file.is_symlink()]  # these the folder itself refuses
        posted = iter(job.ledger.post(postings, newest=gathered[0][1].newest, there=there))
    results: list[_Posted | str] = []
    for (_, known), one in zip(gathered, decisions, strict=True):
        if not isinstance(one, Decision):
            results.append(str(one))
        elif one.post is None:
            results.append((one, known.issued))
        else:
            issued = next(posted)
            changes = issued.document if one.changes else None
            results.append((replace(one, post=issued.document, changes=changes), (*known.issued, issued)))
    return results


def _gather(job: Job, account: Account, unit: _Unit) -> tuple[Gathered, Known]:
    known = job.ledger.known(unit.home, str(unit.month), View(ALL, unit.snapshot_id))
    gathered = gather(
        unit.month,
        now=job.now(),
        known=known,
        received=unit.fetched.reply.content,
        setting=replace(configured(job.config, account, unit.snapshot, job.program_version), account=unit.home),
        terms=terms_of(account, known),
        live=unit.fetched.live,
    )
    sources = sources_for(account, unit.fetched.live)
    findings = (*gathered.findings, *clock_skew(unit.fetched.reply))
    return replace(gathered, draft_only=job.draft, adjust=job.adjust, findings=findings, sources=sources), known


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
    told, home = summary.of_failure(account, str(month), error), account
    files: dict[str, str] = {}
    with _whatever_else_fails():
        home = job.ledger.home(account, str(month))
    with (
        _whatever_else_fails(),
        UnitFolder(job.output, home, str(month), job.config.file_mode) as folder,
        folder.locked(),
    ):
        files = folder.write_summary(summary.to_json(told))
    with _whatever_else_fails():
        job.ledger.add_event(home, str(month), "failed", detail={"error": error} | _left(job, files))
    return Outcome(told, 1)


@contextmanager
def _whatever_else_fails() -> Iterator[None]:
    """The unit has failed already: what cannot be written about that is only logged."""
    try:
        yield
    except (BillingError, OutputError) as error:
        log.warning("%s", error)
