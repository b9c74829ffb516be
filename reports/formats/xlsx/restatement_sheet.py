"""The Restatement sheet: each session that differs from the last issued state, why, and what that does to money."""

from decimal import Decimal

from reports.document import STATUSES, Document
from reports.wording import name_of

from .book import Book, Span
from .links import Links
from .model import decimals
from .page import set_up, totals_of, wide

SHEET = "Restatement"
MOST = 50_000  # rows; the JSON file holds all
NAMES = {"reordered": "place in the order", "billable_at": "billable at", "rounding": "rounding"}
AMOUNT, WHY = 4, 5  # columns


def write(book: Book, links: Links) -> tuple[str, Decimal]:
    """The sheet. Gives the sum of its amounts, as a formula for other sheets and as a value."""
    document, sheet = book.document, book.sheet(SHEET)
    set_up(book, SHEET, landscape=True)
    digits = max(document.digits, *(decimals(change.amount) for change in document.changes), 0)
    amount = wide(18, digits, totals_of(document))
    book.widths(SHEET, 16, 20, 24, 24, amount, 72)
    sheet.ignore_errors({"number_stored_as_text": "A1:A1048576"})  # session numbers are names, not figures
    book.text(SHEET, 0, 0, f"Restatement of {document.month}", "title")
    against = ", ".join(issued.number or issued.kind for issued in document.already_issued)
    book.text(SHEET, 2, 0, f"{name_of(document)}; the month as it is now, less what was issued: {against}", "note")
    row = _transitions(book, 4)
    book.text(SHEET, row + 1, 0, "Changes, session by session", "section")
    book.texts(SHEET, row + 2, 0, ("Session", "What changed", "Before", "After"), "head")
    book.text(SHEET, row + 2, AMOUNT, f"Amount ({document.currency})", "head", "right")
    book.text(SHEET, row + 2, WHY, "Why", "head", "indent")
    sheet.repeat_rows(row + 2)
    first = row + 3
    last = _changes(book, first, links)
    total = sum((change.amount for change in document.changes), Decimal(0))
    span = Span(SHEET, AMOUNT, first, last)
    book.texts(SHEET, last + 1, 0, ("All changes = net of this document", "", "", ""), "sum")
    book.live(SHEET, last + 1, AMOUNT, f"SUM({span.local})", total, "sum", _amounts(document))
    return f"SUM({span.ref})", total


def _amounts(document: Document) -> str:
    """The look of the amounts: of the currency's digits, unless one of them has more."""
    return "price" if any(decimals(change.amount) > document.digits for change in document.changes) else "money"


def _transitions(book: Book, row: int) -> int:
    """Sessions by status before and after. Gives the next free row."""
    transitions = book.document.transitions
    book.text(SHEET, row, 0, "Statuses before (rows) and after (columns)", "section")
    present = {*transitions, *(after for row_of in transitions.values() for after in row_of)}
    statuses = [*STATUSES, *sorted(present - set(STATUSES))]
    book.text(SHEET, row + 1, 0, "Before", "head")
    book.texts(SHEET, row + 1, 1, [f"→ {status}" for status in statuses], "head", "center")
    for offset, before in enumerate(statuses, 2):
        book.text(SHEET, row + offset, 0, before, "bold", "row")
        for column, after in enumerate(statuses, 1):
            count = transitions.get(before, {}).get(after, 0)
            if count:
                book.constant(SHEET, row + offset, column, count, "count", "center", "row")
            else:
                book.text(SHEET, row + offset, column, "·", "center", "row")
    book.text(SHEET, row + 2 + len(statuses), 0, "“—” stands for a session that was, or is, not there.", "note")
    return row + 3 + len(statuses)


def _changes(book: Book, first: int, links: Links) -> int:
    """Gives the last row written, or `first` where there is none."""
    changes, row = book.document.changes, first
    look = _amounts(book.document)
    for row, change in enumerate(changes[:MOST], first):
        book.session(SHEET, row, 0, change.session_id, links)
        book.text(SHEET, row, 1, NAMES.get(change.kind, change.kind), "row", "top")
        book.text(SHEET, row, 2, change.before or "—", "row", "top", "wrap")
        book.text(SHEET, row, 3, change.after or "—", "row", "top", "wrap")
        book.constant(SHEET, row, AMOUNT, change.amount, look, "row", "top")
        book.text(SHEET, row, WHY, change.why, "row", "top", "wrap", "indent")
        book.height(SHEET, row, (change.before or "", 24), (change.after or "", 24), (change.why, 70))
    if not changes:
        book.text(SHEET, first, 0, "No session differs.", "row")
    elif len(changes) > MOST:
        row += 1
        rest = changes[MOST:]
        book.text(
            SHEET, row, 0, f"… and {len(rest):,} more, all of them in {book.document.files['json']}", "row", "bold"
        )
        book.constant(SHEET, row, AMOUNT, sum((change.amount for change in rest), Decimal(0)), look, "row")
    return row
