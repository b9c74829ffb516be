"""Whether an issued month may have changed: webhook events named its sessions after its last run.

A hint for people, in `history` and on the overview alike: it marks, and touches nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from jobs.ledger import frames, webhook_events
from jobs.ledger.schema import NO_RUN, documents

NO_LOOK = (*NO_RUN, "failed")  # events after which a month is known as well as it was before


@dataclass(frozen=True, slots=True)
class Drift:
    sessions: int  # of the month as issued, that events name
    told_at: datetime  # when the last of them came, aware


@dataclass(frozen=True, slots=True)
class IssuedMonth:
    """An issued month, as far as it is asked whether it may have changed."""

    newest: int  # id of its newest document
    looked_at: str | None  # when its last run asked the vendor; None: not since that document


def looked_at(at: str, detail: str) -> str:
    """When a run asked the vendor: `at` and `detail` of the event that it left."""
    return str(json.loads(detail).get("looked_at", at))


def by_month(connection: Connection, account: str, months: Mapping[str, IssuedMonth], until: str) -> dict[str, Drift]:
    """What events name of an account's issued months since each one's last run: those of which it is anything.

    Events count that came by `until`.
    """
    since = {month: _since(connection, known) for month, known in months.items()}
    if not since:
        return {}
    events = webhook_events.sessions_with_events_since(connection, account, min(since.values()), until)
    found = {}
    for month, known in months.items():
        later = {session: at for session, at in events.items() if at >= since[month].replace(microsecond=0)}
        if later and (own := [later[one] for one in _sessions(connection, known.newest) if one in later]):
            found[month] = Drift(len(own), max(own))
    return found


def _since(connection: Connection, known: IssuedMonth) -> datetime:
    query = select(documents.c.issued_at).where(documents.c.id == known.newest)
    return datetime.fromisoformat(known.looked_at or connection.execute(query).scalar_one())


def _sessions(connection: Connection, document_id: int) -> list[int]:
    newest = connection.execute(select(documents.c.sessions).where(documents.c.id == document_id)).scalar_one()
    ids: list[int] = frames.session_ids(newest).tolist()
    return ids
