"""What each cell of a sheet says of sessions, in ten bytes: no text is kept, so none can leave the reader."""

import re
from array import array
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from jobs.matching.package import Package
from jobs.matching.phrases import Phrases
from jobs.matching.sheets import SheetRow, Value
from reports.document import STATUSES

EMPTY, WHOLE, NUMBER, LENGTH, INSTANT, TEXT = range(6)
NO_STATUS, UNKNOWN_STATUS = 0, len(STATUSES) + 1  # between them: the place in STATUSES, from 1
NO_ID, UNCLEAR_ID = 0, -1
MAX_CELLS = 16_000_000
MICRO = 1_000_000
LAST_ID = 2**63 - 1
MARK = "Session #"

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # times in the file are local, in a zone named by the configuration
_NUMBERED = re.compile(r"Session #([0-9]{1,19})(?![0-9])")
_WHOLE = re.compile(r"[0-9]{1,19}")
_DECIMAL = re.compile(r"\$?-?[0-9]{1,12}\.[0-9]{1,6}")
_LENGTH = re.compile(r"([0-9]{1,3}):([0-5][0-9])(?::([0-5][0-9]))?")
_FORMATS = ("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")

Fact = tuple[int, int, int]  # kind, value, status


class ColumnFacts:
    """The cells of a column, from the row below the header on; shorter than the sheet where its end is empty.

    `values` by kind: WHOLE the number; NUMBER millionths; LENGTH seconds; INSTANT microseconds since 1970, local; TEXT
    the session it numbers, NO_ID or UNCLEAR_ID.
    """

    def __init__(self) -> None:
        self._kinds, self._values, self._statuses = bytearray(), array("q"), bytearray()

    def __len__(self) -> int:
        return len(self._kinds)

    def put(self, row: int, fact: Fact) -> None:
        if gap := row - len(self._kinds):
            self._kinds.extend(bytes(gap))
            self._values.frombytes(bytes(8 * gap))
            self._statuses.extend(bytes(gap))
        kind, value, status = fact
        self._kinds.append(kind)
        self._values.append(value)
        self._statuses.append(status)

    def arrays(self, rows: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        """Kinds, values, statuses, as long as the sheet."""
        kinds = np.frombuffer(bytes(self._kinds), np.uint8)
        values = np.frombuffer(self._values.tobytes(), np.int64)
        statuses = np.frombuffer(bytes(self._statuses), np.uint8)
        end = (0, rows - len(self._kinds))
        return np.pad(kinds, end), np.pad(values, end), np.pad(statuses, end)


class SheetFacts:
    """A sheet below its header."""

    def __init__(self, package: Package, phrases: Phrases) -> None:
        self._package, self._phrases = package, phrases
        self.numbers = array("I")  # of the rows, in the sheet
        self.columns: dict[int, ColumnFacts] = {}
        self._short = lru_cache(4096)(self._text)  # statuses and lengths come again and again

    def __len__(self) -> int:
        return len(self.numbers)

    def add(self, row: SheetRow) -> None:
        """Raises FileRefused where that is more than any activity file holds."""
        number, cells = row
        place = len(self.numbers)
        self.numbers.append(number)
        for column, value in cells:
            fact = self.fact(value)
            if fact[0] != EMPTY:
                found = self.columns.get(column)
                if found is None:
                    found = self.columns[column] = ColumnFacts()
                if len(found) <= place:  # of two cells in one place the first
                    found.put(place, fact)
        if len(self.columns) * place > MAX_CELLS:
            raise self._package.refused(
                "has too many columns for so many rows; that is not the activity file of one month"
            )

    def fact(self, value: Value) -> Fact:
        if isinstance(value, str):
            return self._short(value) if len(value) < 32 else self._text(value)
        if isinstance(value, int):
            return (WHOLE, value, 0) if abs(value) <= LAST_ID else (TEXT, NO_ID, UNKNOWN_STATUS)
        if isinstance(value, float):
            if value.is_integer() and abs(value) < 2**53:
                return WHOLE, int(value), 0
            return (NUMBER, round(value * MICRO), 0) if abs(value) < 10**12 else (TEXT, NO_ID, UNKNOWN_STATUS)
        if isinstance(value, timedelta):
            return LENGTH, round(value.total_seconds()), 0
        return INSTANT, _micro(value), 0

    def _text(self, text: str) -> Fact:
        text = text.strip("\ufeff \t\r\n\xa0")
        if not text:
            return EMPTY, 0, 0
        if MARK not in text:
            if _WHOLE.fullmatch(text) and int(text) <= LAST_ID:
                return WHOLE, int(text), 0
            if _DECIMAL.fullmatch(text):
                return NUMBER, round(float(text.lstrip("$")) * MICRO), 0
            if found := _LENGTH.fullmatch(text):
                return LENGTH, int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0), 0
            if text[0].isdigit() and (instant := _instant(text)) is not None:
                return INSTANT, _micro(instant), 0
        status = self._phrases.status_of(text)
        place = UNKNOWN_STATUS if status is None else STATUSES.index(status) + 1
        return TEXT, session_id(text), place


def session_id(text: str) -> int:
    """The session that a description numbers: `Session #` stands in it exactly once."""
    if MARK not in text:
        return NO_ID
    found = _NUMBERED.findall(text)
    once = text.count(MARK) == 1 and len(found) == 1
    return int(found[0]) if once and 1 <= int(found[0]) <= LAST_ID else UNCLEAR_ID


def _instant(text: str) -> datetime | None:
    if len(text) > 40:
        return None
    try:
        return datetime.fromisoformat(text) if len(text) > 10 else None
    except ValueError:
        pass
    for written in _FORMATS:
        try:
            return datetime.strptime(text, written)  # noqa: DTZ007  # local, as above
        except ValueError:
            continue
    return None


def _micro(instant: datetime) -> int:
    local = instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)
    return (local - _EPOCH) // timedelta(microseconds=1)
