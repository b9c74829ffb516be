"""`make bench`: what `run` and `match` cost beside straightforward scripts, cost centres, workbooks, the receiver.

Everything is a ratio within one run, one process after another, the best of a few rounds. A target that is missed
makes the exit status 1.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from math import inf

from benchmarks import centres, fleet, ledger, many, matching, webhook
from benchmarks.measure import ChildFailed, Measured, child
from benchmarks.months import EVERY, MonthMeasured, measured
from benchmarks.targets import Target, table

FULL, MILLION = 100_000, 1_000_000
SCRIPT_TARGETS = {(300, 5): 1, (3_000, 5): 1, (20_000, 5): 5, (FULL, 5): 9, (FULL, 0): 9}  # how many times as fast
OTHERS = ("to_excel", "openpyxl-write-only", "xlsxwriter-constant-memory", "floor")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: months, as sessions and percent of unknown duration; rows a workbook; how often at most."""

    months: tuple[tuple[int, int], ...] = ((300, 5), (3_000, 5), (20_000, 5), (FULL, 5), (FULL, 0))
    rows: tuple[int, ...] = (10_000, FULL)
    rounds: int = 3
    fleet: int = 48  # accounts that are billed by one, two and eight jobs; 0: not measured
    accounts: int = 1_000  # of the ledger that the overview is made from

    def rounds_of(self, size: int) -> int:
        """Large ones are measured less often: they take long, and noise weighs less on them."""
        return min(self.rounds, 3 if size < FULL else 2 if size < MILLION else 1)


QUICK = Plan(months=((300, 5), (3_000, 5)), rows=(10_000,), rounds=1, fleet=6, accounts=100)
WITH_MILLION = Plan(months=(*Plan().months, (MILLION, 5)), rows=(10_000, FULL, MILLION), accounts=many.LARGEST)


def main() -> int:
    """The exit status: 0 where every measured target is met, else 1."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="smaller sizes, one round: half a minute, not every target")
    which.add_argument("--million", action="store_true", help="a million sessions, 10,000 accounts too: half an hour")
    options = parser.parse_args()
    plan = QUICK if options.quick else WITH_MILLION if options.million else Plan()
    try:
        targets = compare(plan)
        print("measuring the webhook receiver …", file=sys.stderr, flush=True)
        others_status = webhook.main()
        print("measuring the vendor's bill …", file=sys.stderr, flush=True)
        others_status = max(others_status, matching.main(max(sessions for sessions, _ in plan.months)))
    except (ChildFailed, webhook.NotAcknowledged) as failure:
        print(failure, file=sys.stderr)
        return 1
    return others_status if all(target.met for target in targets) else 1


def compare(plan: Plan) -> list[Target]:
    """Measures, prints tables and verdicts, gives the targets that could be measured. Raises ChildFailed."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start_up = _best(measured(0, 0, plan.rounds, environ, beside=()), "issuing")
    months = [
        measured(size, unknown, plan.rounds_of(size), environ, beside=EVERY if size < MILLION else ("again", "verify"))
        for size, unknown in plan.months
    ]
    _print_months(months, start_up)
    workbooks = {rows: _workbook(rows, plan, environ) for rows in _told(plan.rows, "a workbook of", "rows")}
    _print_workbooks(workbooks)
    targets = [*_targets_of_months(months, start_up), *chain(*map(_targets_of_workbook, workbooks.items()))]
    if max(sessions for sessions, _ in plan.months) >= FULL:
        print("measuring cost centres …", file=sys.stderr, flush=True)
        targets.append(centres.target(FULL, plan.rounds, environ))
    print(f"measuring the overview of {plan.accounts:,} accounts …", file=sys.stderr, flush=True)
    targets += many.targets(plan.accounts, environ)
    print(f"measuring the ledger of {plan.accounts:,} accounts …", file=sys.stderr, flush=True)
    targets += ledger.targets(plan.accounts, environ)
    if plan.fleet:
        print(f"measuring a fleet of {plan.fleet} accounts …", file=sys.stderr, flush=True)
        targets += fleet.targets(plan.fleet, environ)
    print("\n".join(target.in_words() for target in targets), flush=True)
    return targets


def _told(sizes: tuple[int, ...], what: str, of: str) -> Iterator[int]:
    for size in sizes:
        print(f"measuring {what} {size:,} {of} …", file=sys.stderr, flush=True)
        yield size


def _best(month: MonthMeasured, what: str) -> Measured:
    best = month.best(what)
    assert best is not None
    return best


def _a_thousand(month: MonthMeasured, start_up: Measured) -> float:
    """CPU seconds for each 1,000 sessions beyond the start-up; of wall time, noise would be the larger part."""
    return (_best(month, "issuing").cpu_seconds - start_up.cpu_seconds) / month.sessions * 1_000


def _growth(large: MonthMeasured, small: MonthMeasured, start_up: Measured) -> float:
    """How many times as much a session costs in the large month; infinite where noise hides the small month's cost."""
    small_cost = _a_thousand(small, start_up)
    return _a_thousand(large, start_up) / small_cost if small_cost > 0 else inf


def _print_months(months: list[MonthMeasured], start_up: Measured) -> None:
    header = (
        "sessions",
        "unknown",
        "run",
        "peak MiB",
        "a 1,000",
        "script",
        "its peak",
        "script/run",
        "by CPU",
        "again/run",
        "verify/run",
    )
    rows = []
    for month in months:
        run, script = _best(month, "issuing"), month.best("script")
        rows.append(
            (
                f"{month.sessions:,}",
                f"{month.unknown} %",
                f"{run.seconds:.2f} s",
                f"{run.peak_mib:.0f}",
                f"{_a_thousand(month, start_up):.4f} s",
                f"{script.seconds:.2f} s" if script else "-",
                f"{script.peak_mib:.0f}" if script else "-",
                f"{script.seconds / run.seconds:.1f}×" if script else "-",
                f"{script.cpu_seconds / run.cpu_seconds:.1f}×" if script else "-",
                f"{_best(month, 'again').seconds / run.seconds:.2f}×",
                f"{verify.seconds / run.seconds:.2f}×" if (verify := month.best("verify")) else "not there yet",
            )
        )
    print(f"\nrun, whole process, beside the straightforward script; start-up (no session) {start_up.seconds:.2f} s")
    print(table(header, rows), end="\n\n", flush=True)


def _workbook(rows: int, plan: Plan, environ: Mapping[str, str]) -> dict[str, float]:
    """Seconds of each writer, ours first; the best of the rounds."""
    writers = ("ours", *OTHERS)
    rounds = [
        {
            name: float(child([sys.executable, "-m", "benchmarks.workbook", name, str(rows)], environ).output)
            for name in writers
        }
        for _ in range(plan.rounds_of(rows))
    ]
    return {name: min(one[name] for one in rounds) for name in writers}


def _print_workbooks(workbooks: Mapping[int, Mapping[str, float]]) -> None:
    header = ("rows", "ours", *chain(*((name, "/ours") for name in OTHERS)))
    rows = []
    for count, seconds in workbooks.items():
        others = chain(*((f"{seconds[name]:.3f} s", f"{seconds[name] / seconds['ours']:.2f}×") for name in OTHERS))
        rows.append((f"{count:,}", f"{seconds['ours']:.3f} s", *others))
    print("\nthe workbook alone, beside other writers of the same cells")
    print(table(header, rows), end="\n\n", flush=True)


def _targets_of_months(months: list[MonthMeasured], start_up: Measured) -> Iterator[Target]:
    by_kind = {(month.sessions, month.unknown): month for month in months}
    for (size, unknown), least in SCRIPT_TARGETS.items():
        if month := by_kind.get((size, unknown)):
            ratio = _best(month, "script").seconds / _best(month, "issuing").seconds
            yield Target(f"run of {size:,}, {unknown} % unknown, against the script", ratio, "at least", least, "×")
    full, million = by_kind.get((FULL, 5)), by_kind.get((MILLION, 5))
    if full:
        run = _best(full, "issuing")
        yield Target(f"peak of run of {FULL:,}", run.peak_mib, "under", 400, " MiB")
        again = _best(full, "again").seconds / run.seconds
        yield Target(f"run of the unchanged {FULL:,} against issuing", again, "under", 0.25, "×")
        if verify := full.best("verify"):
            yield Target(f"verify of {FULL:,} against issuing", verify.seconds / run.seconds, "under", 1.2, "×")
    if full and (fifth := by_kind.get((FULL // 5, 5))):
        growth = _growth(full, fifth, start_up)
        yield Target(f"a session's cost at {FULL:,} against {FULL // 5:,}", growth, "under", 1.5, "×")
    if million:
        yield Target(f"peak of run of {MILLION:,}", _best(million, "issuing").peak_mib, "under", 800, " MiB")
        if full:
            growth = _growth(million, full, start_up)
            yield Target(f"a session's cost at {MILLION:,} against {FULL:,}", growth, "under", 1.12, "×")


def _targets_of_workbook(measured_one: tuple[int, Mapping[str, float]]) -> Iterator[Target]:
    rows, seconds = measured_one
    ours = seconds["ours"]
    what = f"workbook of {rows:,} against"
    yield Target(f"{what} to_excel", seconds["to_excel"] / ours, "at least", 10, "× faster")
    yield Target(f"{what} XlsxWriter", seconds["xlsxwriter-constant-memory"] / ours, "at least", 5, "× faster")
    yield Target(f"{what} the floor", ours / seconds["floor"], "under", 3, "×")


if __name__ == "__main__":
    sys.exit(main())
