"""The sums between a document's figures: one list for the page, the workbook and what is issued."""

from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from jobs.errors import OutputError
from jobs.output.documents import UnitFolder
from reports import checks, formats
from tests.documents import sample


def test_page_and_workbook_name_the_same_sums_alike() -> None:
    document, sessions = sample()
    page = formats.render("html", document, sessions).decode()
    sheet = load_workbook(BytesIO(formats.render("xlsx", document, sessions)), read_only=True)["Reconciliation"]
    labels = {row[0] for row in sheet.iter_rows(max_col=1, values_only=True)}
    for name in (checks.ROWS, checks.STATUS_SUM, checks.DAY_SUM, checks.NET, checks.TOTAL):
        assert name in page
        assert name in labels
    assert checks.HOST_SUM.format("BILL") in page
    assert checks.HOST_SUM.format("Sessions counted") in labels


def test_a_document_whose_sums_do_not_hold_is_not_issued(tmp_path: Path) -> None:
    document, sessions = sample()
    assert checks.failing(document, sessions) == []
    wrong = replace(document, total=document.total + Decimal(1))
    with (
        UnitFolder(tmp_path, "acme", document.month, 0o600) as folder,
        folder.locked(),
        pytest.raises(OutputError, match=r"“Total = net \+ tax” does not hold; not issued"),
    ):
        folder.prepare(wrong, sessions)
