"""What webhook events tell of a month: an estimate beside the minutes, counts in About, never a figure of money."""

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.company import MONTH, PLUS, Company, account, row
from tests.webhook_events import tell

RUN = ("run", "--month", MONTH)
HEAD = "Minutes estimated from webhook events (never charged)"
METERED = [PLUS | {"minutes": {"included": 0, "overage": "0.10"}}]
pytestmark = pytest.mark.filterwarnings("ignore:.*xtension is not supported")  # openpyxl's, of data bars


def company_with_webhook(folder: Path, sessions: list[dict[str, Any]], **changes: Any) -> Company:
    (folder / "webhook-secret").write_text("made-up-webhook-secret")
    (folder / "webhook-secret").chmod(0o600)
    made = account("acme", webhook={"secret": {"file": "webhook-secret"}}, **changes)
    return Company(folder, sessions, accounts={"acme": made})


def a_month(company: Company) -> None:
    """Sessions 2 to 5 have no duration; events say what became of them, of some more than of others."""
    company.run("run", "--month", "2016-01", "--draft")  # makes the ledger
    for session_id, status, at in (
        (1, "STARTED", "21:40:00"), (1, "ENDED", "22:40:00"),
        (2, "STARTED", "21:40:00"), (2, "ENDED", "22:01:40"),
        (3, "STARTED", "21:40:00"),
        (4, "PAUSED", "21:40:00"), (4, "ENDED", "22:40:00"),
        (99, "STARTED", "21:00:00"), (99, "ENDED", "21:05:00"),
    ):  # fmt: skip
        tell(company, session_id, status, f"2016-11-03T{at}")
    tell(company, 6, "STARTED", "0001-01-01T00:00:00", came="2016-11-03T21:40:00")
    tell(company, 6, "ENDED", "9999-12-31T23:59:59", came="2016-11-03T21:41:00")


SESSIONS = [row(1), *(row(number, minutes=None) for number in (2, 3, 4, 5, 6))]
ESTIMATED = {1: None, 2: 22, 3: None, 4: None, 5: None, 6: None}


def book(company: Company) -> Any:
    (document,) = company.summary()["documents"]
    return openpyxl.load_workbook(company.unit() / document["files"]["xlsx"], read_only=True, data_only=True)


def column(company: Company, head: str) -> dict[int, Any]:
    """A column of the Sessions sheet, by session."""
    opened = book(company)
    heads, *rows = opened["Sessions"].iter_rows(values_only=True)
    opened.close()
    return {one[0]: one[heads.index(head)] for one in rows}


def test_started_and_ended_give_an_estimate_in_a_column_of_its_own(tmp_path: Path) -> None:
    with company_with_webhook(tmp_path, SESSIONS) as company:
        a_month(company)
        assert company.run(*RUN).exit_code == 0
        assert column(company, HEAD) == ESTIMATED
        assert column(company, "Minutes") == {1: 25, 2: None, 3: None, 4: None, 5: None, 6: None}
        (document,) = company.summary()["documents"]
        table = list(csv.DictReader(io.StringIO((company.unit() / document["files"]["csv"]).read_text())))
        assert [one["estimated_minutes"] for one in table] == ["", "22", "", "", "", ""]
        assert [one["minutes"] for one in table] == ["25", "", "", "", "", ""]
        assert company.summary()["minutes"]["BILL"] == {"known": 25, "unknown_sessions": 5}
        assert (document["total"], company.summary()["counts"]["BILL"]) == ("25.00", 6)


def test_events_that_history_lacks_and_the_other_way_round_are_counted_in_about(tmp_path: Path) -> None:
    with company_with_webhook(tmp_path, SESSIONS) as company:
        a_month(company)
        company.run(*RUN)
        opened = book(company)
        about = {one[0]: one[1] for one in opened["About"].iter_rows(max_col=2, values_only=True)}
        opened.close()
    assert about["Webhook events"] == (
        "1 billable session without any event; 1 session that ended and History does not list. "
        "Hints only: no figure rests on them."
    )


def test_a_session_that_another_issued_month_lists_is_not_missing(tmp_path: Path) -> None:
    december = row(99) | {"BillableTs": "2016-12-01T00:00:30"}
    with company_with_webhook(tmp_path, [*SESSIONS, december]) as company:
        a_month(company)
        company.run("run", "--month", "2016-12")
        company.run(*RUN)
        opened = book(company)
        texts = [one[1] for one in opened["About"].iter_rows(max_col=2, values_only=True)]
        opened.close()
    assert any("; 0 sessions that ended and History does not list" in str(text) for text in texts)


def test_without_a_webhook_there_is_neither_column_nor_count(tmp_path: Path) -> None:
    with Company(tmp_path, SESSIONS) as company:
        company.run(*RUN)
        opened = book(company)
        heads = next(opened["Sessions"].iter_rows(values_only=True))
        opened.close()
        (document,) = company.summary()["documents"]
        assert HEAD not in heads
        assert b"estimated" not in (company.unit() / document["files"]["csv"]).read_bytes()


def test_no_money_depends_on_an_estimate(tmp_path: Path) -> None:
    with company_with_webhook(tmp_path, SESSIONS, plans=METERED) as company:
        a_month(company)
        done = company.run(*RUN)
        assert done.exit_code == 3
        summary = company.summary()
        blocking = [one["session_id"] for one in summary["findings"] if one["severity"] == "blocking"]
        assert blocking == [2, 3, 4, 5, 6], "an estimate stands for no duration"
        assert summary["documents"][0]["total"] == "27.50", "the fee, and the 25 minutes that History knows"
        assert column(company, HEAD) == ESTIMATED


def test_verify_proves_estimates_as_they_were_known_and_later_events_change_nothing(tmp_path: Path) -> None:
    with company_with_webhook(tmp_path, SESSIONS) as company:
        a_month(company)
        assert company.run(*RUN).exit_code == 0
        first = {name: (company.unit() / name).read_bytes() for name in company.names()}
        tell(company, 3, "ENDED", "2016-11-03T22:30:00")
        assert company.run("verify").exit_code == 0
        company.send(SESSIONS[::-1])  # other bytes, so that the events are read again
        assert company.run(*RUN).exit_code == 0
        assert company.summary()["status"] == "unchanged"
        assert company.run("verify").exit_code == 0
        assert {name for name in company.names() if name != "summary.json"} == set(first) - {"summary.json"}
        assert all(
            (company.unit() / name).read_bytes() == whole for name, whole in first.items() if name != "summary.json"
        )
    assert company.run("render").exit_code == 0
    assert company.run("verify").exit_code == 0
