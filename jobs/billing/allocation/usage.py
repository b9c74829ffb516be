"""What each cost centre used of a month, part by part, down to its hosts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.billing.allocation.splitting import POOL, split
from jobs.billing.centres import AllocationTerms, Resolution
from jobs.billing.plan import PlannedPart
from jobs.billing.rating import units_in
from reports.document import STATUSES, Band
from reports.session_centres import centres_of

Pair = tuple[str, int]  # a centre, and one of its hosts
Measure = Mapping[Pair, int]  # only what is over 0
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PartUsage:
    """Of one part of the month; all but `host_days` of BILL sessions."""

    sessions: Measure
    free: Measure  # those within the allowance
    over: Measure  # those beyond
    minutes: Measure  # known ones
    bands: Mapping[tuple[str, int], Measure]  # by meter and tier: what lies in the band, in order of the ordinals
    host_days: Measure


@dataclass(frozen=True, slots=True)
class MonthUsage:
    parts: Mapping[int, PartUsage]  # by number
    by_status: Mapping[str, Measure]  # sessions of the month, every status present
    minutes: Measure  # known ones of BILL sessions
    present: frozenset[Pair]  # with a session of any status
    belonging: frozenset[Pair]  # on any day of the month


def by_centre(measure: Measure) -> dict[str, int]:
    found: dict[str, int] = {}
    for (centre, _), quantity in measure.items():
        found[centre] = found.get(centre, 0) + quantity
    return found


def added(measures: Iterable[Measure]) -> dict[Pair, int]:
    found: dict[Pair, int] = {}
    for measure in measures:
        for pair, quantity in measure.items():
            found[pair] = found.get(pair, 0) + quantity
    return found


def usage(
    sessions: pd.DataFrame,
    parts: Sequence[PlannedPart],
    bands: Sequence[Band],
    terms: AllocationTerms,
    resolution: Resolution,
) -> MonthUsage:
    """`sessions`: rated, in order of (billable_at, session_id); `bands`: those they were charged by."""
    table = _Sessions(sessions, resolution)
    bill = table.status("BILL")
    by_part = sessions["part"].to_numpy(np.int64)
    found = {}
    for planned in parts:
        rows = np.flatnonzero(bill & (by_part == planned.part.number))
        own = [band for band in bands if band.part == planned.part.number]
        part = _part(table, rows, planned, own, _free(table, rows, planned, terms))
        host_days = _host_days(planned, resolution, {host for _, host in part.sessions})
        found[planned.part.number] = replace(part, host_days=host_days)
    by_status = {status: table.tally(np.flatnonzero(table.status(status))) for status in STATUSES}
    return MonthUsage(
        parts=found,
        by_status=by_status,
        minutes=added(one.minutes for one in found.values()),
        present=frozenset(pair for measure in by_status.values() for pair in measure),
        belonging=frozenset((one.centre, one.host_id) for one in resolution.assigned),
    )


class _Sessions:
    """A session frame with each session's centre and host as one code."""

    def __init__(self, sessions: pd.DataFrame, resolution: Resolution) -> None:
        self._status = sessions["status"]
        centres = centres_of(sessions, resolution.assigned)
        self._centres = np.asarray(centres.codes, dtype=np.int64)
        hosts, ids = pd.factorize(sessions["host_id"].to_numpy(np.int64))
        pairs, self._pairs = pd.factorize(self._centres * max(len(ids), 1) + hosts)
        self.pairs = np.asarray(pairs, dtype=np.int64)
        self._named: list[Pair] = [
            (str(centres.categories[code // len(ids)]), int(ids[code % len(ids)])) for code in self._pairs.tolist()
        ]
        self.ordinal = sessions["ordinal"].fillna(0).to_numpy(np.int64)
        self.minutes = sessions["minutes"].fillna(0).to_numpy(np.int64)

    def status(self, status: str) -> npt.NDArray[np.bool_]:
        return (self._status == status).to_numpy(bool)

    def tally(self, rows: Ints, quantity: Ints | None = None) -> dict[Pair, int]:
        """Of some rows: how many, or how much, each pair has."""
        pairs = self.pairs[rows]
        found = np.zeros(len(self._named), dtype=np.int64)
        np.add.at(found, pairs, 1 if quantity is None else quantity)
        return {pair: number for pair, number in zip(self._named, found.tolist(), strict=True) if number}

    def free(self, rows: Ints, quotas: Mapping[str, int]) -> npt.NDArray[np.bool_]:
        """Which of a part's BILL sessions are free: each centre's own first, then the earliest others."""
        own = np.array([quotas.get(centre, 0) for centre, _ in self._named], dtype=np.int64)
        nth = pd.Series(self._centres[rows]).groupby(self._centres[rows]).cumcount().to_numpy(np.int64)
        free = nth < own[self.pairs[rows]]
        left = sum(quotas.values()) - int(free.sum())
        free[np.flatnonzero(~free)[:left]] = True
        return free


def _part(
    table: _Sessions, rows: Ints, planned: PlannedPart, bands: Sequence[Band], free: npt.NDArray[np.bool_]
) -> PartUsage:
    """`host_days` are still to be filled in."""
    after = {"sessions": table.ordinal[rows], "minutes": table.minutes[rows].cumsum()}
    return PartUsage(
        sessions=table.tally(rows),
        free=table.tally(rows[free]),
        over=table.tally(rows[~free]) if planned.part.has("sessions") else {},
        minutes=table.tally(rows, table.minutes[rows]),
        bands={(band.meter, band.tier): table.tally(rows, units_in(band, after[band.meter])) for band in bands},
        host_days={},
    )


def _free(table: _Sessions, rows: Ints, planned: PlannedPart, terms: AllocationTerms) -> npt.NDArray[np.bool_]:
    """As printed on the invoice: the first ones; with `reserved` by the centres' quotas."""
    part = planned.part
    included = part.included("sessions")
    if included is None:
        return np.full(len(rows), part.has("sessions"))
    if terms.policy == "reserved":
        return table.free(rows, quotas_of(planned, terms.quotas))
    return table.ordinal[rows] <= included


def quotas_of(planned: PlannedPart, quotas: Mapping[str, int]) -> dict[str, int]:
    """The part's allowance over the centres' quotas and the pool of what is reserved for none."""
    of_month = next((meter.included for meter in planned.plan.meters if meter.name == "sessions"), None)
    pool = max(0, (of_month or 0) - sum(quotas.values()))
    weights = {**quotas, POOL: pool}
    return split(planned.part.included("sessions") or 0, weights) if any(weights.values()) else {}


def _host_days(planned: PlannedPart, resolution: Resolution, counted: set[int]) -> dict[Pair, int]:
    """The days of the part on which each licensed host belongs to a centre; no list kept: each host with sessions."""
    licensed = counted if resolution.licensed is None else {*resolution.licensed}
    days: dict[Pair, int] = {}
    for one in resolution.assigned:
        first, last = max(one.from_, planned.part.first), min(one.to, planned.part.last)
        if one.host_id in licensed and first <= last:
            pair = (one.centre, one.host_id)
            days[pair] = days.get(pair, 0) + (last - first + timedelta(days=1)).days
    return days
