"""Any order of runs, kills, reruns, edits by the vendor, plan changes, adjustments and pairs of runs at once.

The processes are real, and so are the kills (SIGKILL by strace, at a call drawn at random). Beside them stands a model
that knows nothing of the program: sessions, the plan in force when a month was issued, and a line of arithmetic.

After every step: the documents of each month add up to what the model computes for the state last issued (net, tax,
total); the numbers of each series are 1, 2, 3 … and unique; a file once issued never has other bytes. In the end
`verify` finds nothing, the ledger's chains included.
"""

import re
from collections import defaultdict
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from jobs.simulator.simulator import Simulator
from tests.robustness.installation import Ground, Installation
from tests.robustness.processes import at_call
from tests.robustness.site import ISSUED_AT, contents, data_set, row

MONTHS = ("2016-10", "2016-11")
IDS = range(8)
# Kinds of calls that change something, and how many of them a run of one month may come to.
KILLS = {"pwrite64": 60, "fdatasync": 20, "unlink": 6, "renameat": 6, "fsync": 14, "openat": 60, "write": 7}

Plan = tuple[str, int, str]  # fee, included, price of a session beyond
months = st.sampled_from(MONTHS)
kills = st.sampled_from(sorted(KILLS)).flatmap(lambda name: st.tuples(st.just(name), st.integers(1, KILLS[name])))


def amounts(plan: Plan, rows: dict[int, dict[str, Any]]) -> tuple[int, int, int]:
    """Net, tax and total of a month in cents."""
    fee, included, price = plan
    billed = sum(one["BillableStatusCd"] == "BILL" for one in rows.values())
    cent = Decimal("0.01")
    net = Decimal(fee) + (max(0, billed - included) * Decimal(price)).quantize(cent, ROUND_HALF_UP)
    tax = (net * Decimal("0.0725")).quantize(cent, ROUND_HALF_UP)
    return int(net * 100), int(tax * 100), int((net + tax) * 100)


class Billing(RuleBasedStateMachine):
    ground: ClassVar[Ground]

    @initialize()
    def install(self) -> None:
        self.now = ISSUED_AT
        self.sessions = {month: {n: row(1000 * int(month[-2:]) + n, month) for n in IDS} for month in MONTHS}
        self.plan: Plan = ("25.00", 3, "5.00")
        self.issued: dict[str, tuple[Plan, dict[int, dict[str, Any]]]] = {}
        self.files: dict[str, bytes] = {}
        self.vendor = Simulator(data_set(self._rows()), clock=lambda: self.now)
        self.vendor.__enter__()
        self.place: Installation = self.ground.install(self.vendor.url)

    def teardown(self) -> None:
        if hasattr(self, "place"):
            try:
                for month in MONTHS:
                    self.run(month)  # finishes what a kill left
                self.place.is_proven()
                assert self.place.leftovers() == []
            finally:
                self.vendor.__exit__(None, None, None)
                self.place.remove()

    def _rows(self) -> list[dict[str, Any]]:
        return [one for rows in self.sessions.values() for one in rows.values()]

    def _edit(self, month: str, n: int, **change: Any) -> None:
        known = self.sessions[month].get(n) or row(1000 * int(month[-2:]) + n, month)
        self.sessions[month] = {**self.sessions[month], n: {**known, **change}}
        self.vendor.data = data_set(self._rows())

    def _documents(self, month: str) -> list[tuple[Any, ...]]:
        query = f"SELECT net_minor, tax_minor, total_minor FROM documents WHERE month = '{month}'"  # noqa: S608
        return self.place.rows(query) if "documents" in self.place.tables() else []

    def _now_issued(self, month: str) -> None:
        plan = self.issued[month][0] if month in self.issued else self.plan
        self.issued[month] = (plan, dict(self.sessions[month]))

    def _differs(self, month: str) -> bool:
        return month in self.issued and self.issued[month][1] != self.sessions[month]

    def _gone(self, month: str) -> bool:
        """Whether the vendor sends fewer rows than were issued: then no adjustment is without a person's word."""
        return month in self.issued and len(self.sessions[month]) < len(self.issued[month][1])

    @rule(month=months, n=st.sampled_from(IDS), status=st.sampled_from(["BILL", "COMP", "DUPL"]))
    def vendor_flags(self, month: str, n: int, status: str) -> None:
        self._edit(month, n, BillableStatusCd=status)

    @rule(month=months, n=st.sampled_from(IDS), minutes=st.integers(0, 60))
    def vendor_changes_minutes(self, month: str, n: int, minutes: int) -> None:
        self._edit(month, n, DurationMinutes=minutes)

    @rule(month=months, n=st.sampled_from(IDS))
    def vendor_removes(self, month: str, n: int) -> None:
        self.sessions[month] = {other: one for other, one in self.sessions[month].items() if other != n}
        self.vendor.data = data_set(self._rows())

    @rule(plan=st.tuples(st.sampled_from(["25.00", "50.00"]), st.integers(0, 9), st.sampled_from(["5.00", "0.125"])))
    def plan_changes(self, plan: Plan) -> None:
        self.plan = plan
        fee, included, price = plan
        self.place.configure(self.vendor.url, fee=fee, included=included, price=price)

    @rule()
    def a_day_passes(self) -> None:
        self.now += timedelta(days=1)

    @rule(month=months)
    def run(self, month: str) -> None:
        process = self.place.run("run", "--month", month, now=self.now)
        assert process.status == (3 if self._differs(month) else 0), process.stderr
        if month not in self.issued:
            self._now_issued(month)

    @rule(month=months)
    def adjust(self, month: str) -> None:
        if self._gone(month):
            assert self.place.run("run", "--month", month, "--adjust", now=self.now).status == 3
            where = ("--account", "acme", "--month", month, "--code", "rows-gone")
            assert self.place.run("accept", *where, "--by", "Ada", "--reason", "gone", now=self.now).status == 0
        process = self.place.run("run", "--month", month, "--adjust", now=self.now)
        assert process.status == 0, process.stderr
        self._now_issued(month)

    @rule(month=months)
    def two_runs_at_once(self, month: str) -> None:
        both = [self.place.start("run", "--month", month, "--adjust", now=self.now, held=True) for _ in range(2)]
        for process in both:
            process.release()
        status = 3 if self._gone(month) else 0
        assert [process.wait() for process in both] == [status] * 2, [process.stderr for process in both]
        if not self._gone(month):
            self._now_issued(month)

    @rule(month=months, kill=kills, adjusting=st.booleans())
    def a_run_is_killed(self, month: str, kill: tuple[str, int], adjusting: bool) -> None:
        """It may have issued its document or not: nothing else."""
        before = len(self._documents(month))
        expected = month not in self.issued or (adjusting and self._differs(month) and not self._gone(month))
        args = ("run", "--month", month, *(["--adjust"] if adjusting else []))
        process = self.place.run(*args, now=self.now, strace=at_call(*kill, "signal=KILL"))
        assert process.status in (-9, 0, 3), process.stderr
        posted = len(self._documents(month)) - before
        assert posted in ((0, 1) if expected else (0,))
        if posted:
            self._now_issued(month)

    @invariant()
    def documents_add_up(self) -> None:
        for month, (plan, rows) in self.issued.items():
            added = tuple(map(sum, zip(*self._documents(month), strict=True)))
            assert added == amounts(plan, rows), month

    @precondition(lambda self: self.issued)
    @invariant()
    def numbers_are_gapless_and_unique(self) -> None:
        series: dict[str, list[int]] = defaultdict(list)
        for name, nth in self.place.rows("SELECT series, nth FROM numbers ORDER BY id"):
            series[name].append(nth)
        assert all(found == list(range(1, len(found) + 1)) for found in series.values()), series
        numbers = [number for number in self.place.numbers() if number is not None]
        assert len(set(numbers)) == len(numbers)

    @invariant()
    def issued_files_never_change(self) -> None:
        final = {
            name: content
            for name, content in contents(self.place.output).items()
            if re.search(r"/(ACME|restatement-)[^/]*$", name)
        }
        for name, content in final.items():
            assert self.files.setdefault(name, content) == content, name
        assert set(self.files) == set(final), "a file once issued stays"


@pytest.mark.needs("strace")
def test_whatever_happens_nothing_is_lost_and_nothing_is_done_twice(ground: Ground, every_syscall: bool) -> None:
    """See the module's docstring."""
    machine = type("Machine", (Billing,), {"ground": ground})
    how = settings(
        max_examples=60 if every_syscall else 5,
        stateful_step_count=12,
        deadline=None,
        database=None,
        derandomize=not every_syscall,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if every_syscall else [Phase.generate],
    )
    run_state_machine_as_test(machine, settings=how)
