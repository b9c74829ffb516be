"""The Sessions sheets: a real Excel table; XlsxWriter writes head and formats, the rows are streamed in later."""

from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd
from xlsxwriter.utility import xl_range

from reports.document import Document

from .book import Book, Sheets
from .page import set_up
from .ranges import Block, Table
from .rows import row_chunks
from .stream import Splice

NAMES = "This sheet holds names of participants. Handle it as patients' data."


Column = tuple[str, int, tuple[str, ...]]


def columns(document: Document) -> list[Column]:
    """Header, width and looks of each column, in the order of `ranges.COLUMNS`, then the optional ones."""
    shown: list[Column] = [
        ("Session", 12, ("id",)),
        ("Billable at (UTC)", 24, ("instant",)),
        (f"Billable at, local time ({document.timezone})", 24, ("instant",)),
        ("Scheduled at (UTC)", 24, ("instant",)),
        ("Status", 9, ("center",)),
        ("Counts towards limit", 12, ("center",)),
        ("Allowance", 19, ("indent",)),
        (f"Charge ({document.currency})", 13, ("price",)),
        ("Minutes", 10, ("count",)),
        ("Host", 34, ("indent",)),
        ("Host ID", 10, ("id",)),
        ("Part of month", 9, ("center",)),
    ]
    if document.events:
        shown.append(("Minutes estimated from webhook events (never charged)", 18, ("count",)))
    if document.participants == "full":
        shown += [("Participants", 40, ("indent",)), ("Note", 40, ("indent",))]
    return shown


def header_rows(document: Document) -> int:
    """One row, or two where a line above the table says that it holds names."""
    return 2 if document.participants == "full" else 1


def write(book: Book, table: Table) -> None:
    """Every Sessions sheet but its rows."""
    for block in table.blocks:
        _write_sheet(book, block)


def _write_sheet(book: Book, block: Block) -> None:
    document = book.document
    sheet = book.sheet(block.sheet)
    shown = columns(document)
    full = document.participants == "full"
    set_up(book, block.sheet, NAMES if full else "", landscape=True, repeat=header_rows(document))
    if full:
        book.text(block.sheet, 0, 0, NAMES, "section")
        sheet.print_area(0, 0, block.last_row, len(shown) - 1)  # a long note would shrink every page
    for number, (_, width, looks) in enumerate(shown):
        sheet.set_column(number, number, width)
        sheet.write_blank(block.first_row, number, None, book.style(*looks))
        sheet.write_blank(block.first_row, len(shown) + number, None, book.style(*looks, "quote"))
    top = block.first_row - 1
    sheet.set_row(top, 32)
    sheet.add_table(
        top, 0, top + 1, len(shown) - 1,
        {
            "name": block.table,
            "style": "Table Style Light 9",
            "columns": [head(book, header, looks) for header, _, looks in shown],
            "title": "Sessions of the month",
            "description": f"One row for each session of {document.month}, by time; names of columns in the first row",
        },
    )  # fmt: skip
    sheet.freeze_panes(block.first_row, 1)


def head(book: Sheets, header: str, looks: tuple[str, ...]) -> dict[str, object]:
    """A column's head stands as its figures do."""
    side = looks[0] if looks[0] in ("center", "indent") else "indent" if looks[0] == "instant" else "right"
    return {"header": header, "header_format": book.style("head", side)}


def splices(document: Document, table: Table, sessions: pd.DataFrame, paths: dict[str, str]) -> list[Splice]:
    """What to stream into which sheet. `paths`: of each sheet within the package."""
    width = len(columns(document))
    return [
        Splice(
            path=paths[block.sheet],
            template_row=block.first_row + 1,
            table=block.table,
            reference=xl_range(block.first_row - 1, 0, block.last_row, width - 1),
            rows=partial(_rows, sessions.iloc[block.start : block.stop], document.timezone, block.first_row + 1),
            columns=width,
        )
        for block in table.blocks
    ]


def _rows(sessions: pd.DataFrame, timezone: str, first: int, styles: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    return row_chunks(sessions, styles, timezone, first)
