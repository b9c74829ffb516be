"""The Sessions sheets: a real Excel table; XlsxWriter writes head and formats, the rows are streamed in later."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import pandas as pd
from xlsxwriter.utility import xl_range

from .book import Sheets
from .columns import Column, names_people
from .ranges import Block
from .rows import laid_out
from .stream import Splice

NAMES = "This sheet holds names of participants. Handle it as patients' data."


def header_rows(columns: Sequence[Column]) -> int:
    """One row, or two where a line above the table says that it holds names."""
    return 2 if names_people(columns) else 1


def write(book: Sheets, block: Block, columns: Sequence[Column], *, title: str, description: str) -> None:
    """The sheet of one block but its rows, with a template of their formats. `title`, `description`: the table's."""
    sheet, top = book.sheet(block.sheet), block.first_row - 1
    if top:
        book.text(block.sheet, 0, 0, NAMES, "section")
        sheet.print_area(0, 0, block.last_row, len(columns) - 1)  # a long note would shrink every page
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)
        sheet.write_blank(block.first_row, number, None, book.style(*column.styles))
        sheet.write_blank(block.first_row, len(columns) + number, None, book.style(*column.styles, "quote"))
    sheet.set_row(top, 32)
    heads = [_head(book, column) for column in columns]
    table = {"name": block.table, "style": "Table Style Light 9", "columns": heads}
    sheet.add_table(top, 0, top + 1, len(columns) - 1, table | {"title": title, "description": description})
    sheet.freeze_panes(block.first_row, 1)


def _head(book: Sheets, column: Column) -> dict[str, object]:
    """A column's head stands as its figures do."""
    style = column.styles[0]
    side = style if style in ("center", "indent") else "indent" if style == "instant" else "right"
    return {"header": column.head, "header_format": book.style("head", side)}


def splices(
    blocks: Sequence[Block], columns: Sequence[Column], sessions: pd.DataFrame, paths: Mapping[str, str]
) -> list[Splice]:
    """What to stream into which sheet. `paths`: of each sheet within the package."""
    return [
        Splice(
            path=paths[block.sheet],
            template_row=block.first_row + 1,
            table=block.table,
            reference=xl_range(block.first_row - 1, 0, block.last_row, len(columns) - 1),
            rows=partial(_rows, sessions.iloc[block.start : block.stop], columns, block.first_row + 1),
            columns=len(columns),
        )
        for block in blocks
    ]


def _rows(
    sessions: pd.DataFrame, columns: Sequence[Column], first: int, formats: Sequence[tuple[int, int]]
) -> Iterator[bytes]:
    cells = [partial(column.cells, sessions) for column in columns]
    return laid_out(len(sessions), formats, cells, first)
