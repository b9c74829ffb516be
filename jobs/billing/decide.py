"""What to do with one account-month: issue, draft, leave alone or restate (docs/rules.md §8.1). Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.billing import acceptance, invoicing, restate
from jobs.billing.acceptance import Acceptance
from jobs.billing.centres import NO_SOURCES, Sources
from jobs.billing.counting import count
from jobs.billing.enrichment import NOTHING, Enrichment, of_issued
from jobs.billing.findings import blocks, finding, in_order, merged
from jobs.billing.invoicing import Issued, Provenance
from jobs.billing.month import Month
from jobs.billing.plan import PlannedPart, parts_of
from jobs.billing.reconcile import Reconciliation, reconcile
from jobs.billing.terms import Terms
from reports.document import Document, Finding, MonthTotals, Snapshot
from reports.findings import Severity
from reports.text import so_many

if TYPE_CHECKING:
    from jobs.billing.ahead import Outlook, Watch
    from jobs.billing.allocation.documents import AllocatedMonth

Status = Literal["issued", "draft", "unchanged", "restated", "adjusted"]

ANOMALY_MONTHS = 3
ANOMALY_FACTOR = 3
ANOMALY_MEAN = 20


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that the decision rests on."""

    month: Month
    now: datetime  # aware, UTC
    draft_only: bool
    adjust: bool
    terms: Terms  # those stored with the invoice where the month is issued, else as configured
    setting: Provenance
    rows: pd.DataFrame  # the readable rows, as `jobs.securevideo.history` gives them
    received: int
    findings: tuple[Finding, ...]  # of the payload, the clock and the reply as a whole
    issued: tuple[Issued, ...]  # this month's documents, the invoice first
    billed_elsewhere: Mapping[str, npt.NDArray[np.int64]]  # SessionIds counted in other issued months
    enrichment: Enrichment = NOTHING
    last_reply: Snapshot | None = None  # the month's, before this one
    accepted: tuple[Acceptance, ...] = ()  # all of the month's
    guarded: bool = True  # whether an adjustment waits for a person where rows are gone
    moving: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)  # see `jobs.billing.together`
    sources: Sources = NO_SOURCES  # of cost centres, where the terms ask for them
    watch: "Watch | None" = None  # what a run is to tell of the month while it is open

    @property
    def is_open(self) -> bool:
        return self.now < self.month.closes_at(self.setting.close_day)


@dataclass(frozen=True, slots=True)
class Decision:
    """`post` is to be numbered and made final; `drafts` are to be written beside what stands."""

    status: Status
    month: Reconciliation
    findings: tuple[Finding, ...]
    post: Document | None
    drafts: tuple[Document, ...]
    changes: Document | None  # the adjustment that holds the changes, posted or drafted
    moving: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)  # as gathered
    allocated: "AllocatedMonth | None" = None  # of the whole month, where the terms ask for it
    outlook: "Outlook | None" = None  # of an open month, where the run is to tell of it

    @property
    def needs_a_person(self) -> bool:
        return blocks(self.findings) or self.status == "restated"


def decide(gathered: Gathered) -> Decision:
    """Raises UnitError where no plan holds in the month."""
    parts = parts_of(gathered.month, gathered.terms.plans)
    usage = count(
        gathered.rows,
        received=gathered.received,
        findings=gathered.findings,
        month=gathered.month,
        parts=parts,
        billed_elsewhere=gathered.billed_elsewhere,
        enrichment=gathered.enrichment,
    )
    accepted = acceptance.in_force(gathered.accepted, gathered.rows, gathered.setting.snapshot.sha256)
    usage = replace(usage, sessions=acceptance.read_as_accepted(usage.sessions, accepted))
    month = reconcile(usage, gathered.month, gathered.terms, parts, gathered.enrichment)
    differs = bool(gathered.issued) and not restate.same(gathered.issued[-1].sessions, month.sessions)
    allocated = _allocated(gathered, month, parts)
    outlook = _outlook(gathered, month, parts)
    found = [
        *usage.findings,
        *volume_anomaly(month.counts["BILL"], gathered.setting.past),
        *rows_gone(gathered, differs=differs),
        *half_moved(gathered.moving),
        *(allocated.findings if allocated else ()),
        *(outlook.findings if outlook else ()),
    ]
    settled = acceptance.applied(merged(found), accepted)
    findings = in_order(acceptance.with_way_out(settled, gathered.setting.account, str(gathered.month)))
    if gathered.issued:
        decision = _restated(gathered, month, findings, allocated, differs=differs)
    else:
        decision = _first(gathered, month, findings, allocated, outlook)
    return replace(decision, moving=gathered.moving, allocated=allocated, outlook=outlook)


def _allocated(gathered: Gathered, month: Reconciliation, parts: Sequence[PlannedPart]) -> "AllocatedMonth | None":
    rules = gathered.terms.allocation
    if rules is msgspec.UNSET:
        return None
    from jobs.billing.allocation import documents

    return documents.of_month(month, parts, rules, gathered.sources, gathered.issued)


def _with(
    document: Document, gathered: Gathered, month: Reconciliation, allocated: "AllocatedMonth | None"
) -> Document:
    if allocated is None:
        return document
    from jobs.billing.allocation import documents

    return documents.with_allocation(document, month, allocated, gathered.issued)


def _outlook(gathered: Gathered, month: Reconciliation, parts: Sequence[PlannedPart]) -> "Outlook | None":
    if gathered.watch is None or gathered.issued or not gathered.is_open:
        return None
    from jobs.billing import ahead

    return ahead.outlook(month, parts, gathered.watch)


def _first(
    gathered: Gathered,
    month: Reconciliation,
    findings: tuple[Finding, ...],
    allocated: "AllocatedMonth | None",
    outlook: "Outlook | None",
) -> Decision:
    document = _with(invoicing.invoice(month, gathered.setting, findings), gathered, month, allocated)
    if outlook and outlook.forecast:
        document = replace(document, forecast=outlook.forecast)
    if gathered.is_open or gathered.draft_only or blocks(findings):
        open_until = gathered.month.closes_at(gathered.setting.close_day) if gathered.is_open else None
        return Decision("draft", month, findings, None, (invoicing.draft(document, open_until),), None)
    return Decision("issued", month, findings, document, (), None)


def _restated(
    gathered: Gathered,
    month: Reconciliation,
    findings: tuple[Finding, ...],
    allocated: "AllocatedMonth | None",
    *,
    differs: bool,
) -> Decision:
    settled = of_issued(findings)
    if not differs and not blocks(settled):
        return Decision("unchanged", month, in_order(settled), None, (), None)
    adjustment = invoicing.adjustment(month, gathered.setting, findings, gathered.issued)
    document = _with(adjustment, gathered, month, allocated)
    if gathered.adjust and not gathered.draft_only and not blocks(findings):
        return Decision("adjusted", month, findings, document, (), document)
    draft = invoicing.draft(document)
    restatement = replace(draft, kind="restatement", files=invoicing.files("restatement", draft.files))
    drafts = (draft,) if draft.kind == "restatement" else (draft, restatement)
    return Decision("restated", month, findings, None, drafts, draft)


def volume_anomaly(bill: int, past: Sequence[MonthTotals]) -> list[Finding]:
    """A warning where the BILL count is over three times, or under a third of, the mean of the three months before."""
    before = [totals.counts["BILL"] for totals in past[-ANOMALY_MONTHS:]]
    total = sum(before)
    if len(before) < ANOMALY_MONTHS or total < ANOMALY_MEAN * ANOMALY_MONTHS:
        return []
    if bill * ANOMALY_MONTHS <= ANOMALY_FACTOR * total and bill * ANOMALY_MONTHS * ANOMALY_FACTOR >= total:
        return []
    usual = ", ".join(map(str, before))
    text = f"{so_many(bill, 'BILL session')} against {usual} in the three issued months before: please check"
    return [finding("volume-anomaly", None, text)]


def rows_gone(gathered: Gathered, *, differs: bool) -> Iterator[Finding]:
    """Tells of a reply with fewer rows than an earlier one that came when the month was closed already.

    That is a warning; but no adjustment is issued because the vendor sent less, unless a person has accepted it.
    `differs`: whether the sessions are not those issued.
    """
    guards = [gathered.issued[-1].document.snapshot] if differs and gathered.guarded else []
    earlier = [*([gathered.last_reply] if gathered.last_reply else []), *guards]
    closes_at = gathered.month.closes_at(gathered.setting.close_day)
    fullest = max((one for one in earlier if one.fetched_at >= closes_at), key=lambda one: one.rows, default=None)
    if fullest is not None and gathered.received < fullest.rows:
        gone = fullest.rows - gathered.received
        before = f"{fullest.rows} at {fullest.fetched_at:%Y-%m-%d %H:%M} UTC"
        text = f"{so_many(gone, 'row')} {'is' if gone == 1 else 'are'} gone: {gathered.received} came, {before}"
        severity: Severity | None = None
        if gathered.adjust and any(gathered.received < issued.rows for issued in guards):
            severity = "blocking"
        yield finding("rows-gone", None, f"{text}, when the month was closed already; ask the vendor why", severity)


def half_moved(moving: Mapping[str, npt.NDArray[np.int64]]) -> Iterator[Finding]:
    """Tells of sessions whose move between this month and another is only half done, since the other one waits."""
    for month, ids in moving.items():
        text = (
            f"{restate.numbered_sessions(ids.tolist())} between this month and {month}, which cannot be issued yet: "
            f"this is half of the move. Resolve what holds back {month}, then run both months together with --adjust"
        )
        yield finding("half-moved", None, text)
