"""The About sheet: where the figures come from, how to read and how to trace them."""

from reports.document import Document
from reports.text import so_many
from reports.wording import STATUSES, marked, name_of

from .book import Book
from .page import set_up
from .sessions_sheet import NAMES

SHEET = "About"

TRACE = (
    (
        "Start at a line of the Invoice sheet. Its quantity and amount are formulas that lead to the same line on "
        "Reconciliation, under Pricing."
    ),
    (
        "There the usage is counted from the Sessions table by status (BILL) and part of the month; quantity is the "
        "usage between “Above” and “Up to”; the amount is quantity × unit price, rounded once, halves up."
    ),
    (
        "In the Sessions table filter Status = BILL: the column Allowance says of each session which place it has, and "
        "Charge what it costs. These two and “Counts towards limit” are the job's own and do not change."
    ),
    "Each session's number is SecureVideo's own; the reply that it came in is kept under the SHA-256 above.",
    (
        "To try “what if”, change a status in the Sessions table: counts, overage and totals change, and All checks on "
        "Reconciliation turns to ERROR, since the live figures no longer match the job's. The status "
        "turns red, and every sheet says that it was changed by hand, and the total as it was. All else is locked, "
        "without a password (Review, Unprotect Sheet)."
    ),
    "A ROUND within a ROUND takes away what binary arithmetic adds before a half is rounded up.",
)
LEGEND = (
    ("upright figure", "live: a formula over the Sessions table, or a constant of the plan"),
    ("grey italic figure", "the job's own figure, a constant; next to it the difference, zero if all is well"),
    (marked("blocking"), "to be resolved; until then the month stays a draft"),
    (marked("warning"), "worth checking; the month is issued all the same"),
    (marked("info"), "for the record"),
    *((status, words.explained) for status, words in STATUSES.items()),
)


def write(book: Book) -> None:
    document, sheet = book.document, book.sheet(SHEET)
    set_up(book, SHEET)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 110)
    book.text(SHEET, 0, 0, "About this workbook", "title")
    row = _pairs(book, 2, "Source", _sources(document))
    row = _pairs(book, row + 1, "How to trace a figure", [(f"Step {n}", step) for n, step in enumerate(TRACE, 1)])
    row = _pairs(book, row + 1, "Legend", list(LEGEND))
    _pairs(book, row + 1, "Rules", [(f"Rule {n}", rule) for n, rule in enumerate(document.rules, 1)])


def _pairs(book: Book, row: int, title: str, pairs: list[tuple[str, str]]) -> int:
    book.text(SHEET, row, 0, title, "section")
    return book.pairs(SHEET, row + 1, pairs, 110, "row")


def _sources(document: Document) -> list[tuple[str, str]]:
    snapshot = document.snapshot
    names = NAMES if document.participants == "full" else "Names of participants are left out."
    return [
        ("Document", name_of(document)),
        ("Account and month", f"{document.account}, {document.month}"),
        ("Source", f"SecureVideo's session history, fetched {snapshot.fetched_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Snapshot", f"SHA-256 {snapshot.sha256}, {so_many(snapshot.rows, 'row', '{:,}'.format)}"),
        ("Program", f"securevideo-billing {document.program_version}"),
        ("Times", f"Every rule works in UTC; the column of local time is for reading only ({document.timezone})."),
        ("Privacy", names),
        *_live(document),
    ]


_STATES = {
    "in_progress": "in progress",
    "ended": "ended, duration not captured",
    "contradicting": "never started",
    "unavailable": "without an answer",
    "not_asked": "not asked about",
}


def _live(document: Document) -> list[tuple[str, str]]:
    """What the Status API and the webhook say of the month, where they were asked."""
    said = []
    if any(document.live.values()):
        counts = ", ".join(f"{number} {_STATES[name]}" for name, number in document.live.items() if number)
        said.append(("Sessions without a duration", f"{counts}, as SecureVideo's Status API said with the snapshot."))
    if document.events:
        without, unlisted = document.events["without_event"], document.events["ended_unlisted"]
        text = (
            f"{so_many(without, 'billable session')} without any event; "
            f"{so_many(unlisted, 'session')} that ended and History does not list."
        )
        said.append(("Webhook events", f"{text} Hints only: no figure rests on them."))
    return said
