"""The month's lines and its tax over the cost centres (docs/allocation.md, "Who pays which line")."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from jobs.billing import money
from jobs.billing.allocation.splitting import split
from jobs.billing.allocation.usage import Measure, MonthUsage, PartUsage, by_centre, usage
from jobs.billing.centres import AllocationTerms, Basis, Resolution, Weights, unmapped
from jobs.billing.findings import finding
from jobs.billing.plan import PlannedPart
from reports.allocation import UNALLOCATED, Allocation, CentreShare, HostShare, LineShare, in_order
from reports.document import STATUSES, Band, Finding, Line


@dataclass(frozen=True, slots=True)
class Billed:
    """A whole month, newly computed: never a difference."""

    parts: Sequence[PlannedPart]
    bands: Sequence[Band]
    lines: Sequence[Line]
    tax: Decimal
    digits: int


@dataclass(frozen=True, slots=True)
class Allocated:
    allocation: Allocation
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Driver:
    """By what a line is split: over the centres, and within a centre over its hosts."""

    centres: Mapping[str, int | Decimal]
    hosts: Measure


@dataclass(frozen=True, slots=True)
class _Share:
    line: Line
    centres: dict[str, int]  # minor units
    hosts: dict[str, dict[int, int]]  # by centre


@dataclass(frozen=True, slots=True)
class _Spread:
    """The month in minor units, before it is split centre by centre."""

    used: MonthUsage
    terms: AllocationTerms
    shares: Sequence[_Share]
    tax: Mapping[str, int]
    digits: int


def allocate(month: Billed, sessions: pd.DataFrame, terms: AllocationTerms, resolution: Resolution) -> Allocated:
    """`sessions`: the month's, rated (`reports.document.SESSION_COLUMNS`)."""
    used = usage(sessions, month.parts, month.bands, terms, resolution)
    shares = [_share(line, used, terms, month.digits) for line in month.lines]
    nets: dict[str, int] = {}
    for share in shares:
        for centre, amount in share.centres.items():
            nets[centre] = nets.get(centre, 0) + amount
    tax = split(money.to_minor(month.tax, month.digits), nets or {UNALLOCATED: 0})
    seen = {centre for centre, _ in used.present}
    paying = {centre for centre, amount in nets.items() if amount}
    spread = _Spread(used, terms, shares, tax, month.digits)
    centres = [_centre(one, spread) for one in in_order(seen | paying)]
    allocation = Allocation(
        policy=terms.policy,
        fee_by=terms.fee_by,
        hosts_by=terms.hosts_by,
        map_sha256=terms.map_sha256,
        centres=tuple(centres),
        assigned=resolution.assigned,
    )
    return Allocated(allocation, tuple(_findings(month, used, terms)))


def _findings(month: Billed, used: MonthUsage, terms: AllocationTerms) -> Iterator[Finding]:
    yield from unmapped(host for centre, host in used.present if centre == UNALLOCATED)
    for line in month.lines:
        if line.amount and not any(_driver(line, used, terms).centres.values()):
            text = f"part {line.part}: nothing is known by which the line {line.meter} could be allocated"
            yield finding("nothing-to-allocate-by", None, f"{text}; it goes by the sessions, or is unallocated")


def _share(line: Line, used: MonthUsage, terms: AllocationTerms, digits: int) -> _Share:
    driver, part = _driver(line, used, terms), used.parts[line.part]
    measures = [driver.hosts, part.sessions, used.by_status["BILL"]]
    candidates = [driver.centres, *(by_centre(measure) for measure in measures[1:]), {UNALLOCATED: 1}]
    weights = next(one for one in candidates if any(one.values()))
    centres = split(money.to_minor(line.amount, digits), weights)
    within = [*measures, dict.fromkeys(used.present, 1), dict.fromkeys(used.belonging, 1)]
    hosts = {centre: _over_hosts(amount, centre, within) for centre, amount in centres.items() if amount}
    return _Share(line, centres, hosts)


def _over_hosts(amount: int, centre: str, measures: Sequence[Measure]) -> dict[int, int]:
    """A centre's amount over its hosts, by the first measure that knows any of them; empty where it has none."""
    for measure in measures:
        weights = {host: quantity for (its_centre, host), quantity in measure.items() if its_centre == centre}
        if weights:
            return split(amount, weights)
    return {}


def _driver(line: Line, used: MonthUsage, terms: AllocationTerms) -> _Driver:
    part = used.parts[line.part]
    if line.meter == "fee":
        return _by_basis(terms.fee_by, part, used, terms)
    if line.meter == "hosts":
        return _by_basis(terms.hosts_by, part, used, terms)
    if terms.policy == "first-come":
        measure: Measure = part.bands.get((line.meter, line.tier), {})
    elif line.meter == "minutes":
        measure = part.minutes
    else:
        measure = part.sessions if terms.policy == "proportional" else part.over
    return _Driver(by_centre(measure), measure)


def _by_basis(basis: Basis | Weights, part: PartUsage, used: MonthUsage, terms: AllocationTerms) -> _Driver:
    if isinstance(basis, dict):
        return _Driver(basis, {})
    match basis:
        case "included":
            measure: Measure = part.free
        case "sessions":
            measure = part.sessions
        case "hosts":
            measure = part.host_days
        case "quotas":
            return _Driver(terms.quotas, {})
        case "equal":
            present = dict.fromkeys(used.present, 1)
            return _Driver({centre: 1 for centre, _ in used.present}, present)
    return _Driver(by_centre(measure), measure)


def _centre(centre: str, spread: _Spread) -> CentreShare:
    used, terms, digits = spread.used, spread.terms, spread.digits
    lines, by_host, net = [], dict.fromkeys((host for its, host in used.present if its == centre), 0), 0
    for share in spread.shares:
        amount = share.centres.get(centre, 0)
        own, quantity = _quantity(centre, share.line, used, terms)
        net += amount
        if amount or (own and quantity):
            line = share.line
            lines.append(LineShare(line.part, line.meter, line.tier, quantity, money.from_minor(amount, digits)))
        for host, part in share.hosts.get(centre, {}).items():
            by_host[host] = by_host.get(host, 0) + part
    named, of_tax = terms.named(centre), spread.tax.get(centre, 0)

    def total(measure: Measure) -> int:
        return sum(quantity for (its, _), quantity in measure.items() if its == centre)

    return CentreShare(
        centre=centre,
        name=named.name,
        code=named.code,
        sessions={status: total(used.by_status[status]) for status in STATUSES},
        minutes=total(used.minutes),
        included=sum(total(part.free) for part in used.parts.values()),
        overage=sum(total(part.over) for part in used.parts.values()),
        net=money.from_minor(net, digits),
        tax=money.from_minor(of_tax, digits),
        total=money.from_minor(net + of_tax, digits),
        lines=tuple(lines),
        hosts=tuple(HostShare(host, money.from_minor(by_host[host], digits)) for host in sorted(by_host)),
    )


def _quantity(centre: str, line: Line, used: MonthUsage, terms: AllocationTerms) -> tuple[bool, Decimal]:
    """Whether a centre's quantity on a line is its own, and what it is; a fee's and licences' is the document's."""
    part = used.parts[line.part]
    if line.meter in ("fee", "hosts"):
        return False, line.quantity
    if terms.policy == "first-come":
        measure: Measure = part.bands.get((line.meter, line.tier), {})
    elif line.meter == "minutes":
        measure = part.minutes
    elif terms.policy == "proportional":
        measure = part.sessions
    else:
        measure = (part.free, part.over)[line.tier] if line.tier < 2 else {}
    return True, Decimal(by_centre(measure).get(centre, 0))
