"""What a usage report *is*: the sessions of one host or one participant, counted. Finished and frozen, like a document.

It is none: it holds no money and no number, and the ledger does not know it. Renderers add nothing up and decide
nothing. Instants are aware UTC datetimes.

The sessions travel beside it as a pandas frame, sorted by (billable_at, session_id), with a default RangeIndex and the
columns of `USAGE_COLUMNS`, where participants are shown `reports.document.PARTICIPANT_COLUMNS` too.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from reports.counts import Minutes, Rows
from reports.document import Finding

USAGE_COLUMNS = {
    "session_id": "Int64",
    "scheduled_at": "datetime64[us, UTC]",
    "billable_at": "datetime64[us, UTC]",
    "minutes": "Int32",  # <NA> where unknown
    "status": "category",  # of reports.document.STATUSES, in that order
    "host_id": "Int64",
    "host": "category",  # the name shown for the host
}


class Counted(Protocol):
    """What a document and a usage report have in common."""

    @property
    def rows(self) -> Rows: ...


@dataclass(frozen=True, slots=True)
class HostSessions:
    host_id: int
    name: str  # as shown
    sessions: dict[str, int]  # by status, every status present
    minutes: int  # known minutes of all of them


@dataclass(frozen=True, slots=True)
class MonthSessions:
    month: str  # "2016-11"
    begin: datetime  # inclusive
    end: datetime  # exclusive
    sessions: dict[str, int]  # by status, every status present
    minutes: int  # known minutes of all of them


@dataclass(frozen=True, slots=True)
class UsageReport:
    account: str
    customer: str  # the name of the company billed for the account
    issuer: str
    host_id: int | None  # None: of a participant
    about: str  # "Nia Sample (host 5)"; "One participant": never who
    months: tuple[MonthSessions, ...]  # ascending, at least one
    is_open: bool  # the last month is not over
    fetched_at: datetime
    rows: Rows
    counts: dict[str, int]  # by status, every status present
    minutes: dict[str, Minutes]
    hosts: tuple[HostSessions, ...]  # most sessions first
    findings: tuple[Finding, ...]
    rules: tuple[str, ...]  # how to read it, in sentences
    timezone: str  # IANA name, for display only
    locale: str
    paper: Literal["A4", "Letter"]
    participants: Literal["hidden", "full"]
    program_version: str
    files: dict[str, str]  # by format name: file name

    @property
    def period(self) -> str:
        """ "2016-11", or "2016-10 to 2016-12"."""
        first, last = self.months[0].month, self.months[-1].month
        return first if first == last else f"{first} to {last}"

    @property
    def known_minutes(self) -> int:
        return sum(minutes.known for minutes in self.minutes.values())

    @property
    def unknown_durations(self) -> int:
        return sum(minutes.unknown_sessions for minutes in self.minutes.values())
