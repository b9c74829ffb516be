"""Which cost centre a host belongs to, by days (docs/allocation.md, "Which centre a session has").

A resolution, once stored with an invoice, is what every later document of its month uses: only a host that is not in
it is looked up anew.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Literal

import msgspec

from jobs.billing.enrichment import Enrichment
from jobs.billing.findings import finding
from jobs.billing.month import Month
from reports.allocation import UNALLOCATED, Assigned, Policy, Source
from reports.document import Document, Finding

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,62}")

Weights = dict[str, Decimal]  # by centre, over 0
Basis = Literal["included", "sessions", "quotas", "hosts", "equal"]


@dataclass(frozen=True, slots=True)
class Named:
    """How a centre is printed and exported."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class AllocationTerms:
    """How an account's documents are spread, as configured; part of the terms stored with each document."""

    by: tuple[Source, ...]  # at least one; the first that names a centre wins
    policy: Policy
    fee_by: Basis | Weights
    hosts_by: Basis | Weights = "hosts"
    groups: tuple[str, ...] = ()  # in order of preference
    quotas: dict[str, int] = field(default_factory=dict)  # sessions of a full month, by centre; with `reserved`
    centres: dict[str, Named] = field(default_factory=dict)
    map_sha256: str | None = None  # of the file of `MapRow`s

    def named(self, centre: str) -> Named:
        return self.centres.get(centre, Named(centre, centre))


@dataclass(frozen=True, slots=True)
class MapRow:
    """A row of the map file. `first` and `last` are inclusive UTC days."""

    by: Literal["host", "external_id"]
    value: str
    centre: str
    first: date = date.min
    last: date = date.max


@dataclass(frozen=True, slots=True)
class Resolution:
    """Every host's centre on every day of a month. `licensed`: the users with the Host role; None: no list kept."""

    assigned: tuple[Assigned, ...]  # by host and day
    licensed: tuple[int, ...] | None

    @property
    def hosts(self) -> set[int]:
        return {one.host_id for one in self.assigned}


@dataclass(frozen=True, slots=True)
class Sources:
    """What names a centre: the map's rows and the vendor's users and groups; `stored`, if there, goes before them."""

    rows: Collection[MapRow] = ()
    external_ids: Mapping[int, str] | None = None  # by user; None: there is no list of users
    groups: Mapping[int, Collection[str]] | None = None  # the names of a user's groups; None: they could not be fetched
    licensed: tuple[int, ...] | None = None
    stored: Resolution | None = None
    terms: AllocationTerms | None = None  # today's, by which a host is looked up that an issued month does not know


NO_SOURCES = Sources()


def sources_of(enrichment: Enrichment, rows: Collection[MapRow], terms: AllocationTerms | None) -> Sources:
    """What the vendor says of users and groups, and the map's rows; `terms`: as configured today, if they are."""
    groups: dict[int, list[str]] = {}
    for group in enrichment.groups or ():
        for user in group.users:
            groups.setdefault(user, []).append(group.name)
    listed = enrichment.hosts
    return Sources(
        rows=rows,
        external_ids=None if listed is None else {host.id: host.external_id for host in listed},
        groups=None if enrichment.groups is None else groups,
        licensed=None if listed is None else tuple(host.id for host in listed if _is_host(host.roles)),
        terms=terms,
    )


def _is_host(roles: str) -> bool:
    return "H" in (role.strip() for role in roles.split(","))


def resolution_of(document: Document) -> Resolution | None:
    """As stored with the document; None where it has no allocation."""
    if document.allocation is msgspec.UNSET:
        return None
    licensed = None if document.licensed_hosts is msgspec.UNSET else document.licensed_hosts
    return Resolution(document.allocation.assigned, licensed)


def is_centre(key: str) -> bool:
    return KEY.fullmatch(key) is not None and key != UNALLOCATED


def resolve(
    month: Month,
    hosts: Iterable[int],
    terms: AllocationTerms,
    sources: Sources,
    prior: Resolution | None,
) -> tuple[Resolution, tuple[Finding, ...]]:
    """The centres of `hosts`, of the licensed ones and of those in `prior`, which stays as it is.

    `hosts`: those with a session of any status. `prior`: as stored with the month's last document.
    """
    stored = sources.stored
    licensed = prior.licensed if prior else stored.licensed if stored else sources.licensed
    new = sorted({*hosts, *(() if prior else licensed or ())} - (prior.hosts if prior else set()))
    known = {host: tuple(of_host) for host, of_host in groupby(stored.assigned if stored else (), _host)}
    index = _index(sources.rows)
    found: list[Assigned] = [*(prior.assigned if prior else ())]
    findings: list[Finding] = []
    for host in new:
        stretches = known.get(host) or _stretches(host, month, terms, sources, index)
        found += stretches
        if prior is None:
            findings += _oddities(host, stretches, terms, sources)
    found.sort(key=lambda one: (one.host_id, one.from_))
    if new and stored is None:
        findings += _unavailable(terms, sources)
    return Resolution(tuple(found), licensed), tuple(findings)


def unmapped(hosts: Iterable[int]) -> Iterator[Finding]:
    """`hosts`: those with a session on a day on which they have no centre."""
    for host in sorted(hosts):
        text = (
            f"host {host} has sessions and no cost centre; name one for it (docs/allocation.md), the next month has it"
        )
        yield finding("unmapped-host", None, text)


def _host(one: Assigned) -> int:
    return one.host_id


def _index(rows: Iterable[MapRow]) -> dict[tuple[str, str], list[MapRow]]:
    index: dict[tuple[str, str], list[MapRow]] = {}
    for row in rows:
        index.setdefault((row.by, row.value), []).append(row)
    return index


def _stretches(
    host: int,
    month: Month,
    terms: AllocationTerms,
    sources: Sources,
    index: Mapping[tuple[str, str], Sequence[MapRow]],
) -> tuple[Assigned, ...]:
    days = [month.first + timedelta(days=number) for number in range(month.days)]
    external_id = (sources.external_ids or {}).get(host, "")
    rows = (*index.get(("host", str(host)), ()), *index.get(("external_id", external_id), ()))
    always = {source: centre for source in terms.by if (centre := _always(source, host, terms, sources))}

    def on(day: date) -> tuple[str, Source | None]:
        for source in terms.by:
            if source == "map":
                row = next((row for row in rows if row.first <= day <= row.last), None)
                if row is not None:
                    return row.centre, source
            elif source in always:
                return always[source], source
        return UNALLOCATED, None

    stretches = []
    for (centre, by), of_centre in groupby(days, on):
        same = [*of_centre]
        stretches.append(Assigned(host_id=host, centre=centre, from_=same[0], to=same[-1], by=by))
    return tuple(stretches)


def _always(source: Source, host: int, terms: AllocationTerms, sources: Sources) -> str | None:
    """The centre that a source without dates names."""
    if source == "host":
        return f"host-{host}"
    if source == "group":
        its_own = (sources.groups or {}).get(host, ())
        return next((name for name in terms.groups if name in its_own), None)
    external_id = (sources.external_ids or {}).get(host, "")
    return external_id if source == "external_id" and is_centre(external_id) else None


def _oddities(host: int, stretches: Sequence[Assigned], terms: AllocationTerms, sources: Sources) -> Iterator[Finding]:
    named_by = {one.by for one in stretches}
    if "group" in named_by and len({*(sources.groups or {}).get(host, ())} & {*terms.groups}) > 1:
        text = (
            f"host {host} is in several of the configured groups; the first of them in the configuration is its centre"
        )
        yield finding("host-in-several-groups", None, text)
    external_id = (sources.external_ids or {}).get(host, "")
    if "external_id" in terms.by and external_id and not is_centre(external_id):
        later = {None, *terms.by[terms.by.index("external_id") + 1 :]}
        if named_by & later:
            text = f"the ExternalId of host {host} cannot be the key of a cost centre; it was ignored"
            yield finding("unusable-centre", None, text)


def _unavailable(terms: AllocationTerms, sources: Sources) -> Iterator[Finding]:
    """What could not be fetched of the vendor although a centre depends on it: money would move with it."""
    what = "its hosts' cost centres depend on it, so nothing is issued: run again"
    by_external_id = "external_id" in terms.by or any(row.by == "external_id" for row in sources.rows)
    if by_external_id and sources.external_ids is None:
        yield finding("hosts-unavailable", None, f"the list of hosts could not be fetched; {what}", "blocking")
    if "group" in terms.by and sources.groups is None:
        yield finding("groups-unavailable", None, f"the groups could not be fetched; {what}")
