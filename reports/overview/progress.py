"""The bar of an open month: what is used and what is projected, against the allowance. Lengths are of its view box."""

from dataclasses import dataclass

from reports.locale import Locale
from reports.overview.content import OpenMonth

WIDTH, HEIGHT = 100, 8


@dataclass(frozen=True, slots=True)
class Progress:
    box: str
    used: str  # widths
    projected: str
    limit: str  # place of the allowance's mark; empty without one
    in_words: str


def progress(month: OpenMonth, locale: Locale) -> Progress:
    whole = max(month.used, month.projected or 0, month.included or 0, 1)

    def at(count: int) -> str:
        return f"{WIDTH * count / whole:.1f}".removesuffix(".0")

    return Progress(
        box=f"0 0 {WIDTH} {HEIGHT}",
        used=at(month.used),
        projected=at(max(month.used, month.projected or 0)),
        limit="" if month.included is None else at(month.included),
        in_words=_in_words(month, locale),
    )


def _in_words(month: OpenMonth, locale: Locale) -> str:
    included = "" if month.included is None else f", {locale.number(month.included)} included"
    heading = "" if month.projected is None else f", about {locale.number(month.projected)} at the end"
    return f"{locale.number(month.used)} used{included}; {month.elapsed_days} of {month.days} days gone{heading}"
