# ruff: noqa: S608  # the names in the statements are the schema's own
"""Ledgers for tests: one filled with the documents of a month, and what lies in its file."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobs.billing.invoicing import Issued
from jobs.ledger import chain, schema
from jobs.ledger.snapshots import Digests
from jobs.ledger.store import ALL, Ledger, NewDocument, View
from tests import usage

NOW = datetime(2016, 12, 5, 6, tzinfo=UTC)


def opened(path: Path, now: datetime = NOW, **values: Any) -> Ledger:
    return Ledger(path, now=lambda: now, program_version="0.1.0", command="test", **values)


def post(ledger: Ledger, rows: Sequence[usage.Row], account: str = "acme") -> Issued:
    """Decides on `rows` as a run does and posts what comes of it."""
    digests = Digests(sha256=f"{len(rows):064}", file_sha256="f" * 64)
    snapshot_id, snapshot = ledger.add_snapshot(account, "2016-11", digests=digests, rows=len(rows), fetched_at=NOW)
    known = ledger.known(account, "2016-11", View(ALL, snapshot_id))
    setting = usage.setting(account=account, snapshot=snapshot)
    terms = replace(usage.terms(), invoice_prefix=account.upper())
    decision = usage.decided(rows, issued=known.issued, setting=setting, terms=terms, adjust=True, guarded=False)
    assert decision.post is not None
    posting = NewDocument(decision.post, decision.month.sessions, snapshot_id)
    return ledger.post([posting], newest=known.newest)[0]


def sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def asked(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def flip_in_index(path: Path, index: str, entry: bytes, at: int = 0) -> None:
    """Damages the first such entry of an index at one of its bytes, as a failing disk would."""
    ((page,),) = asked(path, f"SELECT rootpage FROM sqlite_master WHERE name = '{index}'")
    ((size,),) = asked(path, "PRAGMA page_size")
    content = bytearray(path.read_bytes())
    content[content.index(entry, (page - 1) * size, page * size) + at] ^= 1
    path.write_bytes(content)


def as_of_revision(path: Path, revision: str, *, without: Sequence[str]) -> None:
    """Makes the ledger one of an older version, which had none of these tables, nor indexes but those by month."""
    sql(path, *(f"DROP TABLE {table}" for table in without))
    later = asked(path, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql NOT LIKE '%by_month%'")
    sql(path, *(f"DROP INDEX {name}" for (name,) in later), f"UPDATE alembic_version SET version_num = '{revision}'")


def rechain(path: Path, *, notes: bool = True) -> None:
    """What somebody would do who knows the program: all digests made anew, so that only the proof itself can tell.

    `notes`: those in the notes of earlier checks too.
    """
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.row_factory = sqlite3.Row
        made: dict[tuple[str, int], str] = {}
        for table in schema.IN_ORDER:
            before, last = "", 0
            for stored in map(dict, connection.execute(f"SELECT * FROM {table.name} ORDER BY id").fetchall()):
                if notes and "ends" in stored:
                    ends = json.loads(stored["ends"]).items()
                    stored["ends"] = json.dumps({name: [n, made.get((name, n), old)] for name, (n, old) in ends})
                    connection.execute("UPDATE checks SET ends = ? WHERE id = ?", (stored["ends"], stored["id"]))
                before, last = chain.digest(table, stored, before), stored["id"]
                made[table.name, last] = before
                connection.execute(f"UPDATE {table.name} SET digest = ? WHERE id = ?", (before, last))
            connection.execute("UPDATE heads SET length = ?, digest = ? WHERE name = ?", (last, before, table.name))
