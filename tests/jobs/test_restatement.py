"""A month whose sessions change after it was issued, met as an operator meets it: through the command line."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from reports.formats.xlsx.reading import read_figures
from tests.company import MONTH, PLUS, Company, account, row, rows

FORMATS = ("csv", "html", "json", "xlsx")
NUMBER = "ACME-201611-0001"


def sessions(count: int = 10, **changes: Any) -> list[dict[str, Any]]:
    """BILL sessions 1, 2, 3 … a day apart, so that their ordinals are their ids."""
    return [row(number, at=f"2016-11-{number:02}T12:00:00", **changes) for number in range(1, count + 1)]


def with_status(status: str, *ids: int, count: int = 10) -> list[dict[str, Any]]:
    return [one | {"BillableStatusCd": status} if one["SessionId"] in ids else one for one in sessions(count)]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """Ten BILL sessions against eight included ones: issued, USD 35.00."""
    with Company(tmp_path, sessions()) as company:
        bill(company, "issued", 0, now="2016-12-05T06:00:00")
        yield company


def bill(company: Company, status: str, exit_code: int, *options: str, now: str) -> dict[str, Any]:
    done = company.run("run", "--month", "2016-11", *options, now=now)
    summary = company.summary()
    assert (summary["status"], done.exit_code) == (status, exit_code), done.output
    assert set(FORMATS) == {name.rpartition(".")[2] for name in company.names() if name.startswith(NUMBER)}
    return summary


def proven(company: Company) -> None:
    done = company.run("verify", now="2017-06-01T06:00:00")
    assert done.exit_code == 0, done.output


def contents(company: Company, stem: str = NUMBER) -> dict[str, str]:
    return {kind: hashlib.sha256((company.unit() / f"{stem}.{kind}").read_bytes()).hexdigest() for kind in FORMATS}


def files(stem: str) -> set[str]:
    return {f"{stem}.{kind}" for kind in FORMATS}


def added_up(summary: dict[str, Any]) -> Decimal:
    return sum((Decimal(change["amount"]) for change in summary["changes"]), Decimal(0))


def test_a_comped_session_is_a_restatement_and_the_issued_files_stay(company: Company) -> None:
    before = contents(company)
    company.send(with_status("COMP", 3))
    done = company.run("run", "--month", "2016-11", now="2017-01-10T06:00:00")
    assert done.exit_code == 3
    assert "acme 2016-11: restated: draft credit note USD -5.00" in done.stdout
    assert contents(company) == before
    assert company.names() == files(NUMBER) | files("draft") | files("restatement") | {"summary.json"}
    summary = company.summary()
    (drafted,) = summary["documents"]
    assert drafted["kind"] == "draft_credit_note"
    assert (drafted["number"], drafted["corrects"]) == (None, NUMBER)
    assert (drafted["net"], drafted["tax"], drafted["total"]) == ("-5.00", "0.00", "-5.00")
    assert drafted["files"] == {kind: f"draft.{kind}" for kind in FORMATS}
    assert summary["counts"] == {"BILL": 9, "COMP": 1, "DUPL": 0, "SVCO": 0}
    proven(company)


def test_each_change_says_what_and_why_and_for_how_much(company: Company) -> None:
    company.send(with_status("COMP", 3))
    changes = bill(company, "restated", 3, now="2017-01-10T06:00:00")["changes"]
    own = {"session_id": 3, "kind": "status", "before": "BILL", "after": "COMP", "amount": "0.00"}
    moved = {"session_id": 9, "kind": "reordered", "before": "overage", "after": "included #8", "amount": "-5.00"}
    assert [{name: one[name] for name in own} for one in changes] == [own, moved]
    assert [one["why"] for one in changes] == [
        "the vendor changed its status: COMP does not count towards the allowance",
        "because 3 left the allowance",
    ]


def test_a_session_that_was_itself_overage_takes_its_own_charge_along(company: Company) -> None:
    company.send(with_status("SVCO", 10))
    (change,) = bill(company, "restated", 3, now="2017-01-10T06:00:00")["changes"]
    assert (change["session_id"], change["kind"], change["amount"]) == (10, "status", "-5.00")


@pytest.mark.parametrize(
    ("changed", "kind", "before", "after"),
    [
        ({"minutes": 31}, "minutes", "25", "31"),
        ({"minutes": None}, "minutes", "25", "unknown"),
        ({"host": 7}, "host", "4", "7"),
        ({"at": "2016-11-01T12:00:01"}, "billable_at", "2016-11-01T12:00:00Z", "2016-11-01T12:00:01Z"),
        ({"status": "DUPL"}, "status", "COMP", "DUPL"),
    ],
)
def test_a_change_without_money_is_recorded_too(
    tmp_path: Path, changed: dict[str, Any], kind: str, before: str, after: str
) -> None:
    first = row(1, status="COMP", at="2016-11-01T12:00:00")
    with Company(tmp_path, [first]) as company:
        bill(company, "issued", 0, now="2016-12-05T06:00:00")
        company.send([row(1, **{"status": "COMP", "at": "2016-11-01T12:00:00"} | changed)])
        drafted = bill(company, "restated", 3, now="2017-01-10T06:00:00")
        assert [one["kind"] for one in drafted["documents"]] == ["restatement"]
        assert company.names() == files(NUMBER) | files("restatement") | {"summary.json"}
        summary = bill(company, "adjusted", 0, "--adjust", now="2017-01-11T06:00:00")
        (change,) = summary["changes"]
        assert (change["kind"], change["before"], change["after"]) == (kind, before, after)
        assert change["amount"] == "0.00"
        (recorded,) = summary["documents"]
        assert (recorded["kind"], recorded["number"], recorded["total"]) == ("restatement", None, "0.00")
        assert company.names() == files(NUMBER) | files("restatement-1") | {"summary.json"}
        bill(company, "unchanged", 0, now="2017-01-12T06:00:00")
        proven(company)


def test_the_order_of_rows_and_other_texts_change_nothing(company: Company) -> None:
    company.send([one | {"UsageDescription": None, "ScheduleTs": "2016-11-02T00:00:00"} for one in sessions()[::-1]])
    summary = bill(company, "unchanged", 0, now="2017-01-10T06:00:00")
    assert [one["number"] for one in summary["documents"]] == [NUMBER]
    proven(company)


def test_adjustments_follow_one_another_back_and_forth(company: Company) -> None:
    """COMP → CN1, BILL again → SI1, COMP again → CN2 …: each is the month less all that was issued before."""
    issued = [NUMBER]
    seen = {NUMBER: contents(company)}
    for turn, (status, suffix, net) in enumerate(
        [("COMP", "CN1", "-5.00"), ("BILL", "SI1", "5.00"), ("COMP", "CN2", "-5.00"), ("BILL", "SI2", "5.00")], 1
    ):
        company.send(with_status(status, 3))
        bill(company, "restated", 3, now=f"2017-0{turn}-10T06:00:00")
        summary = bill(company, "adjusted", 0, "--adjust", now=f"2017-0{turn}-11T06:00:00")
        (posted,) = summary["documents"]
        assert (posted["number"], posted["corrects"], posted["net"]) == (f"{NUMBER}-{suffix}", NUMBER, net)
        assert added_up(summary) == Decimal(net)
        assert company.names() == {"summary.json"}.union(*map(files, [*issued, posted["number"]]))
        whole = json.loads((company.unit() / f"{posted['number']}.json").read_bytes())
        assert [one["number"] for one in whole["already_issued"]] == issued
        issued.append(posted["number"])
        seen[posted["number"]] = contents(company, posted["number"])
        assert bill(company, "unchanged", 0, "--adjust", now=f"2017-0{turn}-12T06:00:00")["changes"] == []
    assert {stem: contents(company, stem) for stem in seen} == seen
    (month,) = json.loads(company.run("history", "--json").stdout)
    assert (month["total"], month["status"]) == ("35.00", "adjusted")
    assert [one["number"] for one in month["documents"]] == issued
    proven(company)


def test_tax_is_part_of_the_difference(tmp_path: Path) -> None:
    """Rounded once a month, not once an adjustment: 35.00 → 30.00 → 35.00 at 7.25 %."""
    taxed = account("acme", tax={"name": "Sales tax", "rate": "7.25"})
    with Company(tmp_path, sessions(), accounts={"acme": taxed}) as company:
        (invoice,) = bill(company, "issued", 0, now="2016-12-05T06:00:00")["documents"]
        assert (invoice["net"], invoice["tax"], invoice["total"]) == ("35.00", "2.54", "37.54")
        company.send(with_status("COMP", 3))
        (credit,) = bill(company, "adjusted", 0, "--adjust", now="2017-01-10T06:00:00")["documents"]
        assert (credit["net"], credit["tax"], credit["total"]) == ("-5.00", "-0.36", "-5.36")
        company.send(sessions())
        (more,) = bill(company, "adjusted", 0, "--adjust", now="2017-01-11T06:00:00")["documents"]
        assert (more["net"], more["tax"], more["total"]) == ("5.00", "0.36", "5.36")
        proven(company)


def test_sessions_that_come_and_go(company: Company) -> None:
    company.send([*sessions()[1:], row(11, at="2016-11-20T12:00:00"), row(12, at="2016-11-21T12:00:00")])
    summary = bill(company, "adjusted", 0, "--adjust", now="2017-01-10T06:00:00")
    changes = [(one["session_id"], one["kind"], one["amount"]) for one in summary["changes"]]
    assert changes == [(1, "removed", "0.00"), (11, "added", "5.00"), (12, "added", "5.00"), (9, "reordered", "-5.00")]
    assert summary["documents"][0]["number"] == f"{NUMBER}-SI1"
    proven(company)


def test_a_split_month_and_a_minutes_meter(tmp_path: Path) -> None:
    """Each part has its own allowance; minutes are used up in the order of the ordinals."""
    by_minute = {
        "from": "2016-11-16",
        "name": "METER",
        "monthly_fee": "10.00",
        "minutes": {"included": 100, "overage": "0.333"},
    }
    split = account("acme", plans=[PLUS, by_minute])
    with Company(tmp_path, sessions(20), accounts={"acme": split}) as company:
        bill(company, "issued", 0, now="2016-12-05T06:00:00")
        rows = with_status("COMP", 2, count=20)
        rows[15]["DurationMinutes"] = 40
        company.send(rows)
        summary = bill(company, "adjusted", 0, "--adjust", now="2017-01-10T06:00:00")
        assert added_up(summary) == Decimal(summary["documents"][0]["net"])
        minutes = [one for one in summary["changes"] if one["kind"] == "minutes"]
        assert [(one["session_id"], one["before"], one["after"]) for one in minutes] == [(16, "25", "40")]
        by_part: dict[int, set[str]] = {1: set(), 2: set()}
        for change in summary["changes"]:
            if change["kind"] == "reordered":
                by_part[1 if change["session_id"] < 16 else 2].add(change["why"])
        assert by_part == {1: {"because 2 left the allowance"}, 2: {"because 16 changed its minutes"}}
        proven(company)


def test_a_later_configuration_does_not_change_an_issued_month(company: Company) -> None:
    dearer = PLUS | {"monthly_fee": "99.00", "sessions": {"included": 1, "overage": "50.00"}}
    changed = account("acme", plans=[dearer], currency="EUR", tax={"name": "VAT", "rate": "20"}, payment_days=5)
    company.configure(accounts={"acme": changed}, issuer={"name": "Somebody Else"})
    bill(company, "unchanged", 0, now="2017-01-10T06:00:00")
    company.send(with_status("COMP", 3))
    (credit,) = bill(company, "adjusted", 0, "--adjust", now="2017-01-11T06:00:00")["documents"]
    assert (credit["total"], credit["currency"]) == ("-5.00", "USD")
    assert json.loads((company.unit() / f"{NUMBER}-CN1.json").read_bytes())["issuer"]["name"] == "Example Billing LLC"
    proven(company)


def test_drafts_go_when_the_drift_is_gone_or_the_adjustment_issued(company: Company) -> None:
    company.send(with_status("COMP", 3))
    bill(company, "restated", 3, now="2017-01-10T06:00:00")
    assert files("draft") | files("restatement") <= company.names()
    company.send(sessions())
    bill(company, "unchanged", 0, now="2017-01-11T06:00:00")
    assert company.names() == files(NUMBER) | {"summary.json"}
    company.send(with_status("COMP", 3))
    bill(company, "restated", 3, now="2017-01-12T06:00:00")
    bill(company, "adjusted", 0, "--adjust", now="2017-01-13T06:00:00")
    assert company.names() == files(NUMBER) | files(f"{NUMBER}-CN1") | {"summary.json"}
    proven(company)


def test_a_credit_note_that_becomes_a_zero_restatement_leaves_no_stale_draft(company: Company) -> None:
    company.send(with_status("COMP", 3))
    bill(company, "restated", 3, now="2017-01-10T06:00:00")
    company.send([*sessions()[:9], row(10, at="2016-11-10T12:00:00", minutes=26)])
    bill(company, "restated", 3, now="2017-01-11T06:00:00")
    assert company.names() == files(NUMBER) | files("restatement") | {"summary.json"}
    proven(company)


def test_a_blocking_finding_keeps_the_adjustment_a_draft(company: Company) -> None:
    company.send([*with_status("COMP", 3), row(99, status="NEW")])
    summary = bill(company, "restated", 3, "--adjust", now="2017-01-10T06:00:00")
    assert [one["kind"] for one in summary["documents"]] == ["draft_credit_note"]
    assert summary["findings"][0]["code"] == "unknown-status"
    assert summary["rows"]["set_aside"] == 1
    proven(company)


def test_a_blocking_finding_without_money_is_a_restatement_draft(company: Company) -> None:
    company.send([*sessions(), row(99, status="NEW")])
    summary = bill(company, "restated", 3, "--adjust", now="2017-01-10T06:00:00")
    assert [(one["kind"], one["number"]) for one in summary["documents"]] == [("restatement", None)]
    assert summary["changes"] == []
    assert company.names() == files(NUMBER) | files("restatement") | {"summary.json"}


def test_draft_never_issues_an_adjustment(company: Company) -> None:
    company.send(with_status("COMP", 3))
    bill(company, "restated", 3, "--draft", "--adjust", now="2017-01-10T06:00:00")
    assert not files(f"{NUMBER}-CN1") & company.names()
    company.send(sessions())
    bill(company, "unchanged", 0, "--draft", now="2017-01-11T06:00:00")


def test_adjust_on_a_month_never_issued_issues_its_invoice(tmp_path: Path) -> None:
    with Company(tmp_path, sessions()) as company:
        summary = bill(company, "issued", 0, "--adjust", now="2016-12-05T06:00:00")
        assert summary["documents"][0]["number"] == NUMBER


def test_the_workbook_of_a_credit_note_tells_the_whole_story(company: Company) -> None:
    company.send(with_status("COMP", 3))
    bill(company, "adjusted", 0, "--adjust", now="2017-01-10T06:00:00")
    package = (company.unit() / f"{NUMBER}-CN1.xlsx").read_bytes()
    figures = read_figures(package)
    assert (figures["net_total"], figures["grand_total"]) == (Decimal("-5.0"), Decimal("-5.0"))
    assert (figures["bill_count"], figures["comp_count"], figures["all_checks"]) == (9, 1, "OK")
    with pytest.warns(UserWarning, match="not supported"):  # by openpyxl, were it to write the file again
        sheet = load_workbook(BytesIO(package), data_only=True)["Restatement"]
    shown = {str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert {"BILL", "COMP", "overage", "included #8", "because 3 left the allowance"} <= shown


def test_a_shrunken_reply_says_how_many_rows_are_gone(company: Company) -> None:
    company.send(sessions(7))
    done = company.run("run", "--month", "2016-11", now="2017-01-10T06:00:00")
    assert done.exit_code == 3
    assert "3 rows are gone: 7 came, 10 at 2016-12-05 06:00 UTC" in done.stderr
    assert [one["code"] for one in company.summary()["findings"]] == ["rows-gone"]
    assert [one["kind"] for one in company.summary()["changes"]] == ["removed"] * 3


def test_a_clock_that_is_off_keeps_the_adjustment_a_draft(company: Company) -> None:
    company.send(with_status("COMP", 3))
    company.vendor.clock = lambda: datetime(2017, 1, 10, 6, 6, tzinfo=UTC)
    summary = bill(company, "restated", 3, "--adjust", now="2017-01-10T06:00:00")
    assert [one["code"] for one in summary["findings"]] == ["clock-skew"]


def test_a_single_row_that_is_gone_and_a_single_session_that_changed_are_said_in_the_singular(tmp_path: Path) -> None:
    with Company(tmp_path, rows(10)) as company:
        company.run("run", "--month", MONTH, now="2016-12-10T00:00:00+00:00")
        company.send(rows(9))
        done = company.run("run", "--month", MONTH, now="2016-12-11T00:00:00+00:00")
    assert "1 row is gone: 9 came, 10 at" in done.stderr
    assert ", 1 session changed or moved)" in done.stdout
