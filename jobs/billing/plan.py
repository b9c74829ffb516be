"""A plan: a monthly fee and any of three meters; and which plan holds in which part of a month (contract §3)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """A price for overage units above the tier before, up to and with `up_to` (counted from the first overage unit)."""

    up_to: int | None  # None: open; only and always the last tier
    price: Decimal


@dataclass(frozen=True, slots=True)
class Meter:
    """Usage that is free up to `included` units and charged by graduated tiers beyond."""

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
    sessions: Meter | None = None
    minutes: Meter | None = None
    hosts: Hosts | None = None


@dataclass(frozen=True, slots=True)
class Tax:
    name: str
    rate: Decimal  # percent, 0 up to below 100
