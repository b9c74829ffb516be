"""Findings that a person has accepted, with a name and a reason (docs/rules.md §4.4).

An acceptance holds for what was seen when it was given and for nothing that comes later: a session's minutes as the
vendor sent them, or, of a finding on the reply as a whole, that very reply.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from reports.document import Finding

if TYPE_CHECKING:
    import pandas as pd

READ_AS = {  # findings that can be accepted, and how what is odd is read then
    "duration-unknown": " as 0 minutes",
    "duration-implausible": " as an unknown duration, 0 minutes",
    "volume-anomaly": "",
    "rows-gone": "",
}
OF_SESSIONS = ("duration-unknown", "duration-implausible")  # the others are of the reply as a whole


@dataclass(frozen=True, slots=True)
class Acceptance:
    code: str  # of READ_AS
    session_id: int | None  # where the code is of OF_SESSIONS
    seen: str  # `minutes_seen` of the session's row, else the SHA-256 of the reply
    by: str
    on: date  # UTC
    reason: str


def minutes_seen(rows: "pd.DataFrame", session_id: int) -> str:
    """The session's DurationMinutes as the vendor sent it in `rows`: "-5"; "unknown" where it is null."""
    minutes = rows.loc[rows["session_id"] == session_id, "minutes"]
    return "unknown" if minutes.isna().any() else "/".join(map(str, minutes.unique().tolist()))


def in_force(given: Iterable[Acceptance], rows: "pd.DataFrame", reply_sha256: str) -> tuple[Acceptance, ...]:
    """Those of `given` that were given for what `rows`, the reply's readable ones, say."""

    def seen(one: Acceptance) -> str:
        return reply_sha256 if one.session_id is None else minutes_seen(rows, one.session_id)

    return tuple(one for one in given if one.seen == seen(one))


def read_as_accepted(sessions: "pd.DataFrame", accepted: Iterable[Acceptance]) -> "pd.DataFrame":
    """`sessions`, the minutes unknown where somebody accepted that they cannot be what they are said to be."""
    unknown = [one.session_id for one in accepted if one.code == "duration-implausible"]
    if not unknown:
        return sessions
    import numpy as np

    hit = sessions["session_id"].isin(np.array(unknown, dtype=np.int64))
    return sessions.assign(minutes=sessions["minutes"].mask(hit))


def applied(findings: Iterable[Finding], accepted: Iterable[Acceptance]) -> list[Finding]:
    """`findings`, those accepted naming who, when and why; what blocked does so no longer."""
    known = {(one.code, one.session_id): one for one in accepted}
    return [_applied(one, known.get((one.code, one.session_id))) for one in findings]


def _applied(finding: Finding, acceptance: Acceptance | None) -> Finding:
    if acceptance is None:
        return finding
    text = f"{finding.message}; accepted{READ_AS[finding.code]} {in_words(acceptance)}"
    return replace(finding, severity="warning" if finding.severity == "blocking" else finding.severity, message=text)


def in_words(acceptance: Acceptance) -> str:
    return f"by {acceptance.by} on {acceptance.on}: {acceptance.reason}"


def with_way_out(findings: Iterable[Finding], account: str, month: str) -> list[Finding]:
    """`findings`, those that block and can be accepted naming the command for it."""
    return [
        replace(one, message=f"{one.message}; to accept it: {_command(one, account, month)}")
        if one.severity == "blocking" and one.code in READ_AS
        else one
        for one in findings
    ]


def _command(finding: Finding, account: str, month: str) -> str:
    session = () if finding.session_id is None else ("--session", finding.session_id)
    words = ("--account", account, "--month", month, "--code", finding.code, *session, "--reason", "TEXT")
    return " ".join(map(str, ("`securevideo-billing accept", *words))) + "`"
