"""What issued months would have cost under other plans: finished before any renderer sees it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from reports.document import Presentation
from reports.stored import plain
from reports.text import so_many

AS_BILLED = "as billed"
ASSUMPTIONS = (
    "The same usage is assumed under each plan.",
    "Statuses are as last known.",
    "Tax is left out.",
    "A plan is taken to hold in every month from its first to its last day.",
)


@dataclass(frozen=True, slots=True)
class Priced:
    """The months' net, before tax, under a plan."""

    name: str
    net: tuple[Decimal, ...]  # by month
    total: Decimal


@dataclass(frozen=True, slots=True)
class BreakEven:
    """From `count` sessions a month on, `other` costs no more than `one`, which without any is the cheaper one."""

    one: str
    other: str
    count: int | None  # None: at no number of sessions
    otherwise: Literal["", "minutes", "same"] = ""  # minutes are charged; or both always cost the same

    def in_words(self) -> str:
        both = f"{self.one} and {self.other}"
        if self.otherwise:
            return f"{both} cost the same" if self.otherwise == "same" else f"{both}: none, since minutes are charged"
        if self.count is None:
            return f"{self.one} never costs more than {self.other}, however many sessions there are"
        return f"From {so_many(self.count, 'session')} a month on, {self.other} costs no more than {self.one}"


@dataclass(frozen=True, slots=True)
class Comparison:
    account: str
    customer: str
    issuer: str
    currency: str
    digits: int
    months: tuple[str, ...]  # ascending
    sessions: tuple[int, ...]  # counted ones, by month
    billed: Priced
    plans: tuple[Priced, ...]  # as asked for, at least one
    break_even: tuple[BreakEven, ...]  # each pair of plans, that of the last month first
    as_of: datetime  # of the newest reply that any of it rests on
    presentation: Presentation

    def cheapest(self, month: int) -> str:
        """Of the month with this index: the plan, of several the one named first."""
        return min(self.plans, key=lambda plan: plan.net[month]).name

    @property
    def cheapest_overall(self) -> Priced:
        return min(self.plans, key=lambda plan: plan.total)

    @property
    def period(self) -> str:
        first, last = self.months[0], self.months[-1]
        return first if first == last else f"{first} to {last}"

    def verdict(self) -> str:
        """Which plan would have been cheapest, and by how much, in a sentence."""
        best, billed = self.cheapest_overall, self.billed.total
        amount = f"{self.currency} {plain(best.total)}"
        if best.total == billed:
            return f"{best.name} would have cost the same as billed: {amount}"
        step = f"{plain(abs(billed - best.total))} {'less' if best.total < billed else 'more'} than as billed"
        if best.total > billed:
            return f"No plan would have been cheaper; {best.name} comes closest: {amount}, {step}"
        return f"{best.name} would have been cheapest: {amount}, {step}"

    def to_builtins(self) -> dict[str, Any]:
        """For JSON."""

        def nets(priced: Priced) -> dict[str, str]:
            return {month: plain(net) for month, net in zip(self.months, priced.net, strict=True)}

        return {
            "account": self.account,
            "months": list(self.months),
            "billed": {"net": nets(self.billed), "total": plain(self.billed.total)},
            "plans": [{"name": one.name, "net": nets(one), "total": plain(one.total)} for one in self.plans],
            "cheapest": {month: self.cheapest(index) for index, month in enumerate(self.months)},
            "cheapest_overall": self.cheapest_overall.name,
        }
