"""Each alert fires once: with two processes at once, and whenever a process is killed; on SQLite and on PostgreSQL."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from jobs.simulator.simulator import Simulator
from tests.robustness.installation import Ground, Installation
from tests.robustness.processes import EFFECTS, TALK, Call, Process, at_call, numbered

NOW = datetime(2016, 11, 12, 6, tzinfo=UTC)  # five sessions in eleven days, three included
RUN = ("run", "--month", "this", "--json")
ALERTS = "    alerts: {allowance: [80, 100, 170], forecast: true, budget: 30.00}\n"  # 170 %: six sessions
HOLDING = [["allowance-80", 1], ["allowance-100", 1], ["forecast-over", 1], ["budget-over", None]]
KILLS = 6


@pytest.fixture
def place(ground: Ground, vendor: Simulator) -> Installation:
    vendor.clock = lambda: NOW
    return ground.install(vendor.url, more=ALERTS)


def fired(place: Installation) -> list[list[Any]]:
    rows = place.rows("SELECT detail FROM events WHERE kind = 'alerted' ORDER BY id")
    return [[detail["code"], detail["part"]] for (text,) in rows for detail in [json.loads(text)]]


def new(process: Process) -> list[bool]:
    return [alert["new"] for unit in json.loads(process.stdout) for alert in unit["alerts"]]


def test_of_two_at_once_one_fires_and_the_other_lists(place: Installation) -> None:
    assert_one_of_two_fires([place, place])
    place.is_proven()


def test_of_two_hosts_that_share_only_the_ledger_one_fires(on_postgresql: Ground, vendor: Simulator) -> None:
    vendor.clock = lambda: NOW
    host = on_postgresql.install(vendor.url, more=ALERTS)
    assert_one_of_two_fires([host, host.other()])


def assert_one_of_two_fires(places: Sequence[Installation]) -> None:
    processes = [place.start(*RUN, now=NOW, held=True) for place in places]
    for process in processes:
        process.release()
    assert sorted(process.wait() for process in processes) == [0, 3], processes[0].stderr
    assert sorted(map(new, processes)) == [[False] * 4, [True] * 4]
    assert fired(places[0]) == HOLDING


@pytest.mark.needs("strace")
def test_killed_at_any_moment_it_fires_once_and_the_next_run_says_whether_it_had(place: Installation) -> None:
    whole = place.copy()
    process = whole.run(*RUN, now=NOW, strace=["-e", f"trace={EFFECTS},{TALK}", "-e", "signal=none"])
    assert (process.status, fired(whole)) == (3, HOLDING), process.stderr
    calls = numbered(process.calls())
    whole.remove()
    near_the_end = calls[-len(calls) // 3 :]  # where the draft is written and the ledger notes it
    with ThreadPoolExecutor(2) as pool:
        had = [*pool.map(lambda call: had_fired(place, call), near_the_end[:: max(1, len(near_the_end) // KILLS)])]
    assert set(had) == {True, False}, "kills on both sides of the moment that counts"


def had_fired(start: Installation, call: Call) -> bool:
    """Whether the process killed at `call` had fired; the next one fires if it had not."""
    place = start.copy()
    killed = place.run(*RUN, now=NOW, strace=at_call(call.name, call.nth, "signal=KILL"))
    assert killed.status in (-9, 3), killed.stderr
    before = fired(place) if "events" in place.tables() else []
    assert before in ([], HOLDING)
    again = place.run(*RUN, now=NOW)
    assert (again.status, new(again)) == ((0, [False] * 4) if before else (3, [True] * 4)), again.stderr
    assert fired(place) == HOLDING
    assert place.leftovers() == []
    place.remove()
    return bool(before)
