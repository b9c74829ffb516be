"""What customers of the simulated vendor download: every layout is read, and every invoice adds up."""

import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from jobs.billing.month import Month
from jobs.config.settings import Match
from jobs.matching.activity import read
from jobs.simulator import activity, clinic, data
from tests.company import PROGRAM

MONTH = Month(2016, 11)
STATUSES = {
    "COMP": ("Comped Session - does not count towards billable limits",),
    "DUPL": ("Duplicate Session - does not count towards billable limits",),
}
SETTINGS = Match(None, None, "America/Los_Angeles", {}, STATUSES, 1, Decimal(0))


@pytest.fixture
def sessions() -> list[activity.Listed]:
    account = data.read(clinic.clinic(), "the clinic").accounts["lakeside"]
    return activity.listed(account, MONTH, datetime(2017, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize("layout", [1, 2, 3])
def test_each_layout_says_the_same(layout: int, sessions: list[activity.Listed], tmp_path: Path) -> None:
    path = activity.write(tmp_path, MONTH, sessions)[layout - 1]
    found = read(path, SETTINGS, "match.activity").sessions.set_index("session_id")
    assert len(found) == len(sessions)
    for one in sessions:
        row = found.loc[one.session_id]
        assert (row["status"], row["read"]) == (one.status, "")
        assert one.minutes is None or row["minutes"] == one.minutes
        assert abs(row["at"] - one.billable).total_seconds() <= 60


def test_the_invoice_charges_what_lies_beyond_the_plan(sessions: list[activity.Listed]) -> None:
    assert sum(one.status == "BILL" for one in sessions) == 30  # 29, and one of December by our clock
    assert activity.invoice(MONTH, sessions).splitlines()[4:] == [
        "  - {kind: fee, amount: 25.00}",
        "  - {kind: sessions, quantity: 22, unit_price: 5.00, amount: 110.00}",
        "tax: 0.00",
        "total: 135.00",
    ]


def test_the_vendors_month_is_that_of_its_screens(sessions: list[activity.Listed]) -> None:
    assert all(one.local.month == 11 for one in sessions)
    assert activity.months(
        data.read(clinic.clinic(), "x").accounts["lakeside"], datetime(2016, 9, 1, 8, tzinfo=UTC)
    ) == [
        Month(2016, 7),
        Month(2016, 8),
    ]


def test_the_command_writes_all_of_it_and_ends(tmp_path: Path) -> None:
    done = subprocess.run(
        [PROGRAM, "simulate-vendor", "--activity", tmp_path / "vendor"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert all(path.is_file() for path in paths)
    assert [path.name for path in paths[:4]] == [
        "activity-1.xlsx",
        "activity-2.xlsx",
        "activity-3.xlsx",
        "invoice.yaml",
    ]
    assert len(paths) == 4 * (9 + 1)
