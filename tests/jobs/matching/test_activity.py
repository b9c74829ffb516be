"""The vendor's activity file, in every layout that can be thought of: its columns are not documented."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jobs.config.settings import Match
from jobs.errors import UsageError
from jobs.matching.activity import Activity, detected, read
from tests import activity
from tests.activity import HEADERS, NAME, described, line, local

BILL, SVCO, DUPL = "BILL", "SVCO", "DUPL"
THREE = [line(11), line(12, "DUPL", 31), line(13, "SVCO", 7)]
WHERE = "config.yaml: accounts.acme.match.activity"
PLAIN = Match(None, None, "America/Los_Angeles", {}, {}, 1, Decimal(0))


def made(path: Path, rows: Sequence[Sequence[Any]], settings: dict[str, Any] | None = None, **options: Any) -> Activity:
    chosen = Match(**({name: getattr(PLAIN, name) for name in Match.__slots__} | (settings or {})))
    return read(activity.write(path / "activity.xlsx", rows, **options), chosen, WHERE)


def said(found: Activity) -> list[tuple[int, str | None, int | None]]:
    sessions = found.sessions
    minutes = [None if known < 0 else known for known in sessions["minutes"].fillna(-1).tolist()]
    return list(zip(sessions["session_id"].tolist(), sessions["status"].tolist(), minutes, strict=True))


EXPECTED = [(11, BILL, 25), (12, DUPL, 31), (13, SVCO, 7)]
TITLE = [["Session usage"], ["November 2016"]]


@pytest.mark.parametrize("above", [[], TITLE, [[], *TITLE, *[[]] * 8]], ids=["row 1", "row 3", "row 12"])
def test_the_header_is_found_wherever_it_begins(tmp_path: Path, above: list[list[str]]) -> None:
    found = made(tmp_path, THREE, above=above)
    assert said(found) == EXPECTED
    assert found.sheet.header_row == len(above) + 1
    assert {one.role: one.letter for one in found.sheet.columns} == {
        "session_id": "A", "at": "B", "description": "C", "status": "D", "minutes": "E",
    }  # fmt: skip
    assert found.sheet.newest == datetime(2016, 11, 3, 21, 46, tzinfo=UTC)


def test_of_several_sheets_the_one_with_the_most_sessions_is_read(tmp_path: Path) -> None:
    found = made(tmp_path, THREE, others={"Summary": [["a", "b", "c"], ["x", "y", "z"]], "Sheet2": [HEADERS, line(99)]})
    assert said(found) == EXPECTED
    assert found.sheet.others == ("Sheet2",)


def test_a_file_of_ids_without_descriptions_is_enough(tmp_path: Path) -> None:
    rows = [[11, "BILL", 25], [12, "DUPL", 31], [13, "SVCO", 7]]
    assert said(made(tmp_path, rows, headers=("Session ID", "Status", "Minutes"))) == EXPECTED


def test_a_file_of_descriptions_without_ids_is_enough(tmp_path: Path) -> None:
    rows = [[described(11), 25, "x"], [described(12, "Duplicate"), 31, "x"], [described(13, "SVCO"), 7, "x"]]
    statuses = {"DUPL": ("Duplicate",)}
    found = made(tmp_path, rows, {"statuses": statuses}, headers=("Usage", "Duration", "Host"))
    assert said(found) == EXPECTED


def test_an_id_that_contradicts_its_description_is_not_believed(tmp_path: Path) -> None:
    rows = [*(line(number) for number in range(20, 60)), line(11, **{"Usage Description": described(12)})]
    found = made(tmp_path, rows)
    state = found.sessions.set_index("session_id")["read"]
    assert state[11] == "unreadable-theirs"
    assert 12 not in state.index


def test_a_merged_title_is_no_header(tmp_path: Path) -> None:
    assert made(tmp_path, THREE, above=[["Session usage of November"], []]).sheet.header_row == 3


@pytest.mark.parametrize("minutes", ["0:25", timedelta(minutes=25), 25.4, "25", 25 / 1440])
def test_minutes_may_be_numbers_texts_and_lengths_of_time(tmp_path: Path, minutes: Any) -> None:
    others = [line(12, minutes=minutes), line(13, minutes=minutes)]
    assert [known for _, _, known in said(made(tmp_path, [line(11, minutes=minutes), *others]))] == [25, 25, 25]


@pytest.mark.parametrize("at", ["2016-11-30 19:20", "11/30/2016 7:20 PM", local(30, 19, 20)])
def test_times_may_be_texts_and_dates(tmp_path: Path, at: Any) -> None:
    found = made(tmp_path, [line(11, at=at), line(12, at=at)])
    assert found.sessions["at"].tolist() == [datetime(2016, 12, 1, 3, 20, tzinfo=UTC)] * 2


def test_a_name_that_looks_like_a_session_makes_a_description_unclear(tmp_path: Path) -> None:
    twice = described(11, name="Session #12 Jr")
    rows = [[described(number), BILL, "x"] for number in range(20, 40)]
    found = made(tmp_path, [*rows, [twice, BILL, "x"]], headers=("Usage", "Status", "Host"))
    assert found.unnumbered == 1
    assert set(found.sessions["session_id"]) == set(range(20, 40))


def test_a_name_that_looks_like_a_status_is_none(tmp_path: Path) -> None:
    text = described(11, "Something new", name="Counted Session - Counted Session Jr")
    found = made(tmp_path, [[text, 25, "x"], [described(12), 25, "x"]], headers=("Usage", "Duration", "Host"))
    assert found.sessions["read"].tolist() == ["status-unknown", ""]


@pytest.mark.parametrize(("text", "status"), [
    ("Counted Session", BILL), ("free session #3 of 8", BILL), ("BILL", BILL), ("COMP", "COMP"),
    (activity.WORDING["SVCO"], SVCO), ("bill", None), ("Comped", None),
])  # fmt: skip
def test_phrases_stand_for_statuses(tmp_path: Path, text: str, status: str | None) -> None:
    others = [line(number, "BILL") for number in range(20, 40)]
    found = made(tmp_path, [*others, line(11, **{"Usage Description": described(11, None), "Status": text})])
    assert found.sessions.set_index("session_id")["status"][11] == status or status is None
    assert (found.sessions.set_index("session_id")["read"][11] == "status-unknown") == (status is None)


def test_formulas_are_read_as_the_values_they_were_saved_with(tmp_path: Path) -> None:
    import openpyxl

    path = activity.write(tmp_path / "activity.xlsx", THREE)
    book = openpyxl.load_workbook(path)
    book.active["E2"] = "=20+5"  # openpyxl stores no value: an empty cell
    book.save(path)
    assert said(read(path, PLAIN, WHERE)) == [(11, BILL, None), *EXPECTED[1:]]


def test_no_rows_mean_no_sessions(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no session id found"):
        made(tmp_path, [])


def test_the_configuration_says_which_column_is_what(tmp_path: Path) -> None:
    columns = {"session_id": "Session ID", "status": "d", "minutes": "E"}
    found = made(tmp_path, THREE, {"columns": columns, "header_row": 1, "sheet": "Session Usage"})
    assert said(found) == EXPECTED
    with pytest.raises(UsageError, match=r"columns\.status: no column"):
        made(tmp_path, THREE, {"columns": {"status": "ZZ"}})


def test_two_columns_that_fit_equally_are_named(tmp_path: Path) -> None:
    rows = [[number, number, "BILL"] for number in range(11, 31)]
    with pytest.raises(UsageError, match=r"column A \(ID\) and column B \(Number\) fit session_id equally"):
        made(tmp_path, rows, headers=("ID", "Number", "Status"))


def test_a_second_column_of_minutes_leaves_them_unused(tmp_path: Path) -> None:
    rows = [[*line(number), 30] for number in range(11, 31)]
    found = made(tmp_path, rows, headers=(*HEADERS, "Length"))
    assert "minutes" not in {one.role for one in found.sheet.columns}
    assert "several columns fit minutes" in " ".join(found.sheet.warnings)


def test_rows_without_a_session_that_hold_an_amount_are_other_lines(tmp_path: Path) -> None:
    rows = [[*one, 5.0] for one in THREE] + [[None, None, "Masked calling", None, None, 12.4]]
    found = made(tmp_path, rows, headers=(*HEADERS, "Amount"))
    assert [(one.row, one.amount) for one in found.sheet.other_lines] == [(5, Decimal("12.4"))]


def test_an_id_listed_and_counted_twice_is_known(tmp_path: Path) -> None:
    found = made(tmp_path, [*(line(number) for number in range(20, 30)), line(20)])
    assert found.sessions.set_index("session_id")["bills"].to_dict()[20] == 2


def test_detect_never_tells_a_cells_text(tmp_path: Path) -> None:
    headers = ("Session ID", f"{NAME} header", "Usage Description", "Status", "Minutes")
    rendered = detected(made(tmp_path, THREE, headers=headers, above=[[f"{NAME} title"], []]))
    assert NAME not in rendered
    assert "header row: 3" in rendered
    assert "at: column B\n" in rendered


def test_a_header_may_be_a_row_of_data_and_then_names_nobody(tmp_path: Path) -> None:
    rows = [[described(number), f"{NAME} Host", "BILL"] for number in range(11, 20)]
    assert NAME not in detected(made(tmp_path, rows[1:], headers=rows[0]))


def test_a_column_that_the_configuration_names_may_be_empty(tmp_path: Path) -> None:
    rows = [[11, None, "BILL"], [12, None, "BILL"]]
    found = made(tmp_path, rows, {"columns": {"at": "B"}}, headers=("Session ID", "Date", "Status"))
    assert found.sheet.newest is None
    assert len(found.sessions) == 2
