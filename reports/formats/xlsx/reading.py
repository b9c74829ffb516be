"""Reading a workbook back, as any other program sees it: its figures by their names, its cells by their addresses."""

import warnings
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from reports.formats import Place
from reports.formats.xlsx.columns import PEOPLE

Figure = str | int | Decimal | None
MONEY = ("net_total", "tax_total", "grand_total")


def read_figures(package: bytes | Path) -> dict[str, Figure]:
    """Each workbook-wide defined name and the value stored in its cell.

    Counts are int, money is Decimal, words are str; None where the cell is empty. The Sessions rows are not read.
    Raises what openpyxl raises for a file that is no workbook, and KeyError for a name without its sheet.
    """
    source = BytesIO(package) if isinstance(package, bytes) else package
    workbook = load_workbook(source, read_only=True, data_only=True)
    try:
        figures: dict[str, Figure] = {}
        for name, defined in workbook.defined_names.items():
            sheet, _, address = defined.attr_text.rpartition("!")
            column, row, _, _ = range_boundaries(address)
            cells = workbook[sheet.strip("'")].iter_rows(row, row, column, column, values_only=True)
            figures[name] = _figure(name, next(cells)[0])
        return figures
    finally:
        workbook.close()


def _figure(name: str, value: object) -> Figure:
    """A cell is a double; its shortest text is the decimal that was written, up to 15 digits."""
    if value is None or isinstance(value, str):
        return value
    if name in MONEY:
        return Decimal(repr(value))
    return int(value) if isinstance(value, int) or (isinstance(value, float) and value.is_integer()) else str(value)


def cells(content: bytes) -> list[Place]:
    """Every cell's stored value, then every cell's formula. Raises what openpyxl raises."""
    places: list[Place] = []
    with warnings.catch_warnings(action="ignore"):  # openpyxl warns of what it would not write again
        for data_only, suffix in ((True, ""), (False, " (formula)")):
            workbook = load_workbook(BytesIO(content), read_only=True, data_only=data_only)
            for sheet in workbook.worksheets:
                places += _of_sheet(sheet, suffix, data_only=data_only)
            workbook.close()
    return places


def _of_sheet(sheet: Worksheet, suffix: str, *, data_only: bool) -> Iterator[Place]:
    """In the Sessions sheets a column's head, the first row of more than one cell, says whether it names people."""
    of_sessions = sheet.title.partition(" ")[0] == "Sessions"
    heads: dict[int, str] | None = None
    for row in sheet.iter_rows():
        filled = [cell for cell in row if cell.value is not None]
        if heads is None and len(filled) > 1:
            heads = {cell.column: str(cell.value) for cell in filled}
        for cell in filled:
            if data_only or str(cell.value).startswith("="):
                named = of_sessions and heads is not None and heads.get(cell.column, PEOPLE[0]) in PEOPLE
                where = f"{sheet.title}!{cell.coordinate}{suffix}"
                yield Place(where, str(cell.value), "names" if named else "figures")
