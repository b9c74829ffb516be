"""The words for documents, statuses and severities: the same in workbook, page, usage report and overview."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from reports.document import Document
from reports.findings import blocking_findings
from reports.text import so_many


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """How a kind of document presents itself. `{corrects}` is the number of the invoice that it corrects."""

    title: str
    tone: str  # a class of the page
    banner: str  # of the page, in large letters across the top; empty on a plain invoice
    says: str  # under the banner
    amount: str  # what the total is
    band: str = ""  # of the workbook, under the title: what is no plain invoice must not be taken for one


KINDS = {
    "invoice": DocumentKind("Invoice", "invoice", "", "", "Amount due"),
    "credit_note": DocumentKind(
        "Credit note", "credit", "Credit note", "Reduces invoice {corrects} by the amount below. Nothing to pay.",
        "Amount credited",
        "Reduces invoice {corrects} by the amount below. Nothing to pay.",
    ),
    "supplementary_invoice": DocumentKind(
        "Supplementary invoice", "supplementary", "Supplementary invoice",
        "Adds to invoice {corrects}, which stays as it is. Only the amount below is asked for here.",
        "Additional amount due",
        "To be paid in addition to invoice {corrects}.",
    ),
    "draft": DocumentKind(
        "Draft invoice", "draft", "Draft: not an invoice",
        "It has no number and is not to be paid; figures may change.",
        "Amount so far",
    ),
    "draft_credit_note": DocumentKind(
        "Draft credit note", "draft credit", "Draft: not a credit note",
        "What a credit note to invoice {corrects} would hold. Not issued; nothing is credited yet.",
        "Would be credited",
        "What a credit note to invoice {corrects} would hold. Nothing is credited yet.",
    ),
    "draft_supplementary_invoice": DocumentKind(
        "Draft supplementary invoice", "draft supplementary", "Draft: not a supplementary invoice",
        "What a supplementary invoice to {corrects} would hold. Not issued; not to be paid.",
        "Would be due in addition",
        "What a supplementary invoice to {corrects} would hold. Not to be paid.",
    ),
    "restatement": DocumentKind(
        "Restatement", "restatement", "Restatement",
        "Shows what changed since invoice {corrects} was issued. It asks for no payment and credits nothing.",
        "Difference",
        "What changed since invoice {corrects} was issued. It asks for no payment and credits nothing.",
    ),
}  # fmt: skip
UNNUMBERED = "without a number"


def why_draft(document: Document, day: Callable[[date], str], number: Callable[[int], str]) -> str:
    """Why a draft is one, in a sentence; "" of what is final. `day`, `number`: as both are written."""
    if document.final:
        return ""
    reasons = []
    if document.open_until:
        reasons.append(f"the month is open until {day(document.open_until.date())} {document.open_until:%H:%M} UTC")
    if found := blocking_findings(document.findings, number):
        reasons.append(found)
    if not reasons and document.is_adjustment:
        reasons.append("an adjustment is issued only when it is asked for, with --adjust")
    return f"Why a draft: {'; '.join(reasons) or 'it was asked for as one, with --draft'}."


def title_of(kind: str) -> str:
    """A kind unknown here, of a newer version, is its own title."""
    return KINDS[kind].title if kind in KINDS else kind


def name_of(document: Document) -> str:
    """ "Credit note ACME-201611-0001-CN1", or "Draft invoice for 2016-11"."""
    title = title_of(document.kind)
    return f"{title} {document.number}" if document.number else f"{title} for {document.month}"


_CHANGED = {"minutes": "other minutes", "host": "another host", "billable_at": "another time"}
ABSENT = "—"  # in `Document.transitions`: a session that was, or is, not there


def reason_of(document: Document) -> str:
    """Why an adjustment was made: "2 sessions BILL → COMP; 1 session added". Empty of what corrects nothing."""
    if not document.is_adjustment:
        return ""
    moved = [
        (count, "added" if before == ABSENT else "removed" if after == ABSENT else f"{before} → {after}")
        for before, targets in document.transitions.items()
        for after, count in targets.items()
        if before != after and count
    ]
    changed = Counter(str(change.kind) for change in document.changes)
    moved += [(changed[kind], f"with {words}") for kind, words in _CHANGED.items() if changed[kind]]
    return "; ".join(f"{so_many(count, 'session', '{:,}'.format)} {words}" for count, words in moved)


@dataclass(frozen=True, slots=True)
class Status:
    meaning: str  # in a few words, within a sentence or a cell
    on_invoice: str  # beside "yes" or "no" on a document's page
    explained: str  # in a legend


STATUSES = {
    "BILL": Status(
        "counted session",
        "Counted: included up to the allowance, charged beyond it",
        "counted session: the only status that uses the allowance and is charged",
    ),
    "COMP": Status(
        "comped by SecureVideo: not counted",
        "Comped by SecureVideo",
        "comped by SecureVideo's support team, often later: not counted",
    ),
    "DUPL": Status(
        "likely duplicate: not counted",
        "Likely duplicate",
        "likely duplicate, a second attempt between the same parties at about the same time: not counted",
    ),
    "SVCO": Status(
        "with SecureVideo's support: not counted",
        "With SecureVideo support",
        "with SecureVideo's support: not counted",
    ),
}


def counts(status: str) -> str:
    """Whether sessions of the status count towards the allowance."""
    return "yes" if status == "BILL" else "no"


SEVERITIES = {"blocking": ("■", "Blocking"), "warning": ("▲", "Warning"), "info": ("●", "Info")}  # worst first


def marked(severity: str) -> str:
    """ "■ blocking"."""
    mark, word = SEVERITIES[severity]
    return f"{mark} {word.lower()}"
