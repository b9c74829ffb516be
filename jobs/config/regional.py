"""How times, dates and figures are shown: names that the time zone database and the Unicode CLDR really know.

A name that only looks right would fail each document, so nothing is accepted here that cannot be used.
"""

import re
from collections.abc import Collection
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import PlainValidator

from jobs.config.fields import found, refusal

_NOT_ZONES = {"localtime", "posixrules", "Factory"}  # depend on the host, or stand for "not set"
_LOCALE = re.compile(r"[a-z]{2,3}(?:_[A-Z][a-z]{3})?(?:_[A-Z]{2})?")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NOT_ZONES)


def _timezone(value: object) -> str:
    zones = _zones()
    if isinstance(value, str) and value in zones:
        with suppress(ValueError, OSError):  # a file of the system's that is no zone after all
            return ZoneInfo(value).key
    allowed = "a time zone of the IANA list, such as America/New_York"
    raise refusal(f"expected {allowed}; {found(value)}{_near(value, zones)}")


def _locale(value: object) -> str:
    from babel.core import UnknownLocaleError  # takes a while to import, and most files name no locale
    from babel.localedata import locale_identifiers

    from reports.locale import of

    if isinstance(value, str) and _LOCALE.fullmatch(value):
        with suppress(ValueError, UnknownLocaleError):
            of(value)
            return value
    allowed = "a locale of the Unicode CLDR, such as en_US or de"
    raise refusal(f"expected {allowed}; {found(value)}{_near(value, locale_identifiers())}")


def _near(value: object, known: Collection[str]) -> str:
    """A hint at that of the `known` names which is most like `value`, which itself is never repeated."""
    near = get_close_matches(value, known, n=1) if isinstance(value, str) and len(value) < 40 else []
    return f"; did you mean {near[0]}?" if near else ""


Timezone = Annotated[str, PlainValidator(_timezone)]
Locale = Annotated[str, PlainValidator(_locale)]
