"""What cost centres cost: `run` of a month with its allocation, beside `run` without, by CPU seconds."""

from collections.abc import Mapping

from benchmarks.measure import child
from benchmarks.months import MONTH, Vendor, set_up, vendor
from benchmarks.targets import Target

HOSTS, CENTRES = 300, 40  # the vendor's month has so many hosts
TARGET = 1.15  # the most that a run with them may take of a run without
ALLOCATION = "    allocation: {by: [map], map: centres.csv, policy: first-come}\n"


def target(sessions: int, rounds: int, environ: Mapping[str, str]) -> Target:
    """Rounds of both, one after another; noise only ever adds, so the best of each counts. Raises ChildFailed."""
    with vendor(sessions, 5, environ) as reached:
        pairs = [(_cpu_seconds(reached, centres=False), _cpu_seconds(reached, centres=True)) for _ in range(rounds)]
    without, with_centres = map(min, zip(*pairs, strict=True))
    what = f"run of {sessions:,} sessions with {HOSTS} hosts in {CENTRES} cost centres, beside one without"
    return Target(what, with_centres / without, "under", TARGET, "×")


def _cpu_seconds(reached: Vendor, *, centres: bool) -> float:
    with set_up(reached, *((ALLOCATION, _map()) if centres else ())) as (_, program):
        return child([*program, "run", "--month", MONTH, "--json"], reached.environ).cpu_seconds


def _map() -> str:
    rows = (f"host,{host},C{host % CENTRES:02},," for host in range(1, HOSTS + 1))
    return "\n".join(["by,value,centre,from,to", *rows, ""])
