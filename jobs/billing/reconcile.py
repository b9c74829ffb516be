"""Reconciliation: counts and minutes of the four statuses against what the plan includes (docs/rules.md §5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from jobs.billing import money
from jobs.billing.enrichment import NOTHING, Enrichment, Host, with_estimates
from jobs.billing.enrichment import counts as enrichment_counts
from jobs.billing.month import Month
from jobs.billing.plan import PlannedPart
from jobs.billing.rating import Rated, rate
from jobs.billing.sessions import Usage
from jobs.billing.terms import Terms
from jobs.errors import UnitError
from reports.counts import Allowance, HostUse, Minutes
from reports.document import PARTICIPANT_COLUMNS, SESSION_COLUMNS, STATUSES, Band, Part
from reports.stored import plain


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A month, counted and priced whole. `sessions` has all of `reports.document.SESSION_COLUMNS`."""

    month: Month
    terms: Terms
    parts: tuple[Part, ...]
    usage: Usage
    rated: Rated
    sessions: pd.DataFrame
    counts: dict[str, int]
    minutes: dict[str, Minutes]
    allowance: Allowance
    hosts: tuple[HostUse, ...]
    live: dict[str, int]
    events: dict[str, int]
    daily: tuple[int, ...]
    net: Decimal
    tax: Decimal
    total: Decimal


def reconcile(
    usage: Usage, month: Month, terms: Terms, parts: Sequence[PlannedPart], enrichment: Enrichment = NOTHING
) -> Reconciliation:
    """Counts and prices `usage`; the tax is rounded once, on the sum of the rounded lines.

    Raises UnitError where an amount has more digits than a workbook can hold exactly.
    """
    rated = rate(usage.sessions, parts, terms.digits)
    names = host_names(usage.sessions, enrichment.hosts or ())
    shown = pd.Categorical(rated.sessions["host_id"].map(names).astype(object))
    columns = [*SESSION_COLUMNS, *(name for name in PARTICIPANT_COLUMNS if name in rated.sessions)]
    sessions = with_estimates(enrichment, rated.sessions.assign(host=shown)[columns])
    plain_parts = tuple(planned.part for planned in parts)
    tax = money.rounded(money.EXACT.multiply(rated.net, terms.tax.rate).scaleb(-2, money.EXACT), terms.digits)
    total = money.EXACT.add(money.rounded(rated.net, terms.digits), tax)
    _refuse_inexact([total, *(line.amount for line in rated.lines)])
    return Reconciliation(
        month=month,
        terms=terms,
        parts=plain_parts,
        usage=usage,
        rated=rated,
        sessions=sessions,
        counts=counts_by_status(sessions),
        minutes=minutes_by_status(sessions),
        allowance=allowance(plain_parts, rated.bands),
        hosts=hosts(sessions, names, enrichment.hosts),
        live=enrichment_counts(enrichment, sessions),
        events=dict(enrichment.events),
        daily=daily(sessions, month),
        net=money.rounded(rated.net, terms.digits),
        tax=tax,
        total=total,
    )


def _refuse_inexact(amounts: Sequence[Decimal]) -> None:
    for amount in amounts:
        if not money.fits_a_cell(amount):
            raise UnitError(
                f"an amount of {plain(amount)} has more than the {money.CELL_DIGITS} digits that a workbook holds "
                "exactly; check the plan's prices"
            )


def counts_by_status(sessions: pd.DataFrame) -> dict[str, int]:
    counts = sessions["status"].value_counts()
    return {status: int(counts.get(status, 0)) for status in STATUSES}


def minutes_by_status(sessions: pd.DataFrame) -> dict[str, Minutes]:
    """Known minutes, and how many sessions' minutes are unknown."""
    found = {}
    for status in STATUSES:
        minutes = sessions.loc[sessions["status"] == status, "minutes"]
        found[status] = Minutes(known=int(minutes.sum()), unknown_sessions=int(minutes.isna().sum()))
    return found


def allowance(parts: Sequence[Part], bands: Sequence[Band]) -> Allowance:
    """The sessions allowance, its parts added up."""
    used = sum(b.quantity for b in bands if b.meter == "sessions" and b.tier == 0)
    overage = sum(b.quantity for b in bands if b.meter == "sessions" and b.tier > 0)
    limits = [part.included("sessions") for part in parts]
    included = None if None in limits else sum(limit for limit in limits if limit is not None)
    return Allowance(
        included=included,
        used=used,
        unused=None if included is None else included - used,
        overage=overage,
        unlimited=any(part.has("sessions") and part.included("sessions") is None for part in parts),
    )


def host_names(sessions: pd.DataFrame, listed: Iterable[Host] = ()) -> dict[int, str]:
    """Each host by the name in the vendor's list, else the one read most often, else as "Host 4" (docs/rules.md §12.2).

    Ties: the first in the alphabet.
    """
    read = sessions.loc[sessions["host_name"].notna(), ["host_id", "host_name"]].astype({"host_name": "str"})
    times = read.value_counts().reset_index()
    best = times.sort_values(["host_id", "count", "host_name"], ascending=[True, False, True])
    named = best.drop_duplicates("host_id").set_index("host_id")["host_name"].to_dict()
    named |= {host.id: host.name for host in listed if host.name}
    return {host: str(named.get(host, f"Host {host}")) for host in sorted(map(int, sessions["host_id"].unique()))}


def hosts(sessions: pd.DataFrame, names: dict[int, str], listed: Sequence[Host] | None = None) -> tuple[HostUse, ...]:
    """Use by host, most sessions first. `sessions` is rated; `listed` is None where there is no list of hosts."""
    known = {host.id: host for host in listed or ()}
    counts = _by_host(sessions, "status").to_numpy(dtype=object).tolist()
    charges: dict[int, Decimal] = {}
    for host, charge, times in _by_host(sessions, "charge").to_numpy(dtype=object).tolist():
        charges[host] = money.EXACT.fma(charge, times, charges.get(host, Decimal(0)))
    statuses = {host: dict.fromkeys(STATUSES, 0) for host in charges}
    for host, status, times in counts:
        statuses[host][status] = times
    minutes = dict(sessions.groupby("host_id")["minutes"].sum().reset_index().to_numpy(dtype=object).tolist())
    found = [
        HostUse(
            host_id=host,
            name=names[host],
            sessions=statuses[host],
            minutes=minutes[host],
            charge=charges[host],
            external_id=known[host].external_id if host in known else "",
            active=None if listed is None else host in known,
        )
        for host in charges
    ]
    return tuple(sorted(found, key=lambda use: (-sum(use.sessions.values()), use.host_id)))


def _by_host(sessions: pd.DataFrame, column: str) -> pd.DataFrame:
    """(host, value of `column`, sessions), one row a pair that occurs."""
    return sessions.groupby(["host_id", column], observed=True).size().reset_index()


def daily(sessions: pd.DataFrame, month: Month) -> tuple[int, ...]:
    """BILL sessions on each day of the month, UTC."""
    days = sessions.loc[sessions["status"] == "BILL", "billable_at"].dt.day.to_numpy(np.int64)
    return tuple(np.bincount(days, minlength=month.days + 1)[1:].tolist())
