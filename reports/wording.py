"""What a person should do about a finding, by its code: the same words in every output."""

from collections.abc import Callable, Iterable

from reports.document import Finding
from reports.text import so_many

TO_DO = {
    "unreadable-row": "Ask SecureVideo to correct the row, then run the month again.",
    "unknown-status": "Ask SecureVideo what the status means; the session is not billed until it is one of the four.",
    "missing-status": "Ask SecureVideo for the status, then run the month again.",
    "missing-billable-ts": "Ask SecureVideo when the session became billable, then run the month again.",
    "outside-month": "Run the month it belongs to; if it is missing there, ask SecureVideo.",
    "conflicting-duplicate": "Ask SecureVideo which of the rows is right, then run the month again.",
    "repeated-row": "Nothing: it is counted once. Tell SecureVideo if it comes again.",
    "never-connected": "Nothing: no session came about.",
    "billed-elsewhere": "Compare both months; ask SecureVideo which one is right.",
    "half-moved": "See to the other month, then run both together with --adjust.",
    "before-first-plan": "Add the plan that held then to the configuration, then run the month again.",
    "duration-implausible": "Ask SecureVideo for the duration if minutes are charged.",
    "duration-unknown": "Nothing, unless minutes are charged: then ask SecureVideo for the duration.",
    "description-mismatch": "Compare the session with SecureVideo's portal.",
    "coerced-type": "Nothing: the value was read. Tell SecureVideo that its type changed.",
    "unknown-field": "Nothing: the field is not used. Look whether a new version of this program knows it.",
    "clock-skew": "Set this computer's clock, then run the month again.",
    "volume-anomaly": "Look whether the count can be right before the invoice goes out.",
    "rows-gone": "Ask SecureVideo why rows are gone from a closed month.",
    "session-in-progress": "Run the month again when the session has ended.",
    "status-contradiction": "Ask SecureVideo how a session that nobody joined became billable.",
    "status-unavailable": "Nothing; run the month again if the Status API did not answer.",
    "hosts-unavailable": "Nothing: hosts are named as the sessions name them. Run the month again for the list.",
    "other-host": "Ask SecureVideo why a session of another host was sent; it is not counted here.",
}
_OTHERWISE = {
    "blocking": "A person must look before the month can be issued.",
    "warning": "Look at it when there is time.",
    "info": "Nothing.",
}


def what_to_do(finding: Finding) -> str:
    """In a sentence or two. A code unknown here, of a newer version, gives what its severity asks for."""
    return TO_DO.get(finding.code, _OTHERWISE[finding.severity])


def blocking_findings(findings: Iterable[Finding], number: Callable[[int], str]) -> str:
    """ "1 blocking finding", or as many as there are, written by `number`; empty where there is none."""
    blocking = sum(finding.severity == "blocking" for finding in findings)
    if not blocking:
        return ""
    return so_many(blocking, "blocking finding", number)
