"""What a person should know about a month's rows: docs/rules.md §4.3. A finding is a value, never an exception.

Messages say what and where and what to do, and name fields only: no row's text, no value of an unknown or
unreadable field ever stands in one.
"""

from collections.abc import Iterable
from typing import Literal

from reports.document import Finding

Severity = Literal["blocking", "warning", "info"]

SEVERITY: dict[str, Severity] = {
    "unreadable-row": "blocking",
    "unknown-status": "blocking",
    "missing-status": "blocking",
    "missing-billable-ts": "blocking",
    "outside-month": "blocking",
    "conflicting-duplicate": "blocking",
    "repeated-row": "warning",
    "never-connected": "info",
    "billed-elsewhere": "blocking",
    "half-moved": "warning",
    "before-first-plan": "blocking",
    "duration-implausible": "warning",  # blocking: negative, BILL, under a minutes meter
    "duration-unknown": "info",  # blocking: BILL under a minutes meter
    "description-mismatch": "warning",
    "coerced-type": "info",
    "unknown-field": "info",
    "clock-skew": "blocking",
    "volume-anomaly": "warning",
    "rows-gone": "warning",  # blocking: it would be an adjustment, with --adjust
    "session-in-progress": "warning",  # blocking: under a minutes meter
    "status-contradiction": "warning",
    "status-unavailable": "info",  # warning: the Status API did not answer
    "hosts-unavailable": "warning",
    "other-host": "blocking",  # in a usage report
}
_RANK = {"blocking": 0, "warning": 1, "info": 2}


def finding(code: str, session_id: int | None, message: str, severity: Severity | None = None) -> Finding:
    """A finding with the severity of its code, unless `severity` says otherwise."""
    return Finding(code=code, severity=severity or SEVERITY[code], session_id=session_id, message=message)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Blocking first, then by code, session and text: the same order for the same findings."""
    return tuple(sorted(findings, key=lambda f: (_RANK[f.severity], f.code, f.session_id or 0, f.message)))


def blocks(findings: Iterable[Finding]) -> bool:
    return any(f.severity == "blocking" for f in findings)
