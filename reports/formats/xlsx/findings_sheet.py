"""The Findings sheet: what a person should know, in words, with what to do about it."""

from .book import Book
from .page import set_up

SHEET = "Findings"
MOST = 50_000  # rows; the JSON file holds all
SEVERITIES = {"blocking": "■ blocking", "warning": "▲ warning", "info": "● info"}
TO_DO = {
    "unreadable-row": "Ask SecureVideo to correct the row, then run the month again.",
    "unknown-status": "Ask SecureVideo what the status means; the session is not billed until it is one of the four.",
    "missing-status": "Ask SecureVideo for the status, then run the month again.",
    "missing-billable-ts": "Ask SecureVideo when the session became billable, then run the month again.",
    "outside-month": "Run the month it belongs to; if it is missing there, ask SecureVideo.",
    "conflicting-duplicate": "Ask SecureVideo which of the rows is right, then run the month again.",
    "repeated-row": "Nothing: it is counted once. Tell SecureVideo if it comes again.",
    "never-connected": "Nothing: no session came about.",
    "billed-elsewhere": "Compare both months; ask SecureVideo which one is right.",
    "before-first-plan": "Add the plan that held then to the configuration, then run the month again.",
    "duration-implausible": "Ask SecureVideo for the duration if minutes are charged.",
    "duration-unknown": "Nothing, unless minutes are charged: then ask SecureVideo for the duration.",
    "description-mismatch": "Compare the session with SecureVideo's portal.",
    "coerced-type": "Nothing: the value was read. Tell SecureVideo that its type changed.",
    "unknown-field": "Nothing: the field is not used. Look whether a new version of this program knows it.",
    "clock-skew": "Set this computer's clock, then run the month again.",
    "volume-anomaly": "Look whether the count can be right before the invoice goes out.",
    "rows-gone": "Ask SecureVideo why rows are gone from a closed month.",
}
OTHERWISE = {
    "blocking": "A person must look before the month can be issued.",
    "warning": "Look at it when there is time.",
    "info": "Nothing.",
}


def write(book: Book) -> None:
    document, sheet = book.document, book.sheet(SHEET)
    set_up(book, SHEET, landscape=True, repeat=3)
    for column, width in enumerate((14, 24, 14, 70, 60)):
        sheet.set_column(column, column, width)
    book.text(SHEET, 0, 0, "Findings", "title")
    book.texts(SHEET, 2, 0, ("Severity", "Code", "Session", "What was found", "What to do"), "head")
    sheet.freeze_panes(3, 0)
    sheet.ignore_errors({"number_stored_as_text": "C4:C1048576"})  # session numbers are names, not figures
    row = 3
    for row, finding in enumerate(document.findings[:MOST], 3):
        book.text(SHEET, row, 0, SEVERITIES[finding.severity], finding.severity, "row", "top")
        book.text(SHEET, row, 1, finding.code, "row", "top")
        session = "" if finding.session_id is None else str(finding.session_id)
        book.text(SHEET, row, 2, session, "row", "top")
        book.text(SHEET, row, 3, finding.message, "row", "wrap", "top")
        to_do = TO_DO.get(finding.code, OTHERWISE[finding.severity])
        book.text(SHEET, row, 4, to_do, "row", "wrap", "top")
        book.height(SHEET, row, (finding.message, 70), (to_do, 60))
    if not document.findings:
        book.text(SHEET, row, 0, "None: every row of the reply was as it should be.")
    elif len(document.findings) > MOST:
        left = len(document.findings) - MOST
        book.text(SHEET, row + 1, 0, f"… and {left:,} more, all of them in {document.files['json']}", "bold")
