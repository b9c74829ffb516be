"""Array elements of a History reply → `HistoryRow`, with every key there once and every value of a right JSON type.

The quick way reads a whole chunk with msgspec. It does not see repeated keys; but each key of a JSON text is followed
by blanks and a colon, so a row with all seven fields, no other, and seven such places has none. Whatever the quick way
does not take goes through `strict_json.exact`, a row at a time.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import numpy as np

from jobs.billing.findings import finding
from jobs.errors import ReplyRefused
from jobs.securevideo import strict_json, values
from jobs.securevideo.description import clean
from reports.document import Finding
from reports.text import so_many

EXPECTED = {
    "SessionId": "a whole number from 1 to 2^63-1",
    "ScheduleTs": "a timestamp such as 2016-11-03T21:45:09.467",
    "BillableTs": "a timestamp such as 2016-11-03T21:45:09.467, or null",
    "DurationMinutes": "a whole number of 32 bits, or null",
    "BillableStatusCd": "text or null",
    "UserId": "a whole number from 1 to 2^63-1",
    "UsageDescription": "text or null",
}
_INTEGERS = {"SessionId", "DurationMinutes", "UserId"}
_MOST_UNREADABLE = 1_000_000
_MOST_UNKNOWN = 20
_NAME_LENGTH = 80
_KEY_ENDS = tuple(mark + b":" for mark in (b'"', b" ", b"\t", b"\r", b"\n"))
_BEFORE_COLON = np.isin(np.arange(256), list(b'" \t\r\n'))


class HistoryRow(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    session_id: int | str | None = msgspec.field(name="SessionId")
    scheduled_at: str | None = msgspec.field(name="ScheduleTs")
    billable_at: str | None = msgspec.field(name="BillableTs")
    minutes: int | str | None = msgspec.field(name="DurationMinutes")
    status: str | None = msgspec.field(name="BillableStatusCd")
    host_id: int | str | None = msgspec.field(name="UserId")
    description: str | None = msgspec.field(name="UsageDescription")


_CHUNK = msgspec.json.Decoder(list[HistoryRow])
_ROW = msgspec.json.Decoder(HistoryRow)


@dataclass(slots=True)
class Remarks:
    """What is found while rows are read; `findings` words it."""

    unreadable: list[tuple[int, Finding]] = field(default_factory=list)  # by number of the row, from 1
    coerced: set[str] = field(default_factory=set)
    unknown: dict[str, None] = field(default_factory=dict)  # names as shown, in order of appearance

    def set_aside(self, number: int, session_id: int | None, problem: str) -> None:
        """Raises ReplyRefused at the millionth row: a reply like that is no list of sessions."""
        if len(self.unreadable) >= _MOST_UNREADABLE:
            raise ReplyRefused(f"reply refused: over {_MOST_UNREADABLE} rows are unreadable, the last one row {number}")
        self.unreadable.append((number, finding("unreadable-row", session_id, f"row {number}: {problem}")))

    def findings(self) -> tuple[Finding, ...]:
        """Unreadable rows in their order, then coerced fields, then unknown ones."""
        found = [one for _, one in sorted(self.unreadable, key=lambda pair: pair[0])]
        found += [
            finding("coerced-type", None, f"{name}: whole numbers came as text; they were read as numbers")
            for name in EXPECTED
            if name in self.coerced
        ]
        names = list(self.unknown)
        found += [finding("unknown-field", None, f"unknown field “{name}”") for name in names[:_MOST_UNKNOWN]]
        if len(names) > _MOST_UNKNOWN:
            found.append(finding("unknown-field", None, so_many(len(names) - _MOST_UNKNOWN, "more unknown field")))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class ParsedRows:
    rows: list[HistoryRow]
    numbers: Sequence[int]  # of each row in the reply, from 1
    extras: dict[int, str]  # by number: the unknown fields with their values, in one spelling


def of(elements: Sequence[msgspec.Raw], first: int, remarks: Remarks) -> ParsedRows:
    """The rows among `elements`, the first of which has the number `first`; what is none goes to `remarks`."""
    text = b"[" + b",".join(elements) + b"]"
    numbers = range(first, first + len(elements))
    try:
        rows = _CHUNK.decode(text)
    except msgspec.ValidationError:
        rows = None
    if rows is not None and _key_count(text) == len(EXPECTED) * len(elements):
        return ParsedRows(rows, numbers, {})
    found = ParsedRows([], [], {})
    sound: list[int] = []
    for number, element in zip(numbers, elements, strict=True):
        row = _one(bytes(element), number, remarks, found.extras)
        if row is not None:
            found.rows.append(row)
            sound.append(number)
    return ParsedRows(found.rows, sound, found.extras)


def _key_count(text: bytes) -> int:
    """At least the number of keys in `text`: colons after a quote or a blank."""
    chars = np.frombuffer(text, np.uint8)
    colons = np.flatnonzero(chars == ord(":"))
    return int(_BEFORE_COLON[chars[colons - 1]].sum())


def _one(text: bytes, number: int, remarks: Remarks, extras: dict[int, str]) -> HistoryRow | None:
    if sum(map(text.count, _KEY_ENDS)) == len(EXPECTED):
        with suppress(msgspec.ValidationError):
            return _ROW.decode(text)
    return _exact(text, number, remarks, extras)


def _exact(text: bytes, number: int, remarks: Remarks, extras: dict[int, str]) -> HistoryRow | None:
    found = strict_json.exact(text, number)
    if not isinstance(found, dict):
        remarks.set_aside(number, None, "not an object")
        return None
    unknown = {name: value for name, value in found.items() if name not in EXPECTED}
    for name in unknown:
        remarks.unknown[clean(name)[:_NAME_LENGTH]] = None
    problem = _problem(found)
    if problem:
        remarks.set_aside(number, _session_id(found.get("SessionId")), problem)
        return None
    if unknown:
        extras[number] = repr(unknown)
    return HistoryRow(*(found[name] for name in EXPECTED))


def _problem(found: dict[str, object]) -> str | None:
    """The first field, in the order of EXPECTED, that is missing or of a wrong JSON type."""
    for name, expected in EXPECTED.items():
        if name not in found:
            return f"{name} is missing"
        kinds = (int, str, type(None)) if name in _INTEGERS else (str, type(None))
        if type(found[name]) not in kinds:  # a bool is an int to isinstance
            return f"{name}: expected {expected}"
    return None


def _session_id(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    read = values.ids([value])
    return None if read.misfit[0] else int(read.numbers[0])
