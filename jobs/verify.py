"""`verify`: proves what was issued, offline (contract §2).

From each document's raw snapshot everything is computed again and compared with the ledger; from the ledger its files
are made again and compared with those in the output folder. Each difference is named; nothing is repaired.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from jobs.billing import invoicing, money
from jobs.billing.decide import Decision
from jobs.billing.invoicing import Issued
from jobs.errors import BillingError, LedgerDamaged, UsageError
from jobs.ledger import frames
from jobs.ledger.posting import amounts_minor
from jobs.ledger.rows import issued_from
from jobs.ledger.store import View
from jobs.log import origin
from jobs.recount import Archive, recount
from reports import formats, places
from reports.document import PARTICIPANT_COLUMNS, Document, figures, plain, to_builtins

_MOST = 20  # differences told of one file or document; the first ones say what happened
_WORDS = ("description", "message", "why", "rules", "plan")  # may be worded otherwise by another version
_WITHHELD = ("the participants' text as issued", "another text")  # what is told may be mailed; names may not

_ISSUED = re.compile(r".+-\d{6}-\d{4,}(-(CN|SI)\d+)?|restatement-\d+")  # names of final files, without their endings

Row = Mapping[str, Any]
Told = tuple[str, str, str]  # place, expected, found


@dataclass(frozen=True, slots=True)
class Difference:
    file: str
    place: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be proven. `account` and `month`: None for all."""

    archive: Archive
    ledger_name: str
    output: Path
    program_version: str
    account: str | None = None
    month: str | None = None

    def holds(self, row: Row) -> bool:
        return self.account in (None, row["account"]) and self.month in (None, row["month"])


@dataclass(frozen=True, slots=True)
class Outline:
    """What the ledger says beside the documents themselves, as one view."""

    snapshots: list[Row]
    attachments: list[Row]
    documents: list[Row]  # without body and sessions
    numbers: list[Row]
    events: list[Row]
    lines: dict[int, list[Row]]  # by document
    nth: dict[int, int]  # by document: its ordinal in its series
    written: dict[int, dict[str, str]]  # by document whose files are in place: their SHA-256 by name


def verify(scope: Scope) -> Iterator[Difference]:
    """Every difference found, the ledger's own first. Where the chain is broken the rest is still compared.

    Raises LedgerError where the ledger cannot be read at all.
    """
    broken = False
    try:
        for found in scope.archive.ledger.breaks():
            broken = True
            yield Difference(scope.ledger_name, found.place, found.expected, found.found)
    except LedgerDamaged as error:
        broken = True
        yield Difference(scope.ledger_name, "the database file", "readable", str(error))
    try:
        yield from _compared(scope)
    except Exception as error:  # a damaged ledger may hold anything
        if not broken:
            raise
        reason = str(error) if isinstance(error, BillingError) else origin(error)
        yield Difference(scope.ledger_name, "what comes after", "readable", f"too damaged to go on: {reason}")


def _compared(scope: Scope) -> Iterator[Difference]:
    outline = _outline(scope)
    yield from _within_ledger(scope, _numbers(outline))
    yield from _snapshots(scope, outline)
    yield from _links(scope, outline)
    for small in filter(scope.holds, outline.documents):
        try:
            row = scope.archive.ledger.document_row(small["id"])
            issued = issued_from(row)
        except (LedgerDamaged, ValueError) as error:
            yield Difference(scope.ledger_name, _named(small), "a whole document", str(error))
            continue
        yield from _within_ledger(scope, _columns(outline, row, issued.document))
        yield from _within_ledger(scope, _first_ones(_recomputed(scope, outline, row, issued)))
        yield from _files(scope, outline, issued)
    yield from _provisional_files(scope, outline)
    yield from _never_issued(scope, outline)


def _outline(scope: Scope) -> Outline:
    tables = scope.archive.ledger.outline()
    lines: dict[int, list[Row]] = defaultdict(list)
    for row in tables["lines"]:
        lines[row["document_id"]].append(row)
    nth = {row["document_id"]: row["nth"] for row in tables["numbers"]}
    unnumbered: dict[str, int] = defaultdict(int)
    for row in tables["documents"]:
        if row["number"] is None:
            unnumbered[row["corrects"]] += 1
            nth[row["id"]] = unnumbered[row["corrects"]]
    written = {row["document_id"]: json.loads(row["detail"]) for row in tables["events"] if row["kind"] == "written"}
    small = {name: tables[name] for name in ("snapshots", "attachments", "documents", "numbers", "events")}
    return Outline(**small, lines=lines, nth=nth, written=written)


def _within_ledger(scope: Scope, differences: Iterable[Told]) -> Iterator[Difference]:
    return (Difference(scope.ledger_name, *one) for one in differences)


def _first_ones(differences: Iterable[Told]) -> Iterator[Told]:
    """At most _MOST of them; then it is said that there are more."""
    left = iter(differences)
    yield from islice(left, _MOST)
    if next(left, None):
        yield "further places", "no difference", f"more than the {_MOST} told"


def _named(row: Row) -> str:
    return f"document {row['number'] or row['id']}"


def _numbers(outline: Outline) -> Iterator[Told]:
    """Every series runs 1, 2, 3 … and every number belongs to the document that bears it."""
    bears = {row["id"]: row["number"] for row in outline.documents}
    series: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in outline.numbers:
        series[row["account"], row["series"]].append(row["nth"])
        if bears.get(row["document_id"]) != row["number"]:
            found = bears.get(row["document_id"]) or places.NOTHING
            yield f"number of document {row['document_id']}", row["number"], found
    numbered = {row["document_id"] for row in outline.numbers}
    for row_id, number in bears.items():
        if number is not None and row_id not in numbered:
            yield f"row of document {row_id} in table numbers", number, places.NOTHING
    for (account, name), ordinals in series.items():
        if sorted(ordinals) != list(range(1, len(ordinals) + 1)):
            found = ", ".join(map(str, sorted(ordinals)))
            yield f"numbers of {account}, series {name}", f"1 to {len(ordinals)} without a gap", found


def _snapshots(scope: Scope, outline: Outline) -> Iterator[Difference]:
    """Every raw reply is there, byte for byte, and what was asked beside it."""
    replies = [row for row in outline.snapshots if scope.holds(row)]
    held = {row["id"] for row in replies}
    beside = [row for row in outline.attachments if row["snapshot_id"] in held]
    for sha, of_file in dict.fromkeys((row["sha256"], row["file_sha256"]) for row in (*replies, *beside)):
        file = scope.archive.snapshots.file(sha)
        stored = _content(file)
        if isinstance(stored, str):
            yield Difference(str(file), "the file", "there", stored)
        elif (found := sha256(stored).hexdigest()) != of_file:
            yield Difference(str(file), "SHA-256 of the file", of_file, found)


def _columns(outline: Outline, row: Row, document: Document) -> Iterator[Told]:
    """The ledger's columns and lines repeat what the document says."""
    said = {name: getattr(document, name) for name in ("account", "month", "kind", "number", "corrects", "currency")}
    for name, expected in (said | amounts_minor(document)).items():
        if row[name] != expected:
            yield f"{_named(row)}, {name}", str(expected), str(row[name])
    printed = [
        {
            "meter": line.meter,
            "description": line.description,
            "quantity": plain(line.quantity),
            "unit_price": plain(line.unit_price),
            "amount_minor": money.to_minor(line.amount, document.digits),
        }
        for line in document.lines
    ]
    stored = [{name: line[name] for name in line if name in _LINE} for line in outline.lines.get(row["id"], [])]
    for place, expected, found in places.unlike(places.leaves(printed), places.leaves(stored)):
        yield f"{_named(row)}, lines.{place}", expected, found


_LINE = ("meter", "description", "quantity", "unit_price", "amount_minor")


def _recomputed(scope: Scope, outline: Outline, row: Row, issued: Issued) -> Iterator[Told]:
    """What the snapshot gives under the stored terms is what was issued."""
    document = issued.document
    try:
        decision = recount(scope.archive, document, View(issued.id - 1, row["snapshot_id"]), adjust=True)
    except BillingError as error:
        yield f"{_named(row)}, computed again", "as issued", str(error)
        return
    if decision.post is None or document.issued_on is None:
        yield f"{_named(row)}, computed again", "issued", decision.status
        return
    again = invoicing.numbered(decision.post, outline.nth[issued.id], document.issued_on)
    same_version = document.program_version == scope.program_version
    for place, expected, found in _fields(again, document, same_version=same_version):
        yield f"{_named(row)}, {place}", expected, found
    for place, expected, found in _sessions(row, decision, issued.sessions):
        yield f"{_named(row)}, {place}", expected, found


def _fields(again: Document, document: Document, *, same_version: bool) -> Iterator[Told]:
    one, two = (places.leaves(to_builtins(each)) for each in (again, document))
    for place, expected, found in places.unlike(one, two):
        is_wording = any(part in _WORDS for part in place.split("."))
        if same_version or not is_wording:
            yield place, expected, found


def _sessions(row: Row, decision: Decision, stored: pd.DataFrame) -> Iterator[Told]:
    recomputed = decision.month.sessions
    if frames.pack(recomputed) == row["sessions"]:
        return
    columns = [name for name in recomputed if name != "session_id"]
    one, two = (
        {line[0]: line[1:] for line in frame[["session_id", *columns]].to_numpy(dtype=object).tolist()}
        for frame in (recomputed, stored)
    )
    absent = [places.NOTHING] * len(columns)
    for session_id in sorted({*one, *two}):
        expected_row, found_row = one.get(session_id, absent), two.get(session_id, absent)
        for name, expected, found in zip(columns, expected_row, found_row, strict=True):
            if str(expected) != str(found):
                told = _WITHHELD if name in PARTICIPANT_COLUMNS else (str(expected), str(found))
                yield f"session {session_id}, {name}", *told


def _links(scope: Scope, outline: Outline) -> Iterator[Difference]:
    """Folders that are symbolic links: `run` and `render` write nothing there, so what lies there proves nothing."""
    rows = filter(scope.holds, (*outline.documents, *outline.events))
    links = {_link(scope, row["account"], row["month"]) for row in rows} - {None}
    for link in sorted(map(str, links)):
        yield Difference(link, "the folder", "a real one", "a symbolic link")


def _link(scope: Scope, account: str, month: str) -> Path | None:
    folders = (scope.output / account, scope.output / account / month)
    return next((folder for folder in folders if folder.is_symlink()), None)


def _files(scope: Scope, outline: Outline, issued: Issued) -> Iterator[Difference]:
    """The document's files are what the ledger makes of it."""
    document = issued.document
    recorded = outline.written.get(issued.id)
    folder = scope.output / document.account / document.month
    if recorded is None:
        found = "not written yet; `securevideo-billing run` finishes them"
        yield Difference(str(folder), f"files of {document.stem}", "written", found)
        return
    if _link(scope, document.account, document.month):
        return
    for format_name, name in document.files.items():
        file = folder / name
        content = _content(file)
        if isinstance(content, str):
            yield Difference(str(file), "the file", "there", content)
            continue
        told = _first_ones(_in_file(scope, issued, format_name, content, recorded.get(name, places.NOTHING)))
        yield from (Difference(str(file), *one) for one in told)
    for format_name in (name for name in formats.names() if name not in document.files):
        yield from _copy(folder / f"{document.stem}.{format_name}", format_name, issued)


def _copy(file: Path, format_name: str, issued: Issued) -> Iterator[Difference]:
    """A file in a format that the document was not issued in (`render --format`) need not be there, but be right."""
    content = _content(file)
    if content == "missing" or content == _rendered(format_name, issued):
        return
    found = content if isinstance(content, str) else f"another: `securevideo-billing render --format {format_name}`"
    yield Difference(str(file), "the copy", "what this version makes of the document", found)


def _rendered(format_name: str, issued: Issued) -> bytes | None:
    """None where the extra that the format needs is not installed."""
    try:
        return formats.render(format_name, issued.document, issued.sessions)
    except ImportError:
        return None


def _in_file(scope: Scope, issued: Issued, format_name: str, content: bytes, recorded: str) -> Iterator[Told]:
    document = issued.document
    made = _rendered(format_name, issued)
    digest = sha256(content).hexdigest()
    altered = digest != recorded
    if altered:
        yield "SHA-256 of the file", recorded, digest
    elif content == made:
        return
    if made is None:
        return  # nothing to compare with on this machine: the digest is the proof
    if not altered and document.program_version != scope.program_version:
        yield from _other_version(format_name, document, content)
        return
    for place, expected, found in places.differing(format_name, made, content):
        if altered or not places.is_looks(place):  # a newer library may draw an unaltered file otherwise
            withheld = document.participants == "full" and places.may_name_participants(place)
            yield place, *(_WITHHELD if withheld else (expected, found))


def _other_version(format_name: str, document: Document, content: bytes) -> Iterator[Told]:
    """A file as another version made it is worded otherwise; its figures must be the document's all the same."""
    stored = places.stored_figures(format_name, content)
    for name, expected in figures(document).items() if stored else ():
        if stored.get(name) != str(expected):
            yield name, str(expected), str(stored.get(name))


def _provisional_files(scope: Scope, outline: Outline) -> Iterator[Difference]:
    """Summaries and drafts are as the last run left them."""
    told = [(row, json.loads(row["detail"])) for row in outline.events if scope.holds(row)]
    ends = [(row, detail) for row, detail in told if row["kind"] not in ("posted", "written")]
    there = [end for end in ends if end[1].get("output") == str(scope.output)]
    last: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row, detail in there or [end for end in ends if "output" not in end[1]]:
        unit = row["account"], row["month"]
        kept = last[unit] if row["kind"] == "failed" else {}  # a unit that failed leaves its drafts as they were
        last[unit] = {**kept, **detail.get("files", {})}
    for (account, month), digests in last.items():
        if _link(scope, account, month):
            continue
        for name, expected in digests.items():
            file = scope.output / account / month / name
            content = _content(file)
            found = content if isinstance(content, str) else sha256(content).hexdigest()
            if found != expected:
                yield Difference(str(file), "SHA-256 of the file", expected, found)


def _never_issued(scope: Scope, outline: Outline) -> Iterator[Difference]:
    """Files that bear the name of a document which the ledger knows nothing of."""
    issued = {
        (row["account"], row["month"], row["number"] or f"restatement-{outline.nth[row['id']]}")
        for row in outline.documents
    }
    for file in sorted(scope.output.glob("*/*/*")):
        account, month = file.parent.parent.name, file.parent.name
        named_so = _ISSUED.fullmatch(file.stem) and scope.holds({"account": account, "month": month})
        if named_so and (account, month, file.stem) not in issued:
            yield Difference(str(file), "the file", places.NOTHING, "one whose document was never issued")


def _content(file: Path) -> bytes | str:
    """What is in a plain file, or what stands in its place. Nothing is followed, nothing is made."""
    if file.is_symlink():
        return "a symbolic link"
    try:
        return file.read_bytes() if file.is_file() else "something else" if file.exists() else "missing"
    except OSError as error:
        return f"unreadable ({(error.strerror or type(error).__name__).lower()})"


def told(differences: int, scope: Scope) -> str:
    """The closing line. Raises UsageError where the scope holds nothing."""
    if differences:
        many = "1 difference" if differences == 1 else f"{differences} differences"
        return (
            f"{many}. `securevideo-billing render` writes the files of issued documents again, `run` those of drafts; "
            "ledger and snapshots come back from a backup only"
        )
    tables = scope.archive.ledger.outline()
    documents, snapshots = (sum(map(scope.holds, tables[name])) for name in ("documents", "snapshots"))
    if not documents and not snapshots and (scope.account or scope.month):
        where = " ".join(filter(None, (scope.account, scope.month)))
        raise UsageError(f"the ledger holds nothing of {where}; `securevideo-billing history` shows what it holds")
    return f"proven: documents {documents}, all of their files, snapshots {snapshots}; no difference"
