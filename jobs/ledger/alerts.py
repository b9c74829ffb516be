"""Alerts before the bill: each fires once an account, month and part, whoever runs, however often.

Whether one is new is settled in the very transaction that notes how the run left the unit: of several runs at once one
finds it new, and a run that is stopped before that leaves it to the next.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from jobs.ledger import adding, month_events
from jobs.output.summary import Fired

if TYPE_CHECKING:
    from jobs.billing.ahead import Alert

KIND = "alerted"


@dataclass(frozen=True, slots=True)
class Noting:
    """A unit about to be noted, within the one transaction."""

    connection: Connection
    account: str
    month: str
    run_id: int | None
    at: datetime

    def alerts(self, holding: "Iterable[Alert]") -> tuple[Fired, ...]:
        """Each alert that holds, with when it first fired; those that never did fire now."""
        known = month_events.noted(self.connection, self.account, self.month, KIND)
        first = {(detail["code"], detail["part"]): at for at, detail in reversed(known)}
        fired = []
        for one in holding:
            key = one.code, one.part
            if key not in first:
                self.event(KIND, {"code": one.code, "part": one.part})
            fired.append(
                Fired(one.code, one.part, first.get(key, self.at.replace(microsecond=0)), new=key not in first)
            )
        return tuple(fired)

    def event(self, kind: str, detail: Mapping[str, Any], document_id: int | None = None) -> None:
        """One of `schema.NO_RUN`, else how a run left the unit."""
        where = self.connection, self.account, self.month
        adding.event(*where, kind, run_id=self.run_id, at=self.at, document_id=document_id, detail=detail)
