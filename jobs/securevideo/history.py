"""The bytes of a History reply → `Received`: one typed row for each readable array element, and what is amiss.

Which rows count (duplicates, statuses, months) is decided in `jobs.billing`, not here. The frame's columns:

    session_id     int64                     1 … 2^63−1
    scheduled_at   datetime64[us, UTC]       never null
    billable_at    datetime64[us, UTC]       NaT where null
    minutes        Int32                     <NA> where null; may be negative
    status         object                    str exactly as sent, or None
    host_id        int64                     1 … 2^63−1
    host_name      object                    the host's part of UsageDescription, fit to be shown, or None
    participants   object                    str or None   ─┐ only where participants are kept
    note           object                    str or None   ─┘
    fingerprint    int64                     equal for identical rows: all seven values, no UsageDescription being like
                                             an empty one, and unknown fields; comparable within one process only
    contradiction  object                    None, or how UsageDescription surely contradicts the row:
                                             "session-number", "counted-wording" or "svco-wording"

Rows stand in the reply's order under a RangeIndex. Digit strings are whole numbers if 1 to 19 ASCII digits are all
there is (a leading `-` too for the minutes); `+5`, ` 5`, `5.0`, `٣` and the like are unreadable.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.securevideo import description, rows, strict_json, values
from reports.document import Finding

_CHUNK = 50_000  # rows held as Python objects at a time
_NO_MINUTES = np.iinfo(np.int64).min

Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Received:
    rows: pd.DataFrame
    received: int  # array elements in all: len(rows) + the findings `unreadable-row`
    findings: tuple[Finding, ...]  # unreadable-row (one a row), coerced-type and unknown-field (one a field)


def read(body: bytes, *, keep_participants: bool) -> Received:
    """What `body`, a whole reply, holds. Names of participants are dropped at once unless they are to be kept.

    Raises jobs.errors.TryAgainLater where it is empty, cut off or not JSON; jobs.errors.ReplyRefused where asking again
    would not help: not an array, not UTF-8, HTML, NaN, lone surrogates, repeated keys, numbers of more than 100
    digits, nesting over 64 levels, over a million unreadable rows. Their messages hold nothing of the text.
    """
    elements = strict_json.elements(body)
    remarks = rows.Remarks()
    host_names: dict[str, str | None] = {}
    chunks = [
        _columns(rows.of(elements[start : start + _CHUNK], start + 1, remarks), remarks, host_names, keep_participants)
        for start in range(0, max(len(elements), 1), _CHUNK)
    ]
    columns = {name: np.concatenate([chunk.pop(name) for chunk in chunks]) for name in list(chunks[0])}
    return Received(_frame(columns), len(elements), remarks.findings())


def _columns(
    read_rows: rows.ParsedRows, remarks: rows.Remarks, host_names: dict[str, str | None], keep: bool
) -> Columns:
    """The columns of the rows whose values fit; the other rows are set aside. `host_names` saves repeated work."""
    every = read_rows.rows
    session_ids = values.ids([row.session_id for row in every])
    scheduled_at, bad_scheduled_at = values.instants([row.scheduled_at for row in every])
    billable_at, bad_billable_at = values.instants([row.billable_at for row in every])
    minutes = values.minutes([row.minutes for row in every])
    host_ids = values.ids([row.host_id for row in every])
    no_schedule = np.fromiter((row.scheduled_at is None for row in every), np.bool_, len(every))
    misfits = {
        "SessionId": session_ids.null | session_ids.misfit,
        "ScheduleTs": no_schedule | bad_scheduled_at,
        "BillableTs": bad_billable_at,
        "DurationMinutes": minutes.misfit,
        "UserId": host_ids.null | host_ids.misfit,
    }
    fits = ~np.logical_or.reduce(list(misfits.values()))
    for place in np.flatnonzero(~fits).tolist():
        name = next(name for name, misfit in misfits.items() if misfit[place])
        session_id = None if misfits["SessionId"][place] else int(session_ids.numbers[place])
        remarks.set_aside(read_rows.numbers[place], session_id, f"{name}: expected {rows.EXPECTED[name]}")
    for name, integers in (("SessionId", session_ids), ("DurationMinutes", minutes), ("UserId", host_ids)):
        if (integers.coerced & fits).any():
            remarks.coerced.add(name)
    columns: Columns = {
        "session_id": session_ids.numbers[fits],
        "scheduled_at": scheduled_at[fits],
        "billable_at": billable_at[fits],
        "minutes": np.where(minutes.null, _NO_MINUTES, minutes.numbers)[fits],
        "host_id": host_ids.numbers[fits],
    }
    sound = [(every[place], read_rows.extras.get(read_rows.numbers[place])) for place in np.flatnonzero(fits).tolist()]
    columns["fingerprint"] = _fingerprints(columns, sound)
    return columns | _texts(columns["session_id"].tolist(), [row for row, _ in sound], host_names, keep)


def _fingerprints(columns: Columns, sound: Sequence[tuple[rows.HistoryRow, str | None]]) -> npt.NDArray[np.int64]:
    # bytes, as Python hashes -1 like -2 and whole numbers by a remainder
    numbers = np.column_stack(list(columns.values()))
    keys = numbers.view(f"V{numbers.shape[1] * 8}").ravel().tolist()
    hashes = (
        hash((key, row.status, row.description or "", extra)) for key, (row, extra) in zip(keys, sound, strict=True)
    )
    return np.fromiter(hashes, np.int64, len(sound))


def _texts(
    session_ids: list[int], sound: list[rows.HistoryRow], host_names: dict[str, str | None], keep: bool
) -> Columns:
    """The columns of objects. A status and a host's name are one object each, however many rows have them."""
    texts = [row.description or "" for row in sound]
    statuses = [row.status if row.status is None else sys.intern(row.status) for row in sound]
    names: list[str | None] = []
    contradictions: list[str | None] = []
    for text, session_id, status in zip(texts, session_ids, statuses, strict=True):
        part, contradiction = description.host_and_contradiction(text, session_id, status)
        if part is not None and part not in host_names:
            host_names[part] = description.host_name(part)
        names.append(None if part is None else host_names[part])
        contradictions.append(contradiction)
    found: dict[str, Sequence[str | None]] = {
        "status": statuses,
        "host_name": names,
        "contradiction": contradictions,
    }
    if keep:
        both = list(map(description.participants_and_note, texts, session_ids))
        found |= {"participants": [one for one, _ in both], "note": [note for _, note in both]}
    return {name: _objects(column) for name, column in found.items()}


def _objects(column: Sequence[str | None]) -> npt.NDArray[np.object_]:
    objects = np.empty(len(column), dtype=object)
    objects[:] = column
    return objects


def _frame(columns: Columns) -> pd.DataFrame:
    minutes = columns["minutes"]
    unknown = minutes == _NO_MINUTES
    typed: dict[str, Any] = {
        "session_id": columns["session_id"],
        "scheduled_at": _utc(columns["scheduled_at"]),
        "billable_at": _utc(columns["billable_at"]),
        "minutes": pd.arrays.IntegerArray(np.where(unknown, 0, minutes).astype(np.int32), unknown),
        "status": pd.Series(columns["status"], dtype=object),
        "host_id": columns["host_id"],
        "host_name": pd.Series(columns["host_name"], dtype=object),
        **{name: pd.Series(columns[name], dtype=object) for name in ("participants", "note") if name in columns},
        "fingerprint": columns["fingerprint"],
        "contradiction": pd.Series(columns["contradiction"], dtype=object),
    }
    return pd.DataFrame(typed)


def _utc(stamps: npt.NDArray[np.int64]) -> "pd.Series[pd.Timestamp]":
    return pd.Series(stamps.view("datetime64[us]")).dt.tz_localize("UTC")
