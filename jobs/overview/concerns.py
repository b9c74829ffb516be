"""What needs attention, read from how an account's months stand."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from jobs.billing.month import Month, through
from jobs.ledger.drift import Drift
from jobs.ledger.state import AccountState, MonthState
from reports.overview.content import MATTERS, Concern
from reports.overview.matters import MATTERS as MATTERS_IN_WORDS
from reports.stored import plain


def in_words(concern: Concern) -> str:
    """One line for a log: what needs attention, and the command that catches up."""
    title, to_do = MATTERS_IN_WORDS[concern.matter]
    command = "allocate" if concern.matter == "unallocated" else "run"
    more = {"restated": " --adjust", "unallocated": " --reallocate"}.get(concern.matter, "")
    detail = f": {concern.detail}" if concern.detail else ""
    unit = f"--account {concern.account} --month {concern.month}"
    return (
        f"{concern.account} {concern.month}: {title.lower()}{detail}. {to_do} "
        f"The command: securevideo-billing {command} {unit}{more}"
    )


def of_account(state: AccountState, known_at: datetime | None, close_day: int) -> list[Concern]:
    """Newest months first. `known_at`: as of when it is asked which months are closed."""
    by_month = {one.month: one for one in state.months}
    return [
        concern
        for month in reversed(with_gaps(by_month))
        for concern in _of_month(state.key, month, by_month.get(month), known_at, close_day)
    ]


def in_order(concerns: Iterable[Concern]) -> tuple[Concern, ...]:
    """First things first, then newest months first."""
    newest_first = sorted(concerns, key=lambda concern: concern.month, reverse=True)
    return tuple(sorted(newest_first, key=lambda concern: MATTERS.index(concern.matter)))


def with_gaps(months: Mapping[str, object]) -> list[str]:
    """`months`, ascending as they are, and those between them that nobody billed."""
    known = [*months]
    if known and _ordinal(known[-1]) - _ordinal(known[0]) == len(known) - 1:
        return known
    return [*map(str, through(known))]


def _ordinal(month: str) -> int:
    year, _, number = month.partition("-")
    return int(year) * 12 + int(number)


def _of_month(
    key: str, month: str, known: MonthState | None, known_at: datetime | None, close_day: int
) -> Iterator[Concern]:
    if known is None:
        yield Concern("missing", key, month, "no run has billed it")
        return
    if known.failure is not None:
        yield Concern("failed", key, month, known.failure)
    elif known.status == "fetched":
        yield Concern("missing", key, month, "a run was stopped before it was billed")
    if known.unwritten:
        yield Concern("unwritten", key, month, "a run was stopped before all files were in place")
    blocking, drafted = known.decided.blocking, known.decided.drafted
    if blocking:
        yield Concern("blocking", key, month, ", ".join(blocking))
    elif known.status == "restated":
        amounts = [f"{one.currency} {plain(one.total)}" for one in drafted[:1]]
        yield Concern("restated", key, month, " ".join(["not issued, it would come to", *amounts]) if amounts else "")
    elif known.status == "draft" and known_at and known_at >= Month.parse(month).closes_at(close_day):
        yield Concern("not_issued", key, month, "the month is closed, there is only a draft")
    if unallocated := known.decided.unallocated:
        yield Concern("unallocated", key, month, f"{unallocated} belong to no cost centre")
    if known.drift is not None:
        yield Concern("may_have_changed", key, month, _reported(known.drift))


def _reported(drift: Drift) -> str:
    sessions = "one of its sessions" if drift.sessions == 1 else f"{drift.sessions} of its sessions"
    last = f"{drift.told_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"webhooks have reported {sessions} since its last run, most recently at {last}"
