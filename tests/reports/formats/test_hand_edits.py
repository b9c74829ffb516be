"""A workbook changed by hand says so on every sheet; what is not to be changed is locked."""

from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from reports.document import STATUSES
from reports.formats.xlsx.workbook import build
from tests.documents import sample
from tests.reports.formats.libreoffice import recalculated
from tests.reports.formats.test_xlsx import edited, to_comp

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported")  # openpyxl knows no data bars of 2010

CASES = {"invoice": {"sessions": 30}, "draft": {"kind": "draft"}, "credit_note": {"kind": "credit_note"}}
SAID = {
    "invoice": "CHANGED BY HAND: issued total was USD 200.26",
    "draft": "CHANGED BY HAND: draft's total was USD 151.55",
    "credit_note": "CHANGED BY HAND: issued total was USD -16.24",
}


def swapped(sheet: str) -> str:
    """One BILL and one COMP of the sheet, each turned into the other: the counts stay as they are."""
    marked = sheet.replace("<t>COMP</t>", "<t>?</t>", 1)
    assert marked != sheet
    return to_comp(marked).replace("<t>?</t>", "<t>BILL</t>", 1)


def overwritten(package: bytes) -> bytes:
    """The total of the Invoice sheet written over with a number."""
    workbook, target = load_workbook(BytesIO(package)), BytesIO()
    total = next(cell.row for cell in workbook["Invoice"]["B"] if cell.value == "Total")
    workbook["Invoice"][f"D{total}"] = 1
    workbook.save(target)
    return target.getvalue()


@pytest.fixture(scope="module")
def packages() -> dict[str, bytes]:
    return {name: build(*sample(**case)) for name, case in CASES.items()} | {
        "two_sheets": build(*sample(sessions=25), sheet_rows=14)
    }


@pytest.fixture(scope="module")
def by_libreoffice(packages: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    changed = {f"{name}_changed": edited(package, 3, to_comp) for name, package in packages.items()}
    changed["swapped"] = edited(packages["invoice"], 3, swapped)
    changed["overwritten"] = overwritten(packages["invoice"])
    return recalculated(packages | changed, tmp_path_factory.mktemp("libreoffice"))


def said(workbook: Workbook) -> dict[str, list[str]]:
    """What each sheet's line says."""
    return {
        sheet.title: [str(cell.value) for row in sheet.iter_rows() for cell in row if "CHANGED" in str(cell.value)]
        for sheet in workbook
    }


def test_as_it_was_made_no_sheet_says_anything(packages) -> None:
    for package in packages.values():
        workbook = load_workbook(BytesIO(package), data_only=True)
        assert not any(said(workbook).values())
        assert all(lines == [lines[0]] for lines in said(load_workbook(BytesIO(package))).values())


@pytest.mark.needs("LibreOffice")
def test_a_status_changed_by_hand_is_said_on_every_sheet_with_the_total_as_it_was(packages, by_libreoffice) -> None:
    for name, line in SAID.items():
        lines = said(load_workbook(by_libreoffice[f"{name}_changed"], data_only=True))
        assert lines == {sheet: [line] for sheet in load_workbook(BytesIO(packages[name])).sheetnames}
        assert not any(said(load_workbook(by_libreoffice[name], data_only=True)).values())
    lines = said(load_workbook(by_libreoffice["two_sheets_changed"], data_only=True))
    assert len(lines["Sessions"]) == len(lines["Sessions 2"]) == 1


@pytest.mark.needs("LibreOffice")
@pytest.mark.parametrize("name", ["swapped", "overwritten"])
def test_a_change_that_leaves_every_count_as_it_was_is_said_too(name, by_libreoffice) -> None:
    assert all(said(load_workbook(by_libreoffice[name], data_only=True)).values())


@pytest.mark.needs("LibreOffice")
def test_an_invoices_lines_still_multiply_after_a_change(by_libreoffice) -> None:
    rows = load_workbook(by_libreoffice["invoice_changed"], data_only=True)["Invoice"].iter_rows(values_only=True)
    lines = [row[1:4] for row in rows if all(isinstance(value, int | float) for value in row[1:4])]
    assert len(lines) > 3
    assert all(quantity * price == pytest.approx(amount, abs=0.005) for quantity, price, amount in lines)


def test_only_statuses_are_open_and_there_are_four_to_choose_from(packages) -> None:
    for sheet in load_workbook(BytesIO(packages["two_sheets"])):
        assert sheet.protection.sheet
        assert sheet.protection.password is None
        unlocked = [cell for row in sheet.iter_rows() for cell in row if not cell.protection.locked]
        if not sheet.title.startswith("Sessions"):
            assert unlocked == []
            continue
        (choice,) = sheet.data_validations.dataValidation
        assert choice.formula1 == f'"{",".join(STATUSES)}"'
        assert {cell.value for cell in unlocked} <= set(STATUSES)
        assert str(choice.sqref) == f"{unlocked[0].coordinate}:{unlocked[-1].coordinate}"
        assert len(unlocked) == sheet.max_row - 1


def test_locked_sheets_can_be_filtered_and_their_columns_widened(packages) -> None:
    for sheet in load_workbook(BytesIO(packages["invoice"])):
        locked = sheet.protection
        allowed = (locked.autoFilter, locked.sort, locked.formatColumns, locked.formatRows, locked.selectLockedCells)
        assert not any(allowed)


def test_the_line_is_printed_on_every_page_of_the_sessions(packages) -> None:
    sheet = load_workbook(BytesIO(packages["invoice"]))["Sessions"]
    (cell,) = (cell for cell in sheet[1] if "all_checks" in str(cell.value))
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.print_area == f"'Sessions'!$A$1:${cell.column_letter}${sheet.max_row}"
