"""Made-up statements of account of any length."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import accumulate
from typing import Any

from reports.account_statement.statement import AccountStatement, Entry, InCurrency, MonthIssued
from reports.parties import Party
from tests.overviews import presentation

CURRENCIES = (("EUR", 2), ("JPY", 0), ("KWD", 3))


def statement(months: int = 3, currencies: int = 2, **shown: Any) -> AccountStatement:
    """`months` from 2016-07 on in each of the currencies: an invoice a month, and a credit note to every third."""
    return AccountStatement(
        account="acme",
        issuer=Party("Example Billing LLC", ("1 Main St",), "ap@example.com"),
        customer=Party("Acme Telehealth LLC", ("22 Harbor Rd",)),
        first=_month(0),
        last=_month(months - 1),
        known_at=datetime(2017, 1, 5, 6, 0, 1, tzinfo=UTC),
        presentation=presentation(**shown),
        currencies=tuple(_in_currency(*one, months) for one in CURRENCIES[:currencies]),
    )


def _month(number: int) -> str:
    return f"{2016 + (6 + number) // 12}-{(6 + number) % 12 + 1:02}"


def _in_currency(currency: str, digits: int, months: int) -> InCurrency:
    unit = Decimal(1).scaleb(-digits)
    drafts: list[tuple[str, str, str, Decimal]] = []
    for number in range(months):
        name = f"ACME-{_month(number).replace('-', '')}-{number + 1:04}"
        drafts.append((_month(number), "invoice", name, (1000 + number) * 7 * unit))
        if number % 3 == 2:
            drafts.append((_month(number), "credit_note", f"{name}-CN1", -500 * unit))
    totals = [net + unit for *_, net in drafts]
    entries = tuple(
        Entry(month, date(2017, 1, 4), kind, name, net, unit, total, running)
        for (month, kind, name, net), total, running in zip(drafts, totals, accumulate(totals), strict=True)
    )
    by_month = {month: [one.total for one in entries if one.month == month] for month in map(_month, range(months))}
    return InCurrency(
        currency=currency,
        digits=digits,
        entries=entries,
        months=tuple(
            MonthIssued(month, len(own), sum(own, Decimal(0)), _year_to_date(entries, month))
            for month, own in by_month.items()
        ),
        net=sum((one.net for one in entries), Decimal(0)),
        tax=sum((one.tax for one in entries), Decimal(0)),
        total=sum(totals, Decimal(0)),
    )


def _year_to_date(entries: tuple[Entry, ...], month: str) -> Decimal:
    return sum((one.total for one in entries if month[:4] == one.month[:4] and one.month <= month), Decimal(0))
