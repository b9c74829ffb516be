"""`summary.json`: what a run did with one account-month, for scripts (docs/rules.md §11.4). No key is ever missing.

And what the ledger notes of a decision, written here and read for the overview.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

from jobs.billing.invoicing import Issued
from reports.allocation import UNALLOCATED, Allocation
from reports.counts import Allowance, Minutes, Rows
from reports.document import Change, Document, Finding, Snapshot
from reports.findings import folded
from reports.stored import plain, pretty, to_builtins
from reports.text import so_many

if TYPE_CHECKING:
    from jobs.billing.decide import Decision

SCHEMA = "securevideo-billing/summary/1"


@dataclass(frozen=True, slots=True)
class SummaryLine:
    meter: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class SummaryDocument:
    """A document of the month."""

    kind: str
    number: str | None
    corrects: str | None
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: tuple[SummaryLine, ...]
    files: Mapping[str, str]  # by format


@dataclass(frozen=True, slots=True)
class Used:
    """The sessions allowance over all parts; None where `reports.counts.Allowance` has it."""

    included: int | None
    used: int
    unused: int | None
    overage: int


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that holds of an open month."""

    code: str
    part: int | None  # None: of the whole month
    first_at: datetime
    new: bool  # fired by this run


@dataclass(frozen=True, slots=True)
class Ahead:
    """Where an open month is heading; see `reports.forecast.Forecast`."""

    as_of: datetime
    days: int
    elapsed_days: int
    used: int
    projected: int | None
    net_projected: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The file, key by key; of a unit that got nowhere what was not found out is None or empty."""

    schema: str = SCHEMA
    account: str
    month: str
    status: str
    error: str | None = None
    snapshot: Snapshot | None = None
    rows: Rows | None = None
    counts: Mapping[str, int] | None = None  # by status
    minutes: Mapping[str, Minutes] | None = None  # likewise
    allowance: Used | None = None
    live: Mapping[str, int] | None = None
    documents: tuple[SummaryDocument, ...] = ()  # issued or drafted; on an unchanged rerun those that stand
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    allocation: Allocation | UnsetType = UNSET  # what each cost centre pays of the whole month; only with cost centres
    alerts: tuple[Fired, ...] | UnsetType = UNSET  # of an open month whose account asks for them
    forecast: Ahead | UnsetType = UNSET  # likewise


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft as the ledger notes it."""

    kind: str
    currency: str
    digits: int
    total: Decimal
    files: Mapping[str, str]  # by format


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the ledger notes of a decision beside the documents: enough for an overview.

    Unset is what a run did not note: there was none yet, or an earlier version did not note it.
    """

    findings: int = 0
    warnings: int = 0
    blocking: tuple[str, ...] = ()  # codes
    counted: int | UnsetType = UNSET
    included: int | UnsetType | None = UNSET
    overage: int | UnsetType = UNSET
    drafted: tuple[Drafted, ...] = ()
    forecast: Ahead | UnsetType = UNSET  # of an open month, where it is asked for
    unallocated: str | UnsetType = UNSET  # the money that belongs to no cost centre, if any does: "USD 5.00"


def of_decision(
    account: str, month: str, snapshot: Snapshot, decision: "Decision", documents: Sequence[Document]
) -> Summary:
    """`documents`: what the run issued or drafted; on an unchanged rerun the documents that stand."""
    reconciled = decision.month
    return Summary(
        account=account,
        month=month,
        status=decision.status,
        snapshot=snapshot,
        rows=reconciled.usage.rows,
        counts=dict(reconciled.counts),
        minutes=reconciled.minutes,
        allowance=_used(reconciled.allowance),
        live=dict(reconciled.live),
        documents=tuple(map(_entry, documents)),
        changes=decision.changes.changes if decision.changes else (),
        findings=folded(decision.findings),
        allocation=decision.allocated.allocation if decision.allocated else UNSET,
        forecast=_ahead(decision),
    )


def _ahead(decision: "Decision") -> Ahead | UnsetType:
    forecast = decision.outlook.forecast if decision.outlook else None
    names = ("as_of", "days", "elapsed_days", "used", "projected", "net_projected")
    return Ahead(*(getattr(forecast, name) for name in names)) if forecast else UNSET


def of_settled(account: str, issued: Sequence[Issued]) -> Summary:
    """Of a month whose newest document says all there is to say: `issued` are its documents, it is the last."""
    newest = issued[-1].document
    return Summary(
        account=account,
        month=newest.month,
        status="unchanged",
        snapshot=newest.snapshot,
        rows=newest.rows,
        counts=dict(newest.counts),
        minutes=newest.minutes,
        allowance=_used(newest.allowance),
        live=dict(newest.live),
        documents=tuple(_entry(one.document) for one in issued),
        findings=folded(newest.findings),
        allocation=_whole(issued),
    )


def of_failure(account: str, month: str, error: str) -> Summary:
    return Summary(account=account, month=month, status="failed", error=error)


def for_ledger(decision: "Decision") -> Decided:
    month, allocated = decision.month, decision.allocated
    whole = allocated.allocation if allocated else UNSET
    unallocated = _unallocated(whole, month.terms.currency)
    decided = _decided(decision.findings, month.counts, month.allowance, decision.drafts, unallocated)
    return replace(decided, forecast=_ahead(decision))


def for_ledger_settled(issued: Sequence[Issued]) -> Decided:
    newest = issued[-1].document
    unallocated = _unallocated(_whole(issued), newest.currency)
    return _decided(newest.findings, newest.counts, newest.allowance, (), unallocated)


def from_ledger(detail: str) -> Decided:
    """What an event of the ledger says of a decision; files and folders, which it also names, are passed over."""
    return msgspec.convert(json.loads(detail), Decided)  # a folder's name may be no UTF-8, which msgspec does not read


def in_words(summary: Summary) -> str:
    """One line for a person: what became of the unit."""
    unit = f"{summary.account} {summary.month}: {summary.status}"
    if summary.rows is None or summary.counts is None:
        return f"{unit}: {summary.error}"
    documents = ", ".join(
        f"{one.number or one.kind.replace('_', ' ')} {one.currency} {plain(one.total)}" for one in summary.documents
    )
    counts = " ".join(f"{status} {number}" for status, number in summary.counts.items())
    rows = summary.rows
    aside = f", {rows.set_aside} of {so_many(rows.received, 'row')} set aside" if rows.set_aside else ""
    changes = len({change.session_id for change in summary.changes} - {None})
    changed = f", {so_many(changes, 'session')} changed or moved" if changes else ""
    new = ", ".join(one.code for one in summary.alerts or () if one.new)
    return f"{unit}: {documents} ({counts}{aside}{changed}){f'; new: {new}' if new else ''}"


def to_json(summary: Summary) -> bytes:
    return pretty(to_builtins(summary))


def _entry(document: Document) -> SummaryDocument:
    return SummaryDocument(
        kind=document.kind,
        number=document.number,
        corrects=document.corrects,
        currency=document.currency,
        net=document.net,
        tax=document.tax,
        total=document.total,
        lines=tuple(
            SummaryLine(line.meter, line.description, line.quantity, line.unit_price, line.amount)
            for line in document.lines
        ),
        files=document.files,
    )


def _used(allowance: Allowance) -> Used:
    return Used(allowance.included, allowance.used, allowance.unused, allowance.overage)


def _whole(issued: Sequence[Issued]) -> Allocation | UnsetType:
    if issued[-1].document.allocation is UNSET:
        return UNSET
    from jobs.billing.allocation import documents, whole

    return whole(documents.allocations(issued))


def _unallocated(whole: Allocation | UnsetType, currency: str) -> str | UnsetType:
    share = None if whole is UNSET else whole.share(UNALLOCATED)
    return f"{currency} {plain(share.total)}" if share and share.total else UNSET


def _decided(
    findings: Sequence[Finding],
    counts: Mapping[str, int],
    allowance: Allowance,
    drafts: Sequence[Document],
    unallocated: str | UnsetType,
) -> Decided:
    severities = [finding.severity for finding in findings]
    return Decided(
        findings=len(findings),
        warnings=severities.count("warning"),
        blocking=tuple(sorted({finding.code for finding in findings if finding.severity == "blocking"})),
        counted=counts["BILL"],
        included=allowance.included,
        overage=allowance.overage,
        drafted=tuple(Drafted(one.kind, one.currency, one.digits, one.total, one.files) for one in drafts),
        unallocated=unallocated,
    )
