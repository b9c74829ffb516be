"""From a reconciled month to the documents made of it: invoice, adjustment, drafts of both (docs/rules.md §8).

The documents are complete but for what only the ledger can give: `numbered` adds the number.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from jobs.billing import money, terms
from jobs.billing.findings import in_order
from jobs.billing.month import Month
from reports.allocation import Allocation
from reports.document import NO_TAX, Document, Finding, IssuedDocument, Kind, MonthTotals, Presentation, Snapshot
from reports.findings import MOST_ALIKE, most_alike
from reports.stored import plain

if TYPE_CHECKING:
    import pandas as pd

    from jobs.billing.reconcile import Reconciliation

TREND_MONTHS = 13
_DRAFT_OF: dict[Kind, Kind] = {
    "invoice": "draft",
    "credit_note": "draft_credit_note",
    "supplementary_invoice": "draft_supplementary_invoice",
    "restatement": "restatement",
}
_SERIES = {"credit_note": "CN", "supplementary_invoice": "SI"}


@dataclass(frozen=True, slots=True)
class Provenance:
    """How and by what a document is made, apart from its figures."""

    account: str
    snapshot: Snapshot
    presentation: Presentation
    formats: tuple[str, ...]
    close_day: int  # 1 … 28
    past: tuple[MonthTotals, ...]  # the account's earlier issued months, ascending
    past_currencies: Mapping[str, str] = field(default_factory=dict)  # by month: what each of them was billed in
    most_alike: int | msgspec.UnsetType = MOST_ALIKE  # as `Document`, where there are more


@dataclass(frozen=True, slots=True)
class Transfer:
    """What `allocate --reallocate` moved between cost centres: no document changes, and each line comes to 0."""

    allocation: Allocation
    licensed_hosts: tuple[int, ...] | None
    moved_on: date


@dataclass(frozen=True, slots=True)
class Issued:
    """A document that stands in the ledger, with the rated sessions of the month as it left it."""

    id: int
    document: Document
    unpacked: "Callable[[], pd.DataFrame]"  # gives the sessions: most of what is asked of a month is in the document
    transfers: tuple[Transfer, ...] = ()  # recorded after it and before the next one

    @property
    def sessions(self) -> "pd.DataFrame":
        return self.unpacked()


def invoice(month: "Reconciliation", setting: Provenance, findings: Sequence[Finding]) -> Document:
    """The month's invoice, still without number and date."""
    now, currency = _totals(month), month.terms.currency
    other = {one: billed for one, billed in setting.past_currencies.items() if billed != currency}
    return Document(
        kind="invoice",
        number=None,
        corrects=None,
        final=False,
        account=setting.account,
        month=str(month.month),
        issued_on=None,
        due_on=None,
        payment_days=month.terms.payment_days,
        currency=currency,
        digits=month.terms.digits,
        issuer=month.terms.issuer,
        bill_to=month.terms.bill_to,
        tax_name=month.terms.tax.name,
        tax_rate=month.terms.tax.rate,
        net=month.net,
        tax=month.tax,
        total=month.total,
        lines=month.rated.lines,
        month_net=month.net,
        month_tax=month.tax,
        month_total=month.total,
        month_lines=month.rated.lines,
        bands=month.rated.bands,
        parts=month.parts,
        rows=month.usage.rows,
        counts=month.counts,
        minutes=month.minutes,
        allowance=month.allowance,
        hosts=month.hosts,
        findings=in_order(findings),
        changes=(),
        already_issued=(),
        transitions={},
        rules=rules(month),
        snapshot=setting.snapshot,
        daily=month.daily,
        trend=(*(one for one in setting.past if one.month not in other), now)[-TREND_MONTHS:],
        **asdict(setting.presentation),
        files=files("draft", setting.formats),
        live=month.live,
        events=month.events,
        close_day=setting.close_day,
        terms=terms.to_builtins(month.terms),
        trend_without=tuple(sorted(set(other.values()))) or msgspec.UNSET,
        most_alike=most_alike(findings, setting.most_alike),
    )


def adjustment(
    month: "Reconciliation", setting: Provenance, findings: Sequence[Finding], issued: Sequence[Issued]
) -> Document:
    """The newly computed month less everything in `issued` (its invoice first), tax included, and why."""
    from jobs.billing import restate

    before = issued[-1].sessions
    net, tax, total = (
        _less(now, [getattr(one.document, name) for one in issued])
        for name, now in (("net", month.net), ("tax", month.tax), ("total", month.total))
    )
    kind: Kind = "credit_note" if total < 0 else "supplementary_invoice" if total > 0 else "restatement"
    whole = invoice(month, setting, findings)
    return replace(
        whole,
        kind=kind,
        corrects=issued[0].document.number,
        net=net,
        tax=tax,
        total=total,
        lines=restate.difference(whole.lines, [line for one in issued for line in one.document.lines]),
        changes=restate.changes(before, month.sessions, parts=month.parts, net=net, digits=month.terms.digits),
        already_issued=tuple(_cited(one.document) for one in issued),
        transitions=restate.transitions(before, month.sessions),
    )


def draft(document: Document, open_until: datetime | None = None) -> Document:
    """`document` as a draft: unnumbered, undated, under the name `draft` (`restatement` where no money moved).

    `open_until`: when its month closes, where it has not yet. No draft says that its sessions are final.
    """
    kind = _DRAFT_OF[document.kind]
    stem = "restatement" if kind == "restatement" else "draft"
    final = _finality(Month.parse(document.month))
    return replace(
        document,
        kind=kind,
        files=files(stem, tuple(document.files)),
        rules=tuple(rule for rule in document.rules if rule != final),
        open_until=open_until or msgspec.UNSET,
    )


def series(document: Document) -> str:
    """The series that numbers `document` within its account: one of invoices, one a kind for each invoice adjusted."""
    return (
        "invoice" if document.corrects is None else f"{document.corrects}-{_SERIES.get(document.kind, 'restatement')}"
    )


def numbered(document: Document, nth: int, issued_on: date) -> Document:
    """`document` made final as the `nth` (from 1) of its series."""
    if document.kind == "invoice":
        prefix = document.terms["invoice_prefix"]
        number: str | None = f"{prefix}-{document.month.replace('-', '')}-{nth:04}"
    else:
        number = None if document.kind == "restatement" else f"{series(document)}{nth}"
    is_due = document.kind in ("invoice", "supplementary_invoice")
    return replace(
        document,
        number=number,
        final=True,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=document.payment_days) if is_due else None,
        files=files(number or f"restatement-{nth}", tuple(document.files)),
    )


def month_totals(document: Document) -> MonthTotals:
    """What the trend shows of the month that `document` is the newest of."""
    return MonthTotals(
        month=document.month,
        counts=document.counts,
        included=document.allowance.included,
        net=document.month_net,
        total=document.month_total,
    )


def rules(month: "Reconciliation") -> tuple[str, ...]:
    """The rules that the figures follow, in sentences, as every document prints them."""
    first, end = month.month.first, month.month.plus(1).first
    sentences = [
        f"Service month: {first} 00:00 UTC up to, not including, {end} 00:00 UTC, by BillableTs.",
        "Only BILL sessions count towards the allowance, in order of BillableTs, then SessionId.",
        "COMP, DUPL and SVCO sessions are counted and never charged.",
        f"Each line is rounded once, half up, to {month.terms.digits} decimals of {month.terms.currency}.",
    ]
    tax = month.terms.tax
    if tax.rate or tax.name != NO_TAX:
        sentences.append(f"{tax.name} ({plain(tax.rate)} %) is rounded once, on the sum of the rounded lines.")
    for part in month.parts:
        share = f" ({part.days} of {part.days_of_month} days)" if part.days < part.days_of_month else ""
        sentences.append(f"{part.first} to {part.last}: plan {part.plan}, in force from {part.plan_from}{share}.")
    if len(month.parts) > 1 or month.parts[0].days < month.parts[0].days_of_month:
        sentences.append(
            "A part of the month pays fee and host licences by days (price × days ÷ days of the month); its allowance "
            "is shared likewise and rounded half up to whole units. Each session belongs to the part of its "
            "BillableTs; ordinals, allowance and tiers start anew in each part, nothing is carried over."
        )
    if any(part.has("minutes") for part in month.parts):
        sentences.append("Minutes charged are the known DurationMinutes of BILL sessions, in the same order.")
    return (*sentences, _finality(month.month))


def _finality(month: Month) -> str:
    return f"Sessions from {month.first} to {month.last} are final as of the snapshot; later changes are adjusted."


def _totals(month: "Reconciliation") -> MonthTotals:
    return MonthTotals(str(month.month), month.counts, month.allowance.included, month.net, month.total)


def _less(now: Decimal, issued: Sequence[Decimal]) -> Decimal:
    for amount in issued:
        now = money.EXACT.subtract(now, amount)
    return now


def _cited(document: Document) -> IssuedDocument:
    if document.issued_on is None:
        raise ValueError("a document that stands has a date")
    return IssuedDocument(
        document.kind, document.number, document.issued_on, document.net, document.tax, document.total
    )


def files(stem: str, formats: Iterable[str]) -> dict[str, str]:
    """A document's files by format; `allocation` is the CSV of what each cost centre pays."""
    return {name: f"{stem}-allocation.csv" if name == "allocation" else f"{stem}.{name}" for name in formats}
