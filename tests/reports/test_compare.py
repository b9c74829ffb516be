"""Where two files differ, as a person would look it up."""

import json
import zipfile
from io import BytesIO

import pytest

from reports import compare, formats
from reports.formats.xlsx.columns import PEOPLE
from reports.formats.xlsx.workbook import build
from tests import documents


def rendered(name: str) -> bytes:
    return formats.render(name, *documents.sample())


def package(change: tuple[str, str, str]) -> bytes:
    member, old, new = change
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(rendered("xlsx"))) as source, zipfile.ZipFile(made, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == member:
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode(), 1)
            target.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize("name", ["xlsx", "html", "csv", "json"])
def test_the_same_file_differs_nowhere(name: str) -> None:
    assert list(compare.differing(name, rendered(name), rendered(name))) == []


def test_a_json_value_is_named_by_its_path() -> None:
    one = {"lines": [{"amount": "1.00"}, {"amount": "2.00"}], "rules": [], "number": None}
    two = {"lines": [{"amount": "1.00"}, {"amount": "2.50"}, {"amount": "3.00"}], "rules": [], "number": "X"}
    assert list(compare.differing("json", json.dumps(one).encode(), json.dumps(two).encode())) == [
        ("lines.1.amount", "2.00", "2.50", "figures"),
        ("number", "null", "X", "figures"),
        ("lines.2.amount", "nothing", "3.00", "figures"),
    ]


def test_a_csv_value_is_named_by_row_and_column() -> None:
    found = compare.differing("csv", b"id,status\r\n1,BILL\r\n2,COMP\r\n", b"id,status\r\n1,COMP\r\n")
    assert list(found) == [
        ("row 2, status", "BILL", "COMP", "figures"),
        ("row 3, id", "2", "nothing", "figures"),
        ("row 3, status", "COMP", "nothing", "figures"),
    ]


def test_a_figure_of_the_page_is_named_by_its_field_and_its_line() -> None:
    one = b'<p><b data-field="net_total" data-value="1.00">1.00</b></p>\n'
    found = list(compare.differing("html", one, one.replace(b'value="1.00"', b'value="2.00"')))
    assert found[0] == ("data-field net_total", "1.00", "2.00", "figures")
    assert [(where, holds) for where, _, _, holds in found[1:]] == [("line 1", "looks")]


def test_a_cell_is_named_by_sheet_and_address() -> None:
    found = list(compare.differing("xlsx", rendered("xlsx"), package(("xl/worksheets/sheet3.xml", ">BILL<", ">SVCO<"))))
    assert [(one.where.partition("!")[0], *one[1:]) for one in found] == [("Sessions", "BILL", "SVCO", "figures")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("xlsx", b""),
        ("xlsx", b"PK\x05\x06" + b"\0" * 18),
        ("xlsx", b"no zip at all"),
        ("json", b"{"),
        ("json", b"[" * 100_000),
        ("json", b"\xff"),
        ("csv", b"\xff\xfe"),
        ("html", b"\xff\xfe"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_difference(name: str, content: bytes) -> None:
    ((place, expected, found, _),) = compare.differing(name, rendered(name), content)
    assert (place, expected) == ("the whole file", f"readable {name}")
    assert found.startswith("unreadable (")


def test_a_difference_stays_on_one_line_of_bearable_length() -> None:
    ((_, one, two, _),) = compare.differing("json", b'{"a": "b\\n\\u001b[2Jc"}', json.dumps({"a": "x" * 500}).encode())
    assert one == "b [2Jc"
    assert two == "x" * 80 + "…"


@pytest.mark.parametrize("sheet_rows", [1_048_576, 12])
def test_cells_of_columns_that_name_participants_are_told_by_their_heads(sheet_rows: int) -> None:
    document, sessions = documents.sample(participants="full", sessions=20)
    places = list(formats.loaded("xlsx").places(build(document, sessions, sheet_rows)))
    naming = [place for place in places if place.holds == "names"]
    shown = {*sessions["participants"], *sessions["note"], *PEOPLE}
    assert {place.where.partition("!")[0] for place in naming} == (
        {"Sessions"} if sheet_rows > 20 else {"Sessions", "Sessions 2"}
    )
    assert {place.text for place in naming} <= shown
    assert not {place.text for place in places if place.holds != "names"} & set(sessions["participants"])


def test_columns_of_the_csv_that_may_name_participants() -> None:
    content = formats.render("csv", *documents.sample(participants="full"))
    naming = {
        place.where.partition(", ")[2] for place in formats.loaded("csv").places(content) if place.holds == "names"
    }
    assert naming == {"participants (names of patients)", "note (names of patients)"}
    (found,) = compare.differing("csv", b"id\r\n1\r\n", b"id\r\n1,Ada Madeup\r\n")
    assert found == ("row 2, nothing", "nothing", "Ada Madeup", "names")
