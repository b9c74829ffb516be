"""The loop over all account-months: one that fails never keeps the others from being billed."""

import logging
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jobs.billing.invoicing import Issued
from jobs.billing.month import Month
from jobs.config import Account
from jobs.errors import BillingError, LedgerUnreachable, OutputError
from jobs.fetch import AccountVendor, Settled
from jobs.log import reason
from jobs.monthly import placing
from jobs.monthly.job import Answered, Job
from jobs.output import summary
from jobs.output.documents import UnitFolder
from jobs.output.summary import Summary
from reports.stored import to_builtins

if TYPE_CHECKING:
    from jobs.billing.decide import Decision

log = logging.getLogger(__name__)

_TRIES = 3  # a server may be restarted twice

Unit = tuple[Account, Month]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one account-month."""

    summary: Summary
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


def run(job: Job, units: Iterable[Unit]) -> Generator[Outcome, None, None]:
    """Bills the units, those of an account in one go. One unit's failure never stops the others.

    Where adjustments are to be issued, an account's months are decided together: a session may have moved.
    """
    for key, of_account in groupby(units, key=lambda unit: unit[0].key):
        account, months = job.config.accounts[key], [month for _, month in of_account]
        with AccountVendor(
            job.config, account, job.ledger, environ=job.environ, now=job.now, throttle=job.throttle
        ) as vendor:
            if job.adjust and not job.draft:
                yield from sorted(_patiently(job, account, months, vendor), key=lambda one: one.summary.month)
                continue
            for month in months:
                yield from _patiently(job, account, [month], vendor)


def _patiently(job: Job, account: Account, months: Sequence[Month], vendor: AccountVendor) -> list[Outcome]:
    """`_billed`, and once more after the ledger's server was gone meanwhile: whatever was issued stays issued."""
    for left in reversed(range(_TRIES)):
        try:
            return list(_billed(job, account, months, vendor))
        except LedgerUnreachable as error:
            if not left:
                return [_failed(job, account.key, month, reason(error)) for month in months]
            log.warning("%s: %s", account.key, error)
    raise AssertionError


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
        if not units:  # of settled months all is said: pandas, which the rest is made of, takes long to load
            return
        from jobs.monthly.issuing import decide_and_post, grouped

        for group in grouped(job, account, units):
            posted = decide_and_post(job, account, group)
            for unit, result in zip(group, posted, strict=True):
                yield (
                    _failed_unit(job, account, unit, result)
                    if isinstance(result, str)
                    else _written(job, account, unit, *result)
                )


def _opened(job: Job, account: Account, month: Month, vendor: AccountVendor) -> Answered | Outcome:
    """Asks the vendor, the folder being locked from then on; or the outcome, where that is all there is to do."""
    try:
        job.ledger.refuse_other(account.key, account.terms.invoice_prefix)
        home = job.ledger.home(account.key, str(month))
        with ExitStack() as held:
            folder = held.enter_context(UnitFolder(job.output, home, str(month), job.config.file_mode))
            held.enter_context(folder.locked())
            placing.finish(job, folder, home, month)
            fetched = vendor.fetch(month, job.ledger.settled(home, str(month)))
            credentials = vendor.fingerprint()
            job.ledger.note_credentials(account.key, credentials)
            if isinstance(fetched, Settled):
                return _settled(job, folder, account, month, fetched, home=home)
            snapshot_id, snapshot = job.ledger.add_snapshot(
                home,
                str(month),
                digests=fetched.digests,
                rows=fetched.reply.content.received,
                fetched_at=fetched.reply.received_at,
                attached=fetched.attached,
            )
            return Answered(month, home, credentials, folder, held.pop_all(), fetched, snapshot_id, snapshot)
    except LedgerUnreachable:
        raise
    except Exception as error:  # noqa: BLE001  # a bug in one unit must not keep the others from being billed
        return _failed(job, account.key, month, reason(error))


def _written(job: Job, account: Account, unit: Answered, decision: "Decision", issued: tuple[Issued, ...]) -> Outcome:
    try:
        documents, files = placing.write(job, unit.folder, decision, issued)
        unit_summary = summary.of_decision(account.key, str(unit.month), unit.snapshot, decision, documents)
        if decision.outlook is None:
            detail = _noted(job, unit, decision, unit_summary, files)
            job.ledger.add_event(unit.home, str(unit.month), decision.status, detail=detail)
        else:
            with job.ledger.noting(unit.home, str(unit.month)) as noting:
                unit_summary = replace(unit_summary, alerts=noting.alerts(decision.outlook.alerts))
                noting.event(decision.status, _noted(job, unit, decision, unit_summary, files))
    except LedgerUnreachable:
        raise
    except Exception as error:  # noqa: BLE001  # see `_opened`
        return _failed_unit(job, account, unit, reason(error))
    unit.held.close()
    alarming = decision.needs_a_person or any(one.new for one in unit_summary.alerts or ())
    return Outcome(unit_summary, 3 if alarming else 0)


def _noted(
    job: Job, unit: Answered, decision: "Decision", unit_summary: Summary, drafts: Mapping[str, str]
) -> dict[str, Any]:
    """Writes the summary; gives what the ledger notes of the unit. `drafts`: the SHA-256 of each by file name."""
    files = {**drafts, **unit.folder.write_summary(summary.to_json(unit_summary))}
    detail: dict[str, Any] = to_builtins(summary.for_ledger(decision)) | {"snapshot": unit.snapshot.sha256}
    return detail | placing.looked_at(unit.fetched.reply) | placing.left(job, files)


def _failed_unit(job: Job, account: Account, unit: Answered, error: str) -> Outcome:
    unit.held.close()
    return _failed(job, account.key, unit.month, error)


def _settled(job: Job, folder: UnitFolder, account: Account, month: Month, fetched: Settled, *, home: str) -> Outcome:
    """The rerun of an issued month for which the vendor sent, to the byte, what it was issued on."""
    issued = job.ledger.issued_in(home, str(month))
    placing.restore(job, folder, issued)
    folder.remove_drafts()
    unit_summary = summary.of_settled(account.key, issued)
    files = folder.write_summary(summary.to_json(unit_summary))
    detail = to_builtins(summary.for_ledger_settled(issued)) | {"snapshot": issued[-1].document.snapshot.sha256}
    detail |= placing.looked_at(fetched.reply) | placing.left(job, files)
    job.ledger.add_event(home, str(month), "unchanged", detail=detail)
    return Outcome(unit_summary, 0)


def _failed(job: Job, account: str, month: Month, error: str) -> Outcome:
    unit_summary, home = summary.of_failure(account, str(month), error), account
    files: dict[str, str] = {}
    with _whatever_else_fails():
        home = job.ledger.home(account, str(month))
    with (
        _whatever_else_fails(),
        UnitFolder(job.output, home, str(month), job.config.file_mode) as folder,
        folder.locked(),
    ):
        files = folder.write_summary(summary.to_json(unit_summary))
    with _whatever_else_fails():
        job.ledger.add_event(home, str(month), "failed", detail={"error": error} | placing.left(job, files))
    return Outcome(unit_summary, 1)


@contextmanager
def _whatever_else_fails() -> Iterator[None]:
    """The unit has failed already: what cannot be written about that is only logged."""
    try:
        yield
    except (BillingError, OutputError) as error:
        log.warning("%s", error)
