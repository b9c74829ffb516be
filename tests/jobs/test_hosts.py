"""Who the hosts are, from the vendor's list of users to sheet and page."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.company import MONTH, Company, row
from tests.jobs.test_enrichment import found_by_code
from tests.jobs.test_vendor_faults_end_to_end import PASSING, PERMANENT

RUN = ("run", "--month", MONTH)
HOSTILE = {
    "digits": '[{"SystemUserId": ' + "9" * 5000 + "}]",
    "digits-elsewhere": '[{"SystemUserId": "4", "x": ' + "9" * 5000 + "}]",
    "deep": '[{"SystemUserId": "4", "x": ' + "[" * 900 + "]" * 900 + "}]",
    "twice": '[{"SystemUserId": "4", "SystemUserId": "5"}]',
}
pytestmark = pytest.mark.filterwarnings("ignore:.*xtension is not supported")  # openpyxl's, of data bars


def session(number: int, host: int, name: str) -> dict[str, Any]:
    text = f"{name} Session #{number} with Trevor Stamp" if name else None
    return row(number, host=host, UsageDescription=text)


def sheet(company: Company, month: str = MONTH) -> list[tuple[Any, ...]]:
    """Name, id, ExternalId and whether still a user, of each row of the Hosts sheet."""
    (document,) = company.summary(month)["documents"]
    book = openpyxl.load_workbook(company.unit(month) / document["files"]["xlsx"], read_only=True)
    rows = list(book["Hosts"].iter_rows(min_row=4, max_col=13, values_only=True))
    book.close()
    heads, *hosts = rows
    listed = [heads.index(name) for name in ("External ID", "Still a user")] if "External ID" in heads else []
    return [tuple(one[column] for column in (0, 1, *listed)) for one in hosts if one[1]]


def page(company: Company) -> str:
    (document,) = company.summary()["documents"]
    return (company.unit() / document["files"]["html"]).read_text()


def test_hosts_are_joined_by_id_and_those_who_left_keep_the_name_that_history_has(tmp_path: Path) -> None:
    sessions = [
        *(session(number, 4, "Old Name") for number in (1, 2, 3)),
        session(4, 23487, ""),
        session(5, 23487, ""),
        session(6, 6, "Ned Departed"),
        session(7, 7, ""),
        session(8, 8, "Known Otherwise"),
    ]
    users = [
        {"SystemUserId": "4", "FullName": "Ada Sample", "ExternalId": "=EMP-004", "SystemRoles": "H,P"},
        {"SystemUserId": 23487, "FullName": "Bo\u202eb Madeup\x1b[2J", "ExternalId": "", "SystemRoles": "H"},
        {"SystemUserId": "6", "FullName": "Ned Departed", "Deleted": True},
        {"SystemUserId": "8", "FullName": None},
        {"SystemUserId": "99", "FullName": "Nobody Hosting", "ExternalId": "EMP-099"},
    ]
    with Company(tmp_path, sessions) as company:
        company.also_has(users=users)
        assert company.run(*RUN).exit_code == 0
        assert sheet(company) == [
            ("Ada Sample", 4, "=EMP-004", "yes"),
            ("Bob Madeup[2J", 23487, None, "yes"),
            ("Ned Departed", 6, None, "no, has left"),
            ("Host 7", 7, None, "no, has left"),
            ("Known Otherwise", 8, None, "yes"),
        ]
        text = page(company)
        assert "=EMP-004" in text
        assert "has left" in text
        assert "EMP-099" not in text
        assert company.run("verify").exit_code == 0


def test_the_list_is_asked_for_once_a_run_and_account(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": [row(1)], "zeta": [row(1)]}) as company:
        months = ("run", "--month", "2016-10..2016-12")
        assert company.run(*months, now="2017-01-05T00:00:00+00:00").exit_code == 0
        assert [one.account for one in company.vendor.requests if one.path == "/user"] == ["acme", "zeta"]
        assert company.asked() == 6


@pytest.mark.parametrize("fault", [*PASSING, *PERMANENT, "status-401", "status-403", *HOSTILE])
def test_a_list_that_cannot_be_had_is_a_warning_and_history_names_the_hosts(tmp_path: Path, fault: str) -> None:
    if fault in HOSTILE:
        how: dict[str, Any] = {"kind": "raw", "text": HOSTILE[fault]}
    elif fault in ("status-401", "status-403"):
        how = {"kind": "status", "status": int(fault[-3:])}
    else:
        how = {"kind": fault} | PASSING.get(fault, {}) | PERMANENT.get(fault, {})
    with Company(tmp_path, [row(1)]) as company:
        company.also_has(users=[{"SystemUserId": "4", "FullName": "Ada Sample"}])
        company.configure(vendor={"max_reply_mib": 1})
        company.vendor.add_fault(**{"path": "/user", **how})
        done = company.run(*RUN)
        assert done.exit_code == 0, done.stderr
        assert found_by_code(company, "hosts-unavailable") == [("warning", None)]
        assert company.summary()["status"] == "issued"
        assert sheet(company) == [("Aaron Johnson", 4)]


def test_who_is_not_listed_any_more_changes_no_issued_month(tmp_path: Path) -> None:
    sessions = [session(1, 4, "Aaron Johnson"), session(2, 5, "Cy Invented")]
    with Company(tmp_path, sessions) as company:
        company.also_has(users=[{"SystemUserId": "4", "FullName": "Ada Sample", "ExternalId": "E4"}])
        company.run(*RUN)
        company.send(sessions[::-1])  # other bytes, so that it is read again
        company.also_has(users=[{"SystemUserId": "5", "FullName": "Cy Renamed"}])
        assert company.run(*RUN).exit_code == 0
        assert company.summary()["status"] == "unchanged"
        assert company.run("verify").exit_code == 0
        assert sheet(company)[0] == ("Ada Sample", 4, "E4", "yes")
