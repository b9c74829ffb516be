"""Rating: what a month's usage costs under its plan (docs/rules.md §6 and §7).

BILL sessions get the ordinals 1, 2, 3 … in order of (BillableTs, SessionId), anew in each part of the month.
A meter's price is a list of bands over its usage: the included one at 0, then one a tier. Each unit of usage
lies in exactly one band, so each is charged exactly once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.billing import money
from jobs.billing.plan import METERS, Meter, PlannedPart, part_numbers
from reports.document import Band, Line, Part

Ints = npt.NDArray[np.int64]
FREE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rated:
    """`sessions`: `reports.document.SESSION_COLUMNS` (less `host`), in order of (billable_at, session_id)."""

    sessions: pd.DataFrame
    bands: tuple[Band, ...]
    lines: tuple[Line, ...]
    net: Decimal


def rate(sessions: pd.DataFrame, parts: Sequence[PlannedPart], digits: int) -> Rated:
    """Prices `sessions` (frame NORMALISED) in a currency of `digits` decimals.

    Each line is rounded once; `net` is the exact sum of the lines. A BILL session's charge is its exact price
    before rounding: its overage price, and its minutes' share in the order of the ordinals.
    """
    part = part_numbers(sessions["billable_at"], parts)
    bill = (sessions["status"] == "BILL").to_numpy(bool)
    ordinal = np.zeros(len(sessions), dtype=np.int32)
    charge = np.zeros(len(sessions), dtype=np.int32)
    charges: dict[Decimal, int] = {FREE: 0}
    bands: list[Band] = []
    lines: list[Line] = []
    for planned in parts:
        rows = np.flatnonzero(bill & (part == planned.part.number))
        ordinal[rows] = np.arange(1, len(rows) + 1)
        of_part = sessions.iloc[rows]
        after = {meter.name: METERS[meter.name](of_part).to_numpy(np.int64).cumsum() for meter in planned.plan.meters}
        used = {name: int(total[-1]) if len(rows) else 0 for name, total in after.items()}
        reached, printed = priced(planned, used, digits)
        charge[rows] = _charge_codes(len(rows), reached, after, charges)
        bands.extend(reached)
        lines.extend(printed)
    ordinals = pd.arrays.IntegerArray(ordinal, ordinal == 0)
    rated = sessions.assign(
        part=pd.array(part, dtype="Int32"),
        ordinal=ordinals,
        allowance=allowance_texts(ordinal, part, [planned.part for planned in parts]),
        charge=pd.Categorical.from_codes(charge, categories=pd.Index(list(charges), dtype=object)),
    )
    return Rated(rated, tuple(bands), tuple(lines), total_of(lines))


def priced(planned: PlannedPart, usage: Mapping[str, int], digits: int) -> tuple[list[Band], list[Line]]:
    """What the `usage` of a part, by meter, costs: every band of its plan, and the printed lines."""
    bands = [band for meter in planned.plan.meters for band in _bands(planned.part, meter, usage[meter.name], digits)]
    return bands, list(_lines(planned, bands, digits))


def total_of(lines: Iterable[Line]) -> Decimal:
    """The exact sum of the lines' amounts."""
    total = FREE
    for line in lines:
        total = money.EXACT.add(total, line.amount)
    return total


def allowance_texts(
    ordinal: npt.NDArray[np.int32], part: npt.NDArray[np.int32], parts: Sequence[Part]
) -> "pd.Series[str]":
    """What each session is to its part's allowance, as printed; `ordinal` is 0 and the text "" where not BILL."""
    texts = np.full(len(ordinal), "", dtype=object)
    for one in parts:
        rows = np.flatnonzero((part == one.number) & (ordinal > 0))
        included = one.included("sessions")
        if included is not None:
            texts[rows] = [
                f"included #{n} of {included}" if n <= included else f"overage #{n - included}"
                for n in ordinal[rows].tolist()
            ]
        else:
            word = "included" if one.has("sessions") else "counted"
            texts[rows] = [f"{word} #{n}" for n in ordinal[rows].tolist()]
    return pd.Series(texts, dtype=object)


def _bands(part: Part, meter: Meter, usage: int, digits: int) -> Iterator[Band]:
    """The bands of one meter in one part, the included one (tier 0) first."""
    for tier, (above, up_to, price) in enumerate(_stretches(meter, part.included(meter.name))):
        quantity = max(0, (usage if up_to is None else min(usage, up_to)) - above)
        yield Band(part.number, meter.name, tier, above, up_to, money.price(price, digits), quantity)


def _stretches(meter: Meter, included: int | None) -> Iterator[tuple[int, int | None, Decimal]]:
    """(above, up to and with, price) over usage: the included stretch, then the tiers, without a gap between."""
    yield 0, included, FREE
    if included is None:
        return
    above = included
    for tier in meter.tiers:
        up_to = None if tier.up_to is None else included + tier.up_to
        yield above, up_to, tier.price
        above = up_to or above


def _charge_codes(count: int, bands: Sequence[Band], after: dict[str, Ints], charges: dict[Decimal, int]) -> Ints:
    """For each of a part's `count` BILL sessions, in order, the code of its charge in `charges`, which grows as needed.

    `after`: for each meter the part's usage after each session.
    """
    priced = [band for band in bands if band.unit_price and band.quantity]
    if not priced:
        return np.zeros(count, dtype=np.int64)
    units = pd.DataFrame({str(number): units_in(band, after[band.meter]) for number, band in enumerate(priced)})
    group = units.groupby(list(units.columns), sort=False).ngroup().to_numpy(np.int64)
    codes = [
        charges.setdefault(_price(zip(priced, row, strict=True)), len(charges))
        for row in units.drop_duplicates().to_numpy(np.int64).tolist()
    ]
    return np.array(codes, dtype=np.int64)[group]


def units_in(band: Band, after: Ints) -> Ints:
    """How much of each session's usage lies in `band`."""
    before = np.concatenate((np.zeros(1, dtype=np.int64), after[:-1]))
    end = after if band.up_to is None else np.minimum(after, band.up_to)
    return np.maximum(end - np.maximum(before, band.above), 0)


def _price(units: Iterable[tuple[Band, int]]) -> Decimal:
    price = FREE
    for band, quantity in units:
        price = money.EXACT.fma(band.unit_price, quantity, price)
    return price


def _lines(planned: PlannedPart, bands: Sequence[Band], digits: int) -> Iterator[Line]:
    """The printed lines of one part: fee unless zero, bands in use, extra host licences if any."""
    part = planned.part
    days = (part.days, part.days_of_month)
    dates = "" if part.days == part.days_of_month else f", {part.first} to {part.last}"
    share = f", {part.days} of {part.days_of_month} days{dates}" if dates else ""
    if part.monthly_fee:
        fee = money.price(part.monthly_fee, digits)
        amount = money.share(fee, *days, digits)
        yield Line("fee", f"{part.plan}, monthly fee{share}", Decimal(1), fee, amount, part.number, 0)
    for band in bands:
        if band.quantity or (band.tier == 0 and band.up_to != 0):
            amount = money.rounded(money.EXACT.multiply(Decimal(band.quantity), band.unit_price), digits)
            text = f"{_band_text(band, bands, part.plan)}{dates}"
            yield Line(band.meter, text, Decimal(band.quantity), band.unit_price, amount, part.number, band.tier)
    hosts = planned.plan.hosts
    if hosts and hosts.licensed > hosts.included:
        extra = Decimal(hosts.licensed - hosts.included)
        amount = money.share(money.EXACT.multiply(extra, hosts.extra), *days, digits)
        text = f"Host licences beyond the {hosts.included} included{share}"
        yield Line("hosts", text, extra, money.price(hosts.extra, digits), amount, part.number, 0)


def _band_text(band: Band, bands: Sequence[Band], plan: str) -> str:
    noun = band.meter.capitalize()
    if band.tier == 0:
        return f"{noun} included in {plan} ({'unlimited' if band.up_to is None else f'up to {band.up_to}'})"
    tiers = [other for other in bands if other.meter == band.meter and other.tier > 0]
    included = tiers[0].above
    if len(tiers) == 1:
        return f"{noun} beyond the {included} included"
    first, last = band.above - included + 1, None if band.up_to is None else band.up_to - included
    stretch = f"{first} and up" if last is None else f"{first} to {last}"
    return f"{noun} beyond the {included} included: {stretch}"
