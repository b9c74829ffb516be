"""A comparison of plans as page and workbook: hostile text stays text, the same input gives the same bytes."""

from io import BytesIO

import openpyxl
import pytest

from reports.comparison import NAMES, render
from tests import hostile
from tests.comparisons import comparison


@pytest.mark.parametrize("name", NAMES)
def test_the_same_comparison_gives_the_same_bytes(name: str) -> None:
    assert render(name, comparison()) == render(name, comparison())


@pytest.mark.parametrize("text", ["=1+1", "<script>alert(1)</script>", "@SUM(A1)", "x" * 200])
def test_a_plans_name_stays_text(text: str) -> None:
    book = openpyxl.load_workbook(BytesIO(render("xlsx", comparison(name=text))))
    cells = [cell for line in book["Plans"].iter_rows() for cell in line if cell.value is not None]
    formulas = [cell.value for cell in cells if cell.data_type == "f"]
    assert formulas == [f"=SUM(${column}$6:${column}$11)" for column in "BCDE"]
    assert text in [cell.value for cell in cells]
    assert b"<script" not in render("html", comparison(name=text))


def test_hostile_names_break_nothing() -> None:
    for text in (hostile.MARKUP, hostile.FORMULA, hostile.AT, hostile.ESCAPE, hostile.LONG):
        for name in NAMES:
            assert render(name, comparison(name=text, months=1))
