"""What is known of a month beside History: sessions still going on, who the hosts are, estimates from webhooks.

All of it explains and warns; money never depends on it, but a month waits for a session that is still in progress
under a minutes meter.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jobs.billing.findings import finding
from jobs.billing.plan import PlannedPart, metered
from reports.document import Finding
from reports.text import so_many

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Host:
    """An active user, as `GET /user` lists it (articles 81, 382)."""

    id: int  # 1 … 2^63-1
    name: str  # "" where the list has none
    external_id: str  # the customer's own id; "" where unset
    roles: str  # "H,P"


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users, as `GET /group` and `GET /groupuser/{id}` show it (article 320)."""

    id: int
    name: str
    users: tuple[int, ...]  # ascending


@dataclass(frozen=True, slots=True)
class Enrichment:
    """The answers of the Status API (article 267) for sessions without a duration, and the list of hosts."""

    statuses: Mapping[int, str] = field(default_factory=dict)  # SessionId → SessionStatus; "" where it has none (404)
    failed: tuple[int, ...] = ()  # asked without getting an answer
    not_asked: tuple[int, ...] = ()  # beyond vendor.status_lookups
    hosts: tuple[Host, ...] | None = None  # None: not asked, or the list could not be fetched
    hosts_failed: bool = False
    estimates: Mapping[int, int] = field(default_factory=dict)  # SessionId → minutes between STARTED and ENDED events
    events: Mapping[str, int] = field(default_factory=dict)  # without_event, ended_unlisted; empty without a webhook
    groups: tuple[Group, ...] | None = None  # those that cost centres depend on; None: not asked, or not to be had


NOTHING = Enrichment()


def to_ask(counted: "pd.DataFrame") -> list[int]:
    """The SessionIds, ascending, of counted rows that have no duration."""
    return sorted(counted.loc[counted["minutes"].isna(), "session_id"].tolist())


def with_estimates(enrichment: Enrichment, sessions: "pd.DataFrame") -> "pd.DataFrame":
    """`sessions`, where there are webhook events, with a column `estimated_minutes` (Int32) beside `minutes`."""
    if not enrichment.events:
        return sessions
    estimates = sessions["session_id"].where(sessions["minutes"].isna()).map(enrichment.estimates).astype("Int32")
    return sessions.assign(estimated_minutes=estimates)


def counts(enrichment: Enrichment, counted: "pd.DataFrame") -> dict[str, int]:
    """How the counted sessions without a duration stand."""
    unknown = set(counted.loc[counted["minutes"].isna(), "session_id"].tolist())
    said = [status for session_id, status in enrichment.statuses.items() if session_id in unknown]
    named = {"in_progress": "STARTED", "ended": "ENDED", "contradicting": "NOT_STARTED"}
    found = {name: said.count(status) for name, status in named.items()}
    found["unavailable"] = len(said) - sum(found.values()) + len(unknown & set(enrichment.failed))
    found["not_asked"] = len(unknown & set(enrichment.not_asked))
    return found


def findings(enrichment: Enrichment, counted: "pd.DataFrame", parts: Sequence[PlannedPart]) -> Iterator[Finding]:
    """What the answers say of counted sessions without a duration."""
    unknown = counted.loc[counted["minutes"].isna()]
    charged = metered("minutes", unknown["billable_at"], parts)
    for session_id, is_metered in zip(unknown["session_id"].tolist(), charged.tolist(), strict=True):
        yield from _of_session(session_id, enrichment.statuses.get(session_id), is_metered=is_metered)
    failed = set(unknown["session_id"].tolist()) & set(enrichment.failed)
    if failed:
        sessions = f"{so_many(len(failed), 'session')} without a duration"
        text = f"the Status API did not answer for {sessions}; run again to ask again"
        yield finding("status-unavailable", None, text, "warning")
    if enrichment.hosts_failed:
        text = "the list of hosts could not be fetched; hosts are named as UsageDescription names them"
        yield finding("hosts-unavailable", None, text)


def of_issued(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """`findings` of an issued month with the same sessions: it waits for none of them to end, for all is settled.

    Should a session's minutes come to differ, that is a restatement.
    """
    return tuple(replace(one, severity="warning") if one.code == "session-in-progress" else one for one in findings)


def _of_session(session_id: int, status: str | None, *, is_metered: bool) -> Iterator[Finding]:
    match status:
        case None | "ENDED":  # the latter is said by duration-unknown
            return
        case "STARTED":
            text = f"session {session_id} is still in progress: its minutes may change; run again when it has ended"
            yield finding("session-in-progress", session_id, text, "blocking" if is_metered else None)
        case "NOT_STARTED":
            text = (
                f"session {session_id} is billable, yet the Status API says that nobody ever connected: ask the vendor"
            )
            yield finding("status-contradiction", session_id, text)
        case "":
            text = f"session {session_id} is not known to the Status API, as sessions outside Zoom are not"
            yield finding("status-unavailable", session_id, text)
        case _:
            text = f"session {session_id} has a SessionStatus that is not documented; it was ignored"
            yield finding("status-unavailable", session_id, text)
