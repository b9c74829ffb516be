"""The vendor's activity file: read where it lies and not kept (docs/rules.md §18.2).

Only ids, codes, minutes, times, amounts and letters of columns leave this module: the file names patients.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.config.settings import Match as Settings
from jobs.errors import UsageError
from jobs.matching.facts import (
    INSTANT,
    LAST_ID,
    LENGTH,
    MICRO,
    NUMBER,
    UNCLEAR_ID,
    UNKNOWN_STATUS,
    WHOLE,
    ColumnFacts,
    SheetFacts,
)
from jobs.matching.facts import session_id as numbered
from jobs.matching.package import Package
from jobs.matching.phrases import Phrases
from jobs.matching.roles import WORDS, Cells, Roles, plain, roles, shown
from jobs.matching.sessions import READ, UNKNOWN, UNREADABLE
from jobs.matching.sheets import SheetRow, Value, Workbook
from reports.document import STATUSES
from reports.match.result import ColumnRead, OtherLine, Read, Sheet

LAST_HEADER, LOOKED_AT = 30, 20  # rows: the last in which a header begins, and how far below it an id must come
LEAST_TEXTS = 3
MOST_OTHERS = 200  # lines shown
_LONGEST_MINUTES = 1_000_000

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Activity:
    """`sessions`: session_id, read, status, bills, minutes, at, a row an id; `unnumbered`: rows without a clear one."""

    file: Read
    sheet: Sheet
    sessions: pd.DataFrame
    unnumbered: int


@dataclass(frozen=True, slots=True)
class _Found:
    """A sheet with a header, and all below it."""

    name: str
    header_row: int
    roles: Roles
    table: SheetFacts
    cells: tuple[Cells, ...]
    ids: Ints


def read(path: Path, settings: Settings, where: str) -> Activity:
    """The activity file at `path`. `where`: of `match.activity` in the configuration.

    Raises FileRefused; UsageError where no sheet holds sessions, or two columns fit a role.
    """
    package = Package(path)
    workbook = Workbook(package)
    if settings.sheet is not None and settings.sheet not in workbook.names:
        raise UsageError(f"{where}.sheet: {path} has no sheet of this name; remove the key to have it found")
    best: _Found | None = None
    others: list[str] = []
    for name in workbook.names if settings.sheet is None else (settings.sheet,):
        found = _sheet(package, workbook, name, settings, where)
        if found is None or not len(found.ids):
            continue
        if best is None or len(np.unique(found.ids)) > len(np.unique(best.ids)):
            found, best = best, found
        others += [found.name] if found else []
    if best is None:
        raise UsageError(f"{path}: no session id found in it; set {where}.header_row and {where}.columns, see --detect")
    file = Read(path.name, package.sha256, package.size, len(best.table))
    return _activity(file, best, [name for name in workbook.names if name in others], settings)


def _sheet(package: Package, workbook: Workbook, name: str, settings: Settings, where: str) -> _Found | None:
    rows = workbook.rows(name)
    first: list[SheetRow] = []
    last = max(settings.header_row or 0, LAST_HEADER) + LOOKED_AT
    rest: Iterator[SheetRow] = rows
    for row in rows:
        if row[0] > last:
            rest = chain([row], rows)
            break
        first.append(row)
    header = _header(first, settings)
    if header is None:
        for _ in rest:  # its rows count too
            pass
        return None
    table = SheetFacts(package, Phrases(settings.statuses))
    for row in chain((row for row in first if row[0] > header[0]), rest):
        table.add(row)
    headers = {place: value.strip() for place, value in header[1] if isinstance(value, str)}
    cells = tuple(
        Cells(place, headers.get(place, ""), *table.columns.get(place, ColumnFacts()).arrays(len(table)))
        for place in sorted(headers.keys() | table.columns.keys())
    )
    found = roles(cells, settings.columns, where)
    if not {"session_id", "description"} & found.columns.keys():
        return None
    return _Found(name, header[0], found, table, cells, _ids(found.columns, len(table))[0])


def _header(rows: list[SheetRow], settings: Settings) -> SheetRow | None:
    """The row named by the configuration, or the first one with texts enough below which a session comes."""
    if settings.header_row is not None:
        return next((row for row in rows if row[0] == settings.header_row), None)
    named = {plain(text) for role, text in settings.columns.items() if role == "session_id"} | {*WORDS["session_id"]}
    for certain in (True, False):
        for number, cells in rows:
            texts = {place: plain(value) for place, value in cells if isinstance(value, str)}
            if number > LAST_HEADER or len(texts) < LEAST_TEXTS:
                continue
            numbers = {place for place, text in texts.items() if text in named} if certain else None
            below = (row for row in rows if number < row[0] <= number + LOOKED_AT)
            if any(_yields(value, place, numbers) for row in below for place, value in row[1]):
                return number, cells
    return None


def _yields(value: Value, place: int, numbers: set[int] | None) -> bool:
    """Whether a cell holds a session's id: in a description, or a whole number in a column that may hold ids."""
    if isinstance(value, str) and numbered(value) > 0:
        return True
    if numbers is not None and place not in numbers:
        return False
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text.isdecimal() and text.isascii() and len(text) < 20 and 1 <= int(text) <= LAST_ID


def _ids(columns: Mapping[str, Cells], rows: int) -> tuple[Ints, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The ids of the rows that have one, which rows those are, and which of all rows cannot be read."""
    zero = np.zeros(rows, np.int64)
    number, text = columns.get("session_id"), columns.get("description")
    own = np.where(number.ids, number.values, 0) if number else zero
    described = np.where(text.described, text.values, 0) if text else zero
    unclear = ((text.values == UNCLEAR_ID) if text else zero > 0) & (own == 0)
    ids = np.where(own > 0, own, described)
    contradicting = (own > 0) & (described > 0) & (own != described)
    return ids[ids > 0], ids > 0, unclear | contradicting


def _activity(file: Read, found: _Found, others: Iterable[str], settings: Settings) -> Activity:
    columns, rows = found.roles.columns, len(found.table)
    ids, numbered_rows, unreadable = _ids(columns, rows)
    status = _statuses(columns, rows)[numbered_rows]
    at = _instants(columns.get("at"), settings.timezone, rows)
    state = np.where(unreadable[numbered_rows], UNREADABLE, np.where(status == UNKNOWN_STATUS, UNKNOWN, READ))
    each = pd.DataFrame(
        {
            "session_id": ids,
            "read": pd.Series(state, dtype=object),
            "status": pd.Series(np.array([None, *STATUSES, None], dtype=object)[status], dtype=object),
            "rank": np.select([state == READ, state == UNKNOWN], [0, 1], 2) * 10 + status,
            "minutes": _minutes(columns.get("minutes"), rows)[numbered_rows],
            "at": at[numbered_rows].reset_index(drop=True),
        }
    )
    sessions = _one_row_an_id(each)
    hidden = each["read"].eq(UNREADABLE) & each["session_id"].isin(
        sessions.loc[sessions["read"] != UNREADABLE, "session_id"]
    )
    warnings = list(found.roles.warnings)
    if not {"status", "description"} & columns.keys():
        warnings.append("the file says nothing of statuses: only session ids are compared")
    newest = at.max()
    sheet = Sheet(
        name=_sheet_name(found.name, settings),
        header_row=found.header_row,
        columns=tuple(ColumnRead(role, one.letter, shown(one.header)) for role, one in columns.items()),
        rows=rows,
        ids=len(sessions),
        unknown_phrases=int(np.count_nonzero(status == UNKNOWN_STATUS)),
        others=tuple(_sheet_name(name, settings) for name in others),
        warnings=tuple(warnings),
        newest=None if pd.isna(newest) else newest.to_pydatetime().astimezone(UTC),
        timezone=settings.timezone,
        other_lines=tuple(_other_lines(found, ~numbered_rows & ~unreadable)),
    )
    return Activity(file, sheet, sessions, int(np.count_nonzero(unreadable & ~numbered_rows)) + int(hidden.sum()))


def _sheet_name(name: str, settings: Settings) -> str:
    """As it may be shown: somebody may have named the sheet after a patient."""
    known = name == settings.sheet or re.fullmatch(r"Sheet ?[0-9]{0,3}", name) or shown(name)
    return name if known else "a sheet of another name"


def _one_row_an_id(each: pd.DataFrame) -> pd.DataFrame:
    """Of several rows of an id the first by state, status and minutes; `bills`: how many of them count."""
    counts = each["read"].eq(READ) & each["status"].eq("BILL")
    bills = counts.groupby(each["session_id"]).sum()
    first = each.sort_values(["session_id", "rank", "minutes", "at"], kind="stable").drop_duplicates("session_id")
    minutes = pd.arrays.IntegerArray(first["minutes"].to_numpy(np.int64), first["minutes"].to_numpy() < 0)
    found = first.assign(bills=first["session_id"].map(bills).astype(np.int64), minutes=minutes)
    return found.drop(columns="rank").reset_index(drop=True)


def _statuses(columns: Mapping[str, Cells], rows: int) -> npt.NDArray[np.uint8]:
    """By row, as `facts` numbers them; 0 where the file says nothing of statuses."""
    said = [columns[role].statuses for role in ("status", "description") if role in columns]
    if not said:
        return np.zeros(rows, np.uint8)
    status = np.full(rows, UNKNOWN_STATUS, np.uint8)
    for one in reversed(said):
        known = (one > 0) & (one < UNKNOWN_STATUS)
        status[known] = one[known]
    return status


def _minutes(column: Cells | None, rows: int) -> Ints:
    """Whole minutes, halves up; −1 where unknown."""
    if column is None:
        return np.full(rows, -1, np.int64)
    kinds, values = column.kinds, column.values
    numbers = np.where(kinds == NUMBER, values, values * MICRO)[np.isin(kinds, (NUMBER, WHOLE))]
    if (kinds == NUMBER).any() and (numbers < MICRO).all():  # parts of a day
        minutes = [values, (values * 1440 + MICRO // 2) // MICRO, (values + 30) // 60]
    else:
        minutes = [values, (values + MICRO // 2) // MICRO, (values + 30) // 60]
    found = np.select([kinds == WHOLE, kinds == NUMBER, kinds == LENGTH], minutes, -1)
    return np.where((found >= 0) & (found <= _LONGEST_MINUTES), found, -1)


def _instants(column: Cells | None, timezone: str, rows: int) -> "pd.Series[pd.Timestamp]":
    if column is None:
        return pd.Series(pd.NaT, index=range(rows), dtype="datetime64[us, UTC]")
    local = pd.Series(column.values.astype("datetime64[us]")).where(pd.Series(column.kinds == INSTANT))
    zoned = local.dt.tz_localize(timezone, ambiguous=np.zeros(rows, bool), nonexistent="shift_forward")
    return zoned.dt.tz_convert("UTC").astype("datetime64[us, UTC]")


def _other_lines(found: _Found, rows: npt.NDArray[np.bool_]) -> Iterator[OtherLine]:
    """Rows without a session that hold an amount: fees, masked calling, sums."""
    used = {one.place for one in found.roles.columns.values()}
    money = [one for one in found.cells if one.place not in used]
    for row in np.flatnonzero(rows)[:MOST_OTHERS].tolist():
        amounts = [(int(one.kinds[row]), int(one.values[row])) for one in money if one.kinds[row] in (WHOLE, NUMBER)]
        if amounts:
            kind, value = amounts[-1]
            amount = Decimal(value) if kind == WHOLE else Decimal(value).scaleb(-6).normalize()
            yield OtherLine(found.table.numbers[row], amount)


def detected(activity: Activity) -> str:
    """What was made of the file, for a person: never a cell's text."""
    sheet = activity.sheet
    lines = [f"sheet: {sheet.name}", f"header row: {sheet.header_row}"]
    for one in sheet.columns:
        lines += [f"{one.role}: column {one.letter}{f' ({one.header})' if one.header else ''}"]
    lines.append(f"rows: {sheet.rows}, ids: {sheet.ids}, rows with an unknown status: {sheet.unknown_phrases}")
    lines += [f"also has sessions, not used: sheet {name}" for name in sheet.others]
    return "\n".join([*lines, *sheet.warnings])
