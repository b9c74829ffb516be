"""`diff`: what differs between a month as issued and its newest snapshot, and both as they were known on a day."""

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.company import Company, row

NUMBER = "ACME-201611-0001"
DIFF = ("diff", "--account", "acme", "--month", "2016-11")


def sessions(*comped: int) -> list[dict[str, Any]]:
    return [
        row(number, at=f"2016-11-{number:02}T12:00:00", status="COMP" if number in comped else "BILL")
        for number in range(1, 11)
    ]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Issued on 12-05; session 3 comped and seen on 01-10, adjusted on 01-20; session 4 too, seen on 02-10."""
    with Company(tmp_path_factory.mktemp("company"), sessions()) as company:
        for day, comped, options in (
            ("2016-12-05", (), ()),
            ("2017-01-10", (3,), ()),
            ("2017-01-20", (3,), ("--adjust",)),
            ("2017-02-10", (3, 4), ()),
        ):
            company.send(sessions(*comped))
            company.run("run", "--month", "2016-11", *options, now=f"{day}T06:00:00")
        yield company


def diff(company: Company, *options: str) -> dict[str, Any]:
    done = company.run(*DIFF, "--json", *options, now="2017-03-01T06:00:00")
    found: dict[str, Any] = json.loads(done.stdout)
    assert list(found) == ["account", "month", "before_total", "after_total", "changes"]
    assert (found["account"], found["month"]) == ("acme", "2016-11")
    assert done.exit_code == (3 if found["changes"] else 0)
    return found


def test_it_names_the_sessions_the_reason_and_the_money(company: Company) -> None:
    done = company.run(*DIFF, now="2017-03-01T06:00:00")
    assert done.exit_code == 3
    assert done.stdout.splitlines() == [
        "acme 2016-11: total as issued 30.00, now 25.00",
        "4: status: BILL → COMP, 0.00 (the vendor changed its status: COMP does not count towards the allowance)",
        "10: reordered: overage → included #8, -5.00 (because 4 left the allowance)",
    ]


def test_as_json(company: Company) -> None:
    found = diff(company)
    assert (found["before_total"], found["after_total"]) == ("30.00", "25.00")
    assert found["changes"] == [
        {
            "session_id": 4,
            "kind": "status",
            "before": "BILL",
            "after": "COMP",
            "amount": "0.00",
            "why": "the vendor changed its status: COMP does not count towards the allowance",
        },
        {
            "session_id": 10,
            "kind": "reordered",
            "before": "overage",
            "after": "included #8",
            "amount": "-5.00",
            "why": "because 4 left the allowance",
        },
    ]


def test_it_asks_nothing_of_the_vendor_and_writes_nothing(company: Company) -> None:
    asked, ledger = len(company.vendor.requests), (company.folder / "state/ledger.db").read_bytes()
    diff(company)
    assert len(company.vendor.requests) == asked
    assert (company.folder / "state/ledger.db").read_bytes() == ledger


@pytest.mark.parametrize(
    ("day", "before", "after", "changed"),
    [
        ("2016-12-05", "35.00", "35.00", []),
        ("2017-01-09", "35.00", "35.00", []),
        ("2017-01-10", "35.00", "30.00", [3, 9]),  # the end of that day
        ("2017-01-19", "35.00", "30.00", [3, 9]),
        ("2017-01-20", "30.00", "30.00", []),
        ("2017-02-09", "30.00", "30.00", []),
        ("2017-02-10", "30.00", "25.00", [4, 10]),
        ("2030-01-01", "30.00", "25.00", [4, 10]),
    ],
)
def test_as_of_a_day_it_says_what_was_known_at_its_end(
    company: Company, day: str, before: str, after: str, changed: list[int]
) -> None:
    found = diff(company, "--as-of", day)
    assert (found["before_total"], found["after_total"]) == (before, after)
    assert [one["session_id"] for one in found["changes"]] == changed


@pytest.mark.parametrize(
    ("day", "status", "total", "numbers"),
    [
        ("2016-12-04", None, None, []),
        ("2016-12-05", "issued", "35.00", [NUMBER]),
        ("2017-01-10", "restated", "35.00", [NUMBER]),
        ("2017-01-20", "adjusted", "30.00", [NUMBER, f"{NUMBER}-CN1"]),
        ("2017-02-10", "restated", "30.00", [NUMBER, f"{NUMBER}-CN1"]),
    ],
)
def test_history_as_of_a_day(
    company: Company, day: str, status: str | None, total: str | None, numbers: list[str]
) -> None:
    done = company.run("history", "--json", "--as-of", day, now="2017-03-01T06:00:00")
    months = json.loads(done.stdout)
    assert done.exit_code == 0
    assert [month["status"] for month in months] == ([status] if status else [])
    if months:
        (month,) = months
        assert (month["account"], month["month"], month["currency"]) == ("acme", "2016-11", "USD")
        assert (month["total"], [one["number"] for one in month["documents"]]) == (total, numbers)
        assert all(one["fetched_at"][:10] <= day for one in month["snapshots"])


def test_before_the_month_was_issued_there_is_nothing_to_compare(company: Company) -> None:
    done = company.run(*DIFF, "--as-of", "2016-12-04")
    assert done.exit_code == 2
    assert "nothing was issued for acme 2016-11 by 2016-12-04; `securevideo-billing history` shows what" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--account", "acne", "--month", "2016-11"), "nothing was issued for acne 2016-11"),
        (("--account", "acme", "--month", "2016-10"), "nothing was issued for acme 2016-10"),
        (("--account", "acme", "--month", "2016-10..2016-11"), "name one month here"),
        (("--account", "acme", "--month", "2016-11", "--as-of", "yesterday"), "yesterday"),
        (("--month", "2016-11"), "--account"),
    ],
)
def test_wrong_usage(company: Company, options: tuple[str, ...], said: str) -> None:
    done = company.run("diff", *options)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_missing_snapshot_is_named(company: Company) -> None:
    snapshots = company.folder / "state/snapshots"
    snapshots.rename(snapshots.with_name("moved"))
    done = company.run(*DIFF)
    shutil.rmtree(snapshots, ignore_errors=True)
    snapshots.with_name("moved").rename(snapshots)
    assert done.exit_code == 1
    assert "the snapshot " in done.stderr
    assert "is missing; restore it from a backup" in done.stderr


def test_history_in_words(company: Company) -> None:
    assert company.run("history").stdout.splitlines() == [
        "acme 2016-11: restated, USD 30.00 (3 snapshots, 2 restatements seen)",
        f"  2016-12-05  {NUMBER}  invoice  35.00",
        f"  2017-01-20  {NUMBER}-CN1  credit note  -5.00",
    ]
