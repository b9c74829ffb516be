"""Where two files differ, as a person would look it up."""

import json
import zipfile
from io import BytesIO

import pytest

from reports import compare, formats
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
        ("lines.1.amount", "2.00", "2.50"),
        ("number", "null", "X"),
        ("lines.2.amount", "nothing", "3.00"),
    ]


def test_a_csv_value_is_named_by_row_and_column() -> None:
    found = compare.differing("csv", b"id,status\r\n1,BILL\r\n2,COMP\r\n", b"id,status\r\n1,COMP\r\n")
    assert list(found) == [
        ("row 2, status", "BILL", "COMP"),
        ("row 3, id", "2", "nothing"),
        ("row 3, status", "COMP", "nothing"),
    ]


def test_a_figure_of_the_page_is_named_by_its_field_and_its_line() -> None:
    one = b'<p><b data-field="net_total" data-value="1.00">1.00</b></p>\n'
    found = list(compare.differing("html", one, one.replace(b'value="1.00"', b'value="2.00"')))
    assert found[0] == ("data-field net_total", "1.00", "2.00")
    assert [place for place, _, _ in found[1:]] == ["line 1"]
    assert [compare.is_looks(place) for place, _, _ in found] == [False, True]


def test_a_cell_is_named_by_sheet_and_address() -> None:
    found = list(compare.differing("xlsx", rendered("xlsx"), package(("xl/worksheets/sheet3.xml", ">BILL<", ">SVCO<"))))
    assert [(place.partition("!")[0], one, two) for place, one, two in found] == [("Sessions", "BILL", "SVCO")]


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
    ((place, expected, found),) = compare.differing(name, rendered(name), content)
    assert (place, expected) == ("the whole file", f"readable {name}")
    assert found.startswith("unreadable (")


def test_a_difference_stays_on_one_line_of_bearable_length() -> None:
    ((_, one, two),) = compare.differing("json", b'{"a": "b\\n\\u001b[2Jc"}', json.dumps({"a": "x" * 500}).encode())
    assert one == "b [2Jc"
    assert two == "x" * 80 + "…"


@pytest.mark.parametrize(
    ("place", "may"),
    [
        ("Sessions!M5", True),
        ("Sessions 2!N70", True),
        ("Sessions!N3 (formula)", True),
        ("row 7, participants (names of patients)", True),
        ("row 7, note (names of patients)", True),
        ("row 7, nothing", True),
        ("Sessions!L5", False),
        ("row 7, status", False),
        ("Invoice!M5", False),
        ("total", False),
    ],
)
def test_columns_that_may_name_participants(place: str, may: bool) -> None:
    assert compare.may_name_participants(place) is may
