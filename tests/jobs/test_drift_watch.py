"""`run` without `--month` looks again at the last issued months: it reports what changed and issues nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.company import Company, row

MONTHS = ("2016-08", "2016-09", "2016-10", "2016-11")


def sessions(*comped: int) -> list[dict[str, Any]]:
    """Ten sessions a month from 2016-08 to 2016-12: 801 … 810, 901 … 910, …"""
    return [
        row(
            month * 100 + number,
            at=f"2016-{month:02}-{number:02}T12:00:00",
            status="COMP" if month * 100 + number in comped else "BILL",
        )
        for month in range(8, 13)
        for number in range(1, 11)
    ]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """Four issued months; then each of them changes."""
    with Company(tmp_path, sessions()) as company:
        done = company.run("run", "--month", f"{MONTHS[0]}..{MONTHS[-1]}", now="2016-12-05T06:00:00")
        assert done.exit_code == 0
        company.send(sessions(803, 903, 1003, 1103))
        yield company


def statuses(company: Company, *options: str, now: str = "2017-01-05T06:00:00") -> dict[str, str]:
    done = company.run("run", "--json", *options, now=now)
    units = json.loads(done.stdout)
    assert done.exit_code == (3 if any(unit["status"] == "restated" for unit in units) else 0)
    return {unit["month"]: unit["status"] for unit in units}


def documents(company: Company) -> list[str]:
    return [
        one["number"] for month in json.loads(company.run("history", "--json").stdout) for one in month["documents"]
    ]


def test_the_last_three_issued_months_are_read_again_and_nothing_is_issued_for_them(company: Company) -> None:
    before = documents(company)
    seen = statuses(company)
    assert seen == {"2016-09": "restated", "2016-10": "restated", "2016-11": "restated", "2016-12": "issued"}
    assert documents(company) == [*before, "ACME-201612-0005"]
    assert (company.unit("2016-11") / "draft.xlsx").is_file()
    assert not (company.unit("2016-08") / "draft.xlsx").exists()


def test_it_is_told_on_stdout_and_in_the_exit_status(company: Company) -> None:
    done = company.run("run", now="2017-01-05T06:00:00")
    assert done.exit_code == 3
    assert "acme 2016-11: restated: draft credit note USD -5.00" in done.stdout
    assert "acme 2016-12: issued: ACME-201612-0005 USD 35.00" in done.stdout


@pytest.mark.parametrize(("restate_months", "watched"), [(0, ()), (1, MONTHS[3:]), (60, MONTHS)])
def test_the_configuration_says_how_many(company: Company, restate_months: int, watched: tuple[str, ...]) -> None:
    company.configure(restate_months=restate_months)
    assert statuses(company) == {**dict.fromkeys(watched, "restated"), "2016-12": "issued"}


def test_a_named_month_is_the_only_one(company: Company) -> None:
    assert statuses(company, "--month", "2016-12") == {"2016-12": "issued"}


def test_months_without_drift_are_unchanged_and_the_exit_status_is_zero(company: Company) -> None:
    company.send(sessions(803))  # beyond the three
    assert set(statuses(company).values()) == {"unchanged", "issued"}


def test_the_watch_goes_on_over_gaps_and_for_each_account_alone(tmp_path: Path) -> None:
    rows = {"acme": sessions(), "bravo": sessions()}
    with Company(tmp_path, rows) as company:
        assert company.run("run", "--month", "2016-08", "--account", "bravo", now="2016-12-05T06:00:00").exit_code == 0
        company.send(sessions(803), "bravo")
        units = json.loads(company.run("run", "--json", now="2017-01-05T06:00:00").stdout)
        assert [(unit["account"], unit["month"], unit["status"]) for unit in units] == [
            ("acme", "2016-12", "issued"),
            ("bravo", "2016-08", "restated"),
            ("bravo", "2016-12", "issued"),
        ]


def test_adjust_is_the_operators_word_for_the_watched_months_too(company: Company) -> None:
    seen = statuses(company, "--adjust")
    assert seen == {"2016-09": "adjusted", "2016-10": "adjusted", "2016-11": "adjusted", "2016-12": "issued"}


def test_a_draft_run_watches_and_drafts(company: Company) -> None:
    seen = statuses(company, "--draft")
    assert seen == {"2016-09": "restated", "2016-10": "restated", "2016-11": "restated", "2016-12": "draft"}
    assert "2016-12" not in "".join(documents(company))


def test_a_watched_month_that_fails_does_not_keep_the_new_one_from_being_billed(company: Company) -> None:
    company.vendor.add_fault(path="/history", query="month=2016-10", kind="status", status=404)
    done = company.run("run", "--json", now="2017-01-05T06:00:00")
    assert done.exit_code == 1
    seen = {unit["month"]: unit["status"] for unit in json.loads(done.stdout)}
    assert seen == {"2016-09": "restated", "2016-10": "failed", "2016-11": "restated", "2016-12": "issued"}
