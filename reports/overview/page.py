"""Everything the index template places, ready: headings, sentences, figures, links."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reports.formats.html.table import UNKNOWN, Cell, Table, number, row, table
from reports.locale import Locale, locale_named
from reports.match.result import bucket
from reports.overview.content import Bill, Concern, DocumentEntry, Overview, OverviewAccount, OverviewMonth, Sum
from reports.overview.progress import Progress, progress
from reports.overview.spark import Spark, digits_of, is_foreign, spark
from reports.text import so_many
from reports.wording import title_of

RECENT = 6  # months side by side
SUMS = 6  # months
MOST = 100  # concerns; the accounts' tables show all

MONTH_STATUSES = {
    "issued": ("✓", "Issued", "ok"),
    "adjusted": ("✓", "Adjusted", "ok"),
    "restated": ("▲", "Changed since", "warning"),
    "draft": ("○", "Draft", "info"),
    "failed": ("✕", "Failed", "error"),
    "fetched": ("✕", "Unfinished", "error"),
    "missing": ("✕", "Missing", "error"),
}
MATTERS = {
    "failed": ("Failed", "Correct what the reason names, then run the month again."),
    "blocking": ("Blocking findings", "Open the draft: each finding says what to do."),
    "restated": ("Changed since issued", "Compare the draft with the invoice; if it is right, run --adjust."),
    "unwritten": ("Files unfinished", "Run the month again: it finishes the files."),
    "missing": ("No invoice", "Run the month: it is not billed, although months before or after it are."),
    "not_issued": ("Closed, not issued", "Run the month without --draft: it issues the invoice."),
    "may_have_changed": ("May have changed", "Run the month again to see whether anything changed."),
    "unallocated": ("Money without a cost centre", "Map the hosts; allocate --reallocate moves what is issued."),
}
MAY_HAVE_CHANGED = Cell("May have changed", mark="△", tone="warning")


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    path: str
    about: str  # what screen readers say of it


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document in an account's table."""

    title: str
    number: str
    total: str
    links: tuple[Link, ...]
    absent: str  # the formats whose files are not in this folder


@dataclass(frozen=True, slots=True)
class MonthRow:
    id: str
    month: str
    text: str
    status: Cell
    warnings: str
    may_have_changed: Cell | None
    counted: Cell
    included: Cell
    overage: Cell
    total: Cell
    documents: tuple[DocumentRow, ...]
    bill: Link | None  # the vendor's, in words; `path` may be empty
    progress: Progress | None  # of an open month


@dataclass(frozen=True, slots=True)
class Recent:
    """An account's month in the table of all accounts."""

    month: str
    total: str
    status: Cell
    path: str  # the page to open, or the account's row further down


@dataclass(frozen=True, slots=True)
class AccountRows:
    id: str
    key: str
    name: str
    currency: str
    amounts_in: str
    spark: Spark
    recent: tuple[Recent | None, ...]  # one for each month of the heading; None where nothing is known
    months: tuple[MonthRow, ...]  # newest first
    status: str  # in a few words
    open: bool


def page(overview: Overview) -> dict[str, Any]:
    """The template's variables."""
    locale = locale_named(overview.locale)
    recent = _recent(overview)
    several = len(overview.accounts) > 3
    return {
        "for_paper": False,
        "lang": locale.page_tag,
        "date_lang": locale.tag,
        "paper": {"A4": "A4", "Letter": "letter"}[overview.paper],
        "issuer": overview.issuer,
        "program_version": overview.program_version,
        "known_at": _known_at(overview, locale),
        "is_empty": not any(account.months for account in overview.accounts),
        "concerns": [_concern(concern, locale) for concern in overview.concerns[:MOST]],
        "concerned": _concerned(overview, locale),
        "more_concerns": max(0, len(overview.concerns) - MOST),
        "sums": _sums(overview.sums, locale),
        "recent": [(month, locale.month(month)) for month in recent],
        "accounts": [_account(account, recent, locale, is_open=not several) for account in overview.accounts],
    }


def _recent(overview: Overview) -> list[str]:
    """The last months anything is known of, newest first."""
    return sorted({month.month for account in overview.accounts for month in account.months}, reverse=True)[:RECENT]


def _known_at(overview: Overview, locale: Locale) -> Cell | None:
    at = overview.known_at
    return None if at is None else Cell(locale.instant(at, overview.timezone), time=at.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _concerned(overview: Overview, locale: Locale) -> str:
    count = len(overview.concerns)
    if not count:
        return "Nothing needs attention."
    return f"{locale.number(count)} {'matter needs' if count == 1 else 'matters need'} attention"


def _concern(concern: Concern, locale: Locale) -> dict[str, Any]:
    title, to_do = MATTERS[concern.matter]
    return {
        "title": title,
        "account": concern.account,
        "month": concern.month,
        "month_text": locale.month(concern.month),
        "detail": concern.detail,
        "to_do": to_do,
        "place": _place(concern.account, concern.month),
    }


def _sums(sums: tuple[Sum, ...], locale: Locale) -> Table:
    months = sorted({one.month for one in sums}, reverse=True)[:SUMS]
    rows = [
        row(
            Cell(locale.month(one.month), time=one.month),
            Cell(one.currency),
            number(locale, one.accounts),
            number(locale, one.total, digits_of(one.total)),
        )
        for one in sums
        if one.month in months
    ]
    return table("sums", "All accounts; invoices with their adjustments, tax included", _SUM_HEADINGS, rows)


_SUM_HEADINGS = "Month | Currency | #Accounts | #Total issued"


def _account(account: OverviewAccount, recent: list[str], locale: Locale, *, is_open: bool) -> AccountRows:
    known = {month.month: month for month in account.months}
    last = account.months[-1] if account.months else None
    return AccountRows(
        id=f"account-{account.key}",
        key=account.key,
        name=account.name,
        currency=account.currency,
        amounts_in=account.currency + ", or as named" * any(is_foreign(one, account) for one in account.months),
        spark=spark(account, locale),
        recent=tuple(_recently(account, known.get(month), locale) for month in recent),
        months=tuple(_month(account, month, locale) for month in reversed(account.months)),
        status=f"{locale.month(last.month)}: {MONTH_STATUSES[last.status][1].lower()}"
        if last
        else "nothing billed yet",
        open=is_open,
    )


def _recently(account: OverviewAccount, month: OverviewMonth | None, locale: Locale) -> Recent | None:
    if month is None:
        return None
    pages = [file.path for paper in month.documents for file in paper.files if file.format == "html" and file.path]
    total = _amount(month.total, month, account, locale)
    path = pages[0] if pages else f"#{_place(account.key, month.month)}"
    return Recent(locale.month(month.month), total, _status(month), path)


def _amount(amount: Decimal | None, month: OverviewMonth, account: OverviewAccount, locale: Locale) -> str:
    """With its currency where that is not the account's."""
    if amount is None:
        return UNKNOWN
    figure = locale.number(amount, digits_of(amount))
    return f"{month.currency} {figure}" if is_foreign(month, account) else figure


def _status(month: OverviewMonth) -> Cell:
    mark, word, tone = MONTH_STATUSES[month.status]
    return Cell(word, mark=mark, tone=tone)


def _month(account: OverviewAccount, month: OverviewMonth, locale: Locale) -> MonthRow:
    def figure(value: int | None) -> Cell:
        return Cell(UNKNOWN, number=True) if value is None else number(locale, value)

    warnings = so_many(month.warnings, "warning", locale.number)
    return MonthRow(
        id=_place(account.key, month.month),
        month=month.month,
        text=locale.month(month.month),
        status=_status(month),
        warnings=warnings if month.warnings else "",
        may_have_changed=MAY_HAVE_CHANGED if month.may_have_changed else None,
        counted=figure(month.counted),
        included=figure(month.included),
        overage=figure(month.overage),
        total=Cell(_amount(month.total, month, account, locale), number=True),
        documents=tuple(_listed(document, account, month, locale) for document in month.documents),
        bill=_bill(month.bill, locale),
        progress=progress(month.open, locale) if month.open else None,
    )


def _bill(bill: Bill | None, locale: Locale) -> Link | None:
    if bill is None:
        return None
    text = "not matched yet"
    if bill.matched:
        age = f" ({bucket(bill.age)})"
        text = f"matched, {locale.number(bill.open)} open{age}" if bill.open else "matched, nothing open"
    return Link(text, bill.page or "", f"the vendor's bill: {text}")


def _listed(paper: DocumentEntry, account: OverviewAccount, month: OverviewMonth, locale: Locale) -> DocumentRow:
    title = title_of(paper.kind)
    called = paper.number or f"{title.lower()} of {account.key}, {locale.month(month.month)}"
    return DocumentRow(
        title=title,
        number=paper.number or "",
        total=_amount(paper.total, month, account, locale),
        links=tuple(
            Link(file.format.upper(), file.path, f"{called} as {file.format.upper()}")
            for file in paper.files
            if file.path is not None
        ),
        absent=", ".join(file.format.upper() for file in paper.files if file.path is None),
    )


def _place(account: str, month: str) -> str:
    """The id of an account's month in the page."""
    return f"month-{account}-{month}"
