"""Session by session: what differs between the month as issued and the activity file (docs/rules.md §18.3). Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.billing.month import Month
from reports.document import STATUSES, Document, Part
from reports.match.result import CODES

EDGE = timedelta(hours=14)  # the largest offset of a time zone: the vendor's month is another by so much at most
MATCHED = "matched"
READ, UNKNOWN, UNREADABLE = "", "status-unknown", "unreadable-theirs"

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ours:
    """What we hold of the month. `issued` and `newest` have session_id, status, minutes, billable_at, part."""

    document: Document  # the newest issued one
    documents: tuple[str, ...]  # the numbers of all that stand
    issued: pd.DataFrame
    newest: pd.DataFrame  # by the newest snapshot; `issued` itself where nothing has changed
    newest_at: datetime
    newest_sha256: str
    set_aside: Mapping[int, str]  # the finding for which the newest snapshot's row is not counted, by SessionId
    neighbours: Mapping[int, datetime]  # BillableTs of the months beside this one


@dataclass(frozen=True, slots=True)
class SessionDifference:
    """A session that is not the same on both sides. `step` is what theirs counts more (1) or less (−1) than ours."""

    code: str
    session_id: int | None
    ours: str | None
    theirs: str | None
    step: int
    part: int  # number of the part of the month it counts in


@dataclass(frozen=True, slots=True)
class Compared:
    sessions: pd.DataFrame  # `reports.match.result.SESSION_COLUMNS`
    differences: tuple[SessionDifference, ...]  # in the order of CODES, then by session
    counts: Mapping[int, int]  # theirs, by part: billable sessions


def compared(ours: Ours, theirs: pd.DataFrame, unnumbered: int, minutes_tolerance: int) -> Compared:
    """`theirs`: one row an id, as `activity` gives it; `unnumbered`: its unreadable rows without any id."""
    both = _joined(ours, theirs)
    code = _codes(both, ours, minutes_tolerance)
    found = [
        *_differences(both, code, ours.set_aside),
        *(SessionDifference(UNREADABLE, None, None, None, 0, both.last_part) for _ in range(unnumbered)),
    ]
    repeated = both.bills > 1
    shown = np.where((code == MATCHED) & repeated, "repeated-theirs", code)
    frame = pd.DataFrame(
        {
            "session_id": pd.array(both.ids, dtype="Int64"),
            "code": pd.Categorical(shown, categories=[MATCHED, *CODES]),
            "ours": pd.Categorical(both.ours, categories=list(STATUSES)),
            "theirs": pd.Categorical(both.theirs, categories=list(STATUSES)),
            "our_minutes": _minutes(both.our_minutes),
            "their_minutes": _minutes(both.their_minutes),
            "billable_at": both.at,
        }
    )
    order = sorted(found, key=lambda one: (CODES.index(one.code), one.session_id or 0))
    steps = both.bills - both.billed
    counts = {part.number: int(both.billed[both.part == part.number].sum()) for part in ours.document.parts}
    for part in counts:
        counts[part] += int(steps[both.part == part].sum())
    return Compared(frame, tuple(order), counts)


def _minutes(values: npt.NDArray[np.int64]) -> pd.arrays.IntegerArray:
    return pd.arrays.IntegerArray(values.astype(np.int32), values < 0)


@dataclass(frozen=True, slots=True)
class _Both:
    """Every SessionId of either side, ascending; minutes are −1 where unknown, statuses None where absent."""

    ids: npt.NDArray[np.int64]
    ours: npt.NDArray[np.object_]
    newest: npt.NDArray[np.object_]
    theirs: npt.NDArray[np.object_]
    our_minutes: npt.NDArray[np.int64]
    new_minutes: npt.NDArray[np.int64]
    their_minutes: npt.NDArray[np.int64]
    read: npt.NDArray[np.object_]  # READ, UNKNOWN, UNREADABLE; None where theirs has no such id
    billed: npt.NDArray[np.int64]  # by ours: 0 or 1
    bills: npt.NDArray[np.int64]  # by theirs: how often
    at: "pd.Series[pd.Timestamp]"
    part: npt.NDArray[np.int64]
    last_part: int


def _joined(ours: Ours, theirs: pd.DataFrame) -> _Both:
    index = pd.Index(np.union1d(ours.issued["session_id"].to_numpy(np.int64), theirs["session_id"].to_numpy(np.int64)))
    issued, newest = (_by_id(frame, index) for frame in (ours.issued, ours.newest))
    file = theirs.set_index("session_id").reindex(index)
    own, new = _texts(issued["status"]), _texts(newest["status"])
    there, read = file["read"].notna().to_numpy(bool), _texts(file["read"])
    said = _texts(file["status"])
    silent = there & (read == READ) & pd.isna(said)  # the file says nothing of any status: it lists what is charged
    said = np.where(silent, np.where(pd.notna(own), own, np.where(pd.notna(new), new, "BILL")), said)
    billed: npt.NDArray[np.int64] = (own == "BILL").astype(np.int64)
    bills = file["bills"].fillna(0).to_numpy(np.int64)
    bills = np.where(silent, (said == "BILL") * np.maximum(bills, 1), bills)
    unclear = there & (read != READ) & (bills == 0)
    at = issued["billable_at"].fillna(newest["billable_at"])
    neighbours = pd.Series(ours.neighbours, dtype="datetime64[us, UTC]").reindex(index)
    at = at.fillna(neighbours)
    part = issued["part"].fillna(newest["part"])
    parts = _parts(ours.document.parts, at.fillna(file["at"]))
    return _Both(
        ids=index.to_numpy(np.int64),
        ours=own,
        newest=new,
        theirs=said,
        our_minutes=_known(issued["minutes"]),
        new_minutes=_known(newest["minutes"]),
        their_minutes=_known(file["minutes"]),
        read=read,
        billed=billed,
        bills=np.where(unclear, billed, bills),
        at=at.reset_index(drop=True),
        part=np.where(part.notna(), part.fillna(0).to_numpy(np.int64), parts),
        last_part=ours.document.parts[-1].number,
    )


def _by_id(frame: pd.DataFrame, index: "pd.Index[int]") -> pd.DataFrame:
    columns = ["session_id", "status", "minutes", "billable_at", "part"]
    return frame[columns].set_index("session_id").reindex(index)


def _texts(column: "pd.Series[str]") -> npt.NDArray[np.object_]:
    texts = column.astype(object)
    return texts.where(texts.notna(), None).to_numpy(object)


def _known(minutes: "pd.Series[int]") -> npt.NDArray[np.int64]:
    return minutes.fillna(-1).to_numpy().astype(np.int64)


def _parts(parts: tuple[Part, ...], at: "pd.Series[pd.Timestamp]") -> npt.NDArray[np.int64]:
    """The part of each instant: the first before them all, the last where it is unknown."""
    starts = pd.DatetimeIndex([pd.Timestamp(part.first, tz="UTC") for part in parts]).as_unit("us")
    numbers = np.array([part.number for part in parts], dtype=np.int64)
    found = starts.searchsorted(pd.DatetimeIndex(at).as_unit("us"), side="right")
    of_instants: npt.NDArray[np.int64] = np.where(
        at.isna().to_numpy(bool), numbers[-1], numbers[np.maximum(found - 1, 0)]
    )
    return of_instants


def _codes(both: _Both, ours: Ours, tolerance: int) -> npt.NDArray[np.object_]:
    """The code of each session: the first that holds, in the order of docs/rules.md §18.3."""
    own, new, here = pd.notna(both.ours), pd.notna(both.newest), pd.notna(both.read)
    close, close_to_new = (
        (minutes < 0) | (both.their_minutes < 0) | (abs(minutes - both.their_minutes) <= tolerance)
        for minutes in (both.our_minutes, both.new_minutes)
    )
    as_newest = (here & new & (both.theirs == both.newest) & close_to_new) | (~here & ~new)
    changed = (own != new) | (both.ours != both.newest) | (both.our_minutes != both.new_minutes)
    month = Month.parse(ours.document.month)
    gaps = [(both.at - pd.Timestamp(edge)).abs() <= EDGE for edge in (month.start, month.end)]
    set_aside = np.isin(both.ids, np.fromiter(ours.set_aside, np.int64, len(ours.set_aside)))
    same = both.theirs == both.ours
    rules: list[tuple[str, Bools]] = [
        (UNREADABLE, both.read == UNREADABLE),
        (UNKNOWN, both.read == UNKNOWN),
        (MATCHED, own & here & same & close),
        ("stale-ours", as_newest & changed),
        ("status-differs", own & here & ~same),
        ("minutes-differ", own & here),
        ("month-boundary", (gaps[0] | gaps[1]).to_numpy(bool)),
        ("set-aside-ours", here & set_aside),
        ("only-theirs", here),
    ]
    return np.select([holds for _, holds in rules], [code for code, _ in rules], default="only-ours").astype(object)


def _differences(
    both: _Both, code: npt.NDArray[np.object_], set_aside: Mapping[int, str]
) -> Iterator[SessionDifference]:
    extra = np.maximum(both.bills - 1, 0)
    for row in np.flatnonzero((code != MATCHED) | (extra > 0)).tolist():
        session_id, part = int(both.ids[row]), int(both.part[row])
        if code[row] != MATCHED:
            step = int(min(both.bills[row], 1) - both.billed[row])
            yield SessionDifference(
                str(code[row]), session_id, *_said(both, row, str(code[row]), set_aside), step, part
            )
        for _ in range(int(extra[row])):
            yield SessionDifference("repeated-theirs", session_id, both.ours[row], both.theirs[row], 1, part)


def _said(both: _Both, row: int, code: str, set_aside: Mapping[int, str]) -> tuple[str | None, str | None]:
    """What each side says: the statuses, the minutes where only they differ, ours the finding it is set aside for."""
    ours, theirs = both.ours[row], both.theirs[row]
    if code == "minutes-differ" or (code == "stale-ours" and ours == theirs):
        minutes = (int(both.our_minutes[row]), int(both.their_minutes[row]))
        return tuple(None if known < 0 else str(known) for known in minutes)  # type: ignore[return-value]  # a pair
    if code == "set-aside-ours":
        ours = set_aside[int(both.ids[row])]
    return ours, None if code in (UNKNOWN, UNREADABLE) else theirs
