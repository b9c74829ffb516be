"""A consistent copy of a ledger in another place, SQLite or PostgreSQL: as a backup, or to move there."""

from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from jobs.errors import LedgerError
from jobs.ledger import engine, proof
from jobs.ledger.schema import metadata

_ROWS = 100  # copied at a time: a document's row may hold megabytes


def backup(source: Path | str, target: Path | str) -> int:
    """Copies every row of `source`, as it is at one moment, to `target`; gives how many. A new file is mode 0600.

    Raises LedgerDamaged where the chain of `source` is broken, LedgerError where `target` holds anything already.
    """
    if isinstance(source, Path) and not source.exists():
        raise LedgerError(f"there is no ledger at {source} yet; `securevideo-billing run` creates it")
    if isinstance(target, Path) and target.exists():
        raise LedgerError(f"{target} already exists and is never overwritten; name a new file")
    with ExitStack() as opened:
        opened.callback((from_engine := engine.open_engine(source)).dispose)
        opened.callback((to_engine := engine.open_engine(target)).dispose)
        with engine.reading(from_engine) as there, engine.adding(to_engine) as here:
            proof.whole(there)
            _refuse_used(here)
            copied = _copy(there, here)
            proof.whole(here)
            return copied


def _refuse_used(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            raise LedgerError("the ledger to copy to already holds rows; name an empty one")


def _copy(there: Connection, here: Connection) -> int:
    copied = 0
    for table in metadata.sorted_tables:
        rows = there.execution_options(yield_per=_ROWS).execute(select(table).order_by(*table.primary_key))
        for some in rows.mappings().partitions(_ROWS):
            here.execute(insert(table), [dict(row) for row in some])
            copied += len(some)
    return copied
