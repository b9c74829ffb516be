"""Where an open month is heading, on drafts of accounts that ask for it (docs/rules.md §22). Finished and frozen."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

ESTIMATE = "This is an estimate: COMP and DUPL come later and lower it"
ALL_OVER = "All its days are over; COMP and DUPL may still come and lower it"


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

    @property
    def last_day(self) -> int:
        """The day of the month on which the vendor answered, or its last or first one."""
        return min(self.days, self.elapsed_days + 1)


def range_of(forecast: Forecast | PartForecast, written: Callable[[int], str]) -> str:
    """ "36 (19 to 53)"; only where something is projected."""
    low, projected, high = (written(figure or 0) for figure in (forecast.low, forecast.projected, forecast.high))
    return projected if low == high else f"{projected} ({low} to {high})"


def explained(forecast: Forecast) -> str:
    """How far the figures can be relied on, in a sentence or two."""
    early = next((part for part in forecast.parts if part.projected is None), None)
    if forecast.elapsed_days == forecast.days:
        return f"{ALL_OVER}."
    if early is None:
        return f"{ESTIMATE}. It goes by the pace so far; 19 times of 20 the month ends within the range."
    of = "the plan in force" if len(forecast.parts) > 1 else "the month"
    return (
        f"Too early to say where the month is heading: figures mislead before {early.needed_days} whole days of {of} "
        f"have ended, UTC; {early.elapsed_days} have."
    )
