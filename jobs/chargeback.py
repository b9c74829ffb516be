"""What each cost centre pays of an issued month, offline: under any policy, and moved where a mapping was wrong."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import msgspec

from jobs.billing.allocation import allocate, documents
from jobs.billing.centres import AllocationTerms, Resolution, Sources, resolve, sources_of
from jobs.billing.invoicing import Issued
from jobs.billing.month import Month
from jobs.billing.terms import from_builtins
from jobs.config import Account, Config
from jobs.errors import ConfigError, UsageError
from jobs.ledger.snapshots import Snapshots
from jobs.ledger.store import ALL, Ledger, View
from jobs.output.documents import UnitFolder
from jobs.securevideo import statuses
from reports.allocation import UNALLOCATED, Allocation, Policy, in_order
from reports.centres.csv import Heading, table
from reports.document import Document, Finding
from reports.stored import to_builtins
from reports.text import aligned

POLICIES: tuple[Policy, ...] = ("first-come", "proportional", "reserved")
_FEE = {"first-come": "included", "proportional": "sessions", "reserved": "quotas"}


@dataclass(frozen=True, slots=True)
class IssuedMonth:
    """A month as its documents leave it, and what names its hosts' centres."""

    issued: tuple[Issued, ...]
    terms: AllocationTerms  # as stored, else as configured
    sources: Sources  # today's
    stored: Resolution | None

    @property
    def document(self) -> Document:
        return self.issued[-1].document


def issued_month(config: Config, ledger: Ledger, account: Account, month: Month) -> IssuedMonth:
    """Raises ConfigError where the account has no cost centres, UsageError where nothing was issued."""
    today = account.terms.allocation
    if today is msgspec.UNSET:
        raise ConfigError(f"{config.path}: accounts.{account.key}.allocation is missing; `allocate` needs it")
    issued = ledger.known(account.key, str(month), View(ALL, ALL)).issued
    if not issued:
        raise UsageError(f"nothing was issued for {account.key} {month}; `securevideo-billing history` shows what was")
    snapshots = Snapshots(config.snapshots)
    attached = ledger.attachments(ledger.document_row(issued[-1].id)["snapshot_id"])
    enrichment = statuses.read({kind: snapshots.load(sha256) for kind, sha256 in attached.items()})
    stored = from_builtins(issued[0].document.terms).allocation
    return IssuedMonth(
        issued=issued,
        terms=today if stored is msgspec.UNSET else stored,
        sources=sources_of(enrichment, account.centre_map, today),
        stored=documents.last_resolution(issued),
    )


def under(month: IssuedMonth, policy: Policy) -> tuple[Allocation, tuple[Finding, ...]]:
    """The whole month under a policy. Raises UsageError for `reserved` without quotas."""
    terms = with_policy(month.terms, policy)
    if terms is None:
        raise UsageError("policy reserved needs allocation.quotas in the configuration; choose another, or set them")
    sessions = month.issued[-1].sessions
    hosts = set(map(int, sessions["host_id"].unique()))
    of = Month.parse(month.document.month)
    resolution, findings = resolve(of, hosts, month.sources.terms or terms, month.sources, month.stored)
    found = allocate(documents.as_billed(month.document), sessions, terms, resolution)
    return found.allocation, (*findings, *found.findings)


def with_policy(terms: AllocationTerms, policy: Policy) -> AllocationTerms | None:
    """`terms` under another policy, the fee by what suits it unless configured otherwise; None where impossible."""
    if policy == terms.policy:
        return terms
    if policy == "reserved" and not terms.quotas:
        return None
    usual = terms.fee_by in (_FEE[terms.policy], "quotas")
    return replace(terms, policy=policy, fee_by=_FEE[policy] if usual else terms.fee_by)  # type: ignore[arg-type]  # one of the words


def compared(month: IssuedMonth) -> dict[Policy, Allocation]:
    """The month under each policy that is possible."""
    return {policy: under(month, policy)[0] for policy in POLICIES if with_policy(month.terms, policy)}


def reallocate(config: Config, ledger: Ledger, month: IssuedMonth, now: datetime) -> tuple[Allocation, str]:
    """Records what moves between centres by today's configuration, and writes the transfer sheet; gives its name.

    No document changes. Raises UsageError where the month was issued without cost centres, or nothing would move.
    """
    document = month.document
    if month.stored is None:
        raise UsageError(
            f"{document.account} {document.month} was issued without cost centres: nothing can be transferred"
        )
    if document.allocation is msgspec.UNSET:
        raise UsageError(f"{document.account} {document.month} has no allocation to transfer from")
    rules = month.sources.terms
    terms = replace(month.terms, map_sha256=rules.map_sha256 if rules else None)
    moved, resolution = documents.transfer(month.issued, terms, month.sources)
    if not any(share.lines or share.tax for share in moved.centres):
        raise UsageError(f"{document.account} {document.month}: today's configuration moves nothing")
    nth = 1 + sum(len(one.transfers) for one in month.issued)
    name = f"reallocation-{nth}.csv"
    content = transfer_sheet(month.issued, moved, now.date())
    with UnitFolder(config.output, document.account, document.month, config.file_mode) as folder, folder.locked():
        folder.write(name, content, config.file_mode)
        detail = {
            "allocation": to_builtins(moved),
            "licensed_hosts": None if resolution.licensed is None else [*resolution.licensed],
            "moved_on": now.date().isoformat(),
            "files": {name: hashlib.sha256(content).hexdigest()},
        }
        ledger.add_event(
            document.account, document.month, "reallocated", document_id=month.issued[-1].id, detail=detail
        )
    return moved, name


def transfer_sheet(issued: Sequence[Issued], moved: Allocation, day: date) -> bytes:
    """What moved between the centres of an issued month, as CSV; each line comes to 0."""
    document = issued[-1].document
    head = Heading("", "reallocation", issued[0].document.number or "", document.month, day.isoformat())
    return table(head, moved, document)


def in_words(document: Document, columns: Mapping[str, Allocation]) -> str:
    """Totals by centre, a column each, and their sums."""
    shares = {head: {one.centre: one for one in found.centres} for head, found in columns.items()}
    keys = in_order({centre for of_column in shares.values() for centre in of_column})
    zero = document.month_total * 0
    rows: list[Sequence[str]] = [("cost centre", "BILL", *columns)]
    for key in keys:
        known = [of_column.get(key) for of_column in shares.values()]
        counted = next((one.sessions["BILL"] for one in known if one), 0)
        rows.append((key, str(counted), *(f"{one.total if one else zero:f}" for one in known)))
    sums = [sum((one.total for one in found.centres), zero) for found in columns.values()]
    rows.append(("all", str(document.counts["BILL"]), *(f"{amount:f}" for amount in sums)))
    return "\n".join([f"{document.account} {document.month}, {document.currency}", *aligned(rows, left=[0])])


def is_all_allocated(found: Allocation) -> bool:
    share = found.share(UNALLOCATED)
    return share is None or not share.total


def plain(found: Allocation) -> dict[str, Any]:
    """As JSON builtins."""
    whole: dict[str, Any] = to_builtins(found)
    return whole
