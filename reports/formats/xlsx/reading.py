"""Reading a workbook back, as any other program sees it: its figures by their names, its cells by their addresses."""

import warnings
from collections.abc import Container, Iterator, Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING
from xml.etree.ElementTree import Element, fromstring, iterparse
from zipfile import ZipFile

from reports.formats import Place
from reports.formats.xlsx.columns import PEOPLE

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

Figure = str | int | Decimal | None
MONEY = ("net_total", "tax_total", "grand_total")


def read_figures(package: bytes | Path) -> dict[str, Figure]:
    """Each workbook-wide defined name and the value stored in its cell.

    Counts are int, money is Decimal, words are str; None where the cell is empty. The Sessions rows are not read, every
    other sheet with a name once; all else that the package is made of must be whole. openpyxl reads the same, but takes
    as long to load as a small month takes to bill. Raises anything for a file that is no workbook.
    """
    with ZipFile(BytesIO(package) if isinstance(package, bytes) else package) as parts:
        trees = {name: fromstring(parts.read(name)) for name in parts.namelist() if _SHEETS not in name}  # noqa: S314  # expat bounds what entities grow to
        strings = ["".join(text.itertext()) for text in trees.get("xl/sharedStrings.xml", ())]
        figures: dict[str, Figure] = {}
        for sheet, names in _named_cells(trees).items():
            with parts.open(sheet) as content:
                found = _values(content, frozenset(names.values()), strings)
            figures |= {name: _figure(name, found.get(address)) for name, address in names.items()}
        return figures


_SHEETS = "xl/worksheets/sheet"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def _named_cells(trees: Mapping[str, Element]) -> dict[str, dict[str, str]]:
    """By sheet's part the names defined for its cells, and the cells' addresses. Raises KeyError without the sheet."""
    book, related = trees["xl/workbook.xml"], trees["xl/_rels/workbook.xml.rels"]
    targets = {one.get("Id"): str(one.get("Target")).removeprefix("/xl/") for one in related}
    paths = {one.get("name"): f"xl/{targets[one.get(_RELATED)]}" for one in book.iter(f"{_MAIN}sheet")}
    cells: dict[str, dict[str, str]] = {}
    for one in book.iter(f"{_MAIN}definedName"):
        if one.get("localSheetId") is None:
            sheet, _, address = str(one.text).rpartition("!")
            cells.setdefault(paths[sheet.strip("'")], {})[str(one.get("name"))] = address.replace("$", "")
    return cells


def _values(sheet: IO[bytes], wanted: Container[str], strings: Sequence[str]) -> dict[str, str | int | float]:
    """What stands in the wanted cells of a sheet; nothing of the empty ones."""
    found: dict[str, str | int | float] = {}
    for _, cell in iterparse(sheet):  # noqa: S314  # as above
        if cell.tag == f"{_MAIN}c":
            text = cell.findtext(f"{_MAIN}v")
            if cell.get("r") in wanted and text is not None:
                found[str(cell.get("r"))] = _value(cell.get("t", "n"), text, strings)
            cell.clear()
    return found


def _value(kind: str, text: str, strings: Sequence[str]) -> str | int | float:
    """ECMA-376, part 1, 18.18.11."""
    if kind == "s":
        return strings[int(text)]
    if kind == "n":
        return float(text) if set(text) & set(".eE") else int(text)
    return text


def _figure(name: str, value: str | float | None) -> Figure:
    """A cell is a double; its shortest text is the decimal that was written, up to 15 digits."""
    if value is None or isinstance(value, str):
        return value
    if name in MONEY:
        return Decimal(repr(value))
    return int(value) if isinstance(value, int) or value.is_integer() else str(value)


def cells(content: bytes) -> list[Place]:
    """Every cell's stored value, then every cell's formula. Raises what openpyxl raises."""
    from openpyxl import load_workbook

    places: list[Place] = []
    with warnings.catch_warnings(action="ignore"):  # openpyxl warns of what it would not write again
        for data_only, suffix in ((True, ""), (False, " (formula)")):
            workbook = load_workbook(BytesIO(content), read_only=True, data_only=data_only)
            for sheet in workbook.worksheets:
                places += _of_sheet(sheet, suffix, data_only=data_only)
            workbook.close()
    return places


def _of_sheet(sheet: "Worksheet", suffix: str, *, data_only: bool) -> Iterator[Place]:
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
