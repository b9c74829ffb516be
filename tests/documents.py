"""Made-up documents and session frames of any size, consistent in themselves, for tests of every format.

`sample()` rates a made-up month by its own small, independent arithmetic: nothing here uses `jobs`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pandas as pd

from reports.counts import Allowance, HostUse, Minutes, Rows
from reports.document import (
    STATUSES,
    Band,
    Change,
    Document,
    Finding,
    IssuedDocument,
    Kind,
    Line,
    MonthTotals,
    Part,
    PartMeter,
    Snapshot,
)
from reports.forecast import Forecast, PartForecast
from reports.parties import Customer, Issuer

MONTH, DAYS = "2016-11", 30
DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
HOSTS = ("Dr. Ada Monroe", "Ben Okafor, LCSW", "Carla Díaz", "Host 4")
MICRO = 10**6  # prices of sessions and minutes have at most six decimals here
ADJUSTMENTS = (
    "credit_note",
    "supplementary_invoice",
    "draft_credit_note",
    "draft_supplementary_invoice",
    "restatement",
)


@dataclass(frozen=True)
class Terms:
    """The plan of the made-up account, for every part alike."""

    digits: int
    included: int | None
    sessions_meter: bool
    minutes_included: int | None  # None: no minutes meter
    hosts: bool
    tax_rate: Decimal

    def money(self, text: str) -> Decimal:
        """A price of about `text` dollars, in a currency of these digits."""
        return (Decimal(text) * (100 if self.digits == 0 else 1)).quantize(Decimal(1).scaleb(-self.digits))

    def rounded(self, amount: Decimal) -> Decimal:
        return amount.quantize(Decimal(1).scaleb(-self.digits), rounding=ROUND_HALF_UP)


def sample(
    kind: Kind = "invoice",
    *,
    sessions: int = 15,
    currency: str = "USD",
    parts: int = 1,
    included: int | None = 8,
    sessions_meter: bool = True,
    minutes_included: int | None = None,
    hosts_meter: bool = True,
    tax_rate: str = "8.25",
    participants: str = "hidden",
    host_names: Sequence[str] = HOSTS,
    months: int = 5,
    seed: int = 7,
    **fields: Any,
) -> tuple[Document, pd.DataFrame]:
    """A document of 2016-11 and its sessions.

    `included` None: unlimited. `minutes_included` None: no minutes meter. `parts`: 1, or 2 (a plan that starts on
    the 16th). `months`: how many the trend knows. `fields` replace the document's fields at the end, as they are.
    """
    terms = Terms(DIGITS[currency], included, sessions_meter, minutes_included, hosts_meter, Decimal(tax_rate))
    plan_parts = _parts(terms, parts)
    before = _rated(_raw(sessions, parts, host_names, seed), terms, plan_parts)
    after = before
    if kind in ADJUSTMENTS:
        after = _rated(_restated(before.frame, kind), terms, plan_parts)
    document = _document(kind, after, before, currency=currency, terms=terms, parts=plan_parts, months=months)
    document = replace(document, participants=participants, **fields)
    frame = after.frame
    if participants == "full":
        frame = frame.assign(
            participants=pd.Series([f"Pat {i} Doe, Kim Lee" for i in range(len(frame))], dtype="object"),
            note=pd.Series(["" if i % 3 else "late start" for i in range(len(frame))], dtype="object"),
        )
    return document, frame


def heading(*, parts: int = 1, early: bool = False) -> Forecast:
    """Where a month of `sample` is heading, after 20 of its days."""
    first = PartForecast(1, 20, 10, 8, 12, 8, 18) if parts == 1 else PartForecast(1, 15, 7, 5, 5, 5, 5)
    second = PartForecast(2, 5, 7, 3, None, None, None) if early else PartForecast(2, 8, 7, 3, 6, 3, 11)
    each = (first, second)[:parts]
    known = not early
    return Forecast(
        as_of=datetime(2016, 11, 21, 6, tzinfo=UTC),
        days=DAYS,
        elapsed_days=20,
        used=8,
        projected=sum(one.projected or 0 for one in each) if known else None,
        low=sum(one.low or 0 for one in each) if known else None,
        high=sum(one.high or 0 for one in each) if known else None,
        net_projected=Decimal("45.00") if known else None,
        parts=each,
    )


@dataclass(frozen=True)
class Rated:
    frame: pd.DataFrame
    bands: tuple[Band, ...]
    lines: tuple[Line, ...]
    net: Decimal
    tax: Decimal


def _raw(count: int, parts: int, host_names: Sequence[str], seed: int) -> pd.DataFrame:
    """Sessions of the month without their rating, sorted by (billable_at, session_id)."""
    random = np.random.default_rng(seed)
    start = np.datetime64("2016-11-01T00:00:00", "us")
    seconds = np.sort(random.integers(0, DAYS * 86_400, count))
    billable = pd.Series(start + seconds.astype("timedelta64[s]")).dt.tz_localize("UTC").astype("datetime64[us, UTC]")
    early = pd.Series(random.integers(0, 15, count).astype("timedelta64[m]"))
    minutes = pd.Series(random.integers(1, 75, count), dtype="Int32")
    minutes[random.random(count) < 0.05] = pd.NA
    host = random.integers(0, len(host_names), count)
    status = np.where(random.random(count) < 0.72, 0, random.integers(1, 4, count))
    return pd.DataFrame(
        {
            "session_id": pd.Series(105_225 + 2 * np.arange(count), dtype="Int64"),
            "scheduled_at": (billable.dt.floor("15min") - early).astype("datetime64[us, UTC]"),
            "billable_at": billable,
            "minutes": minutes,
            "status": pd.Categorical.from_codes(status, list(STATUSES)),
            "host_id": pd.Series(host + 1, dtype="Int64"),
            "host": pd.Categorical.from_codes(host, list(host_names)),
            "part": pd.Series(np.where((parts == 2) & (seconds >= 15 * 86_400), 2, 1), dtype="Int32"),
        }
    )


def _parts(terms: Terms, count: int) -> tuple[Part, ...]:
    def allowance(of_month: int | None, days: int) -> int | None:
        return None if of_month is None else (2 * of_month * days + DAYS) // (2 * DAYS)

    spans = [(date(2016, 11, 1), date(2016, 11, 30))]
    if count == 2:
        spans = [(date(2016, 11, 1), date(2016, 11, 15)), (date(2016, 11, 16), date(2016, 11, 30))]
    return tuple(
        Part(
            number=number,
            plan="PLUS" if number == 1 else "PLUS 2",
            plan_from=date(2014, 1, 1) if number == 1 else first,
            first=first,
            last=last,
            days=(last - first).days + 1,
            days_of_month=DAYS,
            monthly_fee=terms.money("25.00" if number == 1 else "30.00"),
            meters=tuple(
                PartMeter(name, allowance(included, (last - first).days + 1))
                for name, included, has in (
                    ("sessions", terms.included, terms.sessions_meter),
                    ("minutes", terms.minutes_included, terms.minutes_included is not None),
                )
                if has
            ),
            hosts_included=1 if terms.hosts else None,
            hosts_licensed=3 if terms.hosts else None,
            hosts_extra_price=terms.money("50.00") if terms.hosts else None,
        )
        for number, (first, last) in enumerate(spans, 1)
    )


def _steps(terms: Terms, part: Part) -> list[tuple[Any, int, int, int | None, Decimal]]:
    """(meter, tier, above, up_to, price) of every band of a part."""
    steps: list[tuple[Any, int, int, int | None, Decimal]] = []
    free, minutes = part.included("sessions"), part.included("minutes")
    if part.has("sessions") and free is None:
        steps.append(("sessions", 0, 0, None, Decimal(0)))
    elif free is not None:
        price = terms.money("5.00")
        steps.append(("sessions", 0, 0, free, Decimal(0)))
        steps += [("sessions", 1, free, free + 100, price), ("sessions", 2, free + 100, None, price * Decimal("0.825"))]
    if minutes is not None:
        steps.append(("minutes", 0, 0, minutes, Decimal(0)))
        steps.append(("minutes", 1, minutes, None, terms.money("1.00") * Decimal("0.0375")))
    return steps


def _rated(raw: pd.DataFrame, terms: Terms, parts: tuple[Part, ...]) -> Rated:
    """Ordinals, allowance texts, charges, bands and lines of a month."""
    bill = (raw["status"] == "BILL").to_numpy()
    part_of = raw["part"].to_numpy(dtype=np.int64)
    minutes = raw["minutes"].fillna(0).to_numpy(dtype=np.int64)
    ordinal = np.zeros(len(raw), dtype=np.int64)
    micro = np.zeros(len(raw), dtype=np.int64)
    bands: list[Band] = []
    for part in parts:
        mine = bill & (part_of == part.number)
        used = {"sessions": np.ones(int(mine.sum()), dtype=np.int64), "minutes": minutes[mine]}
        ordinal[mine] = np.cumsum(used["sessions"])
        for meter, tier, above, up_to, price in _steps(terms, part):
            until = np.cumsum(used[meter])
            top = int(until[-1]) if len(until) else 0
            high = top if up_to is None else up_to
            inside = np.clip(until, above, max(high, above)) - np.clip(until - used[meter], above, max(high, above))
            micro[mine] += inside * int(price * MICRO)
            bands.append(Band(part.number, meter, tier, above, up_to, price, max(0, min(top, high) - above)))
    cents, codes = np.unique(micro, return_inverse=True) if len(raw) else (np.zeros(1, np.int64), np.zeros(0, np.int64))
    frame = raw.assign(
        ordinal=pd.Series(ordinal, dtype="Int32").mask(~bill),
        allowance=pd.Series(_allowances(ordinal, part_of, parts), dtype="object"),
        charge=pd.Categorical.from_codes(codes.ravel(), [Decimal(int(value)) / MICRO for value in cents]),
    )
    lines = _lines(terms, parts, bands)
    net = sum((line.amount for line in lines), Decimal(0)).quantize(Decimal(1).scaleb(-terms.digits))
    return Rated(frame, tuple(bands), lines, net, terms.rounded(net * terms.tax_rate / 100))


def _allowances(ordinal: np.ndarray, part_of: np.ndarray, parts: tuple[Part, ...]) -> list[str]:
    def text(number: int, part: Part) -> str:
        if not number:
            return ""
        if not part.has("sessions"):
            return f"counted #{number}"
        free = part.included("sessions")
        if free is None:
            return f"included #{number}"
        return f"included #{number} of {free}" if number <= free else f"overage #{number - free}"

    return [text(number, parts[part - 1]) for number, part in zip(ordinal.tolist(), part_of.tolist(), strict=True)]


def _lines(terms: Terms, parts: tuple[Part, ...], bands: Sequence[Band]) -> tuple[Line, ...]:
    lines: list[Line] = []
    for part in parts:
        span = "" if part.days == DAYS else f", {part.days} of {DAYS} days"
        share = Decimal(part.days) / DAYS
        lines.append(
            Line("fee", f"Plan {part.plan}, monthly fee{span}", Decimal(1), part.monthly_fee,
                 terms.rounded(part.monthly_fee * part.days / DAYS), part.number, 0)
        )  # fmt: skip
        for band in (band for band in bands if band.part == part.number):
            if band.tier and not band.quantity:
                continue
            name = f"Included {band.meter}" if band.tier == 0 else f"Overage {band.meter}, tier {band.tier}"
            amount = terms.rounded(band.quantity * band.unit_price)
            lines.append(
                Line(
                    band.meter, f"{name}{span}", Decimal(band.quantity), band.unit_price, amount, part.number, band.tier
                )
            )
        if part.hosts_licensed and part.hosts_extra_price and part.hosts_included is not None:
            extra = Decimal(part.hosts_licensed - part.hosts_included)
            amount = terms.rounded(extra * part.hosts_extra_price * share)
            lines.append(
                Line("hosts", f"Extra host licences{span}", extra, part.hosts_extra_price, amount, part.number, 0)
            )
    return tuple(lines)


def _restated(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The month as it looks later: fewer, more or as many sessions that count."""
    source, target = ("BILL", "COMP") if "credit" in kind else ("DUPL", "COMP")
    if "supplementary" in kind:
        source, target = "COMP", "BILL"
    status = frame["status"].copy()
    status.iloc[np.flatnonzero(status == source)[:3]] = target
    return frame.drop(columns=["ordinal", "allowance", "charge"]).assign(status=status)


def _changes(before: Rated, after: Rated) -> tuple[tuple[Change, ...], dict[str, dict[str, int]]]:
    was, now = before.frame, after.frame
    amounts = now["charge"].astype(object) - was["charge"].astype(object)
    moved = (was["status"] != now["status"]) | (amounts != 0)
    changes: list[Change] = []
    transitions: dict[str, dict[str, int]] = {}
    for index in np.flatnonzero(moved):
        old, new, amount = was.iloc[index], now.iloc[index], amounts.iloc[index]
        number = int(old["session_id"])
        if old["status"] != new["status"]:
            row = transitions.setdefault(old["status"], {})
            row[new["status"]] = row.get(new["status"], 0) + 1
            why = "SecureVideo changed the status"
            changes.append(Change(number, "status", old["status"], new["status"], amount, why))
        else:
            why = "its place among the counted sessions moved"
            changes.append(Change(number, "reordered", old["allowance"], new["allowance"], amount, why))
    rest = after.net - before.net - sum((change.amount for change in changes), Decimal(0))
    if rest:
        changes.append(Change(None, "rounding", None, None, rest, "rounding of the lines"))
    return tuple(changes), transitions


def _difference(before: Rated, after: Rated) -> tuple[Line, ...]:
    keys = {(line.part, line.meter, line.tier): line for line in (*before.lines, *after.lines)}
    old = {(line.part, line.meter, line.tier): line for line in before.lines}
    new = {(line.part, line.meter, line.tier): line for line in after.lines}
    lines = []
    for key, line in keys.items():
        quantity = (new[key].quantity if key in new else 0) - (old[key].quantity if key in old else Decimal(0))
        amount = (new[key].amount if key in new else 0) - (old[key].amount if key in old else Decimal(0))
        if quantity or amount:
            lines.append(replace(line, quantity=Decimal(quantity), amount=Decimal(amount)))
    return tuple(lines)


def _hosts(frame: pd.DataFrame) -> tuple[HostUse, ...]:
    hosts = []
    for (number, name), rows in frame.groupby(["host_id", "host"], observed=True):
        counts = rows["status"].value_counts()
        charges = rows["charge"].value_counts()
        charge = sum((Decimal(price) * int(count) for price, count in charges.items()), Decimal(0))
        by_status = {status: int(counts[status]) for status in STATUSES}
        hosts.append(HostUse(int(number), str(name), by_status, int(rows["minutes"].sum()), charge))
    return tuple(sorted(hosts, key=lambda host: (-sum(host.sessions.values()), host.host_id)))


def _allowance(frame: pd.DataFrame, terms: Terms, parts: tuple[Part, ...]) -> Allowance:
    counted = frame.loc[frame["status"] == "BILL", "part"].value_counts()
    usage = {part.number: int(counted.get(part.number, 0)) for part in parts}
    total = sum(usage.values())
    if not terms.sessions_meter:
        return Allowance(None, 0, None, 0, unlimited=False)
    if terms.included is None:
        return Allowance(None, total, None, 0, unlimited=True)
    free = {part.number: part.included("sessions") or 0 for part in parts}
    used = sum(min(usage[number], free[number]) for number in usage)
    return Allowance(sum(free.values()), used, sum(free.values()) - used, total - used, unlimited=False)


def _trend(months: int, counts: dict[str, int], net: Decimal, total: Decimal, included: int | None) -> Any:
    earlier = [
        MonthTotals(
            month=f"{2015 + (21 - back + 1) // 12}-{(21 - back + 1) % 12 + 1:02}",
            counts={status: counts[status] * (20 - back) // 20 for status in STATUSES},
            included=included,
            net=net,
            total=total,
        )
        for back in range(months - 1, 0, -1)
    ]
    return (*earlier, MonthTotals(MONTH, counts, included, net, total)) if months else ()


def _rows(count: int, *, blocked: bool) -> Rows:
    repeated, never, aside = int(count > 0), 2 * int(count > 0), int(blocked)
    return Rows(count + repeated + never + aside, count, aside, repeated, never)


def _findings(frame: pd.DataFrame, *, blocked: bool) -> tuple[Finding, ...]:
    if frame.empty:
        return ()
    first = int(frame["session_id"].iloc[0])
    rest = (
        Finding("repeated-row", "warning", first, "the row came twice; it is counted once"),
        Finding("duration-unknown", "info", first, "DurationMinutes is empty"),
        Finding("never-connected", "info", 99_001, "neither BillableTs nor a status; the row is not counted"),
        Finding("unknown-field", "info", None, 'the reply has a field "Room" that this program does not know'),
    )
    stop = Finding(
        "unknown-status", "blocking", 105_240, "the status is none of BILL, COMP, DUPL, SVCO; ask the vendor"
    )
    return (stop, *rest) if blocked else rest


def _document(
    kind: Kind, after: Rated, before: Rated, *, currency: str, terms: Terms, parts: tuple[Part, ...], months: int
) -> Document:
    adjustment = kind in ADJUSTMENTS
    final = kind in ("invoice", "credit_note", "supplementary_invoice")
    blocked = kind == "draft"
    invoice = "ACME-201611-0001"
    number = {"invoice": invoice, "credit_note": f"{invoice}-CN1", "supplementary_invoice": f"{invoice}-SI1"}.get(kind)
    issued_on = date(2016, 12, 4) + timedelta(days=8 * int(adjustment))
    frame = after.frame
    status_counts = frame["status"].value_counts()
    counts = {status: int(status_counts[status]) for status in STATUSES}
    minutes = {
        status: Minutes(int(values.sum()), int(values.isna().sum()))
        for status in STATUSES
        if (values := frame.loc[frame["status"] == status, "minutes"]) is not None
    }
    days = frame.loc[frame["status"] == "BILL", "billable_at"].dt.day.value_counts()
    changes, transitions = _changes(before, after) if adjustment else ((), {})
    issued = IssuedDocument("invoice", invoice, date(2016, 12, 4), before.net, before.tax, before.net + before.tax)
    allowance = _allowance(frame, terms, parts)
    total = after.net + after.tax
    stem = number or ("restatement" if adjustment else "draft")
    return Document(
        kind=kind,
        number=number,
        corrects=invoice if adjustment else None,
        final=final,
        account="acme",
        month=MONTH,
        issued_on=issued_on if final else None,
        due_on=issued_on + timedelta(days=30) if final and kind != "credit_note" else None,
        payment_days=30,
        currency=currency,
        digits=terms.digits,
        issuer=Issuer(
            "Example Billing LLC", ("1 Main St", "Springfield, IL 62701", "USA"), "ap@example.com", "12-3456789"
        ),
        bill_to=Customer(
            "Acme Telehealth LLC", ("200 Oak Avenue", "Portland, OR 97201", "USA"), "billing@acme.example"
        ),
        tax_name="Sales tax",
        tax_rate=terms.tax_rate,
        net=after.net - before.net if adjustment else after.net,
        tax=after.tax - before.tax if adjustment else after.tax,
        total=total - before.net - before.tax if adjustment else total,
        lines=_difference(before, after) if adjustment else after.lines,
        month_net=after.net,
        month_tax=after.tax,
        month_total=total,
        month_lines=after.lines,
        bands=after.bands,
        parts=parts,
        rows=_rows(len(frame), blocked=blocked),
        counts=counts,
        minutes=minutes,
        allowance=allowance,
        hosts=_hosts(frame),
        findings=_findings(frame, blocked=blocked),
        changes=changes,
        already_issued=(issued,) if adjustment else (),
        transitions=transitions,
        rules=(
            "The month runs from 2016-11-01 00:00 UTC to 2016-12-01 00:00 UTC, by the time a session became billable.",
            "Only sessions with the status BILL count; in order of that time, the first ones use up the allowance.",
            "Each line is rounded once, half up, to the digits of the currency; tax is charged once on the sum.",
        ),
        snapshot=Snapshot("ab" * 32, datetime(2016, 12, 4, 6, 0, 1, tzinfo=UTC), len(frame)),
        daily=tuple(int(days.get(day, 0)) for day in range(1, DAYS + 1)),
        trend=_trend(months, counts, after.net, total, allowance.included),
        timezone="America/New_York",
        locale="en_US",
        paper="Letter",
        participants="hidden",
        program_version="0.1.0",
        files={name: f"{stem}.{name}" for name in ("xlsx", "html", "json", "csv")},
        terms={},
    )
