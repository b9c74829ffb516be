"""The findings that a person has accepted: events of the kind `accepted`."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from jobs.billing.acceptance import Acceptance
from jobs.ledger.schema import events

KIND = "accepted"
_DETAIL = ("code", "session_id", "seen", "by", "reason")


def detail_of(acceptance: Acceptance) -> dict[str, Any]:
    """What the event says; the day is the event's own."""
    return {name: getattr(acceptance, name) for name in _DETAIL}


def acceptance_from(row: Mapping[str, Any]) -> Acceptance:
    """A row of `events`."""
    return Acceptance(**json.loads(row["detail"]), on=datetime.fromisoformat(row["at"]).date())


def given(connection: Connection, account: str, month: str, until: int) -> tuple[Acceptance, ...]:
    """Those of a month, in order, up to and with the event `until`."""
    of_month = (events.c.account == account) & (events.c.month == month) & (events.c.kind == KIND)
    query = select(events.c.at, events.c.detail).where(of_month, events.c.id <= until).order_by(events.c.id)
    return tuple(acceptance_from(dict(row)) for row in connection.execute(query).mappings())
