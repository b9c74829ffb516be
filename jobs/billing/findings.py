"""Findings made and ordered: docs/rules.md §4.3. A finding is a value, never an exception; its kinds stand in
`reports.findings`.

Messages say what and where, and name fields only: no row's text, no value of an unknown or unreadable field ever stands
in one.
"""

from collections.abc import Iterable

from reports.document import Finding
from reports.findings import KINDS, Severity

_RANK = {"blocking": 0, "warning": 1, "info": 2}


def finding(code: str, session_id: int | None, message: str, severity: Severity | None = None) -> Finding:
    """A finding with the severity of its code, unless `severity` says otherwise."""
    return Finding(code=code, severity=severity or KINDS[code].severity, session_id=session_id, message=message)


def of_session(code: str, session_id: int) -> Finding:
    """A finding whose kind says all there is to say of the session."""
    return finding(code, session_id, f"session {session_id} {KINDS[code].what}")


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Blocking first, then by code, session and text: the same order for the same findings."""
    return tuple(sorted(findings, key=lambda f: (_RANK[f.severity], f.code, f.session_id or 0, f.message)))


def blocks(findings: Iterable[Finding]) -> bool:
    return any(f.severity == "blocking" for f in findings)


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Of findings about the reply as a whole that differ in their severity alone, the gravest: `hosts-unavailable`."""
    found: dict[object, Finding] = {}
    for number, one in enumerate(findings):
        key: object = one.code if one.code == "hosts-unavailable" else number
        known = found.setdefault(key, one)
        if _RANK[one.severity] < _RANK[known.severity]:
            found[key] = one
    return list(found.values())
