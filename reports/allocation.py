"""What a document costs each cost centre of the customer: finished, as `reports.document.Document` holds it.

`unallocated` is no centre but what no source of the configuration named; it always comes last.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

UNALLOCATED = "unallocated"
METERS = ("fee", "sessions", "minutes", "hosts")  # the order of lines within a part

Policy = Literal["first-come", "proportional", "reserved"]
Source = Literal["map", "external_id", "group", "host"]
LineKey = tuple[int, str, int]  # part, meter, tier


class Assigned(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """A host's centre on the days `from` to `to`, both inclusive, UTC."""

    host_id: int
    centre: str
    from_: date
    to: date
    by: Source | None  # None: no source named one


@dataclass(frozen=True, slots=True)
class LineShare:
    """A centre's share of a line. On an adjustment `quantity` and `amount` are differences."""

    part: int
    meter: str
    tier: int
    quantity: Decimal
    amount: Decimal

    @property
    def key(self) -> LineKey:
        return self.part, self.meter, self.tier


@dataclass(frozen=True, slots=True)
class HostShare:
    host_id: int
    amount: Decimal  # of the centre's net


@dataclass(frozen=True, slots=True)
class CentreShare:
    """What a centre used in the month, and what it pays of the document."""

    centre: str
    name: str
    code: str
    sessions: dict[str, int]  # by status, every status present
    minutes: int  # known minutes of its BILL sessions
    included: int  # its BILL sessions within the allowance
    overage: int  # and those beyond
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: tuple[LineShare, ...]  # without those of no amount and no quantity of its own
    hosts: tuple[HostShare, ...]  # Σ amount = net, where the centre has any; by host_id


@dataclass(frozen=True, slots=True)
class Rounding:
    """A minor unit that moved on a centre whose sessions did not change."""

    centre: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Allocation:
    policy: Policy
    fee_by: str | dict[str, Decimal]
    hosts_by: str | dict[str, Decimal]
    map_sha256: str | None
    centres: tuple[CentreShare, ...]  # by key, `unallocated` last
    assigned: tuple[Assigned, ...]  # by host and day
    rounding: tuple[Rounding, ...] | msgspec.UnsetType = msgspec.UNSET

    def share(self, centre: str) -> CentreShare | None:
        return next((one for one in self.centres if one.centre == centre), None)


def in_order(centres: Iterable[str]) -> list[str]:
    """By code point, `unallocated` last."""
    return sorted(centres, key=lambda centre: (centre == UNALLOCATED, centre))


def line_order(key: LineKey) -> tuple[int, int, int]:
    """Of the lines of a centre: part, then fee, sessions, minutes, hosts, then tier."""
    part, meter, tier = key
    return part, METERS.index(meter), tier
