"""Numbers, dates and instants as people read them, by the document's locale. Exact: nothing passes a float.

The words of the outputs are English; the locale decides how figures and dates look. A negative figure carries the
minus sign U+2212, which screen readers speak and a line never breaks after. A date of a script that runs right to left
stands between right-to-left marks (U+200F), which keep its parts in order among English words.
"""

import copy
import decimal
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import babel
from babel.dates import format_date, format_skeleton
from babel.numbers import NumberPattern, format_compact_decimal

MINUS = "\N{MINUS SIGN}"
RIGHT_TO_LEFT = "\N{RIGHT-TO-LEFT MARK}"
EXACT = decimal.Context(prec=10_000)  # Babel quantises in the current context: 28 digits would refuse longer figures


@dataclass(frozen=True, slots=True)
class Locale:
    """The ways of writing of one locale. Get it from `locale_named`."""

    babel: babel.Locale

    @property
    def tag(self) -> str:
        """The BCP 47 tag of dates written out: "en-US"."""
        return str(self.babel).replace("_", "-")

    @property
    def page_tag(self) -> str:
        """The tag of a page whose words are English: the locale's own if that is English, else plain "en"."""
        return self.tag if self.babel.language == "en" else "en"

    def number(self, value: Decimal | int, digits: int = 0) -> str:
        """`value` in full, with `digits` fraction digits or as many more as it has."""
        return self._figure(_pattern(self.babel.decimal_formats[None], digits), Decimal(value))

    def percent(self, value: Decimal) -> str:
        """`value` in percent, in full: 8.25 gives "8.25%"."""
        with decimal.localcontext(EXACT):
            return self._figure(_pattern(self.babel.percent_formats[None], 0), value.scaleb(-2))

    def compact(self, value: int) -> str:
        """A short form for the ticks of an axis, exact up to two fraction digits: "250K"."""
        return str(format_compact_decimal(value, locale=self.babel, fraction_digits=2))

    def day(self, value: date) -> str:
        """ "November 30, 2016"."""
        return self._whole(str(format_date(value, "long", locale=self.babel)))

    def short_day(self, value: date) -> str:
        """ "Nov 30"."""
        return self._whole(str(format_skeleton("MMMd", value, locale=self.babel)))

    def month(self, value: str) -> str:
        """ "2016-11" gives "November 2016"."""
        return self._whole(str(format_skeleton("yMMMM", date.fromisoformat(f"{value}-01"), locale=self.babel)))

    def instant(self, value: datetime, timezone: str = "UTC") -> str:
        """An aware instant in a zone, named: "November 30, 2016, 18:04:05 UTC"."""
        local = value.astimezone(UTC if timezone == "UTC" else ZoneInfo(timezone))
        return f"{self.day(local.date())}, {local:%H:%M:%S} {timezone}"

    def _whole(self, written: str) -> str:
        """A date that keeps its order wherever it stands."""
        runs_left = self.babel.character_order == "right-to-left"
        return f"{RIGHT_TO_LEFT}{written}{RIGHT_TO_LEFT}" if runs_left else written

    def _figure(self, pattern: NumberPattern, value: Decimal) -> str:
        with decimal.localcontext(EXACT):
            text: str = pattern.apply(value, self.babel, decimal_quantization=False)
        return text.replace("-", MINUS)


@lru_cache(maxsize=32)
def locale_named(name: str) -> Locale:
    """The locale named as in the configuration: "en_US". Raises ValueError or babel.UnknownLocaleError."""
    return Locale(babel.Locale.parse(name))


def _pattern(pattern: NumberPattern, digits: int) -> NumberPattern:
    """A copy of `pattern` with at least `digits` fraction digits."""
    own = copy.copy(pattern)
    own.frac_prec = (digits, digits)
    return own
