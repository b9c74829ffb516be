"""Where an open month is heading, on drafts of accounts that ask for it (docs/rules.md §22). Finished and frozen."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

ESTIMATE = "This is an estimate: COMP and DUPL come later and lower it."


@dataclass(frozen=True, slots=True)
class PartForecast:
    """Counted sessions of a part of the month. `projected`, `low` and `high` are None while it is too early."""

    part: int
    elapsed_days: int  # whole days of the part that have ended, UTC
    needed_days: int  # so many must have, to project it
    used: int
    projected: int | None
    low: int | None  # the range of the projection, both inclusive
    high: int | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The month: its parts added up. None while a part that has begun is too early to project."""

    as_of: datetime  # when the vendor answered; aware, UTC
    days: int
    elapsed_days: int
    used: int  # counted sessions
    projected: int | None
    low: int | None
    high: int | None
    net_projected: Decimal | None  # in the currency's digits
    parts: tuple[PartForecast, ...]
