"""What is to be proven, what the ledger says in outline, and how a difference is reported."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from jobs.ledger import folders
from jobs.ledger.folders import Unit
from jobs.replay import Archive

WITHHELD = ("the participants' text as issued", "another text")  # what is reported may be mailed; names may not
_MOST = 20  # differences reported of one file or document; the first ones say what happened

LedgerRow = Mapping[str, Any]
Mismatch = tuple[str, str, str]  # place, expected, found


@dataclass(frozen=True, slots=True)
class Difference:
    file: str
    place: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A month of which something is another configuration's to prove."""

    account: str
    month: str
    what: str
    folder: Path

    def __str__(self) -> str:
        what = f"its {self.what} are in {self.folder}, by another configuration"
        return f"{self.account} {self.month}: {what}: left out here, prove them with that one"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be proven. `account` and `month`: None for all."""

    archive: Archive
    ledger_name: str
    output: Path
    configured: Path  # the output folder, even where another one is to be proven
    program_version: str
    account: str | None = None
    month: str | None = None
    keys: tuple[str, ...] = ()  # every key that the account had

    def holds(self, row: LedgerRow) -> bool:
        is_its = self.account is None or row["account"] in (self.account, *self.keys)
        return is_its and self.month in (None, row["month"])


@dataclass(frozen=True, slots=True)
class Outline:
    """What the ledger says beside the documents themselves, as one view."""

    snapshots: list[LedgerRow]
    attachments: list[LedgerRow]
    documents: list[LedgerRow]  # without body and sessions
    numbers: list[LedgerRow]
    events: list[LedgerRow]
    renames: list[LedgerRow]
    lines: dict[int, list[LedgerRow]]  # by document
    nth: dict[int, int]  # by document: its ordinal in its series
    written: dict[int, dict[str, str]]  # by document whose files are in place: their SHA-256 by name
    billed_by_others: dict[Unit, Path]  # by month that only another configuration billed: its folder there
    files_of_others: dict[Unit, Path]  # those of them that are not here too
    snapshots_of_others: dict[int, Path]  # by snapshot that lies in another configuration's folder: that one


def outline_of(scope: Scope) -> Outline:
    tables = scope.archive.ledger.outline(scope.account)
    lines: dict[int, list[LedgerRow]] = defaultdict(list)
    for row in tables["lines"]:
        lines[row["document_id"]].append(row)
    nth = {row["document_id"]: row["nth"] for row in tables["numbers"]}
    unnumbered: dict[str, int] = defaultdict(int)
    for row in tables["documents"]:
        if row["number"] is None:
            unnumbered[row["corrects"]] += 1
            nth[row["id"]] = unnumbered[row["corrects"]]
    written = {row["document_id"]: json.loads(row["detail"]) for row in tables["events"] if row["kind"] == "written"}
    small = {name: tables[name] for name in ("snapshots", "attachments", "documents", "numbers", "events", "renames")}
    known = folders.noted(filter(scope.holds, tables["events"]))
    others = folders.billed_by_others(known, scope.configured)
    snapshots: dict[int, Path] = {}
    units = {row["id"]: (row["account"], row["month"]) for row in filter(scope.holds, tables["snapshots"])}
    for row in (*tables["snapshots"], *tables["attachments"]):
        row_id = row.get("snapshot_id", row["id"])
        if row_id not in units:
            continue
        if other := folders.holding(known.get(units[row_id], ()), scope.archive.snapshots, row["sha256"]):
            snapshots[row_id] = other
    return Outline(
        **small,
        lines=lines,
        nth=nth,
        written=written,
        billed_by_others=others,
        files_of_others=folders.lacking(others, scope.output),
        snapshots_of_others=snapshots,
    )


def first_ones(differences: Iterable[Mismatch]) -> Iterator[Mismatch]:
    """At most _MOST of them; then it is said that there are more."""
    left = iter(differences)
    yield from islice(left, _MOST)
    if next(left, None):
        yield "further places", "no difference", f"more than the {_MOST} shown"


def found_at(file: Path) -> bytes | str:
    """What is in a plain file, or what stands in its place. Nothing is followed, nothing is made."""
    if file.is_symlink():
        return "a symbolic link"
    try:
        return file.read_bytes() if file.is_file() else "something else" if file.exists() else "missing"
    except OSError as error:
        return f"unreadable ({(error.strerror or type(error).__name__).lower()})"
