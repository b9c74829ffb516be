"""Text from people and vendors, made fit to be shown: the same in every output."""

import re
from collections.abc import Callable, Collection, Sequence

from markupsafe import Markup

LONGEST = 32_767  # UTF-16 units, the most an Excel cell holds
CUT = "… [cut]"

_BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")


def shown(text: str, longest: int = LONGEST) -> str:
    """`text` as it may be shown: on one line, nothing invisible that steers, at most `longest` UTF-16 units.

    Tabs and line breaks become a blank. Other control characters, bidi controls (U+202A–E, U+2066–9), U+FFFE,
    U+FFFF and lone surrogates go. What is longer is cut and ends in "… [cut]".
    """
    if not text.isascii() or not text.isprintable():
        text = _UNSEEN.sub("", _BREAKS.sub(" ", text))
    if len(text) * 2 <= longest or _units(text) <= longest:
        return text
    kept = text.encode("utf-16-le")[: 2 * (longest - len(CUT))].decode("utf-16-le", "ignore")
    return kept + CUT


def in_css(text: str) -> Markup:
    """`text` within a quoted string of a style sheet: all but plain letters and digits escaped.

    Blanks too: one after an escape would be taken for its end.
    """
    plain = (sign if sign.isascii() and sign.isalnum() else f"\\{ord(sign):06x}" for sign in text)
    return Markup("".join(plain))  # noqa: S704  # backslashes, letters and digits


def so_many(count: int, noun: str, written: Callable[[int], str] = str) -> str:
    """ "1 session", "2 sessions"; the count as `written`."""
    return f"{written(count)} {noun}" if count == 1 else f"{written(count)} {noun}s"


def aligned(rows: Sequence[Sequence[str]], left: Collection[int]) -> list[str]:
    """A line a row, its columns under one another: those in `left` begin alike, the others, of figures, end so."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if at in left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def place(month: str) -> str:
    """The id of a month on its account's page."""
    return f"month-{month}"
