"""`summary.json`: what a run did with one account-month, for scripts (docs/rules.md §11.4). No key is ever missing."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from jobs.billing.decide import Decision
from jobs.billing.invoicing import Issued
from reports.allocation import UNALLOCATED, Allocation
from reports.document import Allowance, Document, Finding, Snapshot
from reports.stored import plain, pretty, to_builtins
from reports.text import so_many

SCHEMA = "securevideo-billing/summary/1"

_ENTRY = ("kind", "number", "corrects", "currency", "net", "tax", "total")
_LINE = ("meter", "description", "quantity", "unit_price", "amount")


def of_decision(
    account: str, month: str, snapshot: Snapshot, decision: Decision, documents: Sequence[Document]
) -> dict[str, Any]:
    """`documents`: what the run issued or drafted; on an unchanged rerun the documents that stand."""
    reconciled = decision.month
    return {
        **_frame(account, month, decision.status),
        "snapshot": to_builtins(snapshot),
        "rows": to_builtins(reconciled.usage.rows),
        "counts": dict(reconciled.counts),
        "minutes": to_builtins(reconciled.minutes),
        "allowance": _allowance(reconciled.allowance),
        "live": dict(reconciled.live),
        "documents": [entry(document) for document in documents],
        "changes": to_builtins(decision.changes.changes) if decision.changes else [],
        "findings": to_builtins(decision.findings),
        **_allocation(decision.allocated.allocation if decision.allocated else None),
    }


def of_settled(account: str, standing: Sequence[Issued]) -> dict[str, Any]:
    """Of a month whose newest document says all there is to say: `standing` are its documents, it is the last."""
    newest = standing[-1].document
    return {
        **_frame(account, newest.month, "unchanged"),
        "snapshot": to_builtins(newest.snapshot),
        "rows": to_builtins(newest.rows),
        "counts": dict(newest.counts),
        "minutes": to_builtins(newest.minutes),
        "allowance": _allowance(newest.allowance),
        "live": dict(newest.live),
        "documents": [entry(one.document) for one in standing],
        "findings": to_builtins(newest.findings),
        **_allocation(_whole(standing)),
    }


def _allocation(whole: Allocation | None) -> dict[str, Any]:
    """What each cost centre pays of the whole month; no member without cost centres."""
    return {} if whole is None else {"allocation": to_builtins(whole)}


def _whole(standing: Sequence[Issued]) -> Allocation | None:
    if standing[-1].document.allocation is msgspec.UNSET:
        return None
    from jobs.billing.allocation import documents, whole

    return whole(documents.allocations(standing))


def _allowance(allowance: Allowance) -> dict[str, int | None]:
    return {name: getattr(allowance, name) for name in ("included", "used", "unused", "overage")}


def for_ledger(decision: Decision) -> dict[str, Any]:
    """What the ledger notes of a decision beside the documents: enough for an overview."""
    month, allocated = decision.month, decision.allocated
    noted = _noted(decision.findings, month.counts, month.allowance, decision.drafts)
    return noted | _unallocated(allocated.allocation if allocated else None, month.terms.currency)


def for_ledger_settled(standing: Sequence[Issued]) -> dict[str, Any]:
    newest = standing[-1].document
    noted = _noted(newest.findings, newest.counts, newest.allowance, ()) | {"snapshot": newest.snapshot.sha256}
    return noted | _unallocated(_whole(standing), newest.currency)


def _unallocated(whole: Allocation | None, currency: str) -> dict[str, str]:
    """The money that belongs to no cost centre, if any does."""
    share = whole.share(UNALLOCATED) if whole else None
    return {"unallocated": f"{currency} {plain(share.total)}"} if share and share.total else {}


def _noted(
    findings: Sequence[Finding], counts: Mapping[str, int], allowance: Allowance, drafts: Sequence[Document]
) -> dict[str, Any]:
    severities = [finding.severity for finding in findings]
    return {
        "findings": len(findings),
        "warnings": severities.count("warning"),
        "blocking": sorted({finding.code for finding in findings if finding.severity == "blocking"}),
        "counted": counts["BILL"],
        "included": allowance.included,
        "overage": allowance.overage,
        "drafted": [
            to_builtins({name: getattr(draft, name) for name in ("kind", "currency", "digits", "total", "files")})
            for draft in drafts
        ],
    }


def of_failure(account: str, month: str, error: str) -> dict[str, Any]:
    return {**_frame(account, month, "failed"), "error": error}


def in_words(summary: dict[str, Any]) -> str:
    """One line for a person: what became of the unit."""
    unit = f"{summary['account']} {summary['month']}: {summary['status']}"
    if summary["status"] == "failed":
        return f"{unit}: {summary['error']}"
    documents = ", ".join(
        f"{one['number'] or one['kind'].replace('_', ' ')} {one['currency']} {one['total']}"
        for one in summary["documents"]
    )
    counts = " ".join(f"{status} {number}" for status, number in summary["counts"].items())
    rows = summary["rows"]
    aside = f", {rows['set_aside']} of {so_many(rows['received'], 'row')} set aside" if rows["set_aside"] else ""
    changes = len({change["session_id"] for change in summary["changes"]} - {None})
    changed = f", {so_many(changes, 'session')} changed or moved" if changes else ""
    return f"{unit}: {documents} ({counts}{aside}{changed})"


def entry(document: Document) -> dict[str, Any]:
    """A document as it stands in `documents`."""
    of_document = {name: getattr(document, name) for name in _ENTRY}
    lines = [{name: getattr(line, name) for name in _LINE} for line in document.lines]
    whole: dict[str, Any] = to_builtins({**of_document, "lines": lines, "files": document.files})
    return whole


def to_json(summary: dict[str, Any]) -> bytes:
    return pretty(summary)


def _frame(account: str, month: str, status: str) -> dict[str, Any]:
    """Every key, in order, those of a unit that got nowhere null or empty."""
    nothing: dict[str, Any] = dict.fromkeys(("snapshot", "rows", "counts", "minutes", "allowance", "live"))
    empty: dict[str, Any] = {"documents": [], "changes": [], "findings": []}
    known = {"schema": SCHEMA, "account": account, "month": month, "status": status, "error": None}
    return {**known, **nothing, **empty}
