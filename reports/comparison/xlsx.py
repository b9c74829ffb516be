"""A comparison of plans as a workbook: one sheet, its totals live."""

from reports.comparison.result import ASSUMPTIONS, Comparison, Priced
from reports.formats.xlsx.book import SheetCell, Sheets, Span
from reports.formats.xlsx.page import Print, lay_out
from reports.formats.xlsx.stream import packed
from reports.formats.xlsx.styles import accounting

SHEET = "Plans"
HEAD = 4  # row


def render(comparison: Comparison) -> bytes:
    """The .xlsx package."""
    shown = comparison.presentation
    book = Sheets({"money": {"num_format": accounting(comparison.digits)}})
    book.sheet(SHEET)
    printed = Print(shown.paper, "Plans compared", "NOT AN INVOICE", f"{comparison.account} · {comparison.period}")
    lay_out(book, SHEET, printed, landscape=True)
    book.text(SHEET, 0, 0, "Plans compared", "title")
    book.text(SHEET, 1, 0, f"{comparison.customer} ({comparison.account}), {comparison.period}", "note")
    book.text(SHEET, 2, 0, f"{comparison.verdict()}.", "bold")
    row = _table(book, comparison) + 2
    for title, lines in (
        ("Break-even", [one.in_words() for one in comparison.break_even]),
        ("What is assumed", [*ASSUMPTIONS, f"As of {comparison.as_of:%Y-%m-%d %H:%M:%S} UTC."]),
    ):
        book.text(SHEET, row, 0, title, "section")
        for offset, line in enumerate(lines, 1):
            book.text(SHEET, row + offset, 0, line)
        row += len(lines) + 2
    _describe(book, comparison)
    return packed(book, (), shown.locale)


def _table(book: Sheets, comparison: Comparison) -> int:
    """A row a month, then the totals, in the row that is given."""
    priced = (comparison.billed, *comparison.plans)
    sheet, last = book.sheet(SHEET), len(priced) + 2
    sheet.set_column(0, 1, 12)
    sheet.set_column(2, last - 1, 18)
    sheet.set_column(last, last, 26)
    heads = ("Month", "Sessions", *(f"{one.name} ({comparison.currency})" for one in priced))
    book.heads(SHEET, HEAD, heads, 1)
    book.text(SHEET, HEAD, last, "Cheapest plan", "head", "indent")
    book.height(SHEET, HEAD, *((head, 16) for head in heads))
    for index, month in enumerate(comparison.months):
        row = HEAD + 1 + index
        book.text(SHEET, row, 0, month, "row")
        book.constant(SHEET, row, 1, comparison.sessions[index], "count", "row")
        for column, one in enumerate(priced, 2):
            book.constant(SHEET, row, column, one.net[index], "money", "row")
        book.text(SHEET, row, last, comparison.cheapest(index), "row", "indent")
    total = HEAD + 1 + len(comparison.months)
    book.text(SHEET, total, 0, "All", "sum")
    first = total - len(comparison.months)
    book.live(SHEET, total, 1, _sum(1, first, total), sum(comparison.sessions), "count", "sum")
    cells = [_total(book, column, first, total, one) for column, one in enumerate(priced, 2)]
    book.text(SHEET, total, last, comparison.cheapest_overall.name, "sum", "indent")
    book.define({"billed_total": cells[0], "cheapest_total": _cheapest(comparison, cells)})
    return total


def _sum(column: int, first: int, total: int) -> str:
    return f"SUM({Span(SHEET, column, first, total - 1).local})"


def _total(book: Sheets, column: int, first: int, total: int, priced: Priced) -> SheetCell:
    return book.live(SHEET, total, column, _sum(column, first, total), priced.total, "money", "sum")


def _cheapest(comparison: Comparison, cells: list[SheetCell]) -> SheetCell:
    return cells[1 + comparison.plans.index(comparison.cheapest_overall)]


def _describe(book: Sheets, comparison: Comparison) -> None:
    book.describe(
        title=f"Plans compared, {comparison.account}, {comparison.period}",
        subject=f"SecureVideo usage of {comparison.period} under other plans",
        author=comparison.issuer,
        category="Comparison",
        program_version=comparison.presentation.program_version,
        created=comparison.as_of,
    )
