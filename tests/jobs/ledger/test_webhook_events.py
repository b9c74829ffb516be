"""Webhook events, stored as hints: on SQLite, and on PostgreSQL where it is installed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from jobs.errors import LedgerError
from jobs.ledger import backup, engine
from jobs.ledger.webhook_events import Counts, WebhookEvent, WebhookEvents
from tests import usage
from tests.jobs.ledger.ledgers import NOW, asked, opened, post
from tests.robustness import postgresql

CAME = datetime(2016, 11, 3, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    with postgresql.server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "ledger.db"
    running: postgresql.Server = request.getfixturevalue("server")
    return running.url(running.new_database())


@pytest.fixture
def events(location: Path | str) -> Iterator[WebhookEvents]:
    found = WebhookEvents.open(location, wait_seconds=5)
    yield found
    found.close()


def event(
    session_id: int | None,
    status: str | None,
    at: str | None = None,
    *,
    account: str = "acme",
    came: datetime = CAME,
    body: str | None = None,
) -> WebhookEvent:
    """`at`: the time of day of its EventTs; without it one of 2017's kind."""
    event_at = datetime.fromisoformat(f"2016-11-03T{at}+00:00") if at else None
    digest = body or f"{account} {session_id} {status} {at}"
    return WebhookEvent(account, digest, "SESSION_STATUS", session_id, status, event_at, came)


def stored(location: Path | str) -> list[tuple[str, int]]:
    """Account and session of each event."""
    opened_again = engine.open_engine(location)
    with engine.reading(opened_again) as connection:
        query = text("SELECT account, session_id FROM webhook_events ORDER BY account, session_id")
        rows = [(account, session_id) for account, session_id in connection.execute(query)]
    opened_again.dispose()
    return rows


def test_an_event_is_kept_once_for_each_account(events: WebhookEvents, location: Path | str) -> None:
    one = event(1, "STARTED", "10:00:00")
    events.add([one, one])
    events.add([one, event(1, "STARTED", "10:00:00", account="other")])
    assert stored(location) == [("acme", 1), ("other", 1)]


def test_the_newest_event_wins_in_whatever_order_they_come(events: WebhookEvents) -> None:
    events.add([event(1, "ENDED", "10:30:00"), event(2, "STARTED", "10:00:00.5")])
    events.add([event(1, "STARTED", "10:00:00"), event(2, "ENDED", "10:00:00")])
    assert events.estimated_minutes("acme", [1, 2, 3]) == {1: 30}, "2 is going on again"
    assert events.estimated_minutes("other", [1, 2]) == {}


def test_an_event_without_an_instant_of_its_own_happened_when_it_came(events: WebhookEvents) -> None:
    events.add([event(1, "ENDED", came=CAME + timedelta(minutes=12)), event(1, "STARTED", came=CAME)])
    assert events.estimated_minutes("acme", [1]) == {1: 12}


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ([("STARTED", "10:00:00"), ("ENDED", "10:25:00")], 25),
        ([("STARTED", "10:00:00"), ("ENDED", "10:25:29")], 25),
        ([("STARTED", "10:00:00"), ("ENDED", "10:25:30")], 26),
        ([("STARTED", "10:00:00"), ("ENDED", "10:10:00"), ("STARTED", "11:00:00"), ("ENDED", "11:05:00")], 15),
        ([("STARTED", "10:00:00"), ("STARTED", "10:05:00"), ("ENDED", "10:10:00"), ("ENDED", "10:20:00")], 10),
        ([("ENDED", "09:00:00"), ("STARTED", "10:00:00"), ("PAUSED", "10:05:00"), ("ENDED", "10:10:00")], 10),
        ([("STARTED", "10:00:00"), ("ENDED", "10:10:00"), ("STARTED", "11:00:00")], None),  # still going on
        ([("STARTED", "10:00:00")], None),
        ([("ENDED", "10:00:00")], None),
        ([("ENDED", "10:00:00"), ("STARTED", "10:00:01")], None),
    ],
)
def test_minutes_are_estimated_from_started_to_ended(
    events: WebhookEvents, changes: list[tuple[str, str]], minutes: int | None
) -> None:
    events.add([event(7, status, at) for status, at in reversed(changes)])
    assert events.estimated_minutes("acme", [7, 8]) == ({} if minutes is None else {7: minutes})


def test_events_and_history_are_counted_against_each_other(events: WebhookEvents) -> None:
    events.add(
        [event(n, status, at) for n in (1, 2, 3) for status, at in (("STARTED", "10:00:00"), ("ENDED", "10:09:00"))]
    )
    events.add([event(4, "STARTED", "10:00:00"), event(None, None)])
    begin, end = datetime(2016, 11, 1, tzinfo=UTC), datetime(2016, 12, 1, tzinfo=UTC)
    found = events.counts("acme", billable=[1, 4, 5, 6], listed=[1, 3, 4, 5, 6], begin=begin, end=end)
    assert found == Counts(without_event=2, ended_unlisted=1)
    assert events.counts("acme", billable=[], listed=[], begin=end, end=end + timedelta(days=31)) == Counts(0, 0)


def test_a_hundred_thousand_sessions_are_no_matter(events: WebhookEvents) -> None:
    events.add([event(2**62, "STARTED", "10:00:00"), event(2**62, "ENDED", "10:09:00")])
    assert events.estimated_minutes("acme", [*range(1, 100_000), 2**62]) == {2**62: 9}


def test_the_oldest_events_go_where_there_are_too_many(events: WebhookEvents, location: Path | str) -> None:
    events.add([event(n, "STARTED", came=CAME + timedelta(seconds=n)) for n in range(1, 11)])
    events.add([event(1, "STARTED", account="other")])
    assert events.trim("acme", 10) == 0
    assert events.trim("acme", 4) == 6
    assert stored(location) == [*(("acme", n) for n in (7, 8, 9, 10)), ("other", 1)]


def test_two_receivers_at_once_neither_lose_nor_double(location: Path | str) -> None:
    begun = Barrier(2)
    failures: list[Exception] = []

    def add_all(numbers: range) -> None:
        own = WebhookEvents.open(location, wait_seconds=20)
        begun.wait()
        try:
            for first in numbers[::10]:
                own.add([event(first + n * numbers.step, "STARTED", "10:00:00") for n in range(10)])
        except LedgerError as error:
            failures.append(error)
        own.close()

    WebhookEvents.open(location, wait_seconds=5).close()
    threads = [Thread(target=add_all, args=(numbers,)) for numbers in (range(1, 101), range(100, 0, -1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert stored(location) == [("acme", n) for n in range(1, 101)]


def test_events_are_in_a_backup(events: WebhookEvents, location: Path | str, tmp_path: Path) -> None:
    events.add([event(1, "STARTED", "10:00:00")])
    assert backup.backup(location, tmp_path / "copy.db") == 1
    assert stored(tmp_path / "copy.db") == [("acme", 1)]


# A month that may have changed


def marked(path: Path, until: str | None = None) -> list[bool]:
    with opened(path) as ledger:
        day = datetime.fromisoformat(until).date() if until else None
        return [month["may_have_changed"] for month in ledger.history(as_of=day)]


def test_an_issued_month_may_have_changed_once_an_event_tells_of_its_session(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:
        issued = post(ledger, usage.bills(3))
        session_id = int(issued.sessions["session_id"].iloc[0])
    events = WebhookEvents.open(path, wait_seconds=5)
    events.add([event(session_id, "STARTED", came=NOW - timedelta(days=1)), event(session_id + 999, "ENDED", came=NOW)])
    assert marked(path) == [False], "neither an event from before it was issued nor one of another session tells"
    events.add([event(session_id, "ENDED", account="other", came=NOW)])
    assert marked(path) == [False]
    events.add([event(session_id, "ENDED", came=NOW + timedelta(days=2))])
    assert marked(path) == [True]
    assert marked(path, "2016-12-06") == [False], "as it was known the day after it was issued"
    look = {"findings": 0, "files": {}, "looked_at": (NOW + timedelta(days=3)).isoformat()}
    with opened(path) as ledger:
        ledger.add_event("acme", "2016-11", "unchanged", detail=look)
    assert marked(path) == [False], "somebody has looked since"
    with opened(path) as ledger:
        ledger.check_chain()
    events.close()


def test_events_are_in_no_chain(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:
        post(ledger, usage.bills(3))
    before = asked(path, "SELECT * FROM heads ORDER BY name")
    events = WebhookEvents.open(path, wait_seconds=5)
    events.add([event(1, "STARTED", "10:00:00")])
    events.close()
    assert asked(path, "SELECT * FROM heads ORDER BY name") == before
    with opened(path) as ledger:
        assert list(ledger.breaks()) == []
