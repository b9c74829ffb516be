"""Columns of JSON values → numpy: whole numbers and timestamps, by the exact rules of docs/rules.md §3.4.

A column goes through as a whole, and no step is a float. Each function says which values are null, which do not fit.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.errors import ReplyRefused
from jobs.securevideo.strict_json import LONGEST_NUMBER

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LARGEST_ID = 2**63 - 1
MINUTES_LIMIT = 2**31  # Int32
NOT_A_TIME = np.iinfo(np.int64).min  # numpy's NaT
_EARLIEST, _LATEST = (
    int(np.datetime64(t, "us").astype(np.int64)) for t in ("0001-01-01", "9999-12-31T23:59:59.999999")
)
_WIDTH = 36  # one more than the longest timestamp
_DIGITS = re.compile(r"[0-9]{1,19}")
_SIGNED_DIGITS = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Integers:
    """`numbers` is only meaningful where neither `null` nor `misfit`."""

    numbers: Int64s
    null: Mask
    misfit: Mask
    coerced: Mask  # came as a digit string


def ids(values: Sequence[int | str | None]) -> Integers:
    """SessionId, UserId: 1 … 2^63−1; or 1 to 19 ASCII digits, nothing else beside them."""
    return _integers(values, 1, LARGEST_ID, _DIGITS)


def minutes(values: Sequence[int | str | None]) -> Integers:
    """DurationMinutes: what an Int32 holds, negative ones too; a digit string may have one leading `-`."""
    return _integers(values, -MINUTES_LIMIT, MINUTES_LIMIT - 1, _SIGNED_DIGITS)


def _integers(values: Sequence[int | str | None], low: int, high: int, digits: re.Pattern[str]) -> Integers:
    """Bounds inclusive. Raises ReplyRefused for a number of more than 100 digits."""
    count, kinds = len(values), set(map(type, values))
    null, coerced = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    if kinds != {int}:
        null = np.fromiter((value is None for value in values), np.bool_, count)
        coerced = np.fromiter((type(value) is str for value in values), np.bool_, count)
    misfit_number = low - 1  # fits int64, as `low` is far above its least

    def number(value: int | str | None) -> int:
        if isinstance(value, str):
            value = int(value) if digits.fullmatch(value) else misfit_number
        if value is None or low <= value <= high:
            return value or 0
        if abs(value) >= 10**LONGEST_NUMBER:
            raise ReplyRefused(f"reply refused: a number of more than {LONGEST_NUMBER} digits")
        return misfit_number

    numbers = _as_they_are(values) if kinds == {int} else None
    if numbers is None:
        numbers = np.fromiter(map(number, values), np.int64, count)
    return Integers(numbers, null, ~null & ((numbers < low) | (numbers > high)), coerced)


def _as_they_are(values: Sequence[int | str | None]) -> Int64s | None:
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return None


def instants(texts: Sequence[str | None]) -> tuple[Int64s, Mask]:
    """Microseconds since 1970-01-01T00:00:00Z (NOT_A_TIME where null or misfit), and which texts do not fit.

    `YYYY-MM-DDTHH:MM:SS`, then nothing or `.` and 1 to 9 digits (cut to microseconds), then nothing (UTC), `Z` or
    ±HH:MM up to 23:59. Days and hours must exist: no `:60`, no `24:00`. 0001-01-01 to 9999-12-31, in UTC.
    """
    count = len(texts)
    present = np.fromiter((text is not None for text in texts), np.bool_, count)
    filled = [text if text is not None and text.isascii() else "" for text in texts]
    lengths = np.fromiter(map(len, filled), np.int64, count)
    # a column of characters each, contiguous; lengths are kept beside, as numpy drops trailing NULs
    chars = np.array(filled, dtype=f"S{_WIDTH}").view(np.uint8).reshape(count, _WIDTH).T.copy()
    seconds, fits = _civil_seconds(chars)
    micros, end, sound_fraction = _fraction(chars)
    offset_minutes, sound_offset = _offset(chars, end, lengths)
    stamps = (seconds - 60 * offset_minutes) * 1_000_000 + micros
    fits = fits & sound_fraction & sound_offset & (stamps >= _EARLIEST) & (stamps <= _LATEST)
    stamps[~fits] = NOT_A_TIME
    return stamps, present & ~fits


def _number(chars: npt.NDArray[np.uint8], *places: int) -> Int64s:
    total = np.zeros(chars.shape[1], np.int64)
    for place in places:
        total = total * 10 + (chars[place] - np.uint8(48))  # a char below "0" wraps round, and is no digit
    return total


def _all_digits(chars: npt.NDArray[np.uint8]) -> Mask:
    return np.logical_and.reduce((chars - np.uint8(48)) <= 9, axis=0)  # type: ignore[no-any-return]  # numpy reduces to Any


def _civil_seconds(chars: npt.NDArray[np.uint8]) -> tuple[Int64s, Mask]:
    """Seconds since 1970 of the first 19 characters, taken as UTC, and where they are a date and time."""
    year, month, day = _number(chars, 0, 1, 2, 3), _number(chars, 5, 6), _number(chars, 8, 9)
    hour, minute, second = _number(chars, 11, 12), _number(chars, 14, 15), _number(chars, 17, 18)
    fits: Mask = _all_digits(chars[[0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]])
    for place, sign in ((4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")):
        fits &= chars[place] == ord(sign)
    fits &= (year >= 1) & (month >= 1) & (month <= 12) & (hour <= 23) & (minute <= 59) & (second <= 59)
    months = np.where(fits, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    next_first = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    fits &= (day >= 1) & (day <= next_first - first)
    return (((first + day - 1) * 24 + hour) * 60 + minute) * 60 + second, fits


def _fraction(chars: npt.NDArray[np.uint8]) -> tuple[Int64s, Int64s, Mask]:
    """Microseconds, the place after the fraction, and where there is none or a sound one."""
    point = chars[19] == ord(".")
    run = np.cumprod((chars[20:29] - np.uint8(48)) <= 9, axis=0).sum(axis=0) * point
    micros = np.zeros(chars.shape[1], np.int64)
    for place in range(min(6, run.max(initial=0))):
        micros += np.where(run > place, _number(chars, 20 + place), 0) * 10 ** (5 - place)
    return micros, np.where(point, 20 + run, 19), ~point | (run > 0)


def _offset(chars: npt.NDArray[np.uint8], end: Int64s, lengths: Int64s) -> tuple[Int64s, Mask]:
    """Minutes to take off to get UTC, and where what stands after the fraction is nothing, `Z` or ±HH:MM."""
    rest = lengths - end
    sign = chars[end, np.arange(len(end))]
    fits = (rest == 0) | ((rest == 1) & (sign == ord("Z")))
    offset_minutes = np.zeros(len(end), np.int64)
    shifted = np.flatnonzero((rest == 6) & ((sign == ord("+")) | (sign == ord("-"))))
    tail = chars[end[shifted] + np.arange(1, 6)[:, np.newaxis], shifted]
    hour, minute = _number(tail, 0, 1), _number(tail, 3, 4)
    fits[shifted] = _all_digits(tail[[0, 1, 3, 4]]) & (tail[2] == ord(":")) & (hour <= 23) & (minute <= 59)
    offset_minutes[shifted] = np.where(sign[shifted] == ord("-"), -1, 1) * (hour * 60 + minute)
    return offset_minutes, fits
