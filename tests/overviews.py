"""Made-up overviews of any size, and pages of their accounts, for tests of how they look."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from reports.document import Presentation
from reports.overview.content import (
    MATTERS,
    AccountPage,
    Concern,
    DocumentEntry,
    File,
    Line,
    OpenMonth,
    Overview,
    OverviewMonth,
    Sum,
)

STATUSES: tuple[Any, ...] = ("issued", "issued", "issued", "adjusted", "restated", "draft", "failed", "missing")
FORMATS = ("xlsx", "html", "json", "csv")
CURRENCIES = (("USD", 2), ("KWD", 3), ("JPY", 0), ("EUR", 2))
KNOWN_AT = datetime(2017, 1, 5, 6, 0, 1, tzinfo=UTC)


def presentation(**changes: Any) -> Presentation:
    named = {"timezone": "UTC", "locale": "en_US", "paper": "Letter", "participants": "hidden"}
    return Presentation(**named | {"program_version": "0.1.0"} | changes)


def overview(accounts: int = 2, months: int = 6, *, name: str = "", detail: str = "", **fields: Any) -> Overview:
    """`accounts` × `months` up to 2016-12, of every status; `name` and `detail` stand for what comes from outside."""
    pages = [account_page(number, months, name=name) for number in range(accounts)]
    concerns = [
        Concern(matter, pages[number % accounts].key, _month(number % months), detail or f"reason {number}")
        for number, matter in enumerate(MATTERS * (accounts > 0 < months))
    ]
    whole = Overview(
        issuer=name or "Example Billing LLC",
        presentation=presentation(),
        known_at=KNOWN_AT if pages and months else None,
        lines=tuple(_line(page, sum(one.account == page.key for one in concerns)) for page in pages),
        concerns=tuple(concerns),
        sums=tuple(
            Sum(_month(back), currency, _amount(1234 + back, digits), accounts)
            for back in range(min(months, 13))
            for currency, digits in CURRENCIES[:accounts]
        ),
    )
    return Overview(**{field: getattr(whole, field) for field in Overview.__slots__} | fields)


def account_page(number: int = 0, months: int = 6, *, name: str = "", detail: str = "", **fields: Any) -> AccountPage:
    """The page of one of them."""
    currency, digits = CURRENCIES[number % len(CURRENCIES)]
    key = f"clinic-{number + 1:02}"
    concerns = tuple(Concern(matter, key, _month(0), detail or f"reason of {matter}") for matter in MATTERS)
    whole = AccountPage(
        issuer=name or "Example Billing LLC",
        presentation=presentation(),
        basis="b" * 64,
        known_at=KNOWN_AT,
        key=key,
        name=name or f"Clinic No. {number + 1} Telehealth LLC",
        currency=currency,
        months=tuple(_of_month(key, back, number, currency, digits) for back in reversed(range(months))),
        concerns=concerns if months else (),
    )
    return AccountPage(**{field: getattr(whole, field) for field in AccountPage.__slots__} | fields)


def _line(page: AccountPage, concerns: int) -> Line:
    if not page.months:
        return Line(page.key, page.name, None, None, page.currency, None, None, 0, has_page=False)
    newest = page.months[-1]
    year = [one.total for one in page.months if one.total is not None and one.month[:4] == newest.month[:4]]
    total = sum(year, Decimal(0)) if year else None
    return Line(
        page.key, page.name, newest.month, newest.status, page.currency, newest.total, total, concerns, has_page=True
    )


def _month(back: int) -> str:
    index = 2016 * 12 + 11 - back
    return f"{index // 12}-{index % 12 + 1:02}"


def _amount(units: int, digits: int) -> Decimal:
    return (Decimal(units * 997) / 7).quantize(Decimal(1).scaleb(-digits))


def _of_month(key: str, back: int, number: int, currency: str, digits: int) -> OverviewMonth:
    month, status = _month(back), STATUSES[(back * 3 + number) % len(STATUSES)]
    stem = f"{key.upper()}-{month.replace('-', '')}-{number:04}"
    total, documents = _amount(20 + back * 7 % 11 + number, digits), []
    if status in ("issued", "adjusted", "restated"):
        files = tuple(File(name, f"{month}/{stem}.{name}" if back != 1 else None) for name in FORMATS)
        documents.append(DocumentEntry("invoice", stem, date(2017, 1, 4), total, files))
    if status == "adjusted":
        files = tuple(File(name, f"{month}/{stem}-CN1.{name}") for name in FORMATS)
        documents.append(DocumentEntry("credit_note", f"{stem}-CN1", date(2017, 1, 5), -_amount(2, digits), files))
    if status in ("restated", "draft"):
        files = tuple(File(name, f"{month}/draft.{name}") for name in FORMATS)
        kind = "draft" if status == "draft" else "draft_credit_note"
        documents.append(DocumentEntry(kind, None, None, total, files))
    computed = status not in ("failed", "missing")
    return OverviewMonth(
        month=month,
        status=status,
        counted=40 + back if computed else None,
        included=8 if computed and number % 2 == 0 else None,
        overage=32 + back if computed else None,
        total=total if documents and documents[0].number else None,
        currency=currency,
        warnings=back % 3 if computed else 0,
        may_have_changed=status == "issued" and back % 3 == 0,
        documents=tuple(documents),
        open=OpenMonth(9 + back, 8, 14 if back else None, 20 if back else 5, 30) if status == "draft" else None,
    )
