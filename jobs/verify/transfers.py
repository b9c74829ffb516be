"""What was moved between cost centres (`allocate --reallocate`): computed again, and its sheets made again."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

import msgspec

from jobs.billing.allocation import documents
from jobs.billing.centres import Resolution
from jobs.billing.invoicing import Issued, Transfer
from jobs.billing.terms import from_builtins
from jobs.chargeback import transfer_sheet
from jobs.errors import LedgerDamaged
from jobs.ledger.store import ALL, View
from jobs.verify.files import link
from jobs.verify.scope import Difference, LedgerRow, Outline, Scope, first_ones, found_at
from reports import compare
from reports.stored import to_builtins


def differences(scope: Scope, outline: Outline) -> Iterator[Difference]:
    """Each transfer is what its stored mapping makes of the month before it, and its sheet is what it makes."""
    by_document: dict[int, list[LedgerRow]] = {}
    for row in outline.events:
        if row["kind"] == "reallocated" and scope.holds(row):
            by_document.setdefault(row["document_id"], []).append(row)
    for document_id, rows in by_document.items():
        account, month = rows[0]["account"], rows[0]["month"]
        try:
            known = scope.archive.ledger.known(account, month, View(ALL, ALL)).issued
        except (LedgerDamaged, ValueError) as error:
            yield Difference(scope.ledger_name, f"what {account} {month} moved between centres", "whole", str(error))
            continue
        *earlier, last = (one for one in known if one.id <= document_id)
        for nth, (row, transfer) in enumerate(zip(rows, last.transfers, strict=True)):
            before = (*earlier, replace(last, transfers=last.transfers[:nth]))
            yield from _recomputed(scope, before, transfer)
            yield from _sheet(scope, row, before, transfer)


def _recomputed(scope: Scope, before: Sequence[Issued], transfer: Transfer) -> Iterator[Difference]:
    terms, stored = from_builtins(before[0].document.terms).allocation, transfer.allocation
    if terms is msgspec.UNSET:
        return  # never transferred: `allocate` refuses it
    resolution = Resolution(stored.assigned, transfer.licensed_hosts)
    again = documents.moved(before, replace(terms, map_sha256=stored.map_sha256), resolution)
    found = compare.unlike(*(compare.leaves(to_builtins(one)) for one in (again, stored)))
    month = f"{before[0].document.account} {before[0].document.month}"
    for place, expected, mismatches in first_ones(found):
        yield Difference(scope.ledger_name, f"what {month} moved between centres, {place}", expected, mismatches)


def _sheet(scope: Scope, row: LedgerRow, before: Sequence[Issued], transfer: Transfer) -> Iterator[Difference]:
    if link(scope, row["account"], row["month"]):
        return
    made = transfer_sheet(before, transfer.allocation, transfer.moved_on)
    for name, recorded in json.loads(row["detail"])["files"].items():
        file = scope.output / row["account"] / row["month"] / name
        content = found_at(file)
        if isinstance(content, str):
            yield Difference(str(file), "the file", "there", content)
            continue
        digest = sha256(content).hexdigest()
        if digest != recorded:
            yield Difference(str(file), "SHA-256 of the file", recorded, digest)
        mismatches = ((place, expected, found) for place, expected, found, _ in compare.differing("csv", made, content))
        yield from (Difference(str(file), *one) for one in first_ones(mismatches))
