"""The chain of digests: each row's digest covers its values and the digest of the row before it in its table."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, func, insert, select

from jobs.errors import LedgerDamaged
from jobs.ledger import schema

_START = ""


def append(connection: Connection, table: Table, **values: Any) -> int:
    """Adds a row at the end of `table`'s chain and gives its id: 1, 2, 3 … without a gap.

    Only inside a transaction that excludes other writers.
    """
    last = connection.execute(select(table.c.id, table.c.digest).order_by(table.c.id.desc()).limit(1)).one_or_none()
    row_id, before = (last.id + 1, last.digest) if last else (1, _START)
    row = {"id": row_id, **values}
    connection.execute(insert(table).values(**row, digest=digest(table, row, before)))
    return row_id


def digest(table: Table, row: Mapping[str, Any], before: str) -> str:
    """SHA-256 over the row's values but large binaries, which have a column with their own digest."""
    values = [row[name] for name in _covered(table)]
    return hashlib.sha256(json.dumps([before, table.name, *values]).encode()).hexdigest()


def check(connection: Connection) -> None:
    """Raises LedgerDamaged, naming the first row whose digest does not fit, in any table."""
    for table in schema.IN_ORDER:
        columns = [table.c[name] for name in (*_covered(table), "digest")]
        before = _START
        for expected_id, row in enumerate(connection.execute(select(*columns).order_by(table.c.id)).mappings(), 1):
            if row["id"] != expected_id or row["digest"] != digest(table, dict(row), before):
                raise LedgerDamaged(
                    f"the ledger is damaged: row {row['id']} of table {table.name} does not fit its digest; nothing is "
                    "issued on it. Restore the ledger from a backup, then run `securevideo-billing verify`"
                )
            before = row["digest"]


def length(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _covered(table: Table) -> list[str]:
    return [c.name for c in table.columns if c.name != "digest" and not isinstance(c.type, LargeBinary)]
