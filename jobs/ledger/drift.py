"""Whether an issued month may have changed: webhook events named its sessions after its last run.

A hint for people, in `history` and on the overview alike: it marks, and touches nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from jobs.ledger import frames, webhook_events
from jobs.ledger.schema import NO_RUN, documents

NO_LOOK = (*NO_RUN, "failed")  # events after which a month is known as well as it was before


@dataclass(frozen=True, slots=True)
class Drift:
    sessions: int  # of the month as issued, that events name
    told_at: datetime  # when the last of them came, aware


def since_last_run(
    connection: Connection, account: str, known: Mapping[str, Sequence[Any]], until: str
) -> Drift | None:
    """What events tell of a month since its last run; None where that is nothing, or none is issued.

    `known`: the month's rows of `documents` and `events`, by table and in order. Events count that came by `until`.
    """
    issued = known["documents"]
    if not issued:
        return None
    looks = [row for row in known["events"] if row["kind"] not in NO_LOOK]
    since = json.loads(looks[-1]["detail"]).get("looked_at", looks[-1]["at"]) if looks else issued[-1]["issued_at"]
    sessions = webhook_events.sessions_with_events_since(connection, account, datetime.fromisoformat(since), until)
    if not sessions:
        return None
    newest = connection.execute(select(documents.c.sessions).where(documents.c.id == issued[-1]["id"])).scalar_one()
    own = [sessions[session_id] for session_id in frames.session_ids(newest).tolist() if session_id in sessions]
    return Drift(len(own), max(own)) if own else None
