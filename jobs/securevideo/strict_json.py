"""The text of a reply, before anything in it is believed: its encoding, its grammar, its array elements.

`elements` refuses what no row can be read from. It is quick, and leaves three things to whoever reads an element:
repeated keys, numbers of more than 100 digits, and nesting over 64 levels; `exact` refuses those. No message holds
anything of the text, and no error keeps the text alive as its context.
"""

import codecs
import json
import re
from dataclasses import dataclass
from typing import NoReturn

import msgspec

from jobs.errors import BillingError, ReplyRefused, TryAgainLater
from reports.text import so_many

DEEPEST = 64  # levels of arrays and objects, the outermost array included
LONGEST_NUMBER = 100  # digits
_BLOCK = 1 << 20
_DENSE = 16 << 20  # bytes from which on a text of mere separators would cost too much memory
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_ANYTHING = msgspec.json.Decoder(msgspec.Raw)
_BLANKS = re.compile(rb"[ \t\r\n]*")
_BYTE = re.compile(r"\(byte (\d+)\)")
_REFUSED_BY_MSGSPEC = re.compile(rb"NaN|Infinity|\\u[dD][89a-fA-F]")
_BRACKET_OR_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[\]}]')


@dataclass(frozen=True, slots=True)
class Real:
    """A number with a point or an exponent, as written: never a float."""

    text: str


def elements(body: bytes) -> list[msgspec.Raw]:
    """The elements of the array that `body` is, in its order, as views of it.

    Raises TryAgainLater where it is empty, cut off or not JSON; ReplyRefused where it is not a JSON array in UTF-8,
    or has NaN, an infinity or a lone surrogate anywhere.
    """
    start = len(codecs.BOM_UTF8) if body.startswith(codecs.BOM_UTF8) else 0
    first = _require_text(body, start)
    if body[first : first + 1] == b"<":
        raise _refused("HTML or XML instead of a JSON array", first)
    if len(body) > _DENSE and body.count(b",") * 12 > len(body):
        raise _refused("mere separators instead of sessions", None)
    text = memoryview(body)[start:]
    failure: BillingError
    try:
        return _ELEMENTS.decode(text)
    except RecursionError:
        failure = _refused(f"nesting over {DEEPEST} levels", None)
    except msgspec.ValidationError:
        failure = _not_an_array(text, start)
    except msgspec.DecodeError as error:  # from Python 3.14 on of any nesting, too, that the stack has room for
        deep = _depth(bytes(text)) > DEEPEST
        failure = _refused(f"nesting over {DEEPEST} levels", None) if deep else _unsound(text, str(error), start)
    raise failure


def exact(element: bytes, row: int) -> object:
    """The value of one of the `elements`; its objects' keys are sorted, its reals are `Real`. Raises ReplyRefused."""

    def refuse(found: str) -> NoReturn:
        raise ReplyRefused(f"reply refused: row {row} has {found}")

    def distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(sorted(pairs, key=lambda pair: pair[0]))
        return found if len(found) == len(pairs) else refuse("a key twice in one object")

    def short(text: str) -> str:
        return (
            text
            if len(text) <= LONGEST_NUMBER or sum(map(str.isdigit, text)) <= LONGEST_NUMBER
            else refuse(f"a number of more than {LONGEST_NUMBER} digits")
        )

    if 1 + _depth(element) > DEEPEST:
        refuse(f"nesting over {DEEPEST} levels")
    return json.loads(
        element,
        object_pairs_hook=distinct,
        parse_int=lambda text: int(short(text)),
        parse_float=lambda text: Real(short(text)),
    )


def _depth(element: bytes) -> int:
    """An upper bound of the levels of nesting, exact where it matters."""
    bound = element.count(b"[") + element.count(b"{")
    if bound < DEEPEST:
        return bound
    level = deepest = 0
    for found in _BRACKET_OR_STRING.finditer(element):
        if found[0] in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif found[0] in b"]}":
            level -= 1
    return deepest


def _require_text(body: bytes, start: int) -> int:
    """The place of the first character that is not blank. Raises TryAgainLater or ReplyRefused."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or 0 in body[:2]:
        raise _refused("UTF-16 or UTF-32 instead of UTF-8", 0)
    blanks = _BLANKS.match(body, start)
    first = blanks.end() if blanks else start
    if first == len(body):
        raise TryAgainLater("reply incomplete: it is empty")
    bad = None if body.isascii() else _bad_utf8(body)
    if bad is not None:
        raise _refused("bytes that are not UTF-8", bad)
    return first


def _bad_utf8(body: bytes) -> int | None:
    """The place of the first byte that is not UTF-8, or None; a character cut off at the very end is not bad."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(body)
    for place in range(0, len(body), _BLOCK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(view[place : place + _BLOCK])
        except UnicodeDecodeError as error:
            return place - pending + error.start
    return None


def _not_an_array(text: memoryview, start: int) -> BillingError:
    try:
        _ANYTHING.decode(text)
    except RecursionError:
        return _refused(f"nesting over {DEEPEST} levels", None)
    except msgspec.DecodeError as error:
        return _unsound(text, str(error), start)
    return _refused("something else than an array at the top", start)


def _unsound(text: memoryview, message: str, start: int) -> BillingError:
    """What msgspec's refusal means: it does not tell a lone surrogate or NaN from a text cut off."""
    place = _BYTE.search(message)
    byte = int(place[1]) + start if place else None
    if _REFUSED_BY_MSGSPEC.search(text):
        found = _refused_by_grammar(text)
        if found:
            return _refused(found, byte)
    at = f"at byte {byte}" if byte is not None else f"cut off after {so_many(len(text) + start, 'byte')}"
    return TryAgainLater(f"reply incomplete: not valid JSON, {at}")


class _Infinite(Exception):
    pass


def _refused_by_grammar(text: memoryview) -> str | None:
    """What is amiss in a text that Python's more lenient JSON reader takes; None where it is simply not JSON."""

    def infinite(_: str) -> NoReturn:
        raise _Infinite

    try:
        json.loads(
            str(text, "utf-8"),
            object_pairs_hook=lambda _: None,
            parse_int=lambda _: None,
            parse_float=lambda _: None,
            parse_constant=infinite,
        )
    except _Infinite:
        return "NaN or an infinity"
    except RecursionError:
        return f"nesting over {DEEPEST} levels"
    except ValueError:  # JSONDecodeError, or UTF-8 cut off at the end
        return None
    return "a lone surrogate"


def _refused(found: str, byte: int | None) -> ReplyRefused:
    return ReplyRefused(f"reply refused: {found}" + (f", at byte {byte}" if byte is not None else ""))
