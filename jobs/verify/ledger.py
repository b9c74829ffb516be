"""The ledger against itself and against the vendor's raw replies, from which everything is computed again."""

from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256

import pandas as pd

from jobs.billing import invoicing, money
from jobs.billing.decide import Decision
from jobs.billing.invoicing import Issued
from jobs.errors import BillingError
from jobs.ledger import frames
from jobs.ledger.posting import amounts_minor
from jobs.ledger.renames import present_keys
from jobs.ledger.rows import superseded
from jobs.replay import recount
from jobs.verify.scope import WITHHELD, Difference, LedgerRow, Mismatch, Outline, Scope, found_at
from reports import compare
from reports.document import PARTICIPANT_COLUMNS, Document
from reports.stored import plain, to_builtins

_LINE = ("meter", "description", "quantity", "unit_price", "amount_minor")
_WORDS = ("description", "message", "why", "rules", "plan")  # may be worded otherwise by another version


def snapshots(scope: Scope, outline: Outline) -> Iterator[Difference]:
    """Every raw reply is there, byte for byte, and what was asked beside it; superseded ones may have been removed."""
    replies = [row for row in outline.snapshots if scope.holds(row)]
    held = {row["id"] for row in replies}
    attachments = [row for row in outline.attachments if row["snapshot_id"] in held]
    removable = superseded(outline.snapshots, (row["snapshot_id"] for row in outline.documents))
    rows = (*replies, *attachments)
    needed = {row["sha256"] for row in rows if row.get("snapshot_id", row["id"]) not in removable}
    others = {row["sha256"] for row in rows if row.get("snapshot_id", row["id"]) in outline.snapshots_of_others}
    for sha, of_file in dict.fromkeys((row["sha256"], row["file_sha256"]) for row in rows):
        file = scope.archive.snapshots.file(sha)
        stored = found_at(file)
        if stored == "missing" and (sha not in needed or sha in others):
            continue
        if isinstance(stored, str):
            yield Difference(str(file), "the file", "there", stored)
        elif (found := sha256(stored).hexdigest()) != of_file:
            yield Difference(str(file), "SHA-256 of the file", of_file, found)


def numbers(outline: Outline) -> Iterator[Mismatch]:
    """Every series runs 1, 2, 3 … and every number belongs to the document that bears it."""
    bears = {row["id"]: row["number"] for row in outline.documents}
    series: dict[tuple[str, str], list[int]] = defaultdict(list)
    present = present_keys(outline.renames)
    for row in outline.numbers:
        key: str = row["account"]
        series[present.get(key, key), row["series"]].append(row["nth"])
        if bears.get(row["document_id"]) != row["number"]:
            found = bears.get(row["document_id"]) or compare.NOTHING
            yield f"number of document {row['document_id']}", row["number"], found
    numbered = {row["document_id"] for row in outline.numbers}
    for row_id, number in bears.items():
        if number is not None and row_id not in numbered:
            yield f"row of document {row_id} in table numbers", number, compare.NOTHING
    for (account, name), ordinals in series.items():
        if sorted(ordinals) != list(range(1, len(ordinals) + 1)):
            found = ", ".join(map(str, sorted(ordinals)))
            yield f"numbers of {account}, series {name}", f"1 to {len(ordinals)} without a gap", found


def columns(outline: Outline, row: LedgerRow, document: Document) -> Iterator[Mismatch]:
    """The ledger's columns and lines repeat what the document says."""
    said = {name: getattr(document, name) for name in ("account", "month", "kind", "number", "corrects", "currency")}
    for name, expected in (said | amounts_minor(document)).items():
        if row[name] != expected:
            yield f"{named(row)}, {name}", str(expected), str(row[name])
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
    for place, expected, found in compare.unlike(compare.leaves(printed), compare.leaves(stored)):
        yield f"{named(row)}, lines.{place}", expected, found


def recomputed(scope: Scope, outline: Outline, row: LedgerRow, issued: Issued) -> Iterator[Mismatch]:
    """What the snapshot gives under the stored terms is what was issued."""
    document = issued.document
    try:
        view = scope.archive.ledger.view_before(issued.id, row["snapshot_id"])
        decision = recount(scope.archive, document, view, adjust=True)
    except BillingError as error:
        yield f"{named(row)}, computed again", "as issued", str(error)
        return
    if decision.post is None or document.issued_on is None:
        yield f"{named(row)}, computed again", "issued", decision.status
        return
    again = invoicing.numbered(decision.post, outline.nth[issued.id], document.issued_on)
    same_version = document.program_version == scope.program_version
    for place, expected, found in _fields(again, document, same_version=same_version):
        yield f"{named(row)}, {place}", expected, found
    for place, expected, found in _sessions(row, decision, issued.sessions):
        yield f"{named(row)}, {place}", expected, found


def _fields(again: Document, document: Document, *, same_version: bool) -> Iterator[Mismatch]:
    one, two = (compare.leaves(to_builtins(each)) for each in (again, document))
    for place, expected, found in compare.unlike(one, two):
        is_wording = any(part in _WORDS for part in place.split("."))
        if same_version or not is_wording:
            yield place, expected, found


def _sessions(row: LedgerRow, decision: Decision, stored: pd.DataFrame) -> Iterator[Mismatch]:
    recomputed = decision.month.sessions
    if frames.pack(recomputed) == row["sessions"]:
        return
    columns = [name for name in recomputed if name != "session_id"]
    one, two = (
        {line[0]: line[1:] for line in frame[["session_id", *columns]].to_numpy(dtype=object).tolist()}
        for frame in (recomputed, stored)
    )
    absent = [compare.NOTHING] * len(columns)
    for session_id in sorted({*one, *two}):
        expected_row, found_row = one.get(session_id, absent), two.get(session_id, absent)
        for name, expected, found in zip(columns, expected_row, found_row, strict=True):
            if str(expected) != str(found):
                texts = WITHHELD if name in PARTICIPANT_COLUMNS else (str(expected), str(found))
                yield f"session {session_id}, {name}", *texts


def named(row: LedgerRow) -> str:
    return f"document {row['number'] or row['id']}"
