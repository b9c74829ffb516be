"""What to do with one account-month: issue, draft, leave alone or restate (docs/rules.md §8.1). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.billing import invoicing, restate
from jobs.billing.counting import count
from jobs.billing.enrichment import NOTHING, Live, of_issued
from jobs.billing.findings import blocks, finding, in_order
from jobs.billing.invoicing import Issued, Setting
from jobs.billing.month import Month
from jobs.billing.plan import parts_of
from jobs.billing.reconcile import Reconciliation, reconcile
from jobs.billing.terms import Terms
from reports.document import Document, Finding, MonthTotals
from reports.text import so_many

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
    setting: Setting
    rows: pd.DataFrame  # the readable rows, as `jobs.securevideo.history` gives them
    received: int
    findings: tuple[Finding, ...]  # of the payload, the clock and the reply as a whole
    issued: tuple[Issued, ...]  # this month's documents, the invoice first
    elsewhere: Mapping[str, npt.NDArray[np.int64]]  # SessionIds counted in other issued months
    live: Live = NOTHING


@dataclass(frozen=True, slots=True)
class Decision:
    """`post` is to be numbered and made final; `drafts` are to be written beside what stands."""

    status: Status
    month: Reconciliation
    findings: tuple[Finding, ...]
    post: Document | None
    drafts: tuple[Document, ...]
    changes: Document | None  # the adjustment that holds the changes, posted or drafted

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
        elsewhere=gathered.elsewhere,
        live=gathered.live,
    )
    month = reconcile(usage, gathered.month, gathered.terms, parts, gathered.live)
    anomaly = volume_anomaly(month.counts["BILL"], gathered.setting.past)
    findings = in_order([*usage.findings, *anomaly])
    return _restated(gathered, month, findings) if gathered.issued else _first(gathered, month, findings)


def _first(gathered: Gathered, month: Reconciliation, findings: tuple[Finding, ...]) -> Decision:
    document = invoicing.invoice(month, gathered.setting, findings)
    is_open = gathered.now < gathered.month.closes_at(gathered.setting.close_day)
    if is_open or gathered.draft_only or blocks(findings):
        return Decision("draft", month, findings, None, (invoicing.draft(document),), None)
    return Decision("issued", month, findings, document, (), None)


def _restated(gathered: Gathered, month: Reconciliation, findings: tuple[Finding, ...]) -> Decision:
    settled = of_issued(findings)
    if restate.same(gathered.issued[-1].sessions, month.sessions) and not blocks(settled):
        return Decision("unchanged", month, in_order(settled), None, (), None)
    document = invoicing.adjustment(month, gathered.setting, findings, gathered.issued)
    if gathered.adjust and not gathered.draft_only and not blocks(findings):
        return Decision("adjusted", month, findings, document, (), document)
    draft = invoicing.draft(document)
    beside = replace(draft, kind="restatement", files={f: f"restatement.{f}" for f in draft.files})
    drafts = (draft,) if draft.kind == "restatement" else (draft, beside)
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
