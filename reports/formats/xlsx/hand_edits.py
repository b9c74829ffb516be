"""What tells a workbook changed by hand from the one that was made: locked cells, and a live line on every sheet."""

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter.utility import xl_rowcol_to_cell

from reports.document import STATUSES, Document

from .book import Book, SheetCell
from .columns import counts_towards_limit
from .ranges import Block, SheetTable
from .styles import VERMILLION

LINE = 1  # its row, under the title
WIDTH, HEIGHT = 22, 48  # of the line beside the Sessions table: characters, points
ALLOWED = ("select_locked_cells", "select_unlocked_cells", "format_columns", "format_rows", "autofilter", "sort",
           "pivot_tables", "objects", "scenarios")  # fmt: skip
EMPTY = " "  # a value to store: readers take a formula with none for one never calculated
EDITED = 'all_checks<>"OK"'
HELP = "A change moves the figures, and every sheet then says CHANGED BY HAND."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sheet's line stands, and how far to the right it is filled."""

    sheet: str
    row: int
    column: int
    last_column: int


def guard(book: Book, verdict: SheetCell, places: Sequence[Place]) -> None:
    """Locks every sheet, and writes its line: empty while `verdict`, the cell named all_checks, is "OK".

    `places`: of the lines that do not stand under the title in the second row.
    """
    text, own = changed(book.document), [place.sheet for place in places]
    value = EMPTY if verdict.value == "OK" else text
    sheets = book.workbook.worksheets()
    usual = [Place(sheet.name, LINE, 0, sheet.dim_colmax) for sheet in sheets if sheet.name not in own]
    for place in (*usual, *places):
        looks = ("edited", "wrap", "top") if place.column == place.last_column else ("edited",)
        formula = f'IF(all_checks="OK","{EMPTY}","{text}")'
        book.live(place.sheet, place.row, place.column, formula, value, *looks)
        _fill(book, place.sheet, (place.row, place.column, place.row, place.last_column), EDITED)
    for sheet in sheets:
        sheet.protect("", dict.fromkeys(ALLOWED, True))


def beside(table: SheetTable) -> list[Place]:
    """Where the Sessions sheets have their line: right of the heads, which stay on screen and on every printed page."""
    column = len(table.columns) + 1
    return [Place(block.sheet, block.first_row - 1, column, column) for block in table.blocks]


def changed(document: Document) -> str:
    """ "CHANGED BY HAND: issued total was USD 152.64"."""
    which = "issued total" if document.final else "draft's total"
    return f"CHANGED BY HAND: {which} was {document.currency} {document.total:,.{document.digits}f}"


def open_statuses(book: Book, block: Block, table: SheetTable) -> None:
    """Lets a person choose another status in the Sessions table, and marks each that is not the job's."""
    status, counts = (table.columns.index(name) for name in ("status", "counts"))
    area = block.first_row, status, block.last_row, status
    sheet = book.sheet(block.sheet)
    sheet.data_validation(
        *area,
        {
            "validate": "list",
            "source": list(STATUSES),
            "input_title": "What if?",
            "input_message": HELP,
            "error_title": "No such status",
            "error_message": f"One of {', '.join(STATUSES)}.",
        },
    )
    typed, own = (xl_rowcol_to_cell(block.first_row, column, col_abs=True) for column in (status, counts))
    line = beside(table)[0].column
    sheet.set_column(line - 1, line - 1, 1)
    sheet.set_column(line, line, WIDTH)
    sheet.set_row(block.first_row - 1, HEIGHT)
    sheet.print_area(0, 0, block.last_row, line)  # a long note above the table would shrink every page
    heads = block.first_row - 1, 0, block.first_row - 1, len(table.columns) - 1
    _fill(book, block.sheet, heads, EDITED)
    _fill(book, block.sheet, area, f'IF({typed}="BILL","yes","no ("&{typed}&")")<>{own}')


def untouched(table: SheetTable) -> str:
    """How many sessions have the status that the job's own words beside it say: a formula."""
    return "+".join(
        table.count(status=f'"{status}"', counts=f'"{counts_towards_limit(status)}"') for status in STATUSES
    )


def _fill(book: Book, sheet: str, area: tuple[int, int, int, int], formula: str) -> None:
    look = book.workbook.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": VERMILLION})
    book.sheet(sheet).conditional_format(*area, {"type": "formula", "criteria": f"={formula}", "format": look})
