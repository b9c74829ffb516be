"""SecureVideo's webhook events: kept as hints, and what may be read from them. Never money, never `minutes`.

Of an event only what cannot hold a name is stored: codes, the session's number, instants, and a digest of the whole by
which a repeated one is known. An event happened at its EventTs; one of 2017's kind, which has none, when it came.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from sqlalchemy import ColumnElement, Connection, Engine, Executable, delete, func, select

from jobs.errors import LedgerError
from jobs.ledger import engine
from jobs.ledger.renames import keys_of
from jobs.ledger.schema import webhook_events

STARTED, ENDED = "STARTED", "ENDED"
_LONGEST = timedelta(days=1)  # of an estimate: where it is longer an event is missing, or its EventTs wrong
_IDS = 10_000  # in one statement
_OF = webhook_events.c
_AT = func.coalesce(_OF.event_at, _OF.received_at)


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An event as it is stored. `None`: it said nothing there, or nothing that is sure to be no name."""

    account: str
    body_sha256: str
    kind: str | None
    session_id: int | None
    status: str | None
    event_at: datetime | None  # aware
    received_at: datetime  # aware


@dataclass(frozen=True, slots=True)
class Counts:
    """How far events and History agree on a month."""

    without_event: int  # billable sessions that no event is about
    ended_unlisted: int  # sessions that began in the month and ended, and that History does not list


class WebhookEvents:
    """The events in a ledger. Raises LedgerError from every method."""

    def __init__(self, opened: Engine) -> None:
        self._engine = opened

    @classmethod
    def open(cls, location: Path | str, *, wait_seconds: int) -> Self:
        """Those of the ledger at `location`, which is waited for at most so long. Raises LedgerError."""
        return cls(engine.open_engine(location, wait_seconds=wait_seconds))

    def close(self) -> None:
        self._engine.dispose()

    def add(self, events: Sequence[WebhookEvent]) -> None:
        """Stores the events in one transaction; each once, however often it comes. Without any it tries the ledger."""
        rows = sorted((_row(event) for event in events), key=lambda row: (row["account"], row["body_sha256"]))
        with self._adding() as connection:
            if rows:  # in one order, or two receivers could wait for each other
                connection.execute(_insert_unless_there(self._engine.dialect.name), rows)

    def trim(self, account: str, most: int) -> int:
        """Drops the account's oldest events where it has more than `most`; gives how many went."""
        of_account = _OF.account == account
        newest_first = select(_OF.received_at).where(of_account).order_by(_OF.received_at.desc())
        with self._adding() as connection:
            last = connection.execute(newest_first.offset(most).limit(1)).scalar_one_or_none()
            if last is None:
                return 0
            return connection.execute(delete(webhook_events).where(of_account, _OF.received_at <= last)).rowcount

    @contextmanager
    def _adding(self) -> Iterator[Connection]:
        """A transaction that waits for no chain. A file is opened anew: by now another may lie in its place."""
        file = self._engine.url.database if self._engine.dialect.name == "sqlite" else None
        if file is not None and not Path(file).exists():
            raise LedgerError(f"the ledger {file} is gone; put it back, or stop what uses it first")
        try:
            with engine.explained(self._engine), self._engine.begin() as connection:
                yield connection
        finally:
            if file is not None:
                self._engine.dispose()

    def estimated_minutes(self, account: str, session_ids: Collection[int]) -> dict[int, int]:
        """Whole minutes, rounded half up, between STARTED and ENDED, breaks left out, of sessions that ended last.

        An estimate: events may be missing or late, and a host who tests alone sends them too. None over a day (1440).
        """
        with engine.reading(self._engine) as connection:
            by_session = _statuses(connection, account, session_ids)
        return {
            session_id: (lasted + timedelta(seconds=30)) // timedelta(minutes=1)
            for session_id, changes in by_session.items()
            if (lasted := _lasted(changes)) is not None and lasted <= _LONGEST
        }

    def counts(
        self, account: str, *, billable: Collection[int], listed: Collection[int], begin: datetime, end: datetime
    ) -> Counts:
        """For the month from `begin` up to but without `end`.

        `billable`: its sessions with a BillableTs. `listed`: all that History is known to list, neighbouring months
        too: a session may begin in one and become billable in the next.
        """
        first = func.min(_AT)
        began = (
            select(_OF.session_id)
            .where(_OF.session_id.is_not(None))
            .group_by(_OF.session_id)
            .having((first >= _text(begin)) & (first < _text(end)))
        )
        with engine.reading(self._engine) as connection:
            began = began.where(_of(connection, account))
            with_events = set(_sessions_with_events(connection, account, billable))
            unlisted = set(connection.execute(began).scalars()) - set(listed)
            ended = [
                changes for changes in _statuses(connection, account, unlisted).values() if changes[-1][1] == ENDED
            ]
        return Counts(len(set(billable) - with_events), len(ended))


def _of(connection: Connection, account: str) -> ColumnElement[bool]:
    """Events of the account, whichever key it had when they came."""
    return _OF.account.in_(keys_of(connection, account))


def accounts_with_events(connection: Connection) -> set[str]:
    """The keys that any event came for. Each is looked up in the index: there may be millions of events."""
    first = select(func.min(_OF.account).label("account")).cte(recursive=True)
    following = select(func.min(_OF.account)).where(_OF.account > first.c.account).scalar_subquery()
    keys = first.union_all(select(following).where(first.c.account.is_not(None)))
    return {key for key in connection.execute(select(keys.c.account)).scalars() if key is not None}


def sessions_with_events_since(
    connection: Connection, account: str, since: datetime, until: str
) -> dict[int, datetime]:
    """The sessions with events that came from `since` on, the second it names included, to `until`.

    With each the instant at which the last such event came.
    """
    came = (_OF.received_at >= _text(since)[: len("2016-11-03T21:45:09")]) & (_OF.received_at <= until)
    query = select(_OF.session_id, func.max(_OF.received_at)).group_by(_OF.session_id)
    newest = connection.execute(query.where(_of(connection, account), _OF.session_id.is_not(None), came))
    return {int(session_id): datetime.fromisoformat(at) for session_id, at in newest}


def _sessions_with_events(connection: Connection, account: str, session_ids: Collection[int]) -> Iterator[int]:
    for some in _in_parts(session_ids):
        query = select(_OF.session_id).distinct().where(_of(connection, account), _OF.session_id.in_(some))
        yield from connection.execute(query).scalars()


Changes = list[tuple[datetime, str]]


def _statuses(connection: Connection, account: str, session_ids: Collection[int]) -> dict[int, Changes]:
    """Each session's statuses in the order in which they came about."""
    by_session: dict[int, Changes] = defaultdict(list)
    for some in _in_parts(session_ids):
        known = _of(connection, account) & _OF.session_id.in_(some) & _OF.status.is_not(None)
        query = select(_OF.session_id, _AT, _OF.status).where(known).order_by(_AT, _OF.received_at, _OF.body_sha256)
        for session_id, at, status in connection.execute(query):
            by_session[session_id].append((datetime.fromisoformat(at), status))
    return dict(by_session)


def _lasted(changes: Changes) -> timedelta | None:
    """How long the session was going on; None where that is not known, or it still is."""
    lasted, started = timedelta(), None
    seen = False
    for at, status in changes:
        if status == STARTED:
            started = started or at
        elif status == ENDED and started is not None:
            lasted, started, seen = lasted + (at - started), None, True
    return lasted if seen and changes[-1][1] == ENDED else None


def _in_parts(session_ids: Collection[int]) -> Iterator[list[int]]:
    ids = sorted(set(session_ids))
    for begin in range(0, len(ids), _IDS):
        yield [int(session_id) for session_id in ids[begin : begin + _IDS]]


def _insert_unless_there(dialect: str) -> Executable:
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as on_postgresql  # slow, and most ledgers are SQLite

        return on_postgresql(webhook_events).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert as on_sqlite

    return on_sqlite(webhook_events).on_conflict_do_nothing()


def _row(event: WebhookEvent) -> dict[str, str | int | None]:
    return {
        "account": event.account,
        "body_sha256": event.body_sha256,
        "kind": event.kind,
        "session_id": event.session_id,
        "status": event.status,
        "event_at": _text(event.event_at) if event.event_at else None,
        "received_at": _text(event.received_at),
    }


def _text(instant: datetime) -> str:
    """Always of one length, so that instants compare as text."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
