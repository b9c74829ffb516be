"""The workbook: read back by openpyxl, recalculated by LibreOffice."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import ZIP_DEFLATED, ZipFile

import pandas as pd
import pytest
from openpyxl import load_workbook

from reports.document import Document, Line
from reports.formats.xlsx import render
from reports.formats.xlsx.book import fitting
from reports.formats.xlsx.model import half_up
from reports.formats.xlsx.reading import read_figures
from reports.formats.xlsx.workbook import build
from reports.parties import Customer, Issuer
from reports.text import shown
from tests.documents import heading, sample
from tests.reports.formats.libreoffice import recalculated

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported")  # openpyxl knows no data bars of 2010

HOSTILE = (
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1,1)",
    "\t=1+1",
    "#N/A",
    "{=1+1}",
    "http://evil.example/x",
    "0012",
    "1e3",
    "TRUE",
    "_x0041_x0042_ _x000D_",
    "<r><t>raw</t></r>",
    "</t></si><script>&amp;",
    "in\u202evoice\u0007\ufffe",
    " leading and trailing ",
    "x" * 40_000,
    "د. ليلى 🎥 𝒳",
)  # fmt: skip

CASES: dict[str, dict[str, Any]] = {
    "invoice": {"sessions": 300, "months": 13},
    "yen": {"currency": "JPY", "sessions": 40, "tax_rate": "10"},
    "dinar_two_parts": {"currency": "KWD", "sessions": 60, "parts": 2, "minutes_included": 300, "tax_rate": "7.375"},
    "unlimited": {"included": None, "sessions": 30},
    "no_meter": {"sessions_meter": False},
    "empty": {"sessions": 0, "months": 1},
    "draft": {"kind": "draft", "sessions": 12},
    "heading": {"kind": "draft", "sessions": 11, "parts": 2, "forecast": heading(parts=2)},
    "credit_note": {"kind": "credit_note", "sessions": 40, "minutes_included": 100},
    "supplementary": {"kind": "supplementary_invoice", "sessions": 40},
    "restatement": {"kind": "restatement", "sessions": 40, "participants": "full"},
    "draft_credit_note": {"kind": "draft_credit_note", "sessions": 400, "parts": 2},
}


def figures_of(document: Document) -> dict[str, object]:
    """The defined names' values, from the document alone."""
    counts, allowance = document.counts, document.allowance
    included = "none" if allowance.included is None else allowance.included
    return {
        "bill_count": counts["BILL"],
        "comp_count": counts["COMP"],
        "dupl_count": counts["DUPL"],
        "svco_count": counts["SVCO"],
        "session_count": document.rows.counted,
        "included_sessions": "unlimited" if allowance.unlimited else included,
        "included_used": allowance.used,
        "overage_sessions": allowance.overage,
        "net_total": document.net,
        "tax_total": document.tax,
        "grand_total": document.total,
        "all_checks": "OK",
    }  # fmt: skip


def edited(package: bytes, sheet: int, change: Callable[[str], str]) -> bytes:
    """`package` with one sheet's XML changed, as by hand."""
    target = BytesIO()
    with ZipFile(BytesIO(package)) as source, ZipFile(target, "w", ZIP_DEFLATED) as copy:
        for name in source.namelist():
            content = source.read(name)
            if name == f"xl/worksheets/sheet{sheet}.xml":
                content = change(content.decode()).encode()
            copy.writestr(name, content)
    return target.getvalue()


def to_comp(sheet: str) -> str:
    assert "<t>BILL</t>" in sheet
    return sheet.replace("<t>BILL</t>", "<t>COMP</t>", 1)


def part(package: bytes, name: str) -> str:
    with ZipFile(BytesIO(package)) as opened:
        return opened.read(name).decode()


def hostile() -> tuple[Document, pd.DataFrame]:
    """A restatement with hostile text wherever text comes from people or the vendor."""
    document, sessions = sample("credit_note", sessions=36, participants="full", host_names=HOSTILE[:12])
    texts = [HOSTILE[i % len(HOSTILE)] for i in range(len(sessions))]
    sessions = sessions.assign(participants=texts, note=texts[::-1])
    finding = document.findings[0]
    rest = (HOSTILE[1:6], HOSTILE[9], HOSTILE[12])
    lines = tuple(replace(line, description=HOSTILE[i]) for i, line in enumerate(document.lines))
    return replace(
        document,
        issuer=Issuer(HOSTILE[0], *rest),
        bill_to=Customer(HOSTILE[2], *rest),
        tax_name=HOSTILE[3],
        lines=lines,
        month_lines=tuple(replace(line, description=HOSTILE[12]) for line in document.month_lines),
        parts=tuple(replace(own, plan=HOSTILE[0]) for own in document.parts),
        rules=HOSTILE,
        findings=tuple(replace(finding, code=text[:90], message=text) for text in HOSTILE),
        changes=tuple(
            replace(change, why=HOSTILE[i], before=HOSTILE[-2 - i]) for i, change in enumerate(document.changes)
        ),
        participants="full",
    ), sessions


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return {name: sample(**case)[0] for name, case in CASES.items()} | {
        "hostile": hostile()[0],
        "three_sheets": sample(sessions=25)[0],
    }


@pytest.fixture(scope="module")
def packages() -> dict[str, bytes]:
    rendered = {name: render(*sample(**case)) for name, case in CASES.items()}
    return rendered | {"hostile": render(*hostile()), "three_sheets": build(*sample(sessions=25), sheet_rows=11)}


@pytest.fixture(scope="module")
def by_libreoffice(packages: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every workbook, and some changed by hand, recalculated in one run of LibreOffice."""
    changed = {
        f"{name}_changed": edited(packages[name], 3, to_comp)
        for name in ("invoice", "dinar_two_parts", "credit_note", "draft", "unlimited")
    }
    changed["second_sheet_changed"] = edited(packages["three_sheets"], 4, to_comp)
    changed["invoice_unknown"] = edited(
        packages["invoice"], 3, lambda xml: xml.replace("<t>BILL</t>", "<t>WHAT</t>", 1)
    )
    changed["ties"] = _ties()
    return recalculated(packages | changed, tmp_path_factory.mktemp("libreoffice"))


def cells(package: bytes | Path) -> Iterator[tuple[str, str, Any, str]]:
    """Sheet, address, stored value and type of every cell."""
    workbook = load_workbook(BytesIO(package) if isinstance(package, bytes) else package, data_only=True)
    for sheet in workbook.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    yield sheet.title, cell.coordinate, cell.value, cell.data_type
    workbook.close()


@pytest.mark.parametrize("name", [*CASES, "hostile", "three_sheets"])
def test_defined_names_hold_the_documents_figures(name, packages, documents) -> None:
    assert read_figures(packages[name]) == figures_of(documents[name])


@pytest.mark.parametrize("name", [*CASES, "hostile", "three_sheets"])
def test_our_own_reader_reads_what_openpyxl_reads(name, packages) -> None:
    book = load_workbook(BytesIO(packages[name]), data_only=True)
    theirs = {}
    for figure, defined in book.defined_names.items():
        ((sheet, address),) = defined.destinations
        theirs[figure] = book[sheet][address].value
    ours = read_figures(packages[name])
    assert ours.keys() == theirs.keys()
    for figure, value in ours.items():
        assert (float(value) if isinstance(value, Decimal) else value) == theirs[figure], figure


@pytest.mark.parametrize("part", ["xl/styles.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "[Content_Types].xml"])
def test_a_package_with_a_broken_part_is_not_read(part, packages) -> None:
    broken = BytesIO()
    with ZipFile(BytesIO(packages["invoice"])) as whole, ZipFile(broken, "w") as copy:
        for name in whole.namelist():
            copy.writestr(name, whole.read(name)[:-20] if name == part else whole.read(name))
    with pytest.raises(ParseError):
        read_figures(broken.getvalue())


@pytest.mark.parametrize("name", [*CASES, "hostile", "three_sheets"])
@pytest.mark.needs("LibreOffice")
def test_recalculated_values_equal_the_stored_ones(name, packages, documents, by_libreoffice) -> None:
    assert read_figures(by_libreoffice[name]) == figures_of(documents[name])
    after = {(sheet, address): value for sheet, address, value, _ in cells(by_libreoffice[name])}
    for sheet, address, stored, kind in cells(packages[name]):
        recalculated_value = after[sheet, address]
        if kind == "n":
            assert recalculated_value == pytest.approx(stored, abs=1e-9), (sheet, address)
        elif kind == "s":
            assert str(recalculated_value).rstrip() == str(stored).rstrip() or "_x" in stored, (sheet, address)


@pytest.mark.needs("LibreOffice")
def test_no_cell_shows_an_error_value(by_libreoffice) -> None:
    for name, path in by_libreoffice.items():
        errors = [cell for cell in cells(path) if cell[3] == "e"]
        assert errors == [] or (name == "hostile" and {cell[2] for cell in errors} == {"#N/A"}), name


@pytest.mark.parametrize(
    ("name", "moves"),
    [
        (
            "invoice_changed",
            {"bill_count": -1, "comp_count": 1, "overage_sessions": -1, "net_total": Decimal("-4.125")},
        ),
        ("unlimited_changed", {"bill_count": -1, "comp_count": 1, "included_used": -1, "net_total": Decimal(0)}),
        ("draft_changed", {"bill_count": -1, "comp_count": 1}),
        ("credit_note_changed", {"bill_count": -1, "comp_count": 1, "overage_sessions": -1}),
        ("dinar_two_parts_changed", {"bill_count": -1, "comp_count": 1, "overage_sessions": -1}),
    ],
)
@pytest.mark.needs("LibreOffice")
def test_a_status_changed_by_hand_moves_the_figures_and_the_verdict(name, moves, documents, by_libreoffice) -> None:
    before, after = figures_of(documents[name.removesuffix("_changed")]), read_figures(by_libreoffice[name])
    for figure, move in moves.items():
        assert abs(Decimal(after[figure]) - before[figure] - move) < Decimal("0.01"), figure
    assert after["all_checks"] == "ERROR"
    assert after["session_count"] == before["session_count"]
    assert after["grand_total"] == after["net_total"] + after["tax_total"]


@pytest.mark.needs("LibreOffice")
def test_a_changed_credit_note_is_still_the_month_less_what_was_issued(documents, by_libreoffice) -> None:
    document = documents["credit_note"]
    after = read_figures(by_libreoffice["credit_note_changed"])
    issued = document.already_issued[0]
    assert after["net_total"] < document.net
    tax = half_up(Fraction(after["net_total"] + issued.net) * Fraction(document.tax_rate) / 100, 2)
    assert after["tax_total"] == tax - issued.tax
    path = by_libreoffice["credit_note_changed"]
    printed = [Decimal(repr(value)) for sheet, address, value, kind in cells(path)
               if sheet == "Invoice" and address.startswith("D") and kind == "n"]  # fmt: skip
    assert printed[-3:] == [after["net_total"], after["tax_total"], after["grand_total"]]
    assert sum(printed[2:-3]) == after["net_total"]
    assert printed[:2] == [issued.total, issued.total + after["grand_total"]], "the invoice's total, the new balance"


@pytest.mark.needs("LibreOffice")
def test_formulas_span_every_sessions_sheet(packages, documents, by_libreoffice) -> None:
    sheets = load_workbook(BytesIO(packages["three_sheets"])).sheetnames
    assert [sheet for sheet in sheets if "Sessions" in sheet] == ["Sessions", "Sessions 2", "Sessions 3"]
    after = read_figures(by_libreoffice["second_sheet_changed"])
    assert after["bill_count"] == documents["three_sheets"].counts["BILL"] - 1
    assert after["all_checks"] == "ERROR"


@pytest.mark.needs("LibreOffice")
def test_an_unknown_status_typed_by_hand_is_an_error(documents, by_libreoffice) -> None:
    after = read_figures(by_libreoffice["invoice_unknown"])
    assert after["all_checks"] == "ERROR"
    assert after["session_count"] == documents["invoice"].rows.counted


def test_the_same_input_gives_the_same_bytes(packages) -> None:
    assert render(*sample(**CASES["dinar_two_parts"])) == packages["dinar_two_parts"]
    with ZipFile(BytesIO(packages["invoice"])) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_hostile_text_stays_text(packages) -> None:
    workbook = load_workbook(BytesIO(packages["hostile"]))
    sheet = workbook["Sessions"]
    for text in HOSTILE:
        cell = next(cell for cell in sheet["M"] if cell.value and cell.value[:9] == _as_stored(text)[:9])
        assert cell.data_type == "s"
        assert cell.value == _as_stored(text)
        assert cell.quotePrefix == shown(text).startswith(("=", "+", "-", "@"))
    formulas = {(own.title, cell.column_letter) for own in workbook for row in own.iter_rows() for cell in row
                if cell.data_type == "f" and "all_checks" not in cell.value}  # fmt: skip
    assert {sheet for sheet, _ in formulas} <= {"Invoice", "Reconciliation", "Hosts", "Restatement", "Trend"}
    assert ("Invoice", "A") not in formulas
    with ZipFile(BytesIO(packages["hostile"])) as package:
        everything = b"".join(package.read(name) for name in package.namelist())
    targets = re.findall(rb'TargetMode="External"', everything)
    assert len(targets) == 1, "the invoice's file alone"
    assert re.findall(rb'Target="([^"]*)" TargetMode="External"', everything) == [b"ACME-201611-0001.xlsx"]
    assert b"<r><t>raw" not in everything


def _as_stored(text: str) -> str:
    """As openpyxl reads it: it leaves the escape of `_xHHHH_` in place."""
    return re.sub("_(?=x[0-9A-F]{4}_)", "_x005F_", shown(text))


@pytest.mark.needs("LibreOffice")
def test_text_is_shown_as_it_was_written(by_libreoffice) -> None:
    shown_texts = {str(value).strip() for sheet, _, value, _ in cells(by_libreoffice["hostile"]) if sheet == "Findings"}
    for text in HOSTILE:
        if "_x" not in text:  # LibreOffice writes its own escapes
            assert shown(text).strip() in shown_texts


def test_participants_are_named_only_where_configured_and_the_title_says_so(packages) -> None:
    full, hidden = packages["restatement"], packages["invoice"]
    assert "names of participants" in load_workbook(BytesIO(full))["Sessions"]["A1"].value
    assert "names of participants" in part(full, "docProps/core.xml")
    assert [cell.value for cell in load_workbook(BytesIO(full))["Sessions"][2]][12:14] == ["Participants", "Note"]
    assert "Participants" not in [cell.value for cell in load_workbook(BytesIO(hidden))["Sessions"][1]]


def test_sessions_is_one_table_with_its_own_filter_frozen_and_repeated_in_print(packages) -> None:
    sheet = load_workbook(BytesIO(packages["invoice"]))["Sessions"]
    table = sheet.tables["Sessions"]
    assert table.ref == table.autoFilter.ref == "A1:L301"
    assert [column.name for column in table.tableColumns] == [cell.value for cell in sheet[1]][:12]
    assert sheet.auto_filter.ref is None
    assert sheet.freeze_panes == "B2"
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.max_row == 301


def test_a_session_stands_as_it_is(packages) -> None:
    document, sessions = sample(**CASES["invoice"])
    row = [cell.value for cell in load_workbook(BytesIO(packages["invoice"]))["Sessions"][2]]
    first = sessions.iloc[0]
    assert row[0] == first["session_id"]
    assert row[1] == first["billable_at"].tz_localize(None).to_pydatetime()
    assert row[2] == first["billable_at"].tz_convert(document.timezone).tz_localize(None).to_pydatetime()
    assert row[4:7] == [first["status"], "yes", first["allowance"]]
    assert row[9:12] == [first["host"], first["host_id"], first["part"]]


def test_the_last_microsecond_of_a_day_stays_on_its_day() -> None:
    document, sessions = sample(sessions=1)
    late = pd.Series([datetime(2016, 11, 1, 23, 59, 59, 999_999, tzinfo=UTC)], dtype="datetime64[us, UTC]")
    sheet = part(render(document, sessions.assign(billable_at=late)), "xl/worksheets/sheet3.xml")
    serial = Decimal(re.search(r'<c r="B2"[^>]*><v>([^<]*)</v>', sheet)[1])
    assert 0 < 42_676 - serial < Decimal("0.0000001")
    assert float(serial) < 42_676


def test_unknown_minutes_are_an_empty_cell_and_long_ids_are_text() -> None:
    document, sessions = sample(sessions=2)
    sessions["minutes"] = pd.Series([pd.NA, 5], dtype="Int32")
    sessions["session_id"] = pd.Series([7, 2**63 - 1], dtype="Int64")
    sheet = load_workbook(BytesIO(render(document, sessions)))["Sessions"]
    assert [sheet["I2"].value, sheet["I3"].value] == [None, 5]
    assert [sheet["A2"].value, sheet["A3"].value] == [7, str(2**63 - 1)]


def test_figures_are_written_as_exact_decimals(packages) -> None:
    sheet = part(packages["dinar_two_parts"], "xl/worksheets/sheet2.xml")
    document = sample(**CASES["dinar_two_parts"])[0]
    assert f"<v>{document.net.normalize():f}</v>" in sheet
    assert "<v>0.0375</v>" in sheet
    for number in re.findall(r"<v>(-?[\d.]+)</v>", sheet):
        assert len(number.replace(".", "").strip("-0")) <= 15


def test_a_charge_of_more_digits_than_a_cell_keeps_shows_the_nearest_value() -> None:
    assert fitting(Decimal("643.2666666660233")) == Decimal("643.266666666023")
    assert fitting(Decimal("1234567890123.450")) == Decimal("1234567890123.45")
    assert fitting(2**40) == 2**40


def test_a_month_that_begins_before_the_first_plan_is_still_written() -> None:
    document, sessions = sample(parts=2, sessions=0)
    later = document.parts[1:]
    bands = tuple(band for band in document.bands if band.part == 2)
    lines = tuple(line for line in document.lines if line.part == 2)
    document = replace(document, parts=later, bands=bands, lines=lines, month_lines=lines)
    assert read_figures(render(document, sessions))["session_count"] == 0


def test_a_frame_that_contradicts_the_document_shows_at_once() -> None:
    document, sessions = sample()
    assert read_figures(render(document, sessions.iloc[1:].reset_index(drop=True)))["all_checks"] == "ERROR"
    wrong = replace(document, lines=(*document.lines, Line("fee", "extra", Decimal(1), Decimal(9), Decimal(9), 9, 0)))
    assert read_figures(render(wrong, sessions))["all_checks"] == "ERROR"


@pytest.mark.parametrize("name", ["draft", "draft_credit_note"])
def test_a_draft_says_so_on_every_sheet(name, packages) -> None:
    workbook = load_workbook(BytesIO(packages[name]))
    assert workbook["Invoice"]["A1"].value == "DRAFT"
    assert workbook["Invoice"]["A1"].font.sz >= 28
    assert all(sheet.oddHeader.center.text == "DRAFT" for sheet in workbook)


def test_a_final_document_is_no_draft(packages) -> None:
    for name, title in (("invoice", "INVOICE"), ("credit_note", "CREDIT NOTE"), ("restatement", "RESTATEMENT")):
        workbook = load_workbook(BytesIO(packages[name]))
        words = [str(cell.value) for row in workbook["Invoice"].iter_rows() for cell in row]
        assert title in words or f"DRAFT {title}" in words
    assert all(sheet.oddHeader.center.text is None for sheet in load_workbook(BytesIO(packages["invoice"])))


def test_sheets_stand_in_order_and_the_first_is_open_at_a1(packages) -> None:
    workbook = load_workbook(BytesIO(packages["credit_note"]))
    assert workbook.sheetnames == [
        "Invoice", "Reconciliation", "Sessions", "Hosts", "Findings", "Restatement", "Trend", "About",
    ]  # fmt: skip
    assert workbook.active.title == "Invoice"
    assert all(sheet.sheet_view.selection[0].activeCell in (None, "A1") for sheet in workbook if not sheet.freeze_panes)
    assert "Trend" not in load_workbook(BytesIO(packages["empty"])).sheetnames


def test_data_has_no_merged_cells_charts_have_alt_text_and_the_language_is_set(packages) -> None:
    workbook = load_workbook(BytesIO(packages["invoice"]))
    assert not any(sheet.merged_cells.ranges for sheet in workbook)
    with ZipFile(BytesIO(packages["invoice"])) as package:
        drawings = [package.read(name).decode() for name in package.namelist() if "/drawings/drawing" in name]
    assert sum(drawing.count("<xdr:graphicFrame ") for drawing in drawings) == 3
    assert all(re.findall(r'<xdr:cNvPr [^>]*descr="[^"]+"', drawing) for drawing in drawings)
    assert "<dc:language>en-US</dc:language>" in part(packages["invoice"], "docProps/core.xml")


@pytest.mark.parametrize(("paper", "code"), [("Letter", 1), ("A4", 9)])
def test_paper_is_the_configured_one(paper, code) -> None:
    workbook = load_workbook(BytesIO(render(*sample(paper=paper))))
    assert {int(sheet.page_setup.paperSize or 1) for sheet in workbook} == {code}
    assert (workbook["Invoice"].page_setup.fitToWidth, workbook["Invoice"].page_setup.fitToHeight) in (
        (1, 1),
        (None, None),
    )


def _ties() -> bytes:
    """An invoice whose amounts fall on a half that binary arithmetic misses."""
    document, sessions = sample(sessions=8, included=0, hosts_meter=False, tax_rate="7.5")
    price = Decimal("1.115")
    bands = tuple(replace(band, unit_price=price if band.tier else band.unit_price) for band in document.bands)
    return render(replace(document, bands=bands), sessions)


@pytest.mark.needs("LibreOffice")
def test_halves_go_up_where_binary_arithmetic_falls_short(by_libreoffice) -> None:
    package = _ties()
    stored = {cell[:2]: cell[2] for cell in cells(package)}
    after = {cell[:2]: cell[2] for cell in cells(by_libreoffice["ties"])}
    billed = sample(sessions=8, included=0)[0].counts["BILL"]
    assert billed % 2 == 1
    expected = half_up(billed * Fraction("1.115"), 2)
    assert expected != round(billed * 1.115, 2)
    amounts = {key for key in stored if key[0] == "Reconciliation" and key[1].startswith("F")}
    assert float(expected) in {stored[key] for key in amounts}
    assert {key: after[key] for key in amounts} == {key: stored[key] for key in amounts}


def test_columns_are_as_wide_as_the_largest_amount() -> None:
    document, sessions = sample("credit_note", sessions=40)
    large = Decimal("1234567890.12")
    document = replace(document, month_total=large, month_net=large)
    workbook = load_workbook(BytesIO(render(document, sessions)))
    longest = len(f"({large:,.2f})")
    for sheet, column in (("Invoice", "D"), ("Reconciliation", "F"), ("Hosts", "I"), ("Restatement", "E")):
        dimensions = workbook[sheet].column_dimensions
        widths = {
            letter: own.width for own in dimensions.values() for letter in range(own.min or 0, (own.max or 0) + 1)
        }
        assert widths["ABCDEFGHIJKLM".index(column) + 1] > longest, sheet


def test_prices_show_all_their_decimals_and_no_bare_point() -> None:
    assert _price_format(currency="USD", minutes_included=100) == "#,##0.00??_);(#,##0.00##)"
    assert _price_format(currency="JPY") == "#,##0.0_);(#,##0.0)"
    assert _price_format(currency="JPY", included=None) == "#,##0_);(#,##0)"


def _price_format(**case: Any) -> str:
    sheet = load_workbook(BytesIO(render(*sample(**case))), data_only=True)["Invoice"]
    return next(cell.number_format for cell in sheet["C"] if isinstance(cell.value, int | float))


def test_a_draft_that_needs_a_person_says_so_on_its_first_sheet(packages, documents) -> None:
    blocking = sum(finding.severity == "blocking" for finding in documents["draft"].findings)
    note = load_workbook(BytesIO(packages["draft"]))["Invoice"]["A3"].value
    assert note.startswith(f"■ {blocking} blocking finding")
    words = [cell.value for cell in load_workbook(BytesIO(packages["draft_credit_note"]))["Invoice"]["A"]]
    assert not any("blocking" in str(word) for word in words)


@pytest.mark.parametrize("name", ["credit_note", "supplementary", "restatement", "draft_credit_note"])
def test_what_is_no_plain_invoice_stands_on_a_band_and_names_the_invoice(name, packages, documents) -> None:
    column = load_workbook(BytesIO(packages[name]))["Invoice"]["A"]
    on_band = [cell.value for cell in column if cell.fill.fgColor.rgb == "FF18202C"]
    assert len(on_band) == 2
    assert documents[name].corrects in on_band[1]
    plain = load_workbook(BytesIO(packages["invoice"]))["Invoice"]["A"]
    assert not any(cell.fill.fgColor.rgb == "FF18202C" for cell in plain)


def test_a_month_without_an_allowance_has_no_point_on_the_trends_line(packages) -> None:
    """A chart draws text as zero, and a blank cell not at all."""
    sheet = load_workbook(BytesIO(packages["unlimited"]))["Trend"]
    assert [cell.value for cell in sheet["F"][4:9]] == [None] * 5
    assert "unlimited" in sheet["A3"].value
    assert "unlimited" not in load_workbook(BytesIO(packages["invoice"]))["Trend"]["A3"].value


def test_findings_can_be_filtered_and_every_list_repeats_its_heads_in_print(packages, documents) -> None:
    workbook = load_workbook(BytesIO(packages["credit_note"]))
    assert workbook["Findings"].auto_filter.ref == f"A3:E{3 + len(documents['credit_note'].findings)}"
    changes = next(cell.row for cell in workbook["Restatement"]["A"] if cell.value == "Session")
    assert workbook["Restatement"].print_title_rows == f"${changes}:${changes}"
    assert load_workbook(BytesIO(packages["empty"]))["Findings"].auto_filter.ref is None


def test_sheets_of_a_month_without_sessions_say_so(packages) -> None:
    workbook = load_workbook(BytesIO(packages["empty"]))
    assert workbook["Hosts"]["A5"].value == "None: the month has no session."
    assert workbook["Findings"]["A4"].value == "None: every row of the reply was as it should be."


def test_long_texts_are_whole_where_the_next_cell_is_taken() -> None:
    long = "Sessions beyond the 48 included: 1 to 20, 2016-11-01 to 2016-11-15"
    document, sessions = sample(host_names=["Dr. " + "Long Name " * 20, "Ben"])
    document = replace(document, month_lines=tuple(replace(line, description=long) for line in document.month_lines))
    workbook = load_workbook(BytesIO(render(document, sessions)))
    for sheet, text in (
        (workbook["Reconciliation"], long),
        (workbook["Hosts"], max((host.name for host in document.hosts), key=len)),
    ):
        cell = next(cell for cell in sheet["A"] if cell.value == shown(text))
        assert cell.alignment.wrap_text
        assert sheet.row_dimensions[cell.row].height >= 15 * (len(text) // sheet.column_dimensions["A"].width + 1)


def test_a_long_note_does_not_widen_the_printed_page(packages) -> None:
    full = load_workbook(BytesIO(packages["restatement"]))["Sessions"]
    assert full.print_area == "'Sessions'!$A$1:$P$42"


def test_a_forecast_stands_on_the_invoice_sheet_and_goes_on_in_the_chart(packages) -> None:
    found = {(sheet, place): value for sheet, place, value, _ in cells(packages["heading"])}
    said = [str(value) for (sheet, _), value in found.items() if sheet == "Invoice"]
    assert any(text.startswith("After 20 of 30 days: 8 counted sessions") for text in said)
    assert any("This is an estimate: COMP and DUPL come later and lower it." in text for text in said)
    (head,) = (place for (sheet, place), value in found.items() if value == "At this pace (estimate)")
    first = int(head[1:]) + 1
    pace = [found.get(("Reconciliation", f"H{first + day}")) for day in range(30)]
    assert pace[:22] == [None] * 22, "the first part is over; of the second 8 days are"
    assert (pace[22], pace[-1]) == (3, 6)
    assert pace[22:] == sorted(pace[22:])
    chart = part(packages["heading"], "xl/charts/chart1.xml")
    assert "At this pace (estimate)" in chart
    assert f"$F${first + 15}:$F${first + 20}<" in chart, "the running count ends where the vendor answered"
    assert "At this pace" not in part(packages["draft"], "xl/charts/chart1.xml")


def test_reconciliation_prints_large_enough_to_read_and_its_footer_as_it_is(packages) -> None:
    for name in ("invoice", "dinar_two_parts", "credit_note"):
        sheet = load_workbook(BytesIO(packages[name]))["Reconciliation"]
        width = sum((own.max - own.min + 1) * own.width * 7 / 96 for own in sheet.column_dimensions.values())
        assert sheet.page_setup.orientation != "landscape"
        assert 11 * min(1, 7.5 / width) > 8, "points"
        assert sheet.freeze_panes == "B4"
        assert all(own.HeaderFooter.scaleWithDoc is False for own in load_workbook(BytesIO(packages[name])))


def test_the_running_count_of_a_split_month_is_a_line_for_each_part(packages) -> None:
    chart = part(packages["dinar_two_parts"], "xl/charts/chart1.xml")
    running = re.findall(r"<c:yVal>.*?\$F\$(\d+):\$F\$(\d+)<", chart)
    assert len(running) == 2
    assert int(running[0][1]) + 1 == int(running[1][0])
    assert '<c:delete val="1"/></c:legendEntry>' in chart, "each name stands once in the legend"


def linked(package: bytes, sheet: str) -> dict[str, str]:
    """Where each linked cell of a sheet leads, by its text."""
    cells_of = (cell for row in load_workbook(BytesIO(package))[sheet].iter_rows() for cell in row if cell.hyperlink)
    return {str(cell.value): cell.hyperlink.location or cell.hyperlink.target for cell in cells_of}


def test_the_first_sheet_names_the_others_and_leads_there(packages) -> None:
    workbook = load_workbook(BytesIO(packages["three_sheets"]))
    ways = linked(packages["three_sheets"], "Invoice")
    leads = {text.partition(":")[0]: target for text, target in ways.items() if target.endswith("!A1")}
    assert list(leads) == workbook.sheetnames
    assert leads["Sessions 2"] == "'Sessions 2'!A1"
    assert workbook["Invoice"].print_area.startswith("'Invoice'!$A$1:$D$"), "on screen only"


def test_a_line_leads_to_its_pricing_and_a_finding_or_change_to_its_session(packages) -> None:
    workbook = load_workbook(BytesIO(packages["credit_note"]))
    ways = linked(packages["credit_note"], "Invoice")
    for text in (cell.value for cell in workbook["Invoice"]["A"] if cell.hyperlink):
        sheet, _, address = ways[text].partition("!")
        row = workbook[sheet][address].row
        assert workbook[sheet].cell(row, 1).value == text
        assert "ROUND" in workbook[sheet][address].value, "its amount"
    for sheet in ("Findings", "Restatement"):
        found = linked(packages["credit_note"], sheet)
        assert found
        for session, target in found.items():
            name, _, address = target.partition("!")
            assert str(workbook[name][address].value) == session
    assert "99001" not in linked(packages["credit_note"], "Findings"), "never connected: it is in no sheet"


def test_a_session_on_a_further_sheet_is_led_to_there() -> None:
    document, sessions = sample(sessions=25)
    last = int(sessions["session_id"].iloc[-1])
    package = build(replace(document, findings=(replace(document.findings[0], session_id=last),)), sessions, 11)
    (target,) = linked(package, "Findings").values()
    assert target == "'Sessions 3'!A6"
    assert load_workbook(BytesIO(package))["Sessions 3"]["A6"].value == last


def test_a_credit_note_says_why_and_what_it_leaves_of_the_invoice_and_leads_to_its_file(packages, documents) -> None:
    document = documents["credit_note"]
    (issued,) = document.already_issued
    rows = list(load_workbook(BytesIO(packages["credit_note"]), data_only=True)["Invoice"].iter_rows())
    said = {row[1].value: row[3].value for row in rows}
    moved = document.transitions["BILL"]["COMP"]
    assert any(str(row[0].value) == f"Reason: {moved} sessions BILL → COMP." for row in rows)
    assert said["Its date of issue"].date() == issued.issued_on
    assert said["Its total"] == float(issued.total)
    assert said["New balance"] == float(document.month_total)
    assert linked(packages["credit_note"], "Invoice")[document.corrects] == f"{document.corrects}.xlsx"
    assert "New balance" not in {cell.value for cell in load_workbook(BytesIO(packages["invoice"]))["Invoice"]["B"]}


def test_hosts_of_long_numbers_are_counted_live_and_told_apart() -> None:
    document, sessions = sample(sessions=30)
    far = 2**63 - 10
    moved = replace(document, hosts=tuple(replace(host, host_id=host.host_id + far) for host in document.hosts))
    sheet = load_workbook(BytesIO(render(moved, sessions.assign(host_id=sessions["host_id"] + far))))["Hosts"]
    assert "Counted live" in sheet["A3"].value
    assert sheet["B5"].value == str(moved.hosts[0].host_id)
    assert sheet["C5"].value == "=SUMPRODUCT(1*(Sessions!$K$2:$K$31=$B$5))"
    assert sheet["I4"].value == "Charge (USD)"


def test_the_trend_has_the_change_on_the_month_before_and_the_year_to_date(packages, documents) -> None:
    trend = documents["invoice"].trend
    rows = list(load_workbook(BytesIO(packages["invoice"]), data_only=True)["Trend"].iter_rows(5, 17, values_only=True))
    assert [row[0] for row in rows] == [month.month for month in trend]
    assert rows[0][8] is None, "nothing before it"
    assert [row[8] for row in rows[1:]] == [float(now.total - before.total) for before, now in pairwise(trend)]
    assert rows[-1][9] == 0
    assert rows[0][10] is None, "the year began before the table does"
    this_year = [month.total for month in trend if month.month.startswith("2016")]
    assert rows[-1][10] == float(sum(this_year))


def test_dates_in_the_small_print_stay_whole() -> None:
    for digits in range(1, 40, 6):
        rule = f"{'x' * digits} " + "from 2016-11-01 to 2016-12-01, " * 8
        workbook = load_workbook(BytesIO(render(*sample(sessions=0, rules=(rule,)))))
        lines = [str(cell.value) for cell in workbook["Invoice"]["A"] if "2016" in str(cell.value)]
        assert not any(line.rstrip().endswith("-") for line in lines)


def test_the_package_is_in_english_and_its_window_fits_a_screen() -> None:
    package = render(*sample(locale="ar_EG", participants="full"))
    assert "<dc:language>en</dc:language>" in part(package, "docProps/core.xml")
    width = int(re.search(r'windowWidth="(\d+)"', part(package, "xl/workbook.xml"))[1])
    assert width / 15 < 4000, "pixels"
    sheet = part(package, "xl/worksheets/sheet3.xml")
    assert re.search(r'<dimension ref="A1:P\d+"', sheet)
    assert not re.search(r'<c r="(?:[Q-Z]|[A-Z]{2})\d', sheet)


def test_no_formula_is_stored_without_a_value(packages) -> None:
    for name, package in packages.items():
        with ZipFile(BytesIO(package)) as opened:
            for sheet in (part for part in opened.namelist() if part.startswith("xl/worksheets/sheet")):
                assert not re.search(rb"</f>(<v></v>|<v/>|</c>)", opened.read(sheet)), (name, sheet)


def test_the_two_charts_of_the_trend_stand_side_by_side(packages) -> None:
    """Each ends before the next begins: by column, then by offset within it."""
    drawing = next(
        text
        for number in range(1, 4)
        if (text := part(packages["invoice"], f"xl/drawings/drawing{number}.xml")).count("<xdr:graphicFrame ") == 2
    )
    ends = re.findall(r"<xdr:(?:from|to)><xdr:col>(\d+)</xdr:col><xdr:colOff>(\d+)<", drawing)
    places = [(int(column), int(offset)) for column, offset in ends]
    assert places == sorted(places)


def test_a_price_of_many_decimals_fits_its_column_on_every_sheet() -> None:
    document, sessions = sample(sessions=40)
    price = Decimal("12345.123456789")
    bands = tuple(replace(band, unit_price=price) if band.tier else band for band in document.bands)
    workbook = load_workbook(BytesIO(render(replace(document, bands=bands), sessions)))
    for sheet, column in (("Sessions", "H"), ("Reconciliation", "C")):
        assert workbook[sheet].column_dimensions[column].width > len(f"{price:,}") + 2, sheet
