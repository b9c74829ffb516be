"""`verify`: proves what was issued, offline (contract §2).

From each document's raw snapshot everything is computed again and compared with the ledger; from the ledger its files
are made again and compared with those in the output folder. Each difference is named; nothing is repaired.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from jobs.billing import invoicing, money
from jobs.billing.decide import Decision
from jobs.billing.invoicing import Issued
from jobs.errors import BillingError, LedgerDamaged, VendorError
from jobs.ledger import frames, schema
from jobs.ledger.store import View, amounts_minor, issued_from
from jobs.recount import Archive, recount
from reports import formats, places
from reports.document import Document, figures, plain, to_builtins

_MOST = 50  # differences told of one file or document; the first ones say what happened
_WORDS = ("description", "message", "why", "rules", "plan")  # may be worded otherwise by another version


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


def verify(scope: Scope) -> Iterator[Difference]:
    """Every difference found, the ledger's own first. Where the chain is broken the rest is still compared."""
    try:
        scope.archive.ledger.check_whole()
    except LedgerDamaged as error:
        yield Difference(scope.ledger_name, "digest chain", "unbroken", str(error))
    yield from _numbers(scope)
    yield from _snapshots(scope)
    for row in scope.archive.ledger.rows(schema.documents, scope.account, scope.month):
        try:
            issued = issued_from(row)
        except (LedgerDamaged, ValueError) as error:
            yield Difference(scope.ledger_name, _named(row), "a whole document", str(error))
            continue
        yield from _columns(scope, row, issued.document)
        yield from _recomputed(scope, row, issued)
        yield from _files(scope, issued)
    yield from _provisional_files(scope)


def _named(row: Mapping[str, Any]) -> str:
    return f"document {row['number'] or row['id']}"


def _numbers(scope: Scope) -> Iterator[Difference]:
    """Every series runs 1, 2, 3 … and every number belongs to the document that bears it."""
    ledger = scope.archive.ledger
    bears = {row["id"]: row["number"] for row in ledger.rows(schema.documents)}
    series: dict[tuple[str, str], list[int]] = defaultdict(list)
    numbered = set()
    for row in ledger.rows(schema.numbers):
        series[row["account"], row["series"]].append(row["nth"])
        numbered.add(row["document_id"])
        if bears.get(row["document_id"]) != row["number"]:
            found = str(bears.get(row["document_id"]))
            yield Difference(scope.ledger_name, f"number of document {row['document_id']}", row["number"], found)
    for row_id, number in bears.items():
        if number is not None and row_id not in numbered:
            yield Difference(scope.ledger_name, f"numbers: document {row_id}", number, places.NOTHING)
    for (account, name), ordinals in series.items():
        if sorted(ordinals) != list(range(1, len(ordinals) + 1)):
            place = f"numbers of {account}, series {name}"
            yield Difference(scope.ledger_name, place, f"1 to {len(ordinals)} without a gap", str(sorted(ordinals)))


def _snapshots(scope: Scope) -> Iterator[Difference]:
    """Every raw reply is there, byte for byte."""
    snapshots = scope.archive.snapshots
    for row in scope.archive.ledger.rows(schema.snapshots, scope.account, scope.month):
        file = str(snapshots.file(row["sha256"]))
        try:
            found = snapshots.file_sha256(row["sha256"])
            if found is None:
                yield Difference(file, "file", "there", "missing")
            elif found != row["file_sha256"]:
                yield Difference(file, "SHA-256 of the file", row["file_sha256"], found)
            else:
                snapshots.load(row["sha256"])
        except BillingError as error:
            yield Difference(file, "reply", f"SHA-256 {row['sha256']}", str(error))


def _columns(scope: Scope, row: Mapping[str, Any], document: Document) -> Iterator[Difference]:
    """The ledger's columns and lines repeat what the document says."""
    said = {name: getattr(document, name) for name in ("account", "month", "kind", "number", "corrects", "currency")}
    for name, expected in (said | amounts_minor(document)).items():
        if row[name] != expected:
            yield Difference(scope.ledger_name, f"{_named(row)}, {name}", str(expected), str(row[name]))
    lines = [line for line in scope.archive.ledger.rows(schema.lines) if line["document_id"] == row["id"]]
    stored = [(line["description"], line["quantity"], line["unit_price"], line["amount_minor"]) for line in lines]
    printed = [
        (
            line.description,
            plain(line.quantity),
            plain(line.unit_price),
            money.to_minor(line.amount, document.digits),
        )
        for line in document.lines
    ]
    if stored != printed:
        yield Difference(scope.ledger_name, f"{_named(row)}, lines", str(printed), str(stored))


def _recomputed(scope: Scope, row: Mapping[str, Any], issued: Issued) -> Iterator[Difference]:
    """What the snapshot gives under the stored terms is what was issued."""
    document = issued.document
    try:
        decision = recount(scope.archive, document, View(issued.id - 1, row["snapshot_id"]), adjust=True)
    except (BillingError, VendorError) as error:
        yield Difference(scope.ledger_name, f"{_named(row)}, recomputed", "as issued", str(error))
        return
    if decision.post is None or document.issued_on is None:
        yield Difference(scope.ledger_name, f"{_named(row)}, recomputed", "issued", decision.status)
        return
    again = invoicing.numbered(decision.post, _nth(scope, document, issued.id), document.issued_on)
    same_version = document.program_version == scope.program_version
    yield from islice(_fields(scope, row, again, document, same_version=same_version), _MOST)
    yield from islice(_sessions(scope, row, decision, issued.sessions), _MOST)


def _nth(scope: Scope, document: Document, document_id: int) -> int:
    for row in scope.archive.ledger.rows(schema.numbers, document.account):
        if row["document_id"] == document_id:
            return int(row["nth"])
    earlier = scope.archive.ledger.issued(document.account, document.month)
    return sum(one.document.kind == document.kind and one.id <= document_id for one in earlier)


def _fields(
    scope: Scope, row: Mapping[str, Any], again: Document, document: Document, *, same_version: bool
) -> Iterator[Difference]:
    expected, found = (dict(places.leaves(to_builtins(one))) for one in (again, document))
    for place in [*expected, *(place for place in found if place not in expected)]:
        is_wording = any(part in _WORDS for part in place.split("."))
        one, two = expected.get(place, places.NOTHING), found.get(place, places.NOTHING)
        if one != two and (same_version or not is_wording):
            yield Difference(scope.ledger_name, f"{_named(row)}, {place}", one, two)


def _sessions(scope: Scope, row: Mapping[str, Any], decision: Decision, stored: pd.DataFrame) -> Iterator[Difference]:
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
                yield Difference(
                    scope.ledger_name, f"{_named(row)}, session {session_id}, {name}", str(expected), str(found)
                )


def _files(scope: Scope, issued: Issued) -> Iterator[Difference]:
    """The document's files are what the ledger makes of it."""
    document = issued.document
    recorded = scope.archive.ledger.written(document.account, document.month).get(issued.id)
    folder = scope.output / document.account / document.month
    if recorded is None:
        place = f"files of {document.stem}"
        yield Difference(str(folder), place, "written", "not written yet; `securevideo-billing run` finishes them")
        return
    for format_name, name in document.files.items():
        content = _content(folder / name)
        if content is None:
            yield Difference(str(folder / name), "file", "there", "missing or not a plain file")
            continue
        made = formats.render(format_name, document, issued.sessions)
        digest = sha256(content).hexdigest()
        if content == made and digest == recorded.get(name):
            continue
        yield from _altered(folder / name, digest, recorded.get(name))
        if document.program_version == scope.program_version or digest != recorded.get(name):
            told = places.differing(format_name, made, content)
            yield from (Difference(str(folder / name), *one) for one in islice(told, _MOST))
        else:
            yield from _other_version(folder / name, format_name, document, content)


def _altered(file: Path, digest: str, recorded: str | None) -> Iterator[Difference]:
    if digest != recorded:
        yield Difference(str(file), "SHA-256", str(recorded), digest)


def _other_version(file: Path, format_name: str, document: Document, content: bytes) -> Iterator[Difference]:
    """A file as another version made it is worded otherwise; its figures must be the document's all the same."""
    stored = places.stored_figures(format_name, content)
    for name, expected in figures(document).items() if stored else ():
        if stored.get(name) != str(expected):
            yield Difference(str(file), name, str(expected), str(stored.get(name)))


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() and not file.is_symlink() else None


def _provisional_files(scope: Scope) -> Iterator[Difference]:
    """Summaries and drafts are as the last run left them."""
    last: dict[tuple[str, str], Mapping[str, str]] = {}
    for row in scope.archive.ledger.rows(schema.events, scope.account, scope.month):
        if row["kind"] not in ("posted", "written"):
            last[row["account"], row["month"]] = json.loads(row["detail"]).get("files", {})
    for (account, month), digests in last.items():
        for name, expected in digests.items():
            file = scope.output / account / month / name
            content = _content(file)
            found = "missing or not a plain file" if content is None else sha256(content).hexdigest()
            if found != expected:
                yield Difference(str(file), "SHA-256", expected, found)


def told(differences: Sequence[Difference], scope: Scope) -> str:
    """The closing line."""
    if differences:
        return f"{len(differences)} differences: what was issued is not what is here; `render` restores files"
    documents = sum(1 for _ in scope.archive.ledger.rows(schema.documents, scope.account, scope.month))
    snapshots = sum(1 for _ in scope.archive.ledger.rows(schema.snapshots, scope.account, scope.month))
    return f"proven: {documents} documents, their files and {snapshots} snapshots; no difference"
