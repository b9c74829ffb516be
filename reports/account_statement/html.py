"""The statement of account as a page: one file, no network, no script."""

from typing import Any

from reports.account_statement.statement import NO_PAYMENTS, TITLE, AccountStatement, Entry, InCurrency
from reports.formats.html.table import Cell, Table, day, instant, number, row, table
from reports.locale import Locale, locale_named
from reports.stored import plain
from reports.templating import fill, frame
from reports.text import so_many
from reports.wording import title_of

_DOCUMENTS = "Date | Document | Service month | #Net | #Tax | #Total | #Issued so far"
_MONTHS = "Service month | #Documents | #Issued | #Year to date"


def render(statement: AccountStatement) -> bytes:
    return fill("account_statement.html.j2", page(statement)).encode()


def page(statement: AccountStatement) -> dict[str, Any]:
    """The template's variables."""
    shown = statement.presentation
    locale = locale_named(shown.locale)
    return frame(locale, shown.paper, shown.program_version) | {
        "title": TITLE,
        "window_title": f"{TITLE}: {statement.account}, {statement.period}",
        "no_payments": NO_PAYMENTS,
        "statement": statement,
        "months": [locale.month(month) for month in dict.fromkeys((statement.first, statement.last))],
        "known_at": instant(statement.known_at, locale, shown.timezone),
        "totals": [
            (
                f"Issued in {one.currency}",
                _total(one, locale),
                f"{so_many(len(one.entries), 'document', locale.number)}, tax included",
            )
            for one in statement.currencies
        ],
        "currencies": [(one.currency, _documents(one, locale), _months(one, locale)) for one in statement.currencies],
    }


def _total(one: InCurrency, locale: Locale) -> Cell:
    text = f"{one.currency} {locale.number(one.total, one.digits)}"
    return Cell(text, field=f"total_{one.currency.lower()}", value=plain(one.total))


def _documents(one: InCurrency, locale: Locale) -> Table:
    def amounts(*values: Any) -> list[Cell]:
        return [number(locale, value, one.digits) for value in values]

    rows = [
        row(day(entry.issued_on, locale), _named(entry), Cell(locale.month(entry.month), time=entry.month),
            *amounts(entry.net, entry.tax, entry.total, entry.running))
        for entry in one.entries
    ]  # fmt: skip
    sums = row(Cell("Issued"), Cell(""), Cell(""), *amounts(one.net, one.tax, one.total), Cell(""), tone="total")
    caption = f"By service month, then as issued; amounts in {one.currency}"
    return table(f"documents-{one.currency}", caption, _DOCUMENTS, rows, foot=(sums,), wide=True)


def _named(entry: Entry) -> Cell:
    return Cell(f"{title_of(entry.kind)} {entry.number}", name=True)


def _months(one: InCurrency, locale: Locale) -> Table:
    rows = [
        row(
            Cell(locale.month(month.month), time=month.month),
            number(locale, month.documents),
            number(locale, month.total, one.digits),
            number(locale, month.year_to_date, one.digits),
        )
        for month in one.months
    ]
    caption = f"Amounts in {one.currency}, tax included; the year to date counts from January"
    return table(f"months-{one.currency}", caption, _MONTHS, rows)
