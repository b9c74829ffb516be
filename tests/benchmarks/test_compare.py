"""The bench itself, at the smallest size: every program in it still runs, and tells what it should."""

import os

import pytest

from benchmarks import compare, fleet
from benchmarks.targets import Target, table


def test_the_smallest_comparison_runs_from_end_to_end(capsys: pytest.CaptureFixture[str]) -> None:
    targets = compare.compare(compare.Plan(months=((200, 5),), rows=(200,), rounds=1, fleet=0, accounts=2))
    output = capsys.readouterr().out
    row = next(line for line in output.splitlines() if line.startswith("200 ") and "MiB" not in line)
    assert row.count("×") == 4 or "not there yet" in row
    assert all(writer in output for writer in ("ours", *compare.OTHERS))
    assert len(targets) == 10  # of workbook, overview and ledger: those of a month are for 300 sessions and more
    assert [line[:6] in ("met   ", "MISSED") for line in output.splitlines()[-10:]] == [True] * 10


def test_a_fleet_is_billed_whole_by_several_jobs() -> None:
    found = fleet.measured(2, 10, 2, os.environ)
    assert (found.accounts, found.jobs) == (2, 2)
    assert found.run.seconds > 0.02


def test_a_bound_is_met_from_it_or_below_it_as_it_says() -> None:
    assert Target("speed", 8.0, "at least", 8, "×").met
    assert not Target("speed", 7.99, "at least", 8, "×").met
    assert not Target("peak", 400.0, "under", 400, " MiB").met
    assert Target("peak", 399.9, "under", 400, " MiB").in_words().startswith("met")


def test_a_table_has_its_figures_to_the_right() -> None:
    assert table(("rows", "s"), [("10", "1.00"), ("1,000", "12.00")]).splitlines()[1:] == [
        "10      1.00",
        "1,000  12.00",
    ]
