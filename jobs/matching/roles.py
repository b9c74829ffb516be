"""Which column of the file holds what: by configuration, else by content, else by header (docs/rules.md §18.2).

The vendor documents neither the columns nor their names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from openpyxl.utils import get_column_letter

from jobs.errors import UsageError
from jobs.matching.facts import INSTANT, LENGTH, MICRO, NUMBER, TEXT, UNKNOWN_STATUS, WHOLE

WORDS = {  # a header without blanks and signs, in small letters
    "description": ("description", "usage", "session"),
    "session_id": ("sessionid", "id", "number"),
    "status": ("status", "billable", "type"),
    "at": ("date", "time", "start", "billable"),
    "minutes": ("duration", "minutes", "length"),
}
_MONEY = ("amount", "price", "charge", "charges", "cost", "total", "fee", "rate", "balance", "tax")
_SHOWN = {  # words that name nobody: only headers made of them are shown
    *(word for words in WORDS.values() for word in words),
    *_MONEY,
    *("usagedescription", "sessionno", "sessionnumber", "no", "of", "in", "the", "utc", "local", "min", "mins", "code"),
    *("name", "user", "host", "scheduled", "schedule", "end", "started", "ended", "billing", "counted", "ts", "plan"),
    *("participant", "participants", "account", "month", "day", "timestamp", "activity", "sessions", "summary"),
}
_OPTIONAL = ("at", "minutes")  # a second candidate leaves these unused

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Cells:
    """A column: its place from 0, its header, and the facts of its cells (`facts.ColumnFacts`)."""

    place: int
    header: str
    kinds: npt.NDArray[np.uint8]
    values: npt.NDArray[np.int64]
    statuses: npt.NDArray[np.uint8]

    @property
    def letter(self) -> str:
        return str(get_column_letter(self.place + 1))

    @property
    def filled(self) -> int:
        return int(np.count_nonzero(self.kinds))

    def holding(self, mask: Mask, share: float) -> bool:
        """Whether so large a share of the cells that are not empty is in `mask`."""
        return self.filled > 0 and int(np.count_nonzero(mask)) >= share * self.filled

    @property
    def ids(self) -> Mask:
        found: Mask = (self.kinds == WHOLE) & (self.values >= 1)
        return found

    @property
    def described(self) -> Mask:
        found: Mask = (self.kinds == TEXT) & (self.values > 0)
        return found

    @property
    def timed(self) -> Mask:
        """Minutes, or a length of time of at most a day."""
        within = (self.values >= 0) & (self.values <= np.choose(self.kinds, (0, 1440, 1440 * MICRO, 86_400, 0, 0)))
        return within & np.isin(self.kinds, (WHOLE, NUMBER, LENGTH))


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns by role, and what could not be decided."""

    columns: Mapping[str, Cells]
    warnings: tuple[str, ...]


def plain(header: str) -> str:
    return "".join(sign for sign in header.casefold() if sign.isalnum())


def shown(header: str) -> str:
    """The header as it may be shown: "" where a word of it could be somebody's name."""
    words = header.casefold().replace("#", " ").replace("(", " ").replace(")", " ").replace("_", " ").split()
    return header if plain(header) in _SHOWN or (words and all(word in _SHOWN for word in words)) else ""


def roles(columns: Sequence[Cells], configured: Mapping[str, str], where: str) -> Roles:
    """`configured`: letter or header by role, as it stands at `where` in the configuration. Raises UsageError."""
    found = {role: _named(columns, role, text, where) for role, text in configured.items()}
    warnings: list[str] = []
    for role in WORDS:
        if role in found:
            continue
        taken = {one.place for one in found.values()}
        left = [one for one in columns if one.place not in taken]
        fitting = list(_fitting(role, left, found.get("description")))
        if len(fitting) > 1 and role not in _OPTIONAL:
            both = " and ".join(_place(one) for one in fitting[:2])
            raise UsageError(f"{both} fit {role} equally: set {where}.columns.{role}")
        if len(fitting) > 1:
            warnings.append(f"several columns fit {role}, so none is used: set {where}.columns.{role}")
        elif fitting:
            found[role] = fitting[0]
    return Roles({role: found[role] for role in WORDS if role in found}, tuple(warnings))


def _place(column: Cells) -> str:
    header = shown(column.header)
    return f"column {column.letter} ({header})" if header else f"column {column.letter}"


def _named(columns: Sequence[Cells], role: str, text: str, where: str) -> Cells:
    by_header = [one for one in columns if plain(one.header) == plain(text) and plain(text)]
    by_letter = [one for one in columns if one.letter == text.upper()]
    if len(by_header) > 1:
        raise UsageError(f"{where}.columns.{role}: several columns have this header; name the column's letter")
    if not (by_header or by_letter):
        raise UsageError(f"{where}.columns.{role}: no column of the file has this letter or header; see --detect")
    return (by_header or by_letter)[0]


def _fitting(role: str, columns: Sequence[Cells], description: Cells | None) -> Iterator[Cells]:
    """The columns that fit best: by content, of several those with a header of the role; else by header alone."""
    named = [one for one in columns if plain(one.header) in WORDS[role]]
    by_content = [one for one in columns if _CONTENT[role](one, description)]
    if role in ("session_id", "minutes"):  # numbers are in many columns
        others = {word for other, words in WORDS.items() if other != role for word in words} | {*_MONEY}
        by_content = [one for one in by_content if plain(one.header) not in others - {*WORDS[role], "session"}]
    if len(by_content) > 1:
        both = [one for one in by_content if one in named]
        yield from both or by_content
    elif by_content:
        yield by_content[0]
    else:
        yield from (one for one in named if _possible(role, one))


def _possible(role: str, column: Cells) -> bool:
    """Whether a column that only has the role's header holds anything of it."""
    if role == "description":
        return bool(column.described.any())
    if role == "session_id":
        return bool(column.ids.any())
    if role == "status":
        return bool((column.kinds == TEXT).any())
    return bool((column.kinds == INSTANT).any()) if role == "at" else bool(column.timed.any())


def _is_session_id(column: Cells, description: Cells | None) -> bool:
    ids = column.ids
    if not column.holding(ids, 0.95):
        return False
    values = column.values[ids]
    if len(np.unique(values)) < 0.99 * len(values):
        return False
    if description is None:
        return True
    both = ids & description.described
    equal = column.values[both] == description.values[both]
    return bool(equal.size and np.count_nonzero(equal) >= 0.95 * equal.size)


def _is_status(column: Cells, _: Cells | None) -> bool:
    return column.holding((column.statuses > 0) & (column.statuses < UNKNOWN_STATUS) & (column.values == 0), 0.9)


_CONTENT: dict[str, Callable[[Cells, Cells | None], bool]] = {
    "description": lambda column, _: column.holding(column.described, 0.9),
    "session_id": _is_session_id,
    "status": _is_status,
    "at": lambda column, _: column.holding(column.kinds == INSTANT, 0.9),
    "minutes": lambda column, _: column.holding(column.timed, 0.95),
}
