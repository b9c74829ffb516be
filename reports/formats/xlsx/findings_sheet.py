"""The Findings sheet: what a person should know, in words, with what to do about it."""

from collections.abc import Sequence

from msgspec import UNSET

from reports.document import Document, Finding
from reports.findings import what_to_do
from reports.wording import marked

from .book import Book, Sheets
from .links import Links
from .page import set_up

SHEET = "Findings"
NONE: Links = {}
MOST = 50_000  # rows


def write(book: Book, links: Links) -> None:
    set_up(book, SHEET, landscape=True, repeat=3)
    fill(book, book.document.findings, _others(book.document), links)


def _others(document: Document) -> str:
    if document.most_alike is UNSET:
        return f"all of them in {document.files.get('json', 'the JSON file')}"
    return "all of them in the ledger"


def fill(book: Sheets, findings: Sequence[Finding], others: str, links: Links = NONE) -> None:
    """The sheet's cells. `others`: where those are that do not fit; `links`: where sessions stand."""
    sheet = book.sheet(SHEET)
    book.widths(SHEET, 14, 24, 14, 70, 60)
    book.text(SHEET, 0, 0, "Findings", "title")
    book.texts(SHEET, 2, 0, ("Severity", "Code", "Session", "What was found", "What to do"), "head")
    sheet.freeze_panes(3, 0)
    sheet.ignore_errors({"number_stored_as_text": "C4:C1048576"})  # session numbers are names, not figures
    row = 3
    for row, finding in enumerate(findings[:MOST], 3):
        book.text(SHEET, row, 0, marked(finding.severity), finding.severity, "row", "top")
        book.text(SHEET, row, 1, finding.code, "row", "top")
        book.session(SHEET, row, 2, finding.session_id, links)
        book.text(SHEET, row, 3, finding.message, "row", "wrap", "top")
        to_do = what_to_do(finding.code, finding.severity)
        book.text(SHEET, row, 4, to_do, "row", "wrap", "top")
        book.height(SHEET, row, (finding.message, 70), (to_do, 60))
    if findings:
        sheet.autofilter(2, 0, row, 4)
    else:
        book.text(SHEET, row, 0, "None: every row of the reply was as it should be.")
    if len(findings) > MOST:
        book.text(SHEET, row + 1, 0, f"… and {len(findings) - MOST:,} more, {others}", "bold")
