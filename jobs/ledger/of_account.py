"""The rows of one account, under every key that it had: which they are, and whether they hold by themselves.

What is read through a damaged index lacks rows that the table has: a month seems not to be issued. So what was issued
to an account is looked up by three indexes, each of another table; where they do not agree, one of them is damaged.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, Table, select

from jobs.errors import LedgerDamaged
from jobs.ledger import chain
from jobs.ledger.chain import Break
from jobs.ledger.renames import keys_of
from jobs.ledger.rows import LedgerRow, small_rows
from jobs.ledger.schema import attachments, credentials, documents, events, lines, numbers, renames, snapshots

TABLES = (snapshots, attachments, documents, lines, numbers, events, renames, credentials)  # that have rows of accounts


def rows_of(table: Table, keys: Sequence[str]) -> ColumnElement[bool]:
    """Which of the table's rows are the account's."""
    if table is renames:
        return renames.c.old.in_(keys) | renames.c.new.in_(keys)
    if table is attachments:
        return attachments.c.snapshot_id.in_(select(snapshots.c.id).where(rows_of(snapshots, keys)))
    if table is lines:
        return lines.c.document_id.in_(select(documents.c.id).where(rows_of(documents, keys)))
    return table.c.account.in_(keys)


def breaks(connection: Connection, account: str) -> Iterator[Break]:
    """Where its rows are not as they were written; of other accounts' nothing is read."""
    keys = keys_of(connection, account)
    yield from _disagreements(connection, keys)
    for table in TABLES:
        yield from chain.breaks_among(connection, table, rows_of(table, keys))


def check(connection: Connection, account: str) -> None:
    """Raises LedgerDamaged, naming the first of the breaks."""
    for found in breaks(connection, account):
        raise LedgerDamaged(chain.in_words(found))


def _disagreements(connection: Connection, keys: Sequence[str]) -> Iterator[Break]:
    units = documents.c.id, documents.c.account, documents.c.month  # all that the index of months holds
    by_unit = {row[0]: row[1:] for row in connection.execute(select(*units).where(rows_of(documents, keys)))}
    of_numbers = select(numbers.c.document_id).where(rows_of(numbers, keys))
    of_events = select(events.c.document_id).where(rows_of(events, keys), events.c.kind == "posted")
    numbered, posted = (set(connection.execute(query).scalars()) for query in (of_numbers, of_events))
    ids = sorted({*by_unit, *numbered, *posted})
    rows = connection.execute(select(*units, documents.c.number).where(documents.c.id.in_(ids)))
    stored = {row.id: row for row in rows}
    for row_id in ids:
        row = stored.get(row_id)
        names_it = {
            "documents": row is not None and by_unit.get(row_id) == row[1:3],
            "numbers": row_id in numbered or (row is not None and row.number is None),
            "events": row_id in posted,
        }
        if lacking := [table for table, named in names_it.items() if not named]:
            place, expected = f"document {row_id} of account {keys[0]}", "an entry in each table's index of accounts"
            yield Break(place, expected, f"none in that of {' and '.join(lacking)}")


def outline(connection: Connection, account: str | None = None) -> dict[str, list[LedgerRow]]:
    """The rows of each table that has rows of accounts, as they are stored, in order; or one's only.

    Of documents only what is small.
    """
    if account is None:
        return {table.name: small_rows(connection, table) for table in TABLES}
    keys = keys_of(connection, account)
    return {table.name: small_rows(connection, table, rows_of(table, keys)) for table in TABLES}
