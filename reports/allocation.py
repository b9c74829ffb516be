"""What a document costs each cost centre of the customer: finished, as `reports.document.Document` holds it.

`unallocated` is no centre but what no source of the configuration named; it always comes last.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

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


def centres_of(sessions: pd.DataFrame, assigned: Sequence[Assigned]) -> pd.Categorical:
    """Each session's centre: its host's on the UTC day of its BillableTs. Categories are in order, all of them used."""
    codes, hosts = pd.factorize(sessions["host_id"].to_numpy(np.int64))
    names = in_order({*(one.centre for one in assigned), UNALLOCATED})
    by_day = _by_day(dict(zip(hosts.tolist(), range(len(hosts)), strict=True)), assigned, names)
    days = sessions["billable_at"].dt.day.to_numpy(np.int64)
    found = by_day[codes, days] if len(sessions) else np.zeros(0, dtype=np.int32)
    centres: pd.Categorical = pd.Categorical.from_codes(found, dtype=pd.CategoricalDtype(names))
    return centres.remove_unused_categories()


def _by_day(rows: Mapping[int, int], assigned: Iterable[Assigned], names: Sequence[str]) -> npt.NDArray[np.int32]:
    """The code of the centre of each host's row on each day of the month, from 1; unallocated where nothing is said."""
    code = {name: number for number, name in enumerate(names)}
    table = np.full((len(rows), 32), code[UNALLOCATED], dtype=np.int32)
    for one in assigned:
        if (row := rows.get(one.host_id)) is not None:
            table[row, one.from_.day : one.to.day + 1] = code[one.centre]
    return table
