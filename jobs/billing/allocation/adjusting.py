"""Allocations of several documents: an adjustment's is the month's less those already issued, so that all add up."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

import msgspec
import pandas as pd

from jobs.billing import money
from reports.allocation import (
    Allocation,
    CentreShare,
    HostShare,
    LineKey,
    LineShare,
    Rounding,
    in_order,
    line_order,
)
from reports.document import STATUSES
from reports.session_centres import centres_of

K = TypeVar("K")

_OWN = ["session_id", "status", "minutes", "host_id", "billable_at"]  # what makes a session's row another one


def difference(now: Allocation, issued: Sequence[Allocation], touched: set[str], digits: int) -> Allocation:
    """`now`, of the whole month, less all of `issued`; its counts stay those of the month.

    `touched`: the centres whose sessions changed. A minor unit that moved on another one is listed as rounding.
    """
    found = _added(now, [(1, now), *((-1, one) for one in issued)])
    unit = money.from_minor(1, digits)
    rounding = tuple(
        Rounding(one.centre, one.total) for one in found.centres if abs(one.total) == unit and one.centre not in touched
    )
    return replace(found, rounding=rounding) if rounding else found


def whole(issued: Sequence[Allocation]) -> Allocation:
    """The whole month as all of its documents together leave it."""
    return _added(issued[-1], [(1, one) for one in issued])


def touched(before: pd.DataFrame, of_before: Allocation, after: pd.DataFrame, of_after: Allocation) -> set[str]:
    """The centres of which any session came, went or changed."""
    frames = [
        frame[_OWN].astype({"status": "object"}).assign(centre=centres_of(frame, one.assigned).astype(object))
        for frame, one in ((before, of_before), (after, of_after))
    ]
    both = pd.concat(frames)
    return set(both.loc[~both.duplicated(keep=False), "centre"].tolist())


def _added(like: Allocation, signed: Sequence[tuple[int, Allocation]]) -> Allocation:
    """Σ sign × allocation, centre by centre and line by line; all but the amounts as in `like`."""
    keys = in_order({share.centre for _, one in signed for share in one.centres})
    shares = [_centre(key, like, [(sign, share) for sign, one in signed if (share := one.share(key))]) for key in keys]
    moved = (one for one in shares if one.lines or one.tax or any(one.sessions.values()) or _moved(one))
    return replace(like, centres=tuple(moved), rounding=msgspec.UNSET)


def _moved(share: CentreShare) -> bool:
    return any(host.amount for host in share.hosts)


def _centre(key: str, like: Allocation, signed: Sequence[tuple[int, CentreShare]]) -> CentreShare:
    quantities: dict[LineKey, Decimal] = {}
    amounts: dict[LineKey, Decimal] = {}
    hosts: dict[int, Decimal] = {}
    for sign, share in signed:
        for line in share.lines:
            _add(quantities, line.key, sign, line.quantity)
            _add(amounts, line.key, sign, line.amount)
        for host in share.hosts:
            _add(hosts, host.host_id, sign, host.amount)
    lines = [
        LineShare(part, meter, tier, quantities[part, meter, tier], amounts[part, meter, tier])
        for part, meter, tier in sorted(amounts, key=line_order)
        if amounts[part, meter, tier] or (quantities[part, meter, tier] and meter in ("sessions", "minutes"))
    ]
    now, any_of = like.share(key), signed[0][1]
    totals: dict[str, Decimal] = {}
    for sign, share in signed:
        for name in ("net", "tax", "total"):
            _add(totals, name, sign, getattr(share, name))
    return CentreShare(
        centre=key,
        name=any_of.name,
        code=any_of.code,
        sessions=now.sessions if now else dict.fromkeys(STATUSES, 0),
        minutes=now.minutes if now else 0,
        included=now.included if now else 0,
        overage=now.overage if now else 0,
        lines=tuple(lines),
        hosts=tuple(HostShare(host, hosts[host]) for host in sorted(hosts)),
        **totals,
    )


def _add(found: dict[K, Decimal], key: K, sign: int, amount: Decimal) -> None:
    found[key] = money.EXACT.fma(amount, Decimal(sign), found.get(key, amount * 0))
