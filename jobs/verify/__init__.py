"""`verify`: proves what was issued, offline (docs/rules.md §14.4).

From each document's raw snapshot everything is computed again and compared with the ledger; from the ledger its files
are made again and compared with those in the output folder. Each difference is named; nothing is repaired.
"""

from collections.abc import Iterable, Iterator

from jobs.billing.acceptance import in_words
from jobs.errors import BillingError, LedgerDamaged, UsageError
from jobs.ledger import acceptances
from jobs.ledger.rows import issued_from
from jobs.log import origin
from jobs.verify import files, ledger, transfers
from jobs.verify.scope import Difference, LeftOut, Mismatch, Outline, Scope, first_ones, outline_of

__all__ = ["Difference", "LeftOut", "Scope", "accepted", "conclusion", "verify"]


def verify(scope: Scope) -> Iterator[Difference | LeftOut]:
    """Every difference found, the ledger's own first, and what another configuration has to prove.

    Where the chain is broken the rest is still compared.

    Raises LedgerError where the ledger cannot be read at all.
    """
    broken = False
    try:
        for found in scope.archive.ledger.breaks(scope.account):
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


def _compared(scope: Scope) -> Iterator[Difference | LeftOut]:
    outline = outline_of(scope)
    yield from _left_out(outline)
    yield from _within_ledger(scope, ledger.numbers(outline))
    yield from ledger.snapshots(scope, outline)
    yield from files.links(scope, outline)
    for small in filter(scope.holds, outline.documents):
        try:
            row = scope.archive.ledger.document_row(small["id"])
            issued = issued_from(row)
        except (LedgerDamaged, ValueError) as error:
            yield Difference(scope.ledger_name, ledger.named(small), "a whole document", str(error))
            continue
        yield from _within_ledger(scope, ledger.columns(outline, row, issued.document))
        if small["snapshot_id"] not in outline.snapshots_of_others:
            yield from _within_ledger(scope, first_ones(ledger.recomputed(scope, outline, row, issued)))
        if (small["account"], small["month"]) not in outline.files_of_others:
            yield from files.of_document(scope, outline, issued)
    yield from transfers.differences(scope, outline)
    yield from files.provisional(scope, outline)
    yield from files.never_issued(scope, outline)
    if scope.month is None:
        yield from files.overview(scope, outline)


def _left_out(outline: Outline) -> Iterator[LeftOut]:
    snapshots = {
        (row["account"], row["month"]): outline.snapshots_of_others[row["id"]]
        for row in outline.snapshots
        if row["id"] in outline.snapshots_of_others
    }
    for what, by_unit in (("files", outline.files_of_others), ("snapshots", snapshots)):
        for (account, month), folder in sorted(by_unit.items()):
            yield LeftOut(account, month, what, folder)


def _within_ledger(scope: Scope, differences: Iterable[Mismatch]) -> Iterator[Difference]:
    return (Difference(scope.ledger_name, *one) for one in differences)


def accepted(scope: Scope) -> Iterator[str]:
    """What persons have accepted, a line each: no computation proves that, only who answers for it."""
    for row in scope.archive.ledger.outline(scope.account)["events"]:
        if row["kind"] == acceptances.KIND and scope.holds(row):
            one = acceptances.acceptance_from(row)
            of_session = f" of session {one.session_id}" if one.session_id else ""
            yield f"{row['account']} {row['month']}: {one.code}{of_session} was accepted {in_words(one)}"


def conclusion(differences: int, scope: Scope, *, left_out: bool) -> str:
    """The closing line. Raises UsageError where the scope holds nothing."""
    if differences:
        many = "1 difference" if differences == 1 else f"{differences} differences"
        return (
            f"{many}. `securevideo-billing render` writes the files of issued documents again, `run` those of drafts; "
            "ledger and snapshots come back from a backup only, and so does what the ledger no longer knows"
        )
    tables = scope.archive.ledger.outline(scope.account)
    documents, snapshots = (sum(map(scope.holds, tables[name])) for name in ("documents", "snapshots"))
    if not documents and not snapshots and (scope.account or scope.month):
        where = " ".join(filter(None, (scope.account, scope.month)))
        raise UsageError(f"the ledger holds nothing of {where}; `securevideo-billing history` shows what it holds")
    but = ", except for what is named above" if left_out else ""
    return f"proven: documents {documents}, all of their files, snapshots {snapshots}{but}; no difference"
