"""Restatement: what differs between a month as last issued and as now computed, and its money (docs/rules.md §9).

An adjustment is the newly computed month minus everything already issued for it. Its changes explain it session
by session: a session's own change, or a charge that moved because another session joined or left the allowance.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import pandas as pd

from jobs.billing import money
from jobs.billing.plan import METERS
from reports.document import STATUSES, Change, Line, Part
from reports.stored import plain

ABSENT = "—"
_OWN = ["status", "minutes", "host_id", "billable_at"]  # what makes a session's row another one
_COLUMNS = ["session_id", *_OWN, "part", "ordinal", "allowance", "charge"]


@dataclass(frozen=True, slots=True)
class _Session:
    """One side of one session: as issued, or as now computed."""

    status: str
    minutes: int | None
    host_id: int
    billable_at: datetime
    part: int
    ordinal: int | None
    allowance: str
    charge: Decimal


@dataclass(frozen=True, slots=True)
class _Pair:
    session_id: int
    before: _Session | None
    after: _Session | None

    @property
    def effect(self) -> Decimal:
        """What the change does to the session's own charge, exactly."""
        return money.EXACT.subtract(
            self.after.charge if self.after else Decimal(0), self.before.charge if self.before else Decimal(0)
        )


def same(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Whether both hold the same sessions, each with the same status, minutes, host and BillableTs, in any order."""
    if len(before) != len(after):
        return False
    columns = ["session_id", *_OWN]
    one, two = (frame[columns].sort_values("session_id", ignore_index=True) for frame in (before, after))
    return bool(all(one[column].equals(two[column]) for column in columns))


def changes(
    before: pd.DataFrame, after: pd.DataFrame, *, parts: Sequence[Part], net: Decimal, digits: int
) -> tuple[Change, ...]:
    """Why a month's net differs by `net`: own changes first, then moved charges, each in order of BillableTs.

    `before` and `after` are rated frames, both of `parts`. The amounts are rounded to `digits`; Σ amount = `net`,
    always: a last entry `rounding` closes the sum where the rounded amounts do not.
    """
    pairs = _differing(before, after)
    own = [pair for pair in pairs if _own_changes(pair)]
    moved = [pair for pair in pairs if not _own_changes(pair)]
    entries = [
        replace(entry, amount=money.rounded(pair.effect, digits) if first else money.rounded(Decimal(0), digits))
        for pair in own
        for first, entry in _marked(_own_changes(pair))
    ]
    entries += [_moved(*each, digits) for each in zip(moved, _reasons(moved, own, parts), strict=True)]
    rest = net
    for entry in entries:
        rest = money.EXACT.subtract(rest, entry.amount)
    if rest:
        why = "each line is rounded once, after its sessions are added up; this closes the sum"
        entries.append(Change(None, "rounding", None, None, rest, why))
    return tuple(entries)


def transitions(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, dict[str, int]]:
    """How many sessions went from which status to which; ABSENT where a session was or is not in the month."""
    both = _merged(before[["session_id", "status"]], after[["session_id", "status"]])
    states = [*STATUSES, ABSENT]
    found = both.fillna(ABSENT).value_counts(["status_before", "status_after"])
    return {one: {two: int(found.get((one, two), 0)) for two in states} for one in states}


def difference(now: Sequence[Line], issued: Sequence[Line]) -> tuple[Line, ...]:
    """The lines of an adjustment: `now` less `issued` (of one or more documents), line by line; zero ones left out."""
    left: dict[tuple[int, str, int], Line] = {}
    for sign, lines in ((1, now), (-1, issued)):
        for line in lines:
            key = (line.part, line.meter, line.tier)
            known = left.get(key) or replace(line, quantity=Decimal(0), amount=line.amount * 0)
            left[key] = replace(
                known,
                quantity=money.EXACT.fma(line.quantity, Decimal(sign), known.quantity),
                amount=money.EXACT.fma(line.amount, Decimal(sign), known.amount),
            )
    return tuple(left[key] for key in sorted(left, key=_line_order) if left[key].amount or left[key].quantity)


def _line_order(key: tuple[int, str, int]) -> tuple[int, int, int]:
    part, meter, tier = key
    return part, ("fee", *METERS, "hosts").index(meter), tier


def _merged(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    one, two = (frame.astype({c: "object" for c in frame.columns if c != "session_id"}) for frame in (before, after))
    return one.merge(two, on="session_id", how="outer", suffixes=("_before", "_after"))


def _differing(before: pd.DataFrame, after: pd.DataFrame) -> list[_Pair]:
    """The sessions that changed themselves or whose charge moved, in order of BillableTs and SessionId."""
    both = _merged(before[_COLUMNS], after[_COLUMNS])
    differs = pd.Series(False, index=both.index)
    for column in [*_OWN, "charge"]:
        one, two = both[f"{column}_before"], both[f"{column}_after"]
        differs |= ~((one == two).fillna(False).astype(bool) | (one.isna() & two.isna()))
    pairs = [_pair(row) for row in both[differs].to_dict("records")]
    return sorted(pairs, key=lambda pair: ((pair.after or pair.before).billable_at, pair.session_id))  # type: ignore[union-attr]  # one side is there


def _pair(row: dict[Any, Any]) -> _Pair:
    def side(suffix: Literal["before", "after"]) -> _Session | None:
        if pd.isna(row[f"status_{suffix}"]):
            return None
        values: dict[str, Any] = {column: row[f"{column}_{suffix}"] for column in _COLUMNS[1:]}
        known: dict[str, Any] = {column: None if pd.isna(value) else value for column, value in values.items()}
        return _Session(**known)

    return _Pair(int(row["session_id"]), side("before"), side("after"))


def _marked(entries: Sequence[Change]) -> Iterator[tuple[bool, Change]]:
    return ((number == 0, entry) for number, entry in enumerate(entries))


def _own_changes(pair: _Pair) -> list[Change]:
    """One entry for each property of the session that changed; amounts are still to be filled in."""
    before, after, nothing = pair.before, pair.after, Decimal(0)
    if before is None or after is None:
        if before is None and after is not None:
            why = "was not among the month's counted sessions when last issued"
            return [Change(pair.session_id, "added", None, after.status, nothing, why)]
        why = "is no longer among the month's counted sessions: gone from the reply, or set aside (see the findings)"
        return [Change(pair.session_id, "removed", before.status if before else None, None, nothing, why)]
    differing: list[tuple[Literal["status", "minutes", "host", "billable_at"], str, str, str]] = []
    if before.status != after.status:
        differing.append(("status", before.status, after.status, _status_why(before.status, after.status)))
    if before.minutes != after.minutes:
        differing.append(("minutes", _known(before.minutes), _known(after.minutes), "the vendor changed the duration"))
    if before.host_id != after.host_id:
        differing.append(("host", str(before.host_id), str(after.host_id), "the vendor changed the host's UserId"))
    if before.billable_at != after.billable_at:
        one, two = _instant(before.billable_at), _instant(after.billable_at)
        differing.append(("billable_at", one, two, "the vendor changed BillableTs"))
    return [Change(pair.session_id, kind, one, two, nothing, why) for kind, one, two, why in differing]


def _known(minutes: int | None) -> str:
    return "unknown" if minutes is None else str(minutes)


def _status_why(before: str, after: str) -> str:
    if before == "BILL":
        return f"the vendor changed its status: {after} does not count towards the allowance"
    if after == "BILL":
        return "the vendor changed its status: it now counts towards the allowance"
    return "the vendor changed its status: neither counts towards the allowance"


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _moved(pair: _Pair, why: str, digits: int) -> Change:
    """The entry of a session that did not change itself, but whose charge moved."""
    before, after = _both(pair)
    was, now = _class(before), _class(after)
    if was == now:
        was, now = (f"{was} at {plain(money.price(side.charge, digits))}" for side in (before, after))
    return Change(pair.session_id, "reordered", was, now, money.rounded(pair.effect, digits), why)


def _both(pair: _Pair) -> tuple[_Session, _Session]:
    if pair.before is None or pair.after is None:
        raise ValueError(f"session {pair.session_id} is on one side only: that is its own change")
    return pair.before, pair.after


def _class(side: _Session) -> str:
    """ "included #8", "overage" or "counted": its place matters among the included ones, else only the price."""
    included = side.allowance.startswith("included")
    return side.allowance.partition(" of " if included else " #")[0]


def _reasons(moved: Iterable[_Pair], own: Iterable[_Pair], parts: Sequence[Part]) -> Iterator[str]:
    """For each of `moved`, in order: the sessions whose own change moved its charge, all of its part and before it."""
    causes = sorted(_causes(own, {part.number for part in parts if part.has("minutes")}), reverse=True)
    number, before_it = 0, dict[str, list[int]]()
    for pair in moved:
        _, side = _both(pair)
        if side.part != number:
            number, before_it = side.part, {}
        while causes and causes[-1] < (side.part, side.billable_at, pair.session_id):
            part, _, session_id, verb = causes.pop()
            if part == number:
                before_it.setdefault(verb, []).append(session_id)
        yield "because " + " and ".join(f"{_listed(ids)} {verb}" for verb, ids in before_it.items())


def _causes(own: Iterable[_Pair], metered: Container[int]) -> Iterator[tuple[int, datetime, int, str]]:
    """(part, from when on, SessionId, what it did) of each change that can move the charges of later sessions.

    `metered`: the parts with a minutes meter; elsewhere a session's minutes move nothing.
    """
    for pair in own:
        sides = [side for side in (pair.before, pair.after) if side is not None and side.status == "BILL"]
        for part in sorted({side.part for side in sides}):
            here = [side for side in sides if side.part == part]
            since = min(side.billable_at for side in here)
            if len(here) == 1:
                yield part, since, pair.session_id, f"{'left' if here[0] is pair.before else 'joined'} the allowance"
            elif here[0].billable_at != here[1].billable_at:
                yield part, since, pair.session_id, "changed its place in the allowance"
            elif here[0].minutes != here[1].minutes and part in metered:
                yield part, since, pair.session_id, "changed its minutes"


def numbered_sessions(ids: Sequence[int]) -> str:
    """ "session 5 moves", "sessions 5, 6 and 7 move" …, the first three of them."""
    return f"session {ids[0]} moves" if len(ids) == 1 else f"sessions {_listed(ids)} move"


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids[:3])) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
