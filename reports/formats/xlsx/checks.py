"""The checks of the Reconciliation sheet: what must be equal, live, and one verdict over all."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .book import Book, SheetCell, Value
from .pricing import SHEET
from .styles import VERDICTS

HEADS = ("Check", "", "Live", "Must equal", "Difference", "Result")


@dataclass(frozen=True, slots=True)
class Check:
    """Two formulas that must come to the same, with their values now."""

    label: str
    left: str
    left_value: Value
    right: str
    right_value: Value
    look: str = "count"


def write(book: Book, row: int, checks: Sequence[Check]) -> SheetCell:
    """All checks from `row` on, under the verdict. Gives the verdict's cell: "OK" or "ERROR"."""
    first, last = row + 2, row + 1 + len(checks)
    verdicts = [_check(book, first + offset, check) for offset, check in enumerate(checks)]
    book.heads(SHEET, row + 1, HEADS, 2)
    book.text(SHEET, row + 1, 5, HEADS[5], "head", "center")
    book.sheet(SHEET).set_row(row, 22)
    book.text(SHEET, row, 0, "All checks", "section")
    formula = f'IF(COUNTIF($F${first + 1}:$F${last + 1},"OK")={len(checks)},"OK","ERROR")'
    value = "OK" if all(verdicts) else "ERROR"
    whole = book.live(SHEET, row, 1, formula, value, "section", "left")
    for area in ((row, 1, row, 1), (first, 5, last, 5)):
        book.coloured(SHEET, area, VERDICTS)
    return whole


def _check(book: Book, row: int, check: Check) -> bool:
    book.text(SHEET, row, 0, check.label, "row")
    book.text(SHEET, row, 1, "", "row")
    left = book.live(SHEET, row, 2, check.left, check.left_value, check.look, "row")
    right = book.live(SHEET, row, 3, check.right, check.right_value, check.look, "row")
    apart = Decimal(check.left_value) - Decimal(check.right_value)
    difference = book.live(SHEET, row, 4, f"ROUND({left.local}-{right.local},6)", round(apart, 6), check.look, "row")
    formula = f'IF({difference.local}=0,"OK","ERROR")'
    book.live(SHEET, row, 5, formula, "ERROR" if round(apart, 6) else "OK", "center", "row")
    return not round(apart, 6)
