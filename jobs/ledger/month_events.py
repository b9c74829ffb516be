"""What the events of a month say of it; read within the caller's transaction."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from jobs.billing.invoicing import Issued
from jobs.ledger import renames
from jobs.ledger.rows import issued_from
from jobs.ledger.schema import documents, events


def noted(connection: Connection, account: str, month: str, kind: str) -> list[tuple[datetime, dict[str, Any]]]:
    """When events of a kind happened to the month, and what was noted of each; in order."""
    kept_under = renames.home(connection, account, month)
    of_kind = (events.c.account == kept_under) & (events.c.month == month) & (events.c.kind == kind)
    query = select(events.c.at, events.c.detail).where(of_kind).order_by(events.c.id)
    return [(datetime.fromisoformat(row.at), json.loads(row.detail)) for row in connection.execute(query)]


def written(connection: Connection, account: str, month: str) -> dict[int, dict[str, str]]:
    """For each of the month's documents whose files are in place: the files' SHA-256 by name."""
    of_month = (events.c.account == account) & (events.c.month == month) & (events.c.kind == "written")
    query = select(events.c.document_id, events.c.detail).where(of_month).order_by(events.c.id)
    return {row.document_id: json.loads(row.detail) for row in connection.execute(query)}


def unwritten(connection: Connection, account: str, month: str) -> tuple[Issued, ...]:
    """The month's documents whose files an earlier run did not get to put in place."""
    written = select(events.c.id).where(events.c.document_id == documents.c.id, events.c.kind == "written").exists()
    own = (documents.c.account == account) & (documents.c.month == month)
    rows = connection.execute(select(documents).where(own, ~written).order_by(documents.c.id)).mappings()
    return tuple(issued_from(dict(row)) for row in rows)
