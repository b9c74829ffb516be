"""Made-up usage: rows as the frame that `jobs.securevideo.history` gives; plans, terms; strategies for all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from jobs.billing.decide import Decision, Gathered, decide
from jobs.billing.invoicing import Issued, Provenance, numbered
from jobs.billing.month import Month
from jobs.billing.plan import Hosts, Meter, Plan, Tax, Tier, parts_of
from jobs.billing.reconcile import Reconciliation
from jobs.billing.terms import Terms
from jobs.ledger import frames
from reports.document import Document, Finding, MonthTotals, Presentation, Snapshot
from reports.parties import Customer, Issuer

NOVEMBER = Month(2016, 11)
CLOSED = datetime(2016, 12, 4, tzinfo=UTC)
FREE_DAY = NOVEMBER.start + timedelta(days=9)
CODES = ("BILL", "COMP", "DUPL", "SVCO")
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row of History, with nothing odd about it unless a test says so."""

    session_id: int
    status: str | None = "BILL"
    billable_at: datetime | None = FREE_DAY
    minutes: int | None = 25
    host_id: int = 4
    scheduled_at: datetime = FREE_DAY
    host_name: str | None = "Aaron Johnson"
    contradiction: str | None = None
    note: str = ""  # stands for all that makes rows differ beside the columns


def frame(rows: Iterable[Row], *, participants: bool = False) -> pd.DataFrame:
    """`rows` in their order, as `jobs.securevideo.history` types them."""
    rows = list(rows)
    known: dict[Row, int] = {}
    minutes = [row.minutes for row in rows]
    unknown = np.array([one is None for one in minutes], dtype=bool)
    columns: dict[str, Any] = {
        "session_id": np.array([row.session_id for row in rows], dtype=np.int64),
        "scheduled_at": _utc([row.scheduled_at for row in rows]),
        "billable_at": _utc([row.billable_at for row in rows]),
        "minutes": pd.arrays.IntegerArray(np.array([one or 0 for one in minutes], dtype=np.int32), unknown),
        "status": pd.Series([row.status for row in rows], dtype=object),
        "host_id": np.array([row.host_id for row in rows], dtype=np.int64),
        "host_name": pd.Series([row.host_name for row in rows], dtype=object),
    }
    if participants:
        columns["participants"] = pd.Series([f"Patient {row.session_id}" for row in rows], dtype=object)
        columns["note"] = pd.Series([None] * len(rows), dtype=object)
    columns["fingerprint"] = np.array([known.setdefault(row, len(known)) for row in rows], dtype=np.int64)
    columns["contradiction"] = pd.Series([row.contradiction for row in rows], dtype=object)
    return pd.DataFrame(columns)


def _utc(instants: Sequence[datetime | None]) -> Any:
    naive = [None if at is None else at.astimezone(UTC).replace(tzinfo=None) for at in instants]
    return pd.Series(np.array(naive, dtype="datetime64[us]")).dt.tz_localize("UTC")


def at(day: int, second: int = 0, *, microsecond: int = 0) -> datetime:
    """An instant of November 2016."""
    return NOVEMBER.start + timedelta(days=day - 1, seconds=second, microseconds=microsecond)


def bills(count: int, *, first_id: int = 1, **values: Any) -> list[Row]:
    """`count` BILL sessions, a second apart, in the order of their ids."""
    rows = [Row(first_id + n, billable_at=FREE_DAY + timedelta(seconds=n)) for n in range(count)]
    return [replace(row, **values) for row in rows]


# -- plans and terms ---------------------------------------------------------------------------------------------------


def meter(included: int | None, *tiers: str | tuple[int, str]) -> Meter:
    """`meter(8, "5.00")`, or with bounded tiers before the open one: `meter(8, (10, "5.00"), "4.00")`."""
    priced = [Tier(None, Decimal(t)) if isinstance(t, str) else Tier(t[0], Decimal(t[1])) for t in tiers]
    return Meter("sessions", included, tuple(priced))


def plan(
    fee: str = "25.00",
    sessions: Meter | None = None,
    *,
    start: date = date(2014, 1, 1),
    name: str = "PLUS",
    minutes: Meter | None = None,
    hosts: Hosts | None = None,
) -> Plan:
    return Plan(start, name, Decimal(fee), metering(sessions, minutes), hosts)


def metering(sessions: Meter | None, minutes: Meter | None) -> tuple[Meter, ...]:
    """A plan's meters, each under its name whatever it was called before."""
    return tuple(replace(one, name=name) for name, one in (("sessions", sessions), ("minutes", minutes)) if one)


PLUS = plan("25.00", meter(8, "5.00"))
BY_MINUTE = plan("10.00", meter(2, "1.00"), minutes=meter(60, (30, "0.125"), "0.0333"))


def terms(*plans: Plan, tax: str = "0", currency: str = "USD", digits: int = 2) -> Terms:
    return Terms(
        currency=currency,
        digits=digits,
        invoice_prefix="ACME",
        payment_days=30,
        tax=Tax("Sales tax", Decimal(tax)),
        plans=plans or (PLUS,),
        issuer=Issuer("Example Billing LLC"),
        bill_to=Customer("Acme Telehealth LLC", ("1 Main St",)),
    )


def setting(**values: Any) -> Provenance:
    made = Provenance(
        account="acme",
        snapshot=Snapshot("ab" * 32, CLOSED, 0),
        presentation=Presentation("America/New_York", "en_US", "Letter", "hidden", "0.1.0"),
        formats=("xlsx", "html", "json", "csv"),
        close_day=4,
        past=(),
    )
    return replace(made, **values)


def past(*bill: int) -> tuple[MonthTotals, ...]:
    """Issued months before, with so many BILL sessions each."""
    zero = Decimal("0.00")
    return tuple(
        MonthTotals(str(NOVEMBER.plus(n - len(bill))), {"BILL": count, "COMP": 0, "DUPL": 0, "SVCO": 0}, 8, zero, zero)
        for n, count in enumerate(bill)
    )


# -- the whole way -----------------------------------------------------------------------------------------------------


def gathered(rows: Iterable[Row] | pd.DataFrame, **values: Any) -> Gathered:
    """`rows` of a month that is closed and not yet issued; `values` say what is otherwise."""
    table = rows if isinstance(rows, pd.DataFrame) else frame(rows)
    made = Gathered(
        month=NOVEMBER,
        now=CLOSED,
        draft_only=False,
        adjust=False,
        terms=terms(),
        setting=setting(),
        rows=table,
        received=len(table),
        findings=(),
        issued=(),
        billed_elsewhere={},
    )
    return replace(made, **values)


def decided(rows: Iterable[Row] | pd.DataFrame, **values: Any) -> Decision:
    return decide(gathered(rows, **values))


def billed(rows: Iterable[Row], *plans: Plan, month: Month = NOVEMBER, **values: Any) -> Reconciliation:
    """The month's rows, counted and priced under `plans`."""
    return decided(list(rows), terms=terms(*plans, **values), month=month).month


def post(decision: Decision, issued: Sequence[Issued] = ()) -> tuple[Issued, ...]:
    """What stands after the ledger has taken the decision's document in, as the ledger gives it back."""
    assert decision.post is not None
    nth = 1 + sum(one.document.kind == decision.post.kind for one in issued)
    document = numbered(decision.post, nth, CLOSED.date())
    sessions = frames.unpack(frames.pack(decision.month.sessions), document.parts)
    return (*issued, Issued(len(issued) + 1, document, lambda: sessions))


def issue(rows: Iterable[Row], **values: Any) -> tuple[Issued, ...]:
    return post(decided(list(rows), **values))


def codes(findings: Iterable[Finding]) -> list[str]:
    return [one.code for one in findings]


def the(findings: Iterable[Finding], code: str) -> Finding:
    """The only finding of `code`."""
    (found,) = (one for one in findings if one.code == code)
    return found


def amounts(document: Document) -> Mapping[tuple[int, str, int], Decimal]:
    """The lines' amounts by part, meter and tier."""
    return {(line.part, line.meter, line.tier): line.amount for line in document.lines}


# -- strategies --------------------------------------------------------------------------------------------------------

ids = st.integers(1, 60) | st.integers(LARGEST_ID - 60, LARGEST_ID)
instants = st.integers(0, 30 * 86_400_000 - 1).map(lambda ms: NOVEMBER.start + timedelta(milliseconds=ms)) | (
    st.integers(0, 9).map(lambda n: FREE_DAY + timedelta(seconds=n))  # many at once
)
minutes_of = st.none() | st.integers(0, 200) | st.just(10**6)


def usual_rows(known_minutes: bool = True, statuses: Sequence[str] = CODES) -> st.SearchStrategy[Row]:
    """Rows that count: nothing is set aside, no finding blocks."""
    return st.builds(
        Row,
        session_id=ids,
        status=st.sampled_from(statuses),
        billable_at=instants,
        minutes=st.integers(0, 200) if known_minutes else minutes_of,
        host_id=st.integers(1, 4) | st.just(LARGEST_ID),
        host_name=st.sampled_from(["Aaron Johnson", "Jonathan Vernon", None]),
    )


def usage(most: int = 30, **values: Any) -> st.SearchStrategy[list[Row]]:
    """A month's rows, each session once."""
    return st.lists(usual_rows(**values), max_size=most, unique_by=lambda row: row.session_id)


odd_rows = st.builds(
    Row,
    session_id=st.integers(1, 8),
    status=st.sampled_from([*CODES, "BILL", "bill", "BILL ", "", "XXXX", None]),
    billable_at=st.none() | instants | st.sampled_from([NOVEMBER.end, NOVEMBER.start - timedelta(microseconds=1)]),
    minutes=st.none() | st.integers(-5, 1500),
    contradiction=st.sampled_from([None, None, "session-number", "counted-wording", "svco-wording"]),
    note=st.sampled_from(["", "", "another text"]),
)


def prices(most_decimals: int = 6) -> st.SearchStrategy[Decimal]:
    return st.integers(0, most_decimals).flatmap(
        lambda decimals: st.integers(0, 30 * 10**decimals).map(lambda units: Decimal(units).scaleb(-decimals))
    )


def _tiers(bounds: Sequence[int], tier_prices: Sequence[Decimal]) -> tuple[Tier, ...]:
    return tuple(map(Tier, [*sorted(bounds), None], tier_prices))


def meters(largest: int) -> st.SearchStrategy[Meter]:
    """Meters whose bounds lie within `largest` units, so that usage reaches them."""
    tiers = st.lists(st.integers(1, largest), max_size=3, unique=True).flatmap(
        lambda bounds: st.lists(prices(), min_size=len(bounds) + 1, max_size=len(bounds) + 1).map(
            lambda found: _tiers(bounds, found)
        )
    )
    return st.just(meter(None)) | st.builds(
        Meter, name=st.just("sessions"), included=st.integers(0, largest), tiers=tiers
    )


def plans(digits: int = 2, start: date = date(2014, 1, 1)) -> st.SearchStrategy[Plan]:
    exact = st.integers(0, 10**6).map(lambda units: Decimal(units).scaleb(-digits))
    return st.builds(
        Plan,
        start=st.just(start),
        name=st.just("PLUS"),
        monthly_fee=exact | st.just(Decimal(0)),
        meters=st.builds(metering, st.none() | meters(12), st.none() | meters(900)),
        hosts=st.none() | st.builds(Hosts, included=st.integers(0, 4), licensed=st.integers(0, 8), extra=exact),
    )


@st.composite
def any_terms(draw: st.DrawFn) -> Terms:
    """Terms in currencies of 0, 2 and 3 digits; from one plan to three within the month."""
    currency, digits = draw(st.sampled_from([("JPY", 0), ("USD", 2), ("KWD", 3)]))
    first = draw(plans(digits))
    days = sorted(draw(st.sets(st.integers(1, 30), max_size=2)))
    later = [draw(plans(digits, date(2016, 11, day))) for day in days]
    rate = draw(st.just(Decimal(0)) | st.integers(0, 99_999).map(lambda n: Decimal(n).scaleb(-3)))
    return replace(terms(first, *later, currency=currency, digits=digits), tax=Tax("Sales tax", rate))


def parts(some: Terms, month: Month = NOVEMBER) -> tuple[Any, ...]:
    return parts_of(month, some.plans)
