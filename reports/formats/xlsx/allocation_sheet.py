"""The Allocation sheet: what each cost centre pays of each line; sums live beside the document's own figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from reports.allocation import Allocation, CentreShare, LineKey, line_order
from reports.centres.csv import descriptions
from reports.document import STATUSES

from .book import Book, SheetCell, Span
from .checks import Check
from .hosts_sheet import LIVE_UP_TO
from .page import set_up, totals_of, wide
from .ranges import SheetTable
from .totals import Totals

SHEET = "Allocation"
HEAD = 3  # row of the heads
LABELS = 2  # columns before the lines: name and code


@dataclass(frozen=True, slots=True)
class Spread:
    names: dict[str, SheetCell]  # allocation_total, allocation_difference
    checks: tuple[Check, Check]


def write(book: Book, allocation: Allocation, table: SheetTable, totals: Totals, sessions: pd.DataFrame) -> Spread:
    """`sessions`: with their column `centre`."""
    document, sheet = book.document, book.sheet(SHEET)
    own: dict[LineKey, Decimal] = {(line.part, line.meter, line.tier): line.amount for line in document.lines}
    keys = sorted({*own, *(line.key for one in allocation.centres for line in one.lines)}, key=line_order)
    last = LABELS + len(keys) + 1  # the column of the totals
    set_up(book, SHEET, landscape=True, repeat=HEAD + 1)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 14)
    sheet.set_column(LABELS, last, wide(15, document.digits, totals_of(document)))
    book.text(SHEET, 0, 0, f"What each cost centre pays, {document.currency}", "title")
    texts = descriptions(document)
    book.heads(SHEET, HEAD, ("Cost centre", "Code", *(texts[key] for key in keys), document.tax_name, "Total"), LABELS)
    sheet.set_row(HEAD, 62)
    first = HEAD + 1
    for row, share in enumerate(allocation.centres, first):
        _centre(book, row, share, keys)
    end = first + max(len(allocation.centres), 1)  # the row of the sums
    figures = [*(own.get(key, document.total * 0) for key in keys), document.tax, document.total]
    total, apart = _sums(book, (first, end), allocation, keys, figures)
    _counts(book, end + 4, allocation, table, sessions)
    sheet.freeze_panes(first, 1)
    grand = totals.total
    gap = Decimal(total.value) - Decimal(grand.value)
    formula = f"ROUND({total.local}-{grand.ref},{document.digits})"
    book.text(SHEET, 2, 0, "Difference to the total of the document", "note")
    difference = book.live(SHEET, 2, LABELS, formula, gap, "money")
    adds = Check(
        "Shares of the cost centres add up to the total", total.ref, total.value, grand.ref, grand.value, "money"
    )
    row_of_gaps = f"{SHEET}!{_cell(end + 2, LABELS)}:{_cell(end + 2, last)}"
    squares = f"SUMSQ({row_of_gaps},{difference.ref})"
    same = Check("Shares equal the lines", squares, apart + gap**2, "0", 0, "squares")
    return Spread({"allocation_total": total, "allocation_difference": difference}, (adds, same))


def _centre(book: Book, row: int, share: CentreShare, keys: Sequence[LineKey]) -> None:
    book.text(SHEET, row, 0, share.name, "row", "bold")
    book.text(SHEET, row, 1, share.code, "row")
    amounts = {line.key: line.amount for line in share.lines}
    zero = share.total * 0
    for column, key in enumerate(keys, LABELS):
        book.constant(SHEET, row, column, amounts.get(key, zero), "money", "row")
    tax = LABELS + len(keys)
    book.constant(SHEET, row, tax, share.tax, "money", "row")
    across = f"SUM({_cell(row, LABELS)}:{_cell(row, tax)})"
    book.live(SHEET, row, tax + 1, f"ROUND({across},{book.document.digits})", share.total, "money", "row", "bold")


def _cell(row: int, column: int) -> str:
    return SheetCell(SHEET, row, column, 0).local


def _sums(
    book: Book, rows: tuple[int, int], allocation: Allocation, keys: Sequence[LineKey], figures: Sequence[Decimal]
) -> tuple[SheetCell, Decimal]:
    """Sum, document's figure and difference below each column. Gives the sum of totals, and Σ difference²."""
    first, end = rows
    digits, zero, apart = book.document.digits, book.document.total * 0, Decimal(0)
    book.texts(SHEET, end, 0, ("All cost centres (live)", ""), "sum")
    book.texts(SHEET, end + 1, 0, ("The document's own", ""), "job")
    book.texts(SHEET, end + 2, 0, ("Difference", ""), "note")
    by_key = [
        sum((line.amount for one in allocation.centres for line in one.lines if line.key == key), zero) for key in keys
    ]
    taxes, totals = (sum((getattr(one, name) for one in allocation.centres), zero) for name in ("tax", "total"))
    for column, (live, own) in enumerate(zip([*by_key, taxes, totals], figures, strict=True), LABELS):
        down = f"ROUND(SUM({Span(SHEET, column, first, end - 1).local}),{digits})"
        total = book.live(SHEET, end, column, down, live, "sum", "money")
        job = book.constant(SHEET, end + 1, column, own, "money", "job")
        book.live(SHEET, end + 2, column, f"ROUND({total.local}-{job.local},{digits})", live - own, "money")
        apart += (live - own) ** 2
    return total, apart


def _counts(book: Book, row: int, allocation: Allocation, table: SheetTable, sessions: pd.DataFrame) -> None:
    """Sessions by cost centre and status, live as long as that stays quick."""
    live = len(allocation.centres) * len(sessions) <= LIVE_UP_TO
    note = "counted live from the Sessions table" if live else "the job's own: too many to count live"
    heads = ("Cost centre", "Key", *STATUSES, "Within the allowance", "Beyond it", "Known minutes")
    book.titled(SHEET, row, f"Sessions of the month by cost centre, {note}", heads, LABELS)
    counted = sessions.groupby(["centre", "status"], observed=True).size().to_dict()
    for at, share in enumerate(allocation.centres, row + 2):
        book.text(SHEET, at, 0, share.name, "row", "bold")
        key = book.text(SHEET, at, 1, share.centre, "row")
        for column, status in enumerate(STATUSES, LABELS):
            if live:
                formula = table.count(centre=key.local, status=f'"{status}"')
                book.live(SHEET, at, column, formula, int(counted.get((share.centre, status), 0)), "count", "row")
            else:
                book.constant(SHEET, at, column, share.sessions[status], "count", "row")
        for column, count in enumerate((share.included, share.overage, share.minutes), LABELS + len(STATUSES)):
            book.constant(SHEET, at, column, count, "count", "row")
