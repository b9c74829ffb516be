"""The statement of account, as page and workbook."""

import io
import re
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from reports.account_statement import FORMATS, render
from tests.reports.formats import libreoffice
from tests.statements import statement


@pytest.mark.parametrize("name", FORMATS)
def test_same_statement_same_bytes(name) -> None:
    assert render(name, statement()) == render(name, statement())


def test_the_page_has_each_currency_by_itself_and_says_that_it_knows_no_payments() -> None:
    page = render("html", statement(3)).decode()
    found = dict(re.findall(r'data-field="(total_\w+)" data-value="([^"]+)"', page))
    assert {name: Decimal(value) for name, value in found.items()} == {
        f"total_{one.currency.lower()}": one.total for one in statement(3).currencies
    }
    assert "It knows nothing of payments" in page
    assert "Credit note ACME-201609-0003-CN1" in page
    assert "\N{MINUS SIGN}4.99" in page
    assert not {"<script", "<img", "<link"} & set(re.findall(r"<\w+", page))


def test_the_workbook_has_live_sums_stored_with_their_values() -> None:
    content = render("xlsx", statement(3))
    live, stored = (load_workbook(io.BytesIO(content), data_only=values) for values in (False, True))
    assert live.sheetnames == ["Documents EUR", "Months EUR", "Documents JPY", "Months JPY"]
    for one in statement(3).currencies:
        documents, months = stored[f"Documents {one.currency}"], stored[f"Months {one.currency}"]
        last = 5 + len(one.entries)
        assert [Decimal(str(documents.cell(last, column).value)) for column in (5, 6, 7)] == [
            one.net,
            one.tax,
            one.total,
        ]
        assert str(live[f"Documents {one.currency}"].cell(last, 7).value).startswith("=SUM(")
        running = [Decimal(str(documents.cell(row, 8).value)) for row in range(5, last)]
        assert running == [entry.running for entry in one.entries]
        years = [Decimal(str(months.cell(5 + at, 5).value)) for at in range(len(one.months))]
        assert years == [month.year_to_date for month in one.months]


def figures(file: Path) -> dict[str, list[float]]:
    book = load_workbook(file, data_only=True)
    cells = {sheet.title: [cell.value for row in sheet.iter_rows() for cell in row] for sheet in book}
    return {name: [value for value in values if isinstance(value, int | float)] for name, values in cells.items()}


@pytest.mark.needs("LibreOffice")
def test_recalculated_the_workbook_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "stored.xlsx").write_bytes(render("xlsx", statement(8)))
    again = libreoffice.recalculated({"again": render("xlsx", statement(8))}, tmp_path)["again"]
    for name, stored in figures(tmp_path / "stored.xlsx").items():
        assert figures(again)[name] == pytest.approx(stored)
