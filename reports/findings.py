"""The kinds of finding, a row each: docs/rules.md §4.3 lists them too. What detects one names its code.

Texts name fields only: no row's text, no value of an unknown or unreadable field ever stands in one.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from msgspec import UNSET, UnsetType

from reports.document import Document, Finding
from reports.text import so_many

MOST_ALIKE = 50  # findings of one kind that people want to see one by one
Severity = Literal["blocking", "warning", "info"]
Fate = Literal["counted", "set_aside", "repeated", "never_connected"]


@dataclass(frozen=True, slots=True)
class Kind:
    severity: Severity
    to_do: str  # in a sentence or two
    becomes: Fate = "counted"  # of the row, if it is about one
    what: str = ""  # said of "session 5"; empty where what detects it says more


KINDS: dict[str, Kind] = {
    "unreadable-row": Kind(
        "blocking",
        "Ask SecureVideo to correct the row, then run the month again.",
        becomes="set_aside",
    ),
    "unknown-status": Kind(
        "blocking",
        "Ask SecureVideo what the status means; the session is not billed until it is one of the four.",
        becomes="set_aside",
        what="has a BillableStatusCd other than BILL, COMP, DUPL, SVCO",
    ),
    "missing-status": Kind(
        "blocking",
        "Ask SecureVideo for the status, then run the month again.",
        becomes="set_aside",
        what="has a BillableTs but no BillableStatusCd",
    ),
    "missing-billable-ts": Kind(
        "blocking",
        "Ask SecureVideo when the session became billable, then run the month again.",
        becomes="set_aside",
        what="has a BillableStatusCd but no BillableTs",
    ),
    "outside-month": Kind(
        "blocking",
        "Run the month it belongs to; if it is missing there, ask SecureVideo.",
        becomes="set_aside",
        what="has a BillableTs outside the month asked for",
    ),
    "conflicting-duplicate": Kind(
        "blocking",
        "Ask SecureVideo which of the rows is right, then run the month again.",
        becomes="set_aside",
        what="comes more than once, with rows that differ",
    ),
    "repeated-row": Kind(
        "warning",
        "Nothing: it is counted once. Report it to SecureVideo if it happens again.",
        becomes="repeated",
        what="came more than once with identical rows; it is counted once",
    ),
    "never-connected": Kind(
        "info",
        "Nothing: no session took place.",
        becomes="never_connected",
        what="never connected two people; it is not counted",
    ),
    "billed-elsewhere": Kind(
        "blocking",
        "Compare both months; ask SecureVideo which one is right.",
        becomes="set_aside",
        what="was counted in another issued month of this account: a session is billed once",
    ),
    "half-moved": Kind("warning", "Resolve the other month first, then run both together with --adjust."),
    "before-first-plan": Kind(
        "blocking",
        "Add the plan in force then to the configuration, then run the month again.",
        what="is billable before the account's first plan",
    ),
    "duration-implausible": Kind(  # blocking: negative, BILL, under a minutes meter
        "warning",
        "Ask SecureVideo for the duration if minutes are charged.",
    ),
    "duration-unknown": Kind(  # blocking: BILL under a minutes meter
        "info",
        "Nothing, unless minutes are charged: then ask SecureVideo for the duration.",
    ),
    "description-mismatch": Kind("warning", "Compare the session with SecureVideo's portal."),
    "coerced-type": Kind("info", "Nothing: the value was read. Report to SecureVideo that its type changed."),
    "unknown-field": Kind(
        "info", "Nothing: the field is not used. Check whether a newer version of this program knows it."
    ),
    "clock-skew": Kind("blocking", "Set this computer's clock, then run the month again."),
    "volume-anomaly": Kind("warning", "Check that the count is right before the invoice goes out."),
    "rows-gone": Kind(  # blocking: it would be an adjustment, with --adjust
        "warning", "Ask SecureVideo why rows are gone from a closed month."
    ),
    "session-in-progress": Kind(  # blocking: under a minutes meter
        "warning",
        "Run the month again when the session has ended.",
    ),
    "status-contradiction": Kind("warning", "Ask SecureVideo how a session that nobody joined became billable."),
    "status-unavailable": Kind(  # warning: the Status API did not answer
        "info",
        "Nothing; run the month again if the Status API did not answer.",
    ),
    "hosts-unavailable": Kind(
        "warning", "Nothing: hosts are named as the sessions name them. Run the month again for the list."
    ),
    "unmapped-host": Kind("warning", "Name a cost centre for the host; `allocate --reallocate` moves what is issued."),
    "host-in-several-groups": Kind(
        "warning", "Check that the first of the configured groups is the right cost centre."
    ),
    "unusable-centre": Kind("info", "Nothing, unless the ExternalId was meant to be a cost centre: then correct it."),
    "nothing-to-allocate-by": Kind("info", "Nothing."),
    "groups-unavailable": Kind("blocking", "Run the month again: cost centres depend on the groups."),
    "allowance-<percent>": Kind("warning", "Decide whether the rest of the month is worth overage."),  # allowance-80
    "forecast-over": Kind("warning", "Decide whether the rest of the month is worth overage."),
    "budget-over": Kind("warning", "Decide whether the month may cost more, or raise the budget."),
    "other-host": Kind(  # in a usage report
        "blocking",
        "Ask SecureVideo why a session of another host was sent; it is not counted here.",
        becomes="set_aside",
        what="is of another host than the one asked for",
    ),
}
_OTHERWISE: dict[str, str] = {
    "blocking": "Resolve it before the month can be issued.",
    "warning": "Review it when convenient.",
    "info": "Nothing.",
}


def kind_of(code: str) -> Kind | None:
    """`allowance-80` is of the kind `allowance-<percent>`; None for what is not known here."""
    return KINDS.get(re.sub(r"^allowance-[0-9]+$", "allowance-<percent>", code))


def what_to_do(code: str, severity: str) -> str:
    """In a sentence or two. A code unknown here, of a newer version, gives what its severity asks for."""
    kind = kind_of(code)
    return kind.to_do if kind else _OTHERWISE[severity]


def blocking_findings(findings: Iterable[Finding], number: Callable[[int], str]) -> str:
    """ "1 blocking finding", or as many as there are, written by `number`; empty where there is none."""
    blocking = sum(finding.severity == "blocking" for finding in findings)
    return so_many(blocking, "blocking finding", number) if blocking else ""


def folded(findings: Sequence[Finding], most: int = MOST_ALIKE) -> tuple[Finding, ...]:
    """The findings in their order, but more than `most` of a code that do not block as one, with their number."""
    counts, seen, listed = _alike(findings), set[object](), list[Finding]()
    for one in findings:
        kind = one.code, one.severity
        if counts[kind] <= most:
            listed.append(one)
        elif kind not in seen:
            seen.add(kind)
            more = f"; and {counts[kind] - 1:,} more like it: the workbook's Findings sheet lists them all"
            listed.append(replace(one, session_id=None, message=one.message + more, count=counts[kind]))
    return tuple(listed)


def most_alike(findings: Iterable[Finding], most: int | UnsetType) -> int | UnsetType:
    """`most` where `folded` would make one finding of many; else unset, as of a document that shows all it has."""
    return most if most is not UNSET and any(count > most for count in _alike(findings).values()) else UNSET


def listed(document: Document) -> tuple[Finding, ...]:
    """The document's findings as page, JSON and summary show them: docs/rules.md §4.3. The workbook lists all."""
    most = document.most_alike
    return document.findings if most is UNSET else folded(document.findings, most)


def _alike(findings: Iterable[Finding]) -> Counter[tuple[str, Severity]]:
    return Counter((one.code, one.severity) for one in findings if one.severity != "blocking")
