"""The four statuses against the limits, the rows of the reply, and the allowance: live beside the job's own."""

from dataclasses import dataclass

from reports import wording
from reports.document import STATUSES

from .book import Book, SheetCell, Span, added
from .model import Tally
from .pricing import SHEET, Priced, Pricing, labelled
from .ranges import SheetTable

HEADS = ("Status", "Meaning", "Sessions (live)", "Sessions (job)", "Difference", "Counts towards limit")
MINUTES = (
    "Status", "", "Minutes (live)", "Minutes (job)", "Difference",
    "Unknown durations (live)", "Unknown durations (job)", "Difference",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statuses:
    counts: dict[str, SheetCell]  # by status
    rows: SheetCell  # sessions in the table
    by_status: Span  # the live counts
    differences: tuple[Span, Span, Span]  # of sessions, minutes, unknown durations
    next_row: int


def write(book: Book, row: int, table: SheetTable, counted: Tally) -> Statuses:
    book.text(SHEET, row, 0, "Sessions by status", "section")
    book.heads(SHEET, row + 1, HEADS, 2)
    book.text(SHEET, row + 1, 5, HEADS[5], "head", "center")
    book.sheet(SHEET).set_row(row + 1, 32)
    first = row + 2
    at = first + len(STATUSES)
    below = at + 4  # of the minutes
    book.text(SHEET, below - 2, 0, "Minutes by status", "section")
    book.heads(SHEET, below - 1, MINUTES, 2)
    book.sheet(SHEET).set_row(below - 1, 48)
    counts = {
        status: _status(book, (first + i, below + i), status, table, counted) for i, status in enumerate(STATUSES)
    }
    labelled(book, at, "All sessions", "rows of the Sessions table", "bold")
    rows = book.versus((SHEET, at, 2), table.rows(), counted.rows, book.document.rows.counted, "count")
    sessions, minutes, unknown = (Span(SHEET, column, top, top + len(STATUSES) - 1)
                                  for column, top in ((4, first), (4, below), (7, below)))  # fmt: skip
    by_status = Span(SHEET, 2, first, at - 1)
    return Statuses(counts, rows, by_status, (sessions, minutes, unknown), below + len(STATUSES))


def _status(book: Book, rows: tuple[int, int], status: str, table: SheetTable, counted: Tally) -> SheetCell:
    """Its sessions in the one row, its minutes in the other. Gives the cell of the sessions."""
    document, (row, below) = book.document, rows
    own = document.minutes[status]
    sessions, minutes, unknown = counted.of_status(status)
    labelled(book, row, status, wording.STATUSES[status].meaning)
    name = book.text(SHEET, row, 0, status, "row", "bold").local
    cell = book.versus((SHEET, row, 2), table.count(status=name), sessions, document.counts[status], "count")
    book.text(SHEET, row, 5, wording.counts(status), "row", "center")
    book.texts(SHEET, below, 0, (status, ""), "row", "bold")
    book.versus((SHEET, below, 2), table.sum("minutes", status=name), minutes, own.known, "count")
    formula = f"{cell.local}-({table.count(status=name, minutes=chr(34) + '>=0' + chr(34))})"
    book.versus((SHEET, below, 5), formula, unknown, own.unknown_sessions, "count")
    return cell


@dataclass(frozen=True, slots=True)
class ReplyRows:
    received: SheetCell
    others: tuple[SheetCell, ...]  # set aside, repeated, never connected
    next_row: int


def write_reply(book: Book, row: int) -> ReplyRows:
    """The rows of the vendor's reply: constants, but for those that are sessions."""
    rows = book.document.rows
    book.text(SHEET, row, 0, "Rows of the vendor's reply", "section")
    entries = (
        ("Received", rows.received, "rows of the reply as it came"),
        ("Set aside", rows.set_aside, "see Findings: to be resolved"),
        ("Repeated", rows.repeated, "the same row again, counted once"),
        ("Never connected", rows.never_connected, "no session took place"),
    )
    cells = []
    for offset, (label, count, meaning) in enumerate(entries, 1):
        labelled(book, row + offset, label, meaning)
        cells.append(book.constant(SHEET, row + offset, 2, count, "count", "row"))
    return ReplyRows(cells[0], tuple(cells[1:]), row + 5)


@dataclass(frozen=True, slots=True)
class Limits:
    included: SheetCell
    used: SheetCell
    overage: SheetCell
    differences: Span
    next_row: int


def write_allowance(book: Book, row: int, pricing: Pricing) -> Limits:
    """Sessions included, used, left and over, added up over the parts of the month."""
    own = book.document.allowance
    book.text(SHEET, row, 0, "Sessions against the allowance", "section")
    book.heads(SHEET, row + 1, ("Allowance", "How", "Live", "Job's own", "Difference"), 2)
    free, over = pricing.sessions(included=True), pricing.sessions(included=False)
    first = row + 2
    hows = ("of the plan, all parts", "counted sessions within it", "of it, not used", "counted sessions beyond it")
    for offset, pair in enumerate(zip(("Included", "Used", "Left", "Overage"), hows, strict=True)):
        labelled(book, first + offset, *pair)
    used = book.versus((SHEET, first + 1, 2), *_sum(free), own.used, "count")
    overage = book.versus((SHEET, first + 3, 2), *_sum(over), own.overage, "count")
    if own.included is None:
        word = "unlimited" if own.unlimited else "none"
        included = book.versus((SHEET, first, 2), f'"{word}"', word, word, "right")
        book.versus((SHEET, first + 2, 2), '"—"', "—", "—", "right")
    else:
        tops = [line.up_to for line in free if line.up_to is not None]
        formula = added(tops)
        value = sum(int(top.value) for top in tops)
        included = book.versus((SHEET, first, 2), formula, value, own.included, "count")
        left = f"{included.local}-{used.local}"
        book.versus((SHEET, first + 2, 2), left, value - int(used.value), own.unused or 0, "count")
    return Limits(included, used, overage, Span(SHEET, 4, first, first + 3), first + 4)


def _sum(lines: list[Priced]) -> tuple[str, int]:
    formula = added([line.quantity for line in lines])
    return formula, sum(int(line.quantity.value) for line in lines)
