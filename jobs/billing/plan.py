"""A plan: a monthly fee, meters, host licences; and which plan holds in which part of a month (docs/rules.md §6).

pandas is imported where sessions come in: a configuration is read without it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from jobs.billing.month import Month
from jobs.errors import UnitError
from reports.document import Part, PartMeter

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

METERS: "dict[str, Callable[[pd.DataFrame], pd.Series[int]]]" = {  # what each BILL session adds to the meter
    "sessions": lambda bill: bill["session_id"].notna().astype("int64"),
    "minutes": lambda bill: bill["minutes"].fillna(0),
}


@dataclass(frozen=True, slots=True)
class Tier:
    """A price for overage units above the tier before, up to and with `up_to` (counted from the first overage unit)."""

    up_to: int | None  # None: open; only and always the last tier
    price: Decimal


@dataclass(frozen=True, slots=True)
class Meter:
    """Usage that is free up to `included` units and charged by graduated tiers beyond."""

    name: str  # of METERS
    included: int | None  # None: unlimited
    tiers: tuple[Tier, ...]  # empty exactly when `included` is None


@dataclass(frozen=True, slots=True)
class Hosts:
    included: int
    licensed: int
    extra: Decimal  # for each licence above the included number, a month


@dataclass(frozen=True, slots=True)
class Plan:
    start: date  # holds from 00:00 UTC of this day until the next plan's
    name: str
    monthly_fee: Decimal
    meters: tuple[Meter, ...] = ()  # in the order of METERS, each at most once
    hosts: Hosts | None = None

    def meter(self, name: str) -> Meter | None:
        return next((meter for meter in self.meters if meter.name == name), None)


@dataclass(frozen=True, slots=True)
class Tax:
    name: str
    rate: Decimal  # percent, 0 up to below 100


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """A part of a month with the plan that holds in it."""

    part: Part
    plan: Plan


def parts_of(month: Month, plans: Sequence[Plan]) -> tuple[PlannedPart, ...]:
    """The parts of `month`, in order: a plan that starts within it splits it. `plans` ascend by start.

    Days before the first plan's start belong to no part. Raises UnitError if no plan has started by the month's end.
    """
    starts = [max(plan.start, month.first) for plan in plans]
    ends = [min(plan.start - timedelta(days=1), month.last) for plan in plans[1:]] + [month.last]
    held = [(plan, first, last) for plan, first, last in zip(plans, starts, ends, strict=True) if first <= last]
    if not held:
        raise UnitError(
            f"no plan holds in {month}: the first one starts on {plans[0].start}; add one with an earlier `from`"
        )
    return tuple(
        PlannedPart(_part(number, plan, first, last, month), plan)
        for number, (plan, first, last) in enumerate(held, start=1)
    )


def _part(number: int, plan: Plan, first: date, last: date, month: Month) -> Part:
    days = (last - first).days + 1

    def share(included: int | None) -> int | None:  # rounded half up to whole units
        return None if included is None else (2 * included * days + month.days) // (2 * month.days)

    return Part(
        number=number,
        plan=plan.name,
        plan_from=plan.start,
        first=first,
        last=last,
        days=days,
        days_of_month=month.days,
        monthly_fee=plan.monthly_fee,
        meters=tuple(PartMeter(meter.name, share(meter.included)) for meter in plan.meters),
        hosts_included=plan.hosts.included if plan.hosts else None,
        hosts_licensed=plan.hosts.licensed if plan.hosts else None,
        hosts_extra_price=plan.hosts.extra if plan.hosts else None,
    )


def part_numbers(billable_at: "pd.Series[pd.Timestamp]", parts: Sequence[PlannedPart]) -> "npt.NDArray[np.int32]":
    """For each instant the number of its part; 0 for one before the first part."""
    import numpy as np
    import pandas as pd

    starts = pd.DatetimeIndex([pd.Timestamp(p.part.first, tz="UTC") for p in parts]).as_unit("us")
    found = starts.searchsorted(pd.DatetimeIndex(billable_at).as_unit("us"), side="right")
    numbers = np.array([0, *(p.part.number for p in parts)], dtype=np.int32)
    return numbers[found]


def metered(name: str, billable_at: "pd.Series[pd.Timestamp]", parts: Sequence[PlannedPart]) -> "npt.NDArray[np.bool_]":
    """Whether each instant lies in a part whose plan has the meter."""
    import numpy as np

    return np.isin(part_numbers(billable_at, parts), [p.part.number for p in parts if p.part.has(name)])
