"""The statement of one cost centre as a workbook: Statement, whose sums are live, and Sessions."""

from collections import Counter
from collections.abc import Sequence

from reports.allocation import Allocation
from reports.centres.statement import Statement
from reports.document import STATUSES
from reports.formats.xlsx import sessions_sheet
from reports.formats.xlsx.book import Book, Span
from reports.formats.xlsx.columns import Column
from reports.formats.xlsx.page import Print, lay_out
from reports.formats.xlsx.ranges import SHEET_ROWS, SheetTable, blocks
from reports.formats.xlsx.stream import packed
from reports.text import shown as cleaned

SHEET = "Statement"
WIDE, NARROW = 60, 16


def render(
    statement: Statement, allocation: Allocation, shown: Sequence[Column], sheet_rows: int = SHEET_ROWS
) -> bytes:
    """The .xlsx package. `shown`: the columns of sessions; `sheet_rows`: how many rows a sheet holds."""
    document = statement.document
    book = Book(document)
    table = SheetTable(blocks(len(statement.sessions), 1, sheet_rows), [column.name for column in shown])
    for name in (SHEET, *(block.sheet for block in table.blocks)):
        book.sheet(name)
    mark = "NOT AN INVOICE" if document.final else "DRAFT, NOT AN INVOICE"
    printed = Print(document.paper, statement.of_document, mark, f"{statement.share.name} · {document.month}")
    lay_out(book, SHEET, printed, landscape=False)
    _write(book, statement, allocation, table)
    for block in table.blocks:
        lay_out(book, block.sheet, printed, landscape=True, repeat=1)
        description = "One row for each session, by time; names of columns in the first row"
        sessions_sheet.write(book, block, shown, title="Sessions of the cost centre", description=description)
    _describe(book, statement)
    return packed(book, sessions_sheet.splices(table.blocks, shown, statement.sessions, book.paths()), document.locale)


def _write(book: Book, statement: Statement, allocation: Allocation, table: SheetTable) -> None:
    sheet, share, document = book.sheet(SHEET), statement.share, statement.document
    sheet.set_column(0, 0, WIDE)
    sheet.set_column(1, 2, NARROW)
    book.text(SHEET, 0, 0, f"{statement.title}: {share.name}", "title")
    for column in range(3):
        book.text(SHEET, 1, column, "" if column else f"{statement.of_document}.", "section", "band")
    top = 3
    book.text(SHEET, top, 0, f"{statement.figure}, {document.currency}", "grand")
    book.text(SHEET, top, 1, "", "grand")
    pairs = [("Cost centre", share.centre), ("Code", share.code), ("Company", document.bill_to.name)]
    for offset, (label, text) in enumerate([*pairs, ("Service month (UTC)", document.month)], top + 2):
        book.text(SHEET, offset, 0, f"{label}: {text}")
    first = top + 8
    book.heads(SHEET, first - 1, ("Line", "Of your sessions", f"Share ({document.currency})"), 1)
    for at, line in enumerate(statement.lines, first):
        book.text(SHEET, at, 0, line.description, "row", "wrap")
        book.height(SHEET, at, (line.description, WIDE))
        book.constant(SHEET, at, 1, "" if line.quantity is None else line.quantity, "quantity", "row")
        book.constant(SHEET, at, 2, line.amount, "money", "row")
    last = first + max(len(statement.lines), 1)
    book.texts(SHEET, last, 0, ("Net", ""), "sum")
    net = book.live(SHEET, last, 2, f"SUM({Span(SHEET, 2, first, last - 1).local})", share.net, "sum", "money")
    book.texts(SHEET, last + 1, 0, (document.tax_name, ""), "bold")
    tax = book.constant(SHEET, last + 1, 2, share.tax, "bold", "money")
    book.texts(SHEET, last + 2, 0, ("Total", ""), "grand")
    digits = document.digits
    total = book.live(SHEET, last + 2, 2, f"ROUND({net.local}+{tax.local},{digits})", share.total, "grand", "total")
    book.live(SHEET, top, 2, total.local, share.total, "grand", "total")
    book.define({"centre_net": net, "centre_tax": tax, "centre_total": total})
    row = _counts(book, last + 4, statement, table)
    book.text(SHEET, row + 1, 0, "Why", "section")
    for offset, reason in enumerate(statement.reasons(allocation), row + 2):
        book.paragraph(SHEET, offset, 2, reason, WIDE + 2 * NARROW)


def _counts(book: Book, row: int, statement: Statement, table: SheetTable) -> int:
    """The centre's sessions by status, live over the Sessions table beside the job's own."""
    book.heads(SHEET, row, ("Sessions of the cost centre", "Live", "Job's own"), 1)
    listed = Counter(statement.sessions["status"].tolist())
    for at, status in enumerate(STATUSES, row + 1):
        name = book.text(SHEET, at, 0, status, "row").local
        book.live(SHEET, at, 1, table.count(status=name), listed[status], "count", "row")
        book.constant(SHEET, at, 2, statement.share.sessions[status], "count", "row", "job")
    return row + 1 + len(STATUSES)


def _describe(book: Book, statement: Statement) -> None:
    document = statement.document
    book.workbook.set_properties(
        {
            "title": cleaned(f"{statement.title}: {statement.share.name}, {document.month}", 255),
            "subject": f"SecureVideo usage of {document.month}",
            "author": cleaned(document.bill_to.name, 255),
            "company": cleaned(document.bill_to.name, 255),
            "category": "Final" if document.final else "Draft",
            "comments": f"Made by securevideo-billing {document.program_version}",
            "created": document.snapshot.fetched_at.replace(tzinfo=None),
        }
    )
