"""What issued months would have cost under other plans (docs/rules.md §23). Pure; rated by the functions that bill."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations, pairwise

import pandas as pd

from jobs.billing import money, rating
from jobs.billing.invoicing import Issued
from jobs.billing.month import Month
from jobs.billing.plan import Plan, PlannedPart, parts_of
from jobs.billing.terms import from_builtins
from reports.comparison.result import AS_BILLED, BreakEven, Comparison, Priced
from reports.document import Band, Presentation

EXACT_DIGITS = 15  # prices have no more: at so many nothing is rounded
_HIGHEST = 1_000_000_000  # sessions a month


@dataclass(frozen=True, slots=True)
class _Crossing:
    """Two plans by the number of sessions in a full month."""

    one: Plan
    other: Plan

    def difference(self, sessions: int) -> Decimal:
        return money.EXACT.subtract(_of_sessions(self.other, sessions), _of_sessions(self.one, sessions))

    def bounds(self) -> list[int]:
        """Where a price of either plan ends: in between, the difference goes up or down evenly."""
        above = {band.above for plan in (self.one, self.other) for band in _bands(plan, 0)}
        return sorted({0, *above, _HIGHEST})


def net(sessions: pd.DataFrame, parts: Sequence[PlannedPart], digits: int) -> Decimal:
    """What a month's sessions (of `reports.document.SESSION_COLUMNS`) cost, before tax."""
    return money.rounded(rating.rate(sessions, parts, digits).net, digits)


def compared(
    months: Sequence[Issued], plans: Sequence[Plan], *, customer: str, issuer: str, presentation: Presentation
) -> Comparison:
    """The months' last states under each of `plans`. `months`: the newest document of each, ascending, at least one.

    All are in one currency. The plans hold in every month from its first to its last day.
    """
    newest = months[-1].document
    names = tuple(one.document.month for one in months)
    return Comparison(
        account=newest.account,
        customer=customer,
        issuer=issuer,
        currency=newest.currency,
        digits=newest.digits,
        months=names,
        sessions=tuple(one.document.counts["BILL"] for one in months),
        billed=_priced(AS_BILLED, [one.document.month_net for one in months]),
        plans=tuple(
            _priced(plan.name, [net(one.sessions, _whole(one, plan), one.document.digits) for one in months])
            for plan in plans
        ),
        break_even=tuple(_break_evens([*_last_billed(months[-1]), *plans])),
        as_of=max(one.document.snapshot.fetched_at for one in months),
        presentation=presentation,
    )


def _whole(issued: Issued, plan: Plan) -> tuple[PlannedPart, ...]:
    month = Month.parse(issued.document.month)
    return parts_of(month, [replace(plan, start=month.first)])


def _priced(name: str, nets: Sequence[Decimal]) -> Priced:
    total = Decimal(0)
    for one in nets:
        total = money.EXACT.add(total, one)
    return Priced(name, tuple(nets), total)


def _last_billed(issued: Issued) -> Iterator[Plan]:
    """The plan that the last month ended with."""
    plans = from_builtins(issued.document.terms).plans
    last = parts_of(Month.parse(issued.document.month), plans)[-1].plan
    yield replace(last, name=f"{AS_BILLED} ({last.name})")


def _break_evens(plans: Sequence[Plan]) -> Iterator[BreakEven]:
    for one, other in combinations(plans, 2):
        yield break_even(one, other)


def break_even(one: Plan, other: Plan) -> BreakEven:
    """From how many sessions in a full month on the plan that is dearer without any costs no more than the other one.

    The count is the first such; None where there is none, or where minutes are charged, which sessions do not tell.
    """
    if any(plan.meter("minutes") for plan in (one, other)):
        return BreakEven(one.name, other.name, None, "minutes")
    pair = _Crossing(one, other)
    if not any(map(pair.difference, pair.bounds())):
        return BreakEven(one.name, other.name, None, "same")
    if pair.difference(0) < 0:
        pair = _Crossing(other, one)
    return BreakEven(pair.one.name, pair.other.name, _first_not_above(pair.difference, pair.bounds()))


def _first_not_above(difference: Callable[[int], Decimal], bounds: Sequence[int]) -> int | None:
    """The smallest count above 0 at which `difference`, linear between `bounds`, is not above 0."""
    for low, high in pairwise(bounds):
        if difference(high) <= 0:
            counts = range(low + 1, high + 1)
            return counts[bisect_left(counts, True, key=lambda count: difference(count) <= 0)]
    return None


def _of_sessions(plan: Plan, sessions: int) -> Decimal:
    return rating.total_of(rating.priced(_full(plan), {"sessions": sessions}, EXACT_DIGITS)[1])


def _bands(plan: Plan, sessions: int) -> list[Band]:
    return rating.priced(_full(plan), {"sessions": sessions}, EXACT_DIGITS)[0]


def _full(plan: Plan) -> PlannedPart:
    """A whole month under the plan."""
    any_month = Month(2001, 1)
    return parts_of(any_month, [replace(plan, start=any_month.first)])[0]
