"""How to pay, and the issuer's logo, on the Invoice sheet."""

import io
import warnings
from dataclasses import replace
from typing import Any
from zipfile import ZipFile

from openpyxl import load_workbook

from reports.document import Document
from reports.formats import render
from tests import paying
from tests.documents import sample


def invoice(document: Document, sessions: Any) -> tuple[list[str], dict[str, Any], bytes]:
    """The sheet's texts, the cell at the right of each label, and the package."""
    package = render("xlsx", document, sessions)
    with warnings.catch_warnings(action="ignore"):  # openpyxl warns of what it would not write again
        sheet = load_workbook(io.BytesIO(package))["Invoice"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(max_col=4)]
    beside = {row[0]: row[3] for row in rows if isinstance(row[0], str) and row[3] is not None}
    return [str(value) for row in rows for value in row if value is not None], beside, package


def test_the_sheet_says_how_to_pay_and_its_amount_is_the_total() -> None:
    document, sessions = sample(sessions=9)
    texts, beside, _ = invoice(paying.payable(document), sessions)
    assert "How to pay" in texts
    assert beside["Reference"] == document.number
    assert beside["IBAN"] == "DE89 3704 0044 0532 0130 00"
    assert beside["Routing number"] == "021000021"
    assert beside["Pay online"] == "https://pay.example.com/acme/ACME-201611-0001"
    assert str(beside["Due"]).startswith("2017-01-03")
    assert str(beside["Amount"]).startswith("=Reconciliation!")
    assert {"PO number 4500012345", "Cost unit 0815", paying.FOOTER} <= set(texts)


def test_a_credit_note_has_nothing_to_pay() -> None:
    document, sessions = sample("credit_note", sessions=40)
    texts, beside, _ = invoice(paying.payable(document), sessions)
    assert "Nothing to pay: this credit note reduces what is owed." in texts
    assert "IBAN" not in beside
    owed = f"Owed on invoice ACME-201611-0001 with its adjustments: USD {document.month_total}"
    assert owed in " ".join(texts)


def test_text_that_looks_like_a_formula_stays_text() -> None:
    document, sessions = sample(sessions=9)
    payment = replace(paying.PAYMENT, bank="=cmd|' /C calc'!A0", lines=("+1",), link="=HYPERLINK(1)")
    document = replace(document, issuer=replace(document.issuer, payment=payment, footer="@SUM(1)"))
    package = render("xlsx", document, sessions)
    with warnings.catch_warnings(action="ignore"):
        cells = [cell for row in load_workbook(io.BytesIO(package))["Invoice"].iter_rows() for cell in row]
    found = {cell.value: cell.data_type for cell in cells if str(cell.value).startswith(("=cmd", "+1", "=HYPER", "@"))}
    assert found == dict.fromkeys(("=cmd|' /C calc'!A0", "+1", "=HYPERLINK(1)", "@SUM(1)"), "s")


def test_a_picture_is_shown_and_a_drawing_left_out() -> None:
    document, sessions = sample(sessions=9)
    for media_type, shown in (("image/png", True), ("image/svg+xml", False)):
        *_, package = invoice(paying.payable(document, paying.logo(media_type)), sessions)
        with ZipFile(io.BytesIO(package)) as opened:
            images = [opened.read(name) for name in opened.namelist() if name.startswith("xl/media/")]
        assert images == [paying.png()] * shown


def test_without_a_tax_there_is_no_line_of_one() -> None:
    document, sessions = sample(sessions=9, tax_rate="0")
    assert any("0%" in text for text in invoice(document, sessions)[0])
    texts, _, _ = invoice(replace(document, tax_name="Tax"), sessions)
    assert not [text for text in texts if "Tax" in text.replace("Tax ID", "")]
