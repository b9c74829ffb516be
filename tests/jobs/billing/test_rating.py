from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings

from jobs.billing.plan import Hosts, Meter
from jobs.billing.reconcile import Reconciliation
from jobs.billing.terms import Terms
from reports.document import Line
from tests.usage import (
    CODES,
    LARGEST_ID,
    NOVEMBER,
    PLUS,
    Row,
    any_terms,
    at,
    billed,
    bills,
    decided,
    meter,
    plan,
    usage,
    usual_rows,
)

UNLIMITED = plan("50.00", meter(None), name="Unlimited", hosts=Hosts(1, 4, Decimal("50.00")))


def lines(month: Reconciliation, name: str | None = None) -> list[tuple[int, int, Decimal, Decimal, Decimal]]:
    """(part, tier, quantity, unit price, amount) of a meter's lines."""
    found = [one for one in month.rated.lines if name in (None, one.meter)]
    return [(one.part, one.tier, one.quantity, one.unit_price, one.amount) for one in found]


def charges(month: Reconciliation) -> list[Decimal]:
    return list(month.sessions["charge"])


def D(text: str) -> Decimal:  # noqa: N802  # as short as the figures beside it
    return Decimal(text)


# -- sessions ----------------------------------------------------------------------------------------------------------


def test_the_vendors_own_example_plus_with_nine_sessions_costs_thirty() -> None:
    month = billed(bills(9), PLUS)
    assert str(month.total) == "30.00"
    assert lines(month) == [
        (1, 0, D("1"), D("25.00"), D("25.00")),
        (1, 0, D("8"), D("0.00"), D("0.00")),
        (1, 1, D("1"), D("5.00"), D("5.00")),
    ]


def test_usage_at_the_limit_is_not_overage() -> None:
    month = billed(bills(8), PLUS)
    assert (str(month.total), month.allowance.overage, charges(month)) == ("25.00", 0, [D("0")] * 8)


def test_ordinals_follow_billable_ts_then_session_id() -> None:
    rows = [
        Row(9, billable_at=at(1)),
        Row(LARGEST_ID, billable_at=at(2)),
        Row(3, billable_at=at(2)),
        Row(1, billable_at=at(3)),
    ]
    month = billed(rows, plan("0", meter(2, "5.00")))
    found = zip(month.sessions["session_id"], month.sessions["ordinal"], month.sessions["allowance"], strict=True)
    assert list(found) == [
        (9, 1, "included #1 of 2"),
        (3, 2, "included #2 of 2"),
        (LARGEST_ID, 3, "overage #1"),
        (1, 4, "overage #2"),
    ]


def test_only_bill_sessions_have_ordinals() -> None:
    month = billed([Row(n, code) for n, code in enumerate(["COMP", "BILL", "SVCO", "DUPL", "BILL"])][1:], PLUS)
    assert month.sessions["ordinal"].fillna(0).tolist() == [1, 0, 0, 2]
    assert month.sessions["allowance"].tolist() == ["included #1 of 8", "", "", "included #2 of 8"]


def test_unlimited_sessions_are_all_included() -> None:
    month = billed(bills(1000), UNLIMITED)
    assert lines(month, "sessions") == [(1, 0, D("1000"), D("0.00"), D("0.00"))]
    assert month.sessions["allowance"].tolist()[-1] == "included #1000"
    assert str(month.total) == "200.00"  # fee and three licences


def test_a_plan_without_a_sessions_meter_counts_and_charges_none() -> None:
    month = billed(bills(9), plan("25.00"))
    assert lines(month, "sessions") == []
    assert month.sessions["allowance"].tolist()[-1] == "counted #9"
    assert (month.counts["BILL"], str(month.total)) == (9, "25.00")


def test_nothing_included_charges_the_first_session() -> None:
    month = billed(bills(1), plan("0", meter(0, "5.00")))
    assert lines(month) == [(1, 1, D("1"), D("5.00"), D("5.00"))]


def test_a_fee_of_zero_has_no_line() -> None:
    assert lines(billed([], plan("0", meter(0, "5.00")))) == []


@pytest.mark.parametrize(("overage", "amounts"), [
    (2, ["10.00"]), (3, ["10.00", "4.00"]), (5, ["10.00", "12.00"]), (6, ["10.00", "12.00", "1.00"]),
])  # fmt: skip
def test_tiers_are_counted_from_the_first_overage_session(overage: int, amounts: list[str]) -> None:
    month = billed(bills(4 + overage), plan("0", meter(4, (2, "5.00"), (5, "4.00"), "1.00")))
    assert [str(line[4]) for line in lines(month, "sessions")[1:]] == amounts


def test_a_line_is_rounded_once_and_not_a_session_at_a_time() -> None:
    month = billed(bills(3), plan("0", meter(0, "0.005")))
    assert (str(month.total), charges(month)) == ("0.02", [D("0.005")] * 3)


def test_a_price_of_twelve_decimals_stays_exact() -> None:
    month = billed(bills(3), plan("0", meter(0, "0.333333333333")))
    assert lines(month)[0][2:] == (D("3"), D("0.333333333333"), D("1.00"))


# -- minutes and hosts -------------------------------------------------------------------------------------------------


def test_minutes_use_up_the_allowance_in_the_order_of_the_ordinals() -> None:
    rows = [replace(row, minutes=40) for row in bills(3)]
    month = billed(rows, plan("0", minutes=meter(60, (30, "0.10"), "0.05")))
    assert charges(month) == [D("0"), D("2.00"), D("1.00") + D("1.50")]
    assert lines(month, "minutes") == [
        (1, 0, D("60"), D("0.00"), D("0.00")),
        (1, 1, D("30"), D("0.10"), D("3.00")),
        (1, 2, D("30"), D("0.05"), D("1.50")),
    ]


def test_only_known_minutes_of_bill_sessions_are_charged() -> None:
    rows = [
        Row(1, minutes=10),
        Row(2, minutes=None),
        Row(3, "COMP", minutes=500),
        Row(4, minutes=-7),
        Row(5, minutes=5),
    ]
    month = billed(rows, plan("0", minutes=meter(0, "1")))
    assert str(month.total) == "15.00"
    assert month.minutes["BILL"].known == 15
    assert month.minutes["BILL"].unknown_sessions == 2


def test_the_longest_minutes_of_many_sessions_add_up_exactly() -> None:
    month = billed(bills(40, minutes=2**31 - 1), plan("0", minutes=meter(10**9, (10**9, "0.001"), "0.0000001")))
    total = 40 * (2**31 - 1)
    assert month.minutes["BILL"].known == month.hosts[0].minutes == total
    assert lines(month, "minutes")[2][2] == total - 2 * 10**9
    assert sum(charges(month)) == D("1000000") + D("0.0000001") * (total - 2 * 10**9)


@pytest.mark.parametrize(
    ("included", "licensed", "amount"), [(1, 4, "150.00"), (4, 4, None), (5, 2, None), (0, 1, "50.00")]
)
def test_licences_above_the_included_number_are_extra(included: int, licensed: int, amount: str | None) -> None:
    month = billed([], plan("0", hosts=Hosts(included, licensed, D("50.00"))))
    assert [str(line[4]) for line in lines(month, "hosts")] == ([amount] if amount else [])


# -- split months ------------------------------------------------------------------------------------------------------


def split(*rows: Row) -> Reconciliation:
    later = replace(UNLIMITED, start=at(11).date())
    return billed(rows, PLUS, later)


def test_fee_and_licences_are_shared_by_days_at_their_full_price() -> None:
    month = split()
    fees, hosts = lines(month, "fee"), lines(month, "hosts")
    assert fees == [(1, 0, D("1"), D("25.00"), D("8.33")), (2, 0, D("1"), D("50.00"), D("33.33"))]
    assert hosts == [(2, 0, D("3"), D("50.00"), D("100.00"))]
    texts = [line.description for line in month.rated.lines if line.meter in ("fee", "hosts")]
    assert ["10 of 30 days" in text or "20 of 30 days" in text for text in texts] == [True] * 3


def test_ordinals_allowance_and_tiers_start_anew_in_each_part() -> None:
    some = plan("0", meter(6, (1, "5.00"), "1.00"))
    rows = [Row(n, billable_at=at(day)) for n, day in enumerate([1, 2, 3, 4, 5, 16, 17, 18, 19, 20, 21], start=1)]
    month = billed(rows, some, replace(some, start=at(16).date()))
    assert month.sessions["part"].tolist() == [1] * 5 + [2] * 6
    assert month.sessions["ordinal"].tolist() == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6]
    assert charges(month) == [D("0")] * 3 + [D("5.00"), D("1.00")] + [D("0")] * 3 + [D("5.00"), D("1.00"), D("1.00")]
    assert [line[4] for line in lines(month)] == [D("0"), D("5"), D("1"), D("0"), D("5"), D("2")]


def test_a_session_before_the_first_plan_has_no_ordinal_and_no_charge() -> None:
    month = billed(
        [Row(1, billable_at=at(9, 86_399)), Row(2, billable_at=at(10))],
        plan("30.00", meter(0, "5.00"), start=at(10).date()),
    )
    assert month.sessions["part"].tolist() == [0, 1]
    assert month.sessions["ordinal"].isna().tolist() == [True, False]
    assert charges(month) == [D("0"), D("5.00")]
    assert str(month.total) == "26.00"  # 21 of 30 days


# -- any plan, any usage -----------------------------------------------------------------------------------------------


def half_up(amount: Fraction, digits: int) -> Fraction:
    return Fraction((amount * 10**digits + Fraction(1, 2)).__floor__(), 10**digits)


def naive_unit_price(some: Meter, included: int | None, unit: int) -> Fraction:
    """The price of the `unit`-th (from 1) unit of usage."""
    if included is None or unit <= included:
        return Fraction(0)
    return next(Fraction(t.price) for t in some.tiers if t.up_to is None or unit - included <= t.up_to)


def naive(rows: Sequence[Row], terms: Terms) -> tuple[dict[int, Fraction], Fraction]:
    """Charge by session, and the net of the month: one unit at a time, in fractions."""
    bill = sorted((r for r in rows if r.status == "BILL"), key=lambda r: (r.billable_at, r.session_id))
    charge = dict.fromkeys((r.session_id for r in rows), Fraction(0))
    net = Fraction(0)
    for place, some in enumerate(terms.plans):
        first = max(some.start, NOVEMBER.first).day
        last = terms.plans[place + 1].start.day - 1 if place + 1 < len(terms.plans) else 30
        share = Fraction(last - first + 1, 30)
        if share <= 0:
            continue
        mine = [r for r in bill if r.billable_at and first <= r.billable_at.day <= last]
        units = {
            "sessions": [r.session_id for r in mine],
            "minutes": [r.session_id for r in mine for _ in range(r.minutes or 0)],
        }
        net += half_up(Fraction(some.monthly_fee) * share, terms.digits)
        if some.hosts:
            extra = max(0, some.hosts.licensed - some.hosts.included)
            net += half_up(extra * Fraction(some.hosts.extra) * share, terms.digits)
        for meter_, owners in ((some.meter("sessions"), units["sessions"]), (some.meter("minutes"), units["minutes"])):
            if meter_ is None:
                continue
            included = None if meter_.included is None else int(half_up(meter_.included * share, 0))
            tiers: dict[int, Fraction] = {}
            for unit, owner in enumerate(owners, start=1):
                price = naive_unit_price(meter_, included, unit)
                charge[owner] += price
                over = 0 if included is None else unit - included
                tier = 0 if over <= 0 else 1 + sum(t.up_to is not None and over > t.up_to for t in meter_.tiers)
                tiers[tier] = tiers.get(tier, Fraction(0)) + price
            net += sum(half_up(amount, terms.digits) for amount in tiers.values())
    return charge, net


@settings(max_examples=20, deadline=None)
@given(usage(25), any_terms())
def test_rating_agrees_with_a_count_of_single_units(rows: list[Row], terms: Terms) -> None:
    month = decided(rows, terms=terms).month
    charge, net = naive(rows, terms)
    assert Fraction(month.net) == net
    assert dict(zip(map(int, month.sessions["session_id"]), map(Fraction, charges(month)), strict=True)) == charge


@settings(max_examples=20, deadline=None)
@given(usage(25, known_minutes=False), any_terms())
def test_tiers_bill_every_unit_exactly_once(rows: list[Row], terms: Terms) -> None:
    month = decided(rows, terms=terms).month
    bill = month.sessions[month.sessions["status"] == "BILL"]
    for part in month.parts:
        mine = bill[bill["part"] == part.number]
        for name, has, used in (
            ("sessions", part.has("sessions"), len(mine)),
            ("minutes", part.has("minutes"), int(mine["minutes"].sum())),
        ):
            bands = [band for band in month.rated.bands if (band.part, band.meter) == (part.number, name)]
            assert sum(band.quantity for band in bands) == (used if has else 0)
            for below, above in pairwise(bands):
                assert below.up_to == above.above  # no gap, no overlap
    exact = sum((Fraction(band.unit_price) * band.quantity for band in month.rated.bands), Fraction(0))
    assert sum(map(Fraction, charges(month)), Fraction(0)) == exact


@settings(max_examples=20, deadline=None)
@given(usage(25, known_minutes=False), any_terms())
def test_the_total_is_the_sum_of_the_lines_and_the_tax(rows: list[Row], terms: Terms) -> None:
    month = decided(rows, terms=terms).month
    assert month.net == sum((line.amount for line in month.rated.lines), D("0"))
    assert month.total == month.net + month.tax
    assert Fraction(month.tax) == half_up(Fraction(month.net) * Fraction(terms.tax.rate) / 100, terms.digits)
    for amount in (month.net, month.tax, month.total, *(line.amount for line in month.rated.lines)):
        assert -int(amount.as_tuple().exponent) == terms.digits
        assert amount >= 0
        assert not amount.is_signed()


@settings(max_examples=20, deadline=None)
@given(usage(20), usage(10, statuses=CODES[1:]), any_terms())
def test_comp_dupl_and_svco_never_change_the_charge(rows: list[Row], free: list[Row], terms: Terms) -> None:
    taken = {row.session_id for row in rows}
    more = [*rows, *(row for row in free if row.session_id not in taken)]
    one, two = decided(rows, terms=terms).month, decided(more, terms=terms).month
    assert (one.rated.lines, one.total) == (two.rated.lines, two.total)


@settings(max_examples=20, deadline=None)
@given(usage(20), usual_rows(statuses=["BILL"]), any_terms())
def test_one_more_bill_session_never_lowers_the_total(rows: list[Row], more: Row, terms: Terms) -> None:
    others = [row for row in rows if row.session_id != more.session_id]
    assert decided([*others, more], terms=terms).month.total >= decided(others, terms=terms).month.total


@settings(max_examples=20, deadline=None)
@given(usage(25), any_terms())
def test_lines_stand_in_order_and_none_is_superfluous(rows: list[Row], terms: Terms) -> None:
    def key(line: Line) -> tuple[int, int, int]:
        return line.part, ("fee", "sessions", "minutes", "hosts").index(line.meter), line.tier

    found = decided(rows, terms=terms).month.rated.lines
    assert [key(line) for line in found] == sorted({key(line) for line in found})
    assert all(line.quantity > 0 for line in found if line.tier or line.meter in ("fee", "hosts"))
