"""Made-up overviews of any size for tests of the overview page."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from reports.overview.content import (
    MATTERS,
    Concern,
    DocumentEntry,
    File,
    OpenMonth,
    Overview,
    OverviewAccount,
    OverviewMonth,
    Sum,
)

STATUSES: tuple[Any, ...] = ("issued", "issued", "issued", "adjusted", "restated", "draft", "failed", "missing")
FORMATS = ("xlsx", "html", "json", "csv")
CURRENCIES = (("USD", 2), ("KWD", 3), ("JPY", 0), ("EUR", 2))


def overview(accounts: int = 2, months: int = 6, *, name: str = "", detail: str = "", **fields: Any) -> Overview:
    """`accounts` × `months` up to 2016-12, of every standing; `name` and `detail` stand for what comes from outside."""
    made = tuple(_account(number, months, name) for number in range(accounts))
    concerns = [
        Concern(matter, made[number % accounts].key, _month(number % months), detail or f"reason {number}")
        for number, matter in enumerate(MATTERS * (accounts > 0 < months))
    ]
    whole = Overview(
        known_at=datetime(2017, 1, 5, 6, 0, 1, tzinfo=UTC) if made and months else None,
        issuer=name or "Example Billing LLC",
        accounts=made,
        concerns=tuple(concerns),
        sums=tuple(
            Sum(_month(back), currency, _amount(1234 + back, digits), accounts)
            for back in range(min(months, 13))
            for currency, digits in CURRENCIES[:accounts]
        ),
        locale="en_US",
        timezone="UTC",
        paper="Letter",
        program_version="0.1.0",
    )
    return Overview(**{field: getattr(whole, field) for field in Overview.__slots__} | fields)


def _month(back: int) -> str:
    index = 2016 * 12 + 11 - back
    return f"{index // 12}-{index % 12 + 1:02}"


def _amount(units: int, digits: int) -> Decimal:
    return (Decimal(units * 997) / 7).quantize(Decimal(1).scaleb(-digits))


def _account(number: int, months: int, name: str) -> OverviewAccount:
    currency, digits = CURRENCIES[number % len(CURRENCIES)]
    key = f"clinic-{number + 1:02}"
    listed = tuple(_of_month(key, back, number, currency, digits) for back in reversed(range(months)))
    return OverviewAccount(key, name or f"Clinic No. {number + 1} Telehealth LLC", currency, listed)


def _of_month(key: str, back: int, number: int, currency: str, digits: int) -> OverviewMonth:
    month, status = _month(back), STATUSES[(back * 3 + number) % len(STATUSES)]
    folder, stem = f"{key}/{month}", f"{key.upper()}-{month.replace('-', '')}-{number:04}"
    total, documents = _amount(20 + back * 7 % 11 + number, digits), []
    if status in ("issued", "adjusted", "restated"):
        files = tuple(File(name, f"{folder}/{stem}.{name}" if back != 1 else None) for name in FORMATS)
        documents.append(DocumentEntry("invoice", stem, date(2017, 1, 4), total, files))
    if status == "adjusted":
        files = tuple(File(name, f"{folder}/{stem}-CN1.{name}") for name in FORMATS)
        documents.append(DocumentEntry("credit_note", f"{stem}-CN1", date(2017, 1, 5), -_amount(2, digits), files))
    if status in ("restated", "draft"):
        files = tuple(File(name, f"{folder}/draft.{name}") for name in FORMATS)
        documents.append(DocumentEntry("draft" if status == "draft" else "draft_credit_note", None, None, total, files))
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
