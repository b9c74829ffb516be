"""How every account stands, for the overview: what each month's rows come to, without reading its documents.

Months are summed up where the rows are, some accounts at a time: a ledger of hundreds of thousands of months is read in
seconds, and one account as if it were alone.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, case, distinct, func, select

from jobs.ledger import drift, history, renames, webhook_events
from jobs.ledger.drift import Drift, IssuedMonth
from jobs.ledger.rows import document_of
from jobs.ledger.schema import documents, events, snapshots
from jobs.output.summary import Decided, from_ledger
from reports.counts import Allowance
from reports.document import Document

_AT_ONCE = 400  # accounts: enough that a query costs little beside its rows
_SETTLED = ("issued", "adjusted", "unchanged")  # what such a run noted needs nobody, unless money is unallocated


_NOT_ISSUED = ("", "", 0, "", 0, 0)  # as `_issued` has it
_NOT_ENDED = ("", "", 0, False, None, None, None, None)  # as `_ended` has it
_NOTHING = Decided()


@dataclass(frozen=True, slots=True)
class MonthState:
    month: str
    home: str  # the key that it is kept under, in the ledger and in the output: an account may have been renamed
    status: str  # as `history` gives it
    issued: int  # documents
    currency: str  # of the first of them; "" where nothing is issued
    total_minor: int  # of all of them
    unwritten: bool  # a run was stopped before the files of a document were in place
    decided: Decided  # what the last run that got so far noted of its decision; of a settled month only when asked for
    failure: str | None  # why the last run failed
    drift: Drift | None  # why the month may have changed


@dataclass(frozen=True, slots=True)
class AccountState:
    key: str  # as it is called now
    keys: tuple[str, ...]  # those that the ledger has rows under
    newest: tuple[int, ...]  # ids of its newest rows: as long as they are the same, nothing was added
    months: tuple[MonthState, ...]  # ascending


@dataclass(frozen=True, slots=True)
class IssuedEntry:
    """What a list of documents has of one; all of a stored document that is read for it."""

    kind: str
    number: str | None
    issued_on: date
    currency: str
    digits: int
    net: Decimal
    tax: Decimal
    total: Decimal
    files: dict[str, str]
    counts: dict[str, int]
    allowance: Allowance

    @property
    def stem(self) -> str:
        """Its number; of a restatement, which has none, the name of its files."""
        return self.number or self.files["json"].removesuffix(".json")


@dataclass(frozen=True, slots=True)
class Survey:
    """Reads how the accounts stand, within the caller's transaction."""

    connection: Connection

    def accounts(self, named: Collection[str] = ()) -> dict[str, tuple[str, ...]]:
        """What the ledger holds anything of: by account the keys that it has rows under (`renames.chosen`)."""
        return renames.chosen(self.connection, named)

    def known_at(self, keys: Collection[str] | None = None) -> datetime | None:
        """When the newest entry was added, to these keys' months or to any; None while there is none."""
        instants = []
        for column in (snapshots.c.fetched_at, documents.c.issued_at, events.c.at):
            query = select(column).order_by(column.table.c.id.desc()).limit(1)
            if keys is not None:
                query = select(func.max(column)).where(column.table.c.account.in_(keys))
            instants.append(self.connection.execute(query).scalar_one_or_none())
        return max((datetime.fromisoformat(at) for at in instants if at), default=None)

    def states(self, accounts: Mapping[str, tuple[str, ...]], *, whole: bool = False) -> Iterator[AccountState]:
        """How each of these `accounts` stands, in order. `whole`: with what was noted of settled months, too."""
        with_events = webhook_events.accounts_with_events(self.connection)
        noisy = {account for account, keys in accounts.items() if not with_events.isdisjoint((account, *keys))}
        left = iter(accounts)
        while some := [*islice(left, _AT_ONCE)]:
            keys = [key for account in some for key in accounts[account]]
            read = keys if whole else [key for account in noisy.intersection(some) for key in accounts[account]]
            newest, chunk = _newest(self.connection, keys), _Chunk(self.connection, keys, read)
            for account in some:
                own = accounts[account]
                ids = tuple(row_id for key in own for row_id in newest[key])
                months = chunk.months(account, own, with_events=account in noisy)
                yield AccountState(account, own, ids, tuple(months))

    def documents(self, keys: Collection[str]) -> dict[tuple[str, str], list[IssuedEntry]]:
        """What is issued under these keys, by key and month, in that order."""
        found: dict[tuple[str, str], list[IssuedEntry]] = {}
        of = documents.c
        query = select(of.account, of.month, of.body).where(_in(documents, keys)).order_by(of.id)
        for row in self.connection.execute(query):
            found.setdefault((row.account, row.month), []).append(msgspec.json.decode(row.body, type=IssuedEntry))
        return found

    def newest_document(self, keys: Collection[str]) -> Document | None:
        """The last that was issued under these keys, of whatever month."""
        query = select(func.max(documents.c.id)).where(_in(documents, keys))
        newest = self.connection.execute(query).scalar_one()
        return None if newest is None else document_of(self.connection, newest)

    def digits_of(self, currency: str) -> int:
        """The digits that its amounts were issued with. Raises NoResultFound where none was."""
        newest = select(documents.c.id).where(documents.c.currency == currency).order_by(documents.c.id.desc()).limit(1)
        return document_of(self.connection, self.connection.execute(newest).scalar_one()).digits

    def matched(self, keys: Collection[str]) -> dict[tuple[str, str], dict[str, Any]]:
        """What the last comparison with the vendor's bill noted, by key and month."""
        of = events.c
        query = select(of.account, of.month, of.detail).where(_in(events, keys), of.kind == "matched").order_by(of.id)
        return {(row.account, row.month): json.loads(row.detail) for row in self.connection.execute(query)}


def _newest(connection: Connection, keys: Sequence[str]) -> dict[str, list[int]]:
    """By key the ids of its newest row in each table that holds any."""
    found: dict[str, list[int]] = {}
    for table in (snapshots, documents, events):
        query = select(table.c.account, func.max(table.c.id)).where(_in(table, keys)).group_by(table.c.account)
        for key, row_id in connection.execute(query):
            found.setdefault(key, []).append(row_id)
    return found


class _Chunk:
    """Some accounts' rows, summed up: by key, then by month."""

    def __init__(self, connection: Connection, keys: Sequence[str], read: Collection[str]) -> None:
        """What a run noted of a settled month is left where it is, but for those of the keys to be `read`."""
        self._connection = connection
        self._issued = _by_month(connection, _issued(keys))
        self._ended = _by_month(connection, _ended(keys, read))
        self._fetched = _by_month(connection, _only_fetched(keys))

    def months(self, account: str, keys: Sequence[str], *, with_events: bool) -> Iterator[MonthState]:
        """Those of an account, ascending. `with_events`: webhook events name its sessions."""
        units = {
            month: (self._issued[home].get(month), self._ended[home].get(month), home)
            for home, month in self._homes(keys)
        }
        drifts: dict[str, Drift] = {}
        if with_events:
            looked = {month: _looked(one, last) for month, (one, last, _) in units.items() if one}
            drifts = drift.by_month(self._connection, account, looked, history.ALWAYS)
        for month, (one, last, home) in units.items():
            yield _month(month, home, one, last, drifts.get(month))

    def _homes(self, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
        """The months of the account with these keys, ascending, each with the one that it is kept under."""
        known = [
            (key, month) for key in keys for month in {**self._issued[key], **self._ended[key], **self._fetched[key]}
        ]
        if len(keys) == 1:
            return iter(sorted(known))
        homes = renames.homes(self._connection, known)
        return ((home, month) for (_, month), home in homes.items())


def _by_month(connection: Connection, query: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in connection.execute(query).all():
        found[row[0]][row[1]] = row
    return found


def _in(table: Table, keys: Collection[str]) -> Any:
    return table.c.account.in_(keys)


def _issued(keys: Sequence[str]) -> Any:
    """What the documents of each month come to."""
    of = documents.c
    sums = (
        func.count().label("issued"),
        func.min(of.currency).label("currency"),
        func.sum(of.total_minor).label("total"),
    )
    found = select(of.account, of.month, *sums, func.max(of.id).label("newest"))
    return found.where(_in(documents, keys)).group_by(of.account, of.month)


def _only_fetched(keys: Sequence[str]) -> Any:
    """Months of which there is a snapshot and nothing else: a run was stopped before it had decided."""
    of, ended = snapshots.c, events.alias()
    is_ended = select(ended.c.id).where(ended.c.account == of.account, ended.c.month == of.month).exists()
    return select(of.account, of.month).where(_in(snapshots, keys), ~is_ended).distinct()


def _ended(keys: Sequence[str], read: Collection[str]) -> Any:
    """How each month's runs ended: the last that got so far as to decide, and the one that failed since."""
    of = events.c
    looks, fails, writes = of.kind.not_in(drift.NO_LOOK), of.kind == "failed", of.kind == "written"
    last = (
        select(
            of.account,
            of.month,
            func.max(case((looks, of.id))).label("look"),
            func.max(case((fails, of.id))).label("failed"),
            func.count(distinct(case((writes, of.document_id)))).label("written"),
        )
        .where(_in(events, keys))
        .group_by(of.account, of.month)
        .subquery()
    )
    look, failed = events.alias(), events.alias()
    noted = look.c.detail.like('%"unallocated": %') | look.c.detail.like('%"blocking": ["%')
    settled = look.c.kind.in_(_SETTLED) & ~noted & look.c.account.not_in(read)
    return (
        select(last.c.account, last.c.month, last.c.written, last.c.failed.is_not(None).label("has_failed"))
        .add_columns(look.c.kind, look.c.at, case((settled, None), else_=look.c.detail).label("detail"))
        .add_columns(failed.c.detail.label("failure"))
        .outerjoin(look, look.c.id == last.c.look)
        .outerjoin(failed, (failed.c.id == last.c.failed) & (failed.c.id > func.coalesce(last.c.look, 0)))
    )


def _looked(issued: Any, ended: Any) -> IssuedMonth:
    at = drift.looked_at(ended.at, ended.detail) if ended and ended.detail else None
    return IssuedMonth(issued.newest, at)


def _month(month: str, home: str, issued: Any, ended: Any, may_have_changed: Drift | None) -> MonthState:
    """`issued`, `ended`: rows of these queries, or None."""
    _, _, number, currency, total, _ = issued or _NOT_ISSUED
    _, _, written, has_failed, last, _, detail, failure = ended or _NOT_ENDED
    return MonthState(
        month=month,
        home=home,
        status=history.status(last, has_failed=has_failed, issued=number),
        issued=number,
        currency=currency,
        total_minor=int(total),
        unwritten=number > written,
        decided=from_ledger(detail) if detail else _NOTHING,
        failure=json.loads(failure)["error"] if failure else None,
        drift=may_have_changed,
    )
