"""The statement of account as a workbook: a sheet of documents and one of months for each currency, sums live."""

from datetime import datetime, time

from reports.account_statement.statement import NO_PAYMENTS, TITLE, AccountStatement, InCurrency
from reports.formats.xlsx.book import SheetCell, Sheets, Span
from reports.formats.xlsx.page import Print, lay_out, wide
from reports.formats.xlsx.stream import packed
from reports.formats.xlsx.styles import accounting
from reports.wording import title_of

_HEADS = ("Date", "Document", "Number", "Service month", "Net", "Tax", "Total", "Issued so far")
_MONTH_HEADS = ("Service month", "Documents", "Issued", "Issued earlier that year", "Year to date")
_FIRST = 4  # row of the first document, and month


def render(statement: AccountStatement) -> bytes:
    """The .xlsx package."""
    book = Sheets(
        {one.currency: {"num_format": accounting(one.digits)} for one in statement.currencies}
        | {f"{one.currency} total": {"num_format": accounting(one.digits, f'"{one.currency}"')}
           for one in statement.currencies}
    )  # fmt: skip
    foot = f"{statement.account} · {statement.period}"
    printed = Print(statement.presentation.paper, f"{TITLE}: {statement.customer.name}", "NOT AN INVOICE", foot)
    for one in statement.currencies:
        for name in (_documents_sheet(one), _months_sheet(one)):
            book.sheet(name)
            lay_out(book, name, printed, landscape=True, repeat=_FIRST)
        book.define({f"issued_total_{one.currency.lower()}": _documents(book, statement, one)})
        _months(book, statement, one)
    book.describe(
        title=f"{TITLE}: {statement.customer.name}, {statement.period}",
        subject=f"Documents issued for {statement.period}",
        author=statement.issuer.name,
        category=TITLE,
        program_version=statement.presentation.program_version,
        created=statement.known_at,
    )
    return packed(book, (), statement.presentation.locale)


def _documents_sheet(one: InCurrency) -> str:
    return f"Documents {one.currency}"


def _months_sheet(one: InCurrency) -> str:
    return f"Months {one.currency}"


def _top(book: Sheets, name: str, statement: AccountStatement, heads: tuple[str, ...], words: int) -> None:
    book.text(name, 0, 0, f"{TITLE}: {statement.customer.name}", "title")
    book.text(name, 1, 0, f"{statement.account}, {statement.period}. Not an invoice. {NO_PAYMENTS}", "note")
    book.heads(name, _FIRST - 1, heads, words)
    book.sheet(name).set_row(_FIRST - 1, 32)
    book.sheet(name).freeze_panes(_FIRST, 0)


def _documents(book: Sheets, statement: AccountStatement, one: InCurrency) -> SheetCell:
    """Gives the sum of all totals."""
    name, money = _documents_sheet(one), one.currency
    sheet = book.sheet(name)
    width = wide(14, one.digits, (*(entry.running for entry in one.entries), one.net, one.total))
    book.widths(name, 12, 24, 30, 14, width, width, width, width)
    _top(book, name, statement, _HEADS, 4)
    for at, entry in enumerate(one.entries, _FIRST):
        sheet.write_datetime(at, 0, datetime.combine(entry.issued_on, time()), book.style("date", "row"))
        book.texts(name, at, 1, [title_of(entry.kind), entry.number, entry.month], "row")
        net = book.constant(name, at, 4, entry.net, money, "row")
        tax = book.constant(name, at, 5, entry.tax, money, "row")
        digits = one.digits
        total = book.live(name, at, 6, f"ROUND({net.local}+{tax.local},{digits})", entry.total, money, "row")
        before = f"{SheetCell(name, at - 1, 7, 0).local}+" if at > _FIRST else ""
        book.live(name, at, 7, f"ROUND({before}{total.local},{digits})", entry.running, money, "row")
    last = _FIRST + len(one.entries)
    book.texts(name, last, 0, ["Issued", "", "", ""], "grand")
    sums = [
        book.live(name, last, column, f"SUM({Span(name, column, _FIRST, last - 1).local})", value, "grand", look)
        for column, value, look in ((4, one.net, money), (5, one.tax, money), (6, one.total, f"{money} total"))
    ]
    book.text(name, last, 7, "", "grand")
    sheet.autofilter(_FIRST - 1, 0, last - 1, len(_HEADS) - 1)
    return sums[-1]


def _months(book: Sheets, statement: AccountStatement, one: InCurrency) -> None:
    name, money, documents = _months_sheet(one), one.currency, _documents_sheet(one)
    last = _FIRST + len(one.entries) - 1
    months, totals = Span(documents, 3, _FIRST, last), Span(documents, 6, _FIRST, last)
    width = wide(16, one.digits, (month.year_to_date for month in one.months))
    book.widths(name, 16, 12, width, width, width)
    _top(book, name, statement, _MONTH_HEADS, 1)
    for at, month in enumerate(one.months, _FIRST):
        own = book.text(name, at, 0, month.month, "row").local
        book.live(name, at, 1, f"COUNTIF({months.ref},{own})", month.documents, "count", "row")
        formula = f"ROUND(SUMIF({months.ref},{own},{totals.ref}),{one.digits})"
        total = book.live(name, at, 2, formula, month.total, money, "row")
        before = one.months[at - _FIRST - 1] if at > _FIRST else None
        goes_on = before is not None and before.month[:4] == month.month[:4]
        if goes_on:
            book.text(name, at, 3, "", "row")
            earlier = SheetCell(name, at - 1, 4, 0)
        else:
            earlier = book.constant(name, at, 3, month.year_to_date - month.total, money, "row", "job")
        formula = f"ROUND({earlier.local}+{total.local},{one.digits})"
        book.live(name, at, 4, formula, month.year_to_date, money, "row")
