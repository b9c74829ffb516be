"""Alerts and forecast, the whole way: each fires once, is listed from then on, and costs nobody else anything."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.company import MONTH, PLUS, Company, account, row, rows

RUN = ("run", "--month", "this")
ALERTS = {"allowance": [80, 100], "forecast": True}


def company(folder: Path, alerts: Mapping[str, Any] = ALERTS, count: int = 0, **changes: Any) -> Company:
    return Company(folder, rows(count), accounts={"acme": account("acme", alerts=alerts, **changes)})


def on(day: int, second: int = 1) -> str:
    return f"2016-11-{day:02}T06:00:{second:02}+00:00"


def listed(company: Company) -> list[tuple[str, int | None, str, bool]]:
    """Code, part, the day it first fired, whether it is new."""
    alerts = company.summary()["alerts"]
    assert all(list(alert) == ["code", "part", "first_at", "new"] for alert in alerts)
    return [(alert["code"], alert["part"], alert["first_at"][:10], alert["new"]) for alert in alerts]


def codes(company: Company) -> list[str]:
    return [finding["code"] for finding in company.summary()["findings"]]


def test_the_first_run_that_finds_it_ends_with_3_and_later_ones_list_it(tmp_path: Path) -> None:
    with company(tmp_path) as acme:
        acme.send(rows(6))
        assert acme.run(*RUN, now=on(4)).exit_code == 0
        assert listed(acme) == []
        acme.send(rows(7))
        first = acme.run(*RUN, now=on(5))
        assert first.exit_code == 3
        assert listed(acme) == [("allowance-80", 1, "2016-11-05", True)]
        said = "acme 2016-11: draft: draft USD 25.00 (BILL 7 COMP 0 DUPL 0 SVCO 0); new: allowance-80"
        assert first.stdout.splitlines()[0] == said
        assert first.stderr == (
            "acme 2016-11: warning: allowance-80: 7 of the 8 included sessions are used, after 4 of 30 days. "
            "The alert is set at 80 %\n"
        )
        again = acme.run(*RUN, now=on(6))
        assert (again.exit_code, again.stdout.count("new:"), again.stderr.count("allowance-80")) == (0, 0, 1)
        assert listed(acme) == [("allowance-80", 1, "2016-11-05", False)]
        assert codes(acme) == ["allowance-80"]
        acme.send(rows(12))
        assert acme.run(*RUN, now=on(11)).exit_code == 3
        assert [(code, new) for code, _, _, new in listed(acme)] == [
            ("allowance-80", False), ("allowance-100", True), ("forecast-over", True),
        ]  # fmt: skip
        assert acme.run("verify").exit_code == 0


def test_an_alert_that_no_longer_holds_is_not_listed_and_does_not_fire_again(tmp_path: Path) -> None:
    with company(tmp_path, count=7) as acme:
        assert acme.run(*RUN, now=on(5)).exit_code == 3
        acme.send([*rows(6), row(7, status="COMP")])
        assert acme.run(*RUN, now=on(6)).exit_code == 0
        assert (listed(acme), codes(acme)) == ([], [])
        acme.send(rows(7))
        assert acme.run(*RUN, now=on(7)).exit_code == 0
        assert listed(acme) == [("allowance-80", 1, "2016-11-05", False)]


def test_the_forecast_stands_in_the_summary_as_text_and_is_null_while_it_is_too_early(tmp_path: Path) -> None:
    with company(tmp_path, count=12) as acme:
        acme.run(*RUN, now=on(10))
        early = acme.summary()["forecast"]
        assert early.pop("as_of").startswith("2016-11-10T06:00:")
        assert early == {
            "days": 30, "elapsed_days": 9, "used": 12,
            "projected": None, "net_projected": None,
        }  # fmt: skip
        acme.run(*RUN, now=on(11))
        forecast = acme.summary()["forecast"]
        assert forecast.pop("as_of").startswith("2016-11-11T06:00:")
        assert forecast == {
            "days": 30, "elapsed_days": 10, "used": 12,
            "projected": 36, "net_projected": "165.00",
        }  # fmt: skip


def test_the_days_are_those_of_the_reply_though_the_vendor_sent_the_same_before(tmp_path: Path) -> None:
    with company(tmp_path, count=4) as acme:
        acme.run(*RUN, now=on(11))
        acme.run(*RUN, now=on(21))
        assert acme.summary()["snapshot"]["fetched_at"].startswith("2016-11-11")
        assert (acme.summary()["forecast"]["elapsed_days"], acme.summary()["forecast"]["projected"]) == (20, 6)


def test_a_date_far_off_blocks_and_misleads_nobody(tmp_path: Path) -> None:
    with company(tmp_path, count=7) as acme:
        acme.vendor.add_fault(path="/history", kind="date-skew", seconds=-864_000)
        done = acme.run(*RUN, now=on(12))
        assert done.exit_code == 3
        assert "clock-skew" in codes(acme)
        assert acme.summary()["forecast"]["elapsed_days"] == 1


@pytest.mark.parametrize("more", [(), ("--draft",), ("--adjust",)])
def test_the_last_month_is_open_until_its_close_day_and_then_has_no_such_member(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    with company(tmp_path, count=9) as acme:
        assert acme.run("run", "--month", "last", *more, now="2016-12-03T23:00:00+00:00").exit_code == 3
        forecast = acme.summary()["forecast"]
        assert (forecast["elapsed_days"], forecast["projected"], forecast["net_projected"]) == (30, 9, "30.00")
        assert acme.run("run", "--month", "last", *more, now="2016-12-04T00:00:00+00:00").exit_code == 0
        assert acme.summary().keys().isdisjoint({"alerts", "forecast"})
        assert acme.summary()["findings"] == []
        assert acme.run("verify").exit_code == 0
        assert acme.run("history", now="2016-12-05T00:00:00+00:00").exit_code == 0


def test_a_month_with_alerts_is_issued_as_one_without(tmp_path: Path) -> None:
    issued = []
    for name, alerts in (("with", {"alerts": ALERTS | {"budget": 1}}), ("without", {})):
        (tmp_path / name).mkdir()
        with Company(tmp_path / name, rows(9), accounts={"acme": account("acme", **alerts)}) as acme:
            acme.run(*RUN, now=on(20))
            assert acme.run("run", "--month", MONTH, now="2016-12-05T06:00:00+00:00").exit_code == 0
            issued.append({path.name: path.read_bytes() for path in acme.unit().iterdir() if path.is_file()})
    assert issued[0] == issued[1]


def test_several_accounts_in_a_range_that_ends_with_the_open_month(tmp_path: Path) -> None:
    sections = {"acme": account("acme", alerts=ALERTS), "birch": account("birch")}
    history = {key: [*rows(8), *rows(9, 100, at="2016-10-03T10:00:00")] for key in sections}
    with Company(tmp_path, history, accounts=sections) as both:
        done = both.run("run", "--month", "2016-10..2016-11", "--json", now=on(12))
        assert done.exit_code == 3
        units = {(unit["account"], unit["month"]): unit for unit in json.loads(done.stdout)}
        assert [key for key, unit in units.items() if "alerts" in unit or "forecast" in unit] == [("acme", MONTH)]
        assert [unit["status"] for unit in units.values()] == ["issued", "draft"] * 2
        assert both.run("run", "--month", "last..this", now=on(13)).exit_code == 0


def test_a_plan_that_starts_within_the_month_is_told_of_part_by_part(tmp_path: Path) -> None:
    later = PLUS | {"from": "2016-11-16", "sessions": {"included": 4, "overage": "2.00"}}
    with company(tmp_path, {"allowance": [100]}, plans=[PLUS, later]) as acme:
        acme.send(rows(4))
        assert acme.run(*RUN, now=on(8)).exit_code == 3
        acme.send([*rows(4), *rows(2, 50, at="2016-11-20T10:00:00")])
        assert acme.run(*RUN, now=on(22)).exit_code == 3
        assert [(code, part, new) for code, part, _, new in listed(acme)] == [
            ("allowance-100", 1, False), ("allowance-100", 2, True),
        ]  # fmt: skip
        assert "forecast" not in acme.summary()


def test_a_hook_learns_of_a_new_alert_and_of_which(tmp_path: Path) -> None:
    keep = "import sys, pathlib; pathlib.Path('given').open('a').write(sys.stdin.read())"
    with company(tmp_path, count=7) as acme:
        acme.configure(hooks=[{"on": ["attention"], "command": [sys.executable, "-c", keep]}])
        acme.run(*RUN, now=on(5))
        acme.run(*RUN, now=on(6))
        (message,) = map(json.loads, (tmp_path / "given").read_text().splitlines())
    (unit,) = message["units"]
    assert (message["event"], message["exit"]) == ("attention", 3)
    assert unit["findings"] == {"allowance-80": 1}
    (alert,) = unit["alerts"]
    assert alert.pop("first_at").startswith("2016-11-05")
    assert alert == {"code": "allowance-80", "part": 1, "new": True}


def test_a_hook_learns_of_it_though_another_account_failed(tmp_path: Path) -> None:
    keep = "import sys, pathlib; pathlib.Path('given').open('a').write(sys.stdin.read())"
    sections = {"acme": account("acme", alerts=ALERTS), "birch": account("birch")}
    with Company(tmp_path, {key: rows(7) for key in sections}, accounts=sections) as both:
        both.configure(hooks=[{"on": ["attention"], "command": [sys.executable, "-c", keep]}])
        both.vendor.add_fault(path="/history", kind="status", status=404, account="birch")
        assert both.run(*RUN, now=on(5)).exit_code == 1
        assert json.loads((tmp_path / "given").read_text())["event"] == "attention"


def test_a_renamed_account_is_not_told_again(tmp_path: Path) -> None:
    with company(tmp_path, count=7) as acme:
        assert acme.run(*RUN, now=on(5)).exit_code == 3
        acme.configure(accounts={"acorn": acme.settings["accounts"]["acme"]})
        assert acme.run("rename", "acme", "acorn", now=on(5, 2)).exit_code == 0
        assert acme.run(*RUN, now=on(6)).exit_code == 0


# -- the configuration -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("alerts", "said"), [
    ({}, "alerts: asks for nothing: give allowance, forecast: true or budget, or remove the key"),
    ({"forecast": False}, "alerts: asks for nothing"),
    ({"allowance": [100, 80]}, "alerts.allowance: expected a list of whole percentages from 1 to 1000, ascending, "),
    ({"allowance": [80, 80]}, "each once, such as [80, 100]; found one that is not more than the one before it"),
    ({"allowance": [0, 80]}, "found something else in the list"),
    ({"allowance": [1001]}, "found something else in the list"),
    ({"allowance": ["80"]}, "found something else in the list"),
    ({"allowance": [80.5]}, "found something else in the list"),
    ({"allowance": [True]}, "found something else in the list"),
    ({"allowance": 80}, "such as [80, 100]; found 80"),
    ({"allowance": []}, "such as [80, 100]; found a list"),
    ({"forecast": "yes"}, "alerts.forecast: expected true or false, without quotes; found text"),
    ({"budget": "200.001"}, "alerts.budget: expected at most 2 decimals, as USD has; found 3"),
    ({"budget": -1}, "alerts.budget: expected an amount in plain notation such as 25.00, not negative; found -1"),
    ({"alowance": [80]}, "alerts.alowance: unknown key; did you mean allowance? allowed here: "),
])  # fmt: skip
def test_what_is_wrong_with_alerts_is_said(tmp_path: Path, alerts: Mapping[str, Any], said: str) -> None:
    with company(tmp_path, alerts) as acme:
        done = acme.run("check")
    assert done.exit_code == 2
    assert said in done.stderr


def test_thresholds_above_100_and_an_allowance_of_0_are_fine(tmp_path: Path) -> None:
    none = PLUS | {"sessions": {"included": 0, "overage": "5.00"}}
    with company(tmp_path, {"allowance": [100, 150]}, plans=[none]) as acme:
        assert acme.run(*RUN, now=on(5)).exit_code == 0
        acme.send(rows(1))
        done = acme.run(*RUN, now=on(6))
        assert (done.exit_code, codes(acme)) == (3, ["allowance-100", "allowance-150"])
        assert "1 session is used, 0 included, after 5 of 30 days. The alert is set at 150 %" in done.stderr
