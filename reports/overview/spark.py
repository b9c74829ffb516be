"""Sparklines: an account's totals of the last months, a bar each. Lengths are in the units of the SVG's view box."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from reports.locale import Locale
from reports.overview.content import AccountPage, OverviewMonth

MONTHS = 13
STEP, WIDTH, HEIGHT = 8, 6, 26


@dataclass(frozen=True, slots=True)
class SparkBar:
    x: int
    y: str
    height: str
    issued: bool


@dataclass(frozen=True, slots=True)
class Spark:
    box: str
    bars: tuple[SparkBar, ...]
    in_words: str  # what it shows, in words


def spark(account: AccountPage, locale: Locale) -> Spark:
    months = [month for month in account.months[-MONTHS:] if not is_foreign(month, account)]
    highest = max((_shown(month) for month in months), default=Decimal(0))
    bars = tuple(_bar(number, month, highest) for number, month in enumerate(months))
    return Spark(f"0 0 {MONTHS * STEP - (STEP - WIDTH)} {HEIGHT}", bars, _in_words(months, account, locale))


def digits_of(amount: Decimal) -> int:
    """Of the currency that the amount is quantised to."""
    return max(0, -int(amount.as_tuple().exponent))


def is_foreign(month: OverviewMonth, account: AccountPage) -> bool:
    """Whether its amounts, if it has any, are in another currency than the account's newest."""
    return bool(month.documents) and month.currency != account.currency


def _shown(month: OverviewMonth) -> Decimal:
    return max(Decimal(0), month.total or Decimal(0))


def _bar(number: int, month: OverviewMonth, highest: Decimal) -> SparkBar:
    share = _shown(month) / highest if highest else Decimal(0)
    height = max(Decimal(1), (share * HEIGHT).quantize(Decimal("0.1")))
    return SparkBar(number * STEP, str(HEIGHT - height), str(height), issued=month.total is not None)


def _in_words(months: Sequence[OverviewMonth], account: AccountPage, locale: Locale) -> str:
    if not months:
        return "No month yet"
    each = [
        f"{locale.month(month.month)} "
        + ("nothing issued" if (total := month.total) is None else locale.number(total, digits_of(total)))
        for month in months
    ]
    others = sorted({month.currency for month in account.months[-MONTHS:] if is_foreign(month, account)})
    left_out = f"; months in {' and '.join(others)} are not shown" if others else ""
    return f"Issued by month in {account.currency}: {'; '.join(each)}{left_out}"
