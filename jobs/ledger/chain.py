"""The chain of digests: each row's digest covers its values and the digest of the row before it in its table."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, insert, select, update

from jobs.errors import LedgerDamaged
from jobs.ledger import schema
from jobs.ledger.schema import heads
from reports.text import so_many

_START = ""


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
    length, before = _head(connection, table)
    row = {"id": length + 1, **values}
    made = digest(table, row, before)
    connection.execute(insert(table).values(**row, digest=made))
    end = {"length": length + 1, "digest": made}
    statement = update(heads).where(heads.c.name == table.name) if length else insert(heads)
    connection.execute(statement.values(**end) if length else statement.values(name=table.name, **end))
    return length + 1


def digest(table: Table, row: Mapping[str, Any], before: str) -> str:
    """SHA-256 over the row's values but large binaries, which have a column with their own digest."""
    values = [row[name] for name in _covered(table)]
    return hashlib.sha256(json.dumps([before, table.name, *values], default=repr).encode()).hexdigest()


def check(connection: Connection) -> None:
    """Raises LedgerDamaged, naming the first row whose digest does not fit, in any table."""
    for found in breaks(connection):
        raise LedgerDamaged(
            f"the ledger is damaged: {found.place} should have {found.expected}, but has {found.found}; nothing is "
            "issued on it. Restore the ledger from a backup, then run `securevideo-billing verify`"
        )


def breaks(connection: Connection) -> Iterator[Break]:
    """The first place in each table where its chain does not hold; none where all is as it was written."""
    for table in schema.IN_ORDER:
        yield from _first_break(connection, table)


def _first_break(connection: Connection, table: Table) -> Iterator[Break]:
    columns = [table.c[name] for name in (*_covered(table), "digest")]
    length, before = 0, _START
    for row in connection.execute(select(*columns).order_by(table.c.id)).mappings():
        place = f"row {length + 1} of table {table.name}"
        if row["id"] != length + 1:
            yield Break(place, f"the id {length + 1}", f"the id {row['id']}")
            return
        if row["digest"] != (made := digest(table, dict(row), before)):
            yield Break(place, f"the digest {made}", str(row["digest"]))
            return
        length, before = length + 1, row["digest"]
    end = _head(connection, table)
    if end != (length, before):
        yield Break(f"the end of table {table.name}", _ending(*end), _ending(length, before))


def _ending(length: int, last: str) -> str:
    return f"{so_many(length, 'row')}, the last with the digest {last}" if length else "no row"


def _head(connection: Connection, table: Table) -> tuple[int, str]:
    """How many rows the table has, and the digest of the last one."""
    end = connection.execute(select(heads.c.length, heads.c.digest).where(heads.c.name == table.name)).one_or_none()
    return (end.length, end.digest) if end else (0, _START)


def _covered(table: Table) -> list[str]:
    return [c.name for c in table.columns if c.name != "digest" and not isinstance(c.type, LargeBinary)]
