"""Everything the template of an account's page places, ready: headings, sentences, figures, links."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from reports.formats.html.table import UNKNOWN, Cell, number
from reports.locale import Locale, locale_named
from reports.match.result import bucket
from reports.overview import matters
from reports.overview.content import AccountPage, Bill, DocumentEntry, OverviewMonth
from reports.overview.progress import Progress, progress
from reports.overview.spark import digits_of, is_foreign, spark
from reports.text import place, so_many
from reports.wording import title_of

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


def page(account: AccountPage) -> dict[str, Any]:
    """The template's variables."""
    locale = locale_named(account.presentation.locale)
    return matters.frame(account, locale) | {
        "basis": Markup(basis_tag(account.basis).decode()),  # noqa: S704  # a digest
        "key": account.key,
        "name": account.name,
        "concerns": [matters.concern(concern, locale, "") for concern in account.concerns],
        "concerned": matters.concerned(len(account.concerns), locale),
        "spark": spark(account, locale),
        "amounts_in": account.currency + ", or as named" * any(is_foreign(one, account) for one in account.months),
        "months": [_month(account, month, locale) for month in reversed(account.months)],
    }


def basis_tag(basis: str) -> bytes:
    """What says in the page what it was made from."""
    return f'<meta name="basis" content="{basis}">'.encode()


def _amount(amount: Decimal | None, month: OverviewMonth, account: AccountPage, locale: Locale) -> str:
    """With its currency where that is not the account's."""
    if amount is None:
        return UNKNOWN
    figure = locale.number(amount, digits_of(amount))
    return f"{month.currency} {figure}" if is_foreign(month, account) else figure


def _month(account: AccountPage, month: OverviewMonth, locale: Locale) -> MonthRow:
    def figure(value: int | None) -> Cell:
        return Cell(UNKNOWN, number=True) if value is None else number(locale, value)

    warnings = so_many(month.warnings, "warning", locale.number)
    return MonthRow(
        id=place(month.month),
        month=month.month,
        text=locale.month(month.month),
        status=matters.status(month.status),
        warnings=warnings if month.warnings else "",
        may_have_changed=MAY_HAVE_CHANGED if month.may_have_changed else None,
        counted=figure(month.counted),
        included=figure(month.included),
        overage=figure(month.overage),
        total=Cell(_amount(month.total, month, account, locale), number=True),
        documents=tuple(_listed(one, account, month, locale) for one in month.documents),
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


def _listed(document: DocumentEntry, account: AccountPage, month: OverviewMonth, locale: Locale) -> DocumentRow:
    title = title_of(document.kind)
    called = document.number or f"{title.lower()} of {account.key}, {locale.month(month.month)}"
    return DocumentRow(
        title=title,
        number=document.number or "",
        total=_amount(document.total, month, account, locale),
        links=tuple(
            Link(file.format.upper(), file.path, f"{called} as {file.format.upper()}")
            for file in document.files
            if file.path is not None
        ),
        absent=", ".join(file.format.upper() for file in document.files if file.path is None),
    )
