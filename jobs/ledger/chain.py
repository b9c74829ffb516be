"""The chain of digests: each row's digest covers its values and the digest of the row before it in its table."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, LargeBinary, Select, Table, func, insert, select, update

from jobs.ledger.schema import heads
from reports.text import so_many

End = tuple[int, str]  # of a chain: its length, and the digest of its last row
START: End = (0, "")
NOTHING_NOTED: Mapping[int, str] = MappingProxyType({})
_AT_ONCE = 500  # rows in memory


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold."""

    place: str
    expected: str
    found: str


def append(connection: Connection, table: Table, **values: Any) -> int:
    """Adds a row at the end of `table`'s chain and gives its id: 1, 2, 3 … without a gap.

    Only inside a transaction that excludes other writers.
    """
    length, before = head(connection, table)
    row = {"id": length + 1, **values}
    made = digest(table, row, before)
    connection.execute(insert(table).values(**row, digest=made))
    end = {"length": length + 1, "digest": made}
    statement = update(heads).where(heads.c.name == table.name) if length else insert(heads)
    connection.execute(statement.values(**end) if length else statement.values(name=table.name, **end))
    return length + 1


def digest(table: Table, row: Mapping[str, Any], before: str) -> str:
    """SHA-256 over the row's values but large binaries, which have a column with their own digest."""
    return _digest(table, [row[column.name] for column in _covered(table)], before)


def _digest(table: Table, values: Sequence[Any], before: str) -> str:
    return hashlib.sha256(json.dumps([before, table.name, *values], default=repr).encode()).hexdigest()


def in_words(found: Break) -> str:
    """For whoever wanted to work with the ledger."""
    return (
        f"the ledger is damaged: {found.place} should have {found.expected}, but has {found.found}; nothing is "
        "issued on it. Restore the ledger from a backup, then run `securevideo-billing verify`"
    )


def breaks_from(
    connection: Connection,
    table: Table,
    start: End = START,
    *,
    until: int | None = None,
    noted: Mapping[int, str] = NOTHING_NOTED,
) -> Iterator[Break]:
    """The first break after `start`, to the row `until`, inclusive; without it, to the end that `heads` names.

    `noted`: digests that rows are known to have had, by id.
    """
    length, before = start
    bound = () if until is None else (table.c.id <= until,)
    query = select(*_covered(table), table.c.digest).where(table.c.id > length, *bound).order_by(table.c.id)
    for row_id, *values, stored in connection.execute(query, execution_options={"yield_per": _AT_ONCE}):
        place = f"row {length + 1} of table {table.name}"
        if row_id != length + 1:
            yield Break(place, f"the id {length + 1}", f"the id {row_id}")
            return
        made = _digest(table, [row_id, *values], before)
        for expected in (made, noted.get(row_id, made)):
            if stored != expected:
                yield Break(place, f"the digest {expected}", str(stored))
                return
        length, before = row_id, stored
    if until is None:
        yield from _unlike(table, head(connection, table), (length, before))
    elif length < until:
        yield Break(f"row {length + 1} of table {table.name}", f"the id {length + 1}", "none")


def breaks_among(connection: Connection, table: Table, which: ColumnElement[bool]) -> Iterator[Break]:
    """The first of some rows whose digest does not fit, and whether the table ends where its chain does.

    Only these rows are read, and of those before each the digest.
    """
    each = _with_digest_before(table).where(which).order_by(table.c.id)
    for row_id, *values, stored, before in connection.execute(each):
        if stored != (made := _digest(table, [row_id, *values], before or "")):
            yield Break(f"row {row_id} of table {table.name}", f"the digest {made}", str(stored))
            return
    newest = select(func.max(table.c.id)).scalar_subquery()
    last = connection.execute(select(table.c.id, table.c.digest).where(table.c.id == newest)).one_or_none()
    yield from _unlike(table, head(connection, table), (last.id, last.digest) if last else START)


@cache
def _with_digest_before(table: Table) -> Select[Any]:
    before = table.alias()
    query = select(*_covered(table), table.c.digest, before.c.digest)
    return query.outerjoin_from(table, before, before.c.id == table.c.id - 1)


def _unlike(table: Table, noted: End, last: End) -> Iterator[Break]:
    if noted != last:
        yield Break(f"the end of table {table.name}", _ending(*noted), _ending(*last))


def _ending(length: int, last: str) -> str:
    return f"{so_many(length, 'row')}, the last with the digest {last}" if length else "no row"


def head(connection: Connection, table: Table) -> End:
    """Where the chain ends: how many rows the table has, and the digest of the last one."""
    end = connection.execute(select(heads.c.length, heads.c.digest).where(heads.c.name == table.name)).one_or_none()
    return (end.length, end.digest) if end else START


def at(connection: Connection, table: Table, row_id: int) -> End:
    """The chain as it was when this row was its last: the id, and the digest that stands there."""
    stored = connection.execute(select(table.c.digest).where(table.c.id == row_id)).scalar_one_or_none()
    return row_id, str(stored or "")


def _covered(table: Table) -> list[Column[Any]]:
    return [each for each in table.columns if each.name != "digest" and not isinstance(each.type, LargeBinary)]
