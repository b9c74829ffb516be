"""Months of an account decided together, since sessions may have moved between them (docs/rules.md §9.5).

A session counts in one month at most. What is counted in one issued month is set aside in any other; where that month,
decided in the same run, no longer counts it and its adjustment can be issued, it is free. Whether it can may depend on
the other months in turn: two sessions may have changed places.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from jobs.billing import invoicing
from jobs.billing.counting import counted
from jobs.billing.decide import Decision, Gathered, decide
from jobs.billing.invoicing import TREND_MONTHS
from jobs.errors import BillingError

Ids = npt.NDArray[np.int64]
Outcome = Decision | BillingError  # the latter where the month cannot be billed as configured


@dataclass(frozen=True, slots=True)
class _Month:
    gathered: Gathered
    countable: Ids  # SessionIds that the month counts, were none counted elsewhere
    leaving: Ids  # counted as issued, and no longer countable

    @property
    def name(self) -> str:
        return str(self.gathered.month)


def _month(gathered: Gathered) -> _Month:
    countable = counted(gathered.rows, gathered.month, {}, gathered.findings)["session_id"].to_numpy(np.int64)
    return _Month(gathered, countable, np.setdiff1d(_issued(gathered), countable))


def _issued(gathered: Gathered) -> Ids:
    sessions = [issued.sessions["session_id"].to_numpy(np.int64) for issued in gathered.issued[-1:]]
    return sessions[0] if sessions else np.array([], dtype=np.int64)


def groups(months: Iterable[Gathered]) -> list[list[int]]:
    """Which of `months` (ascending), by their index, are to be decided together: those that sessions moved between.

    By their first month; each month is in exactly one group.
    """
    known = [_month(gathered) for gathered in months]
    group = list(range(len(known)))  # of each month: the smallest index in its group
    for one, losing in enumerate(known):
        for two, gaining in enumerate(known):
            if one != two and len(_moved(losing, gaining)):
                low, high = sorted((group[one], group[two]))
                group = [low if number == high else number for number in group]
    return [[index for index, number in enumerate(group) if number == first] for first in sorted(set(group))]


def _moved(losing: _Month, gaining: _Month) -> Ids:
    return np.intersect1d(losing.leaving, gaining.countable) if len(losing.leaving) else losing.leaving


def decide_together(months: Sequence[Gathered]) -> list[Outcome]:
    """The decisions on `months` (ascending), such that all that are to be posted can be posted at once.

    At first each month is taken to let go of the sessions that left it. One that cannot be issued does not, and what
    rested on that is decided again, until nothing changes: at most once a month, since months only hold on to more.
    """
    known = [_month(gathered) for gathered in months]
    waiting: set[int] = set()
    while True:
        found = _round(known, waiting, set())
        unissued = {index for index, outcome in enumerate(found) if not _posts(outcome)}
        holding = {index for index in unissued if len(known[index].leaving)}
        if holding <= waiting:
            break
        waiting |= holding
    halves = any(_moving(known, index, unissued) for index in range(len(known)))
    return _round(known, waiting, unissued) if halves else found


def _posts(outcome: Outcome) -> bool:
    return isinstance(outcome, Decision) and outcome.post is not None


def _round(known: Sequence[_Month], waiting: Container[int], unissued: Iterable[int]) -> list[Outcome]:
    """The decisions on all, those in `waiting` keeping what they have; `unissued`: those that the others tell of."""
    found: list[Outcome] = []
    for index, month in enumerate(known):
        billed_elsewhere = dict(month.gathered.billed_elsewhere)
        past = {totals.month: totals for totals in month.gathered.setting.past}
        for other, one in enumerate(known):
            if one.name in billed_elsewhere and other not in waiting:
                billed_elsewhere[one.name] = np.setdiff1d(billed_elsewhere[one.name], one.leaving)
            decision = found[other] if other < index else None
            if isinstance(decision, Decision) and decision.post is not None:
                billed_elsewhere[one.name] = decision.month.sessions["session_id"].to_numpy(np.int64)
                past[one.name] = invoicing.month_totals(decision.post)
        newest = tuple(past[name] for name in sorted(past))[-(TREND_MONTHS - 1) :]
        setting = replace(month.gathered.setting, past=newest)
        moving = _moving(known, index, unissued)
        try:
            found.append(
                decide(replace(month.gathered, setting=setting, billed_elsewhere=billed_elsewhere, moving=moving))
            )
        except BillingError as error:
            found.append(error)
    return found


def _moving(known: Sequence[_Month], index: int, unissued: Iterable[int]) -> dict[str, Ids]:
    """The sessions that move between a month and others that cannot be issued, by the names of those."""
    month = known[index]
    found = {
        known[other].name: np.union1d(_moved(month, known[other]), _moved(known[other], month))
        for other in sorted(unissued)
        if other != index
    }
    return {name: ids for name, ids in found.items() if len(ids)}
