"""An issued document keeps its locale and time zone for ever; where one of them cannot be used, another stands in.

The document says so among its rules. Its figures, and its instants in UTC, are what they are.
"""

from contextlib import suppress
from dataclasses import replace
from zoneinfo import ZoneInfo

from babel.core import UnknownLocaleError

from reports.document import Document
from reports.locale import of


def in_known_zone(document: Document) -> Document:
    """`document` itself, or in UTC where its time zone is unknown."""
    try:
        ZoneInfo(document.timezone)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        sentence = f"The time zone {document.timezone} is not known: local times are shown in UTC."
        return replace(document, timezone="UTC", rules=(*document.rules, sentence))
    return document


def in_known_locale(document: Document) -> Document:
    """`document` itself; where its locale is unknown, in the locale of its language, or in en_US."""
    for name in (document.locale, document.locale.partition("_")[0], "en_US"):
        with suppress(ValueError, UnknownLocaleError):
            of(name)
            break
    if name == document.locale:
        return document
    sentence = f"The locale {document.locale} is not known: dates and numbers are written as in {name}."
    return replace(document, locale=name, rules=(*document.rules, sentence))


def presentable(document: Document) -> Document:
    """`document` as it can be shown: both of the above."""
    return in_known_locale(in_known_zone(document))


def substitutes(document: Document) -> tuple[str, ...]:
    """The sentences that `presentable` adds."""
    return presentable(document).rules[len(document.rules) :]
