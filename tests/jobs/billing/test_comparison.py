"""Plans compared over issued months (docs/rules.md §23)."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.billing.comparison import EXACT_DIGITS, break_even, compared, net
from jobs.billing.invoicing import Issued
from jobs.billing.plan import Hosts, Meter, Plan, Tier, parts_of
from jobs.billing.rating import priced, total_of
from jobs.billing.terms import Terms, from_builtins
from reports.comparison.result import BreakEven, Comparison
from tests.usage import NOVEMBER, Row, any_terms, bills, issue, meter, plan, prices, setting, terms, usage

LAKESIDE = plan("25.00", meter(8, (20, "5.00"), "4.00"), hosts=Hosts(10, 12, Decimal("7.50")))
PLUS = plan("25.00", meter(8, "5.00"))


def unlimited(licences: int) -> Plan:
    name = f"Unlimited, {licences}"
    return plan("50.00", meter(None), name=name, hosts=Hosts(1, licences, Decimal("50.00")))


def months(*counts: int, billed: Plan = LAKESIDE) -> list[Issued]:
    """Issued months in a row, with so many BILL sessions each and as many comped ones."""
    found = []
    for number, count in enumerate(counts):
        month = NOVEMBER.plus(number - 4)
        day = datetime(month.year, month.number, 10, tzinfo=UTC)
        rows = [replace(row, billable_at=day) for row in bills(count)]
        comped = [Row(1000 + n, "COMP", day) for n in range(count)]
        found += issue([*rows, *comped], terms=terms(billed), month=month, now=month.closes_at(4))
    return found


def comparison(found: list[Issued], *plans: Plan) -> Comparison:
    shown = {"customer": "Acme", "issuer": "Example", "presentation": setting().presentation}
    return compared(found, plans, **shown)  # type: ignore[arg-type]  # by name


def test_the_six_months_of_the_demo_cost_what_is_known() -> None:
    made = comparison(months(12, 15, 19, 23, 29, 35), PLUS, unlimited(1), unlimited(12))
    assert made.months == ("2016-07", "2016-08", "2016-09", "2016-10", "2016-11", "2016-12")
    assert [*map(str, made.billed.net)] == ["60.00", "75.00", "95.00", "115.00", "144.00", "168.00"]
    assert [*map(str, made.plans[0].net)] == ["45.00", "60.00", "80.00", "100.00", "130.00", "160.00"]
    assert [str(one.total) for one in (made.billed, *made.plans)] == ["657.00", "575.00", "300.00", "3600.00"]
    assert [made.cheapest(month) for month in range(6)] == ["PLUS", *["Unlimited, 1"] * 5]
    assert made.verdict() == "Unlimited, 1 would have been cheapest: USD 300.00, 357.00 less than as billed"


@pytest.mark.parametrize(("licences", "count"), [(1, 13), (2, 23), (4, 43), (12, 123)])
def test_plus_and_unlimited_break_even_where_known(licences: int, count: int) -> None:
    """25 + 5(n - 8) against 50h: n = 10h + 3."""
    for pair in ((PLUS, unlimited(licences)), (unlimited(licences), PLUS)):
        assert break_even(*pair) == BreakEven("PLUS", f"Unlimited, {licences}", count)


def test_what_never_breaks_even_says_so() -> None:
    assert break_even(unlimited(1), unlimited(2)).count is None
    assert "never costs more" in break_even(unlimited(1), unlimited(2)).in_words()
    by_minute = plan("10.00", minutes=meter(0, "0.10"), name="By minute")
    assert break_even(PLUS, by_minute) == BreakEven("PLUS", "By minute", None, "minutes")
    assert break_even(PLUS, replace(PLUS, name="A")).in_words() == "PLUS and A cost the same"


def of_sessions(some: Plan, sessions: int) -> Decimal:
    (part,) = parts_of(NOVEMBER, [some])
    return total_of(priced(part, {"sessions": sessions}, EXACT_DIGITS)[1])


def small_plans(name: str) -> st.SearchStrategy[Plan]:
    tiers = st.tuples(prices(2), prices(2)).map(lambda two: (Tier(6, two[0]), Tier(None, two[1])))
    metered = st.builds(Meter, name=st.just("sessions"), included=st.integers(0, 9), tiers=tiers)
    fee = st.integers(0, 120).map(lambda units: str(units))
    return st.builds(lambda fee, one: plan(fee, one, name=name), fee, metered | st.just(meter(None)))


@settings(max_examples=40, deadline=None)
@given(small_plans("A"), small_plans("B"))
def test_the_break_even_is_the_first_count_that_trying_them_all_finds(one: Plan, other: Plan) -> None:
    found = break_even(one, other)
    cheap, dear = (one, other) if found.one == "A" else (other, one)
    assert of_sessions(cheap, 0) <= of_sessions(dear, 0)
    tried = (count for count in range(1, 200) if of_sessions(dear, count) <= of_sessions(cheap, count))
    expected = next(tried, None)
    if found.otherwise == "same":
        assert all(of_sessions(dear, count) == of_sessions(cheap, count) for count in range(200))
        return
    assert found.count == expected or (expected is None and (found.count or 0) >= 200)


@settings(max_examples=25, deadline=None)
@given(usage(), any_terms())
def test_a_month_that_its_own_plan_prices_gives_its_own_net(rows: list[Row], some: Terms) -> None:
    (one,) = issue(rows, terms=some)
    document = one.document
    stored = from_builtins(document.terms)
    assert net(one.sessions, parts_of(NOVEMBER, stored.plans), document.digits) == document.month_net
    if len(stored.plans) == 1:
        assert comparison([one], *stored.plans).plans[0].net == (document.month_net,)


def test_of_several_that_cost_the_same_the_one_named_first_is_cheapest() -> None:
    made = comparison(months(9), replace(PLUS, name="B"), replace(PLUS, name="A"))
    assert (made.cheapest(0), made.cheapest_overall.name) == ("B", "B")
    assert comparison(months(9, billed=PLUS), PLUS).verdict() == "PLUS would have cost the same as billed: USD 30.00"
    dearer = comparison(months(9, billed=PLUS), unlimited(2)).verdict()
    assert (
        dearer == "No plan would have been cheaper; Unlimited, 2 comes closest: USD 100.00, 70.00 more than as billed"
    )
