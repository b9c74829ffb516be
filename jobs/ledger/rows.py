"""Rows of the ledger's tables as what they stand for: read within the caller's transaction, never changed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, func, select

from jobs.billing.invoicing import Issued, Transfer
from jobs.errors import LedgerDamaged
from jobs.ledger import frames
from jobs.ledger.renames import keys_of
from jobs.ledger.schema import attachments, documents, events, snapshots
from reports.document import Document, Snapshot
from reports.stored import from_json

if TYPE_CHECKING:
    from jobs.ledger.frames import Ids

LedgerRow = Mapping[str, Any]
ALL = 2**62  # an id beyond all
_REMEMBERED = 1000  # documents whose SessionIds are: those of a few accounts, however many a run bills


def small_rows(connection: Connection, table: Table, *which: ColumnElement[bool]) -> list[LedgerRow]:
    """A table's rows in order, without the large values of `documents`."""
    columns = [column for column in table.columns if column.name not in ("body", "sessions")]
    query = select(*columns).where(*which).order_by(table.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def newest_of_each_month(connection: Connection, account: str, until: int) -> dict[str, int]:
    """By month the id of its newest document, whichever key the account had then; `until` inclusive."""
    of_account = documents.c.account.in_(keys_of(connection, account)) & (documents.c.id <= until)
    query = select(documents.c.month, func.max(documents.c.id)).where(of_account)
    return {month: row_id for month, row_id in connection.execute(query.group_by(documents.c.month))}  # noqa: C416  # rows


def document_of(connection: Connection, document_id: int) -> Document:
    return from_json(connection.execute(select(documents.c.body).where(documents.c.id == document_id)).scalar_one())


def issued_from(row: LedgerRow) -> Issued:
    """A row of `documents` as the document it holds. Raises LedgerDamaged, msgspec.DecodeError (a ValueError)."""
    document = from_json(row["body"])
    return Issued(row["id"], document, cache(partial(frames.unpack, packed_sessions(row), document.parts)))


def with_transfers(connection: Connection, issued: Sequence[Issued]) -> tuple[Issued, ...]:
    """A month's documents with what was moved between cost centres after each; untouched without any."""
    if not any(one.document.allocation for one in issued):
        return tuple(issued)
    ids = [one.id for one in issued]
    moved = select(events.c.document_id, events.c.detail).where(events.c.kind == "reallocated")
    found: dict[int, list[Transfer]] = {}
    for row in connection.execute(moved.where(events.c.document_id.in_(ids)).order_by(events.c.id)):
        transfer = msgspec.json.decode(row.detail, type=Transfer)
        found.setdefault(row.document_id, []).append(transfer)
    return tuple(replace(one, transfers=tuple(found.get(one.id, ()))) for one in issued)


def packed_sessions(row: LedgerRow) -> bytes:
    """The sessions in a row of `documents`, proven by their digest. Raises LedgerDamaged."""
    packed: bytes = row["sessions"]
    if frames.sha256(packed) != row["sessions_sha256"]:
        raise LedgerDamaged(
            f"the ledger is damaged: the sessions of document {row['number'] or row['id']} do not fit their digest; "
            "restore the ledger from a backup, then run `securevideo-billing verify`"
        )
    return packed


def counting(connection: Connection, known: "dict[int, Ids]") -> "Callable[[int], Ids]":
    """Gives the SessionIds that a document's month was left with, from `known` or into it; may raise LedgerDamaged."""

    columns = [documents.c[name] for name in ("id", "number", "sessions", "sessions_sha256")]

    def counted(document_id: int) -> "Ids":
        if document_id not in known:
            if len(known) == _REMEMBERED:
                known.clear()
            row = connection.execute(select(*columns).where(documents.c.id == document_id)).mappings().one()
            known[document_id] = frames.session_ids(packed_sessions(dict(row)))
        return known[document_id]

    return counted


def last_snapshot(connection: Connection, account: str, month: str, until: int) -> LedgerRow | None:
    """The month's newest row of `snapshots`, `until` inclusive; None where it has none."""
    of_month = (snapshots.c.account == account) & (snapshots.c.month == month) & (snapshots.c.id <= until)
    query = select(snapshots).where(of_month)
    row = connection.execute(query.order_by(snapshots.c.id.desc()).limit(1)).mappings().one_or_none()
    return dict(row) if row else None


def superseded(of_snapshots: Iterable[LedgerRow], issued_on: Iterable[int]) -> set[int]:
    """The ids of snapshots, among all in the ledger, on which nothing rests: no document, and a newer reply came.

    `issued_on`: the snapshots that documents were made of.
    """
    ids = [(row["id"], row["account"], row["month"]) for row in of_snapshots]
    newest = {(account, month): row_id for row_id, account, month in sorted(ids)}
    return {row_id for row_id, *_ in ids} - set(newest.values()) - set(issued_on)


def attached_to(connection: Connection, snapshot_id: int) -> list[LedgerRow]:
    """The rows of `attachments` that belong to a snapshot, in order."""
    query = select(attachments).where(attachments.c.snapshot_id == snapshot_id).order_by(attachments.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def attached(connection: Connection, snapshot_id: int) -> dict[str, str]:
    """What was asked beside a snapshot: by kind, the SHA-256 it is kept under."""
    return {row["kind"]: row["sha256"] for row in attached_to(connection, snapshot_id)}


def snapshot(connection: Connection, snapshot_id: int) -> Snapshot:
    return snapshot_from(_whole(connection, snapshots, snapshot_id))


def document_ids(connection: Connection, account: str | None, month: str | None) -> Sequence[int]:
    """In the order in which they were posted; of one account and month if named."""
    own = () if account is None else (documents.c.account.in_(keys_of(connection, account)),)
    of_month = () if month is None else (documents.c.month == month,)
    return connection.execute(select(documents.c.id).where(*own, *of_month).order_by(documents.c.id)).scalars().all()


def document_row(connection: Connection, document_id: int) -> LedgerRow:
    """A row of `documents`, whole."""
    return _whole(connection, documents, document_id)


def _whole(connection: Connection, table: Table, row_id: int) -> LedgerRow:
    return dict(connection.execute(select(table).where(table.c.id == row_id)).mappings().one())


def issued_months(connection: Connection, account: str) -> list[str]:
    """Ascending."""
    return sorted(newest_of_each_month(connection, account, ALL))


def snapshot_from(row: LedgerRow) -> Snapshot:
    return Snapshot(row["sha256"], datetime.fromisoformat(row["fetched_at"]), row["rows"])


def in_text(instant: datetime) -> str:
    """As the tables hold instants: ISO 8601, UTC, whole seconds."""
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
