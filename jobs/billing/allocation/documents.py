"""A month's documents with their allocation: whole on an invoice, what is left of it on an adjustment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from jobs.billing.allocation.adjusting import difference, touched
from jobs.billing.allocation.charging import Billed, allocate
from jobs.billing.centres import AllocationTerms, Resolution, Sources, resolution_of, resolve
from jobs.billing.invoicing import Issued, files
from jobs.billing.month import Month
from jobs.billing.plan import PlannedPart, parts_of
from jobs.billing.reconcile import Reconciliation
from jobs.billing.terms import from_builtins
from reports.allocation import Allocation
from reports.document import Document, Finding


@dataclass(frozen=True, slots=True)
class AllocatedMonth:
    """The whole month as now computed."""

    allocation: Allocation
    resolution: Resolution
    findings: tuple[Finding, ...]


def of_month(
    month: Reconciliation,
    parts: Sequence[PlannedPart],
    terms: AllocationTerms,
    sources: Sources,
    issued: Sequence[Issued],
) -> AllocatedMonth:
    """`terms`: those stored with the month's invoice where it has one, else as configured."""
    hosts = set(map(int, month.sessions["host_id"].unique()))
    prior = last_resolution(issued)
    resolution, findings = resolve(month.month, hosts, sources.terms or terms, sources, prior)
    billed = Billed(parts, month.rated.bands, month.rated.lines, month.tax, month.terms.digits)
    found = allocate(billed, month.sessions, terms, resolution)
    return AllocatedMonth(found.allocation, resolution, (*findings, *found.findings))


def last_resolution(issued: Sequence[Issued]) -> Resolution | None:
    """As stored with the month's last document, or with what was transferred after it."""
    if issued and issued[-1].transfers:
        last = issued[-1].transfers[-1]
        return Resolution(last.allocation.assigned, last.licensed_hosts)
    return resolution_of(issued[-1].document) if issued else None


def allocations(issued: Sequence[Issued]) -> list[Allocation]:
    """Those of the documents and of the transfers between them, in order; none without cost centres."""
    return [
        allocation
        for one in issued
        for allocation in (one.document.allocation, *(transfer.allocation for transfer in one.transfers))
        if allocation is not msgspec.UNSET
    ]


def transfer(issued: Sequence[Issued], terms: AllocationTerms, sources: Sources) -> tuple[Allocation, Resolution]:
    """What moves between centres where the issued month is resolved anew by `sources`; and the new resolution."""
    hosts = set(map(int, issued[-1].sessions["host_id"].unique()))
    month = Month.parse(issued[-1].document.month)
    resolution, _ = resolve(month, hosts, sources.terms or terms, sources, None)
    return moved(issued, terms, resolution), resolution


def moved(issued: Sequence[Issued], terms: AllocationTerms, resolution: Resolution) -> Allocation:
    """What another resolution makes of the issued month, less what its documents and transfers made of it."""
    document, sessions = issued[-1].document, issued[-1].sessions
    now = allocate(as_billed(document), sessions, terms, resolution).allocation
    before = allocations(issued)
    return difference(now, before, touched(sessions, before[-1], sessions, now), document.digits)


def as_billed(document: Document) -> Billed:
    """The whole month that an issued document is the newest of."""
    parts = parts_of(Month.parse(document.month), from_builtins(document.terms).plans)
    return Billed(parts, document.bands, document.month_lines, document.month_tax, document.digits)


def with_allocation(
    document: Document, month: Reconciliation, allocated: AllocatedMonth, issued: Sequence[Issued]
) -> Document:
    """`document`, of `month`, which is an invoice, or the adjustment of those in `issued`."""
    allocation, licensed = allocated.allocation, allocated.resolution.licensed
    before = allocations(issued)
    if before:
        moved = touched(issued[-1].sessions, before[-1], month.sessions, allocation)
        allocation = difference(allocation, before, moved, document.digits)
    return replace(
        document,
        allocation=allocation,
        licensed_hosts=msgspec.UNSET if licensed is None else licensed,
        files=files(document.stem, (*document.files, "allocation")),
    )
