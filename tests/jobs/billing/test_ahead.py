"""Before the bill: alerts and forecast of an open month (docs/rules.md §22)."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.billing.ahead import Alerts, Outlook, Watch, needed_days, off_by, outlook, projected
from jobs.billing.decide import Decision
from jobs.billing.plan import Hosts, Plan, parts_of
from jobs.billing.reconcile import Reconciliation
from jobs.simulator.clinic import clinic
from reports.stored import to_builtins
from tests.usage import NOVEMBER, PLUS, Row, at, billed, bills, codes, decided, issue, meter, plan, terms, usage

LAKESIDE = plan("25.00", meter(8, (20, "5.00"), "4.00"), hosts=Hosts(10, 12, Decimal("7.50")))
EVERYTHING = Alerts((80, 100), forecast=True, budget=None)
LATER = datetime(2016, 12, 3, tzinfo=UTC)


def lakeside() -> list[Row]:
    """The BILL sessions that the demo's clinic had in November, in order."""
    sessions = clinic()["accounts"]["lakeside"]["sessions"]
    found = [
        (row["SessionId"], datetime.fromisoformat(row["BillableTs"]).replace(tzinfo=UTC))
        for row in sessions
        if row["BillableTs"] and row["BillableStatusCd"] == "BILL"
    ]
    counted = [Row(number, billable_at=at) for number, at in found if NOVEMBER.start <= at < NOVEMBER.end]
    return sorted(counted, key=lambda row: (row.billable_at or LATER, row.session_id))


def seen(rows: Sequence[Row], as_of: datetime) -> list[Row]:
    return [row for row in rows if row.billable_at is not None and row.billable_at < as_of]


def ahead(rows: Sequence[Row], *plans: Plan, as_of: datetime, alerts: Alerts = EVERYTHING, **values: Any) -> Outlook:
    watch = Watch(alerts, as_of)
    found = decided(list(rows), terms=terms(*(plans or (PLUS,))), now=min(as_of, LATER), watch=watch, **values).outlook
    assert found is not None
    return found


def fired(found: Outlook) -> list[tuple[str, int | None]]:
    return [(alert.code, alert.part) for alert in found.alerts]


# -- the known answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("percent", "nth", "moment"), [
    (80, 7, "2016-11-08T16:18:22"), (100, 8, "2016-11-09T14:55:12"),
])  # fmt: skip
def test_lakeside_reaches_80_and_100_percent_with_its_seventh_and_eighth_session(
    percent: int, nth: int, moment: str
) -> None:
    rows = lakeside()
    assert len(rows) == 29
    instant = rows[nth - 1].billable_at
    assert instant is not None
    assert instant.replace(microsecond=0, tzinfo=None) == datetime.fromisoformat(moment)  # both UTC
    alerts = Alerts((percent,), forecast=False, budget=None)
    assert fired(ahead(rows[: nth - 1], LAKESIDE, as_of=instant, alerts=alerts)) == []
    assert fired(ahead(rows[:nth], LAKESIDE, as_of=instant, alerts=alerts)) == [(f"allowance-{percent}", 1)]


@pytest.mark.parametrize(("day", "used", "sessions", "net", "error"), [
    (10, 12, 36, "172.00", 19), (15, 16, 32, "156.00", 8), (20, 22, 33, "160.00", 11), (25, 28, 34, "164.00", 14),
])  # fmt: skip
def test_lakeside_is_projected_as_known(day: int, used: int, sessions: int, net: str, error: int) -> None:
    rows, as_of = lakeside(), at(day + 1)
    forecast = ahead(seen(rows, as_of), LAKESIDE, as_of=as_of).forecast
    assert forecast is not None
    assert (forecast.days, forecast.elapsed_days, forecast.used) == (30, day, used)
    assert (forecast.projected, str(forecast.net_projected)) == (sessions, net)
    actual = billed(rows, LAKESIDE).net
    assert str(actual) == "144.00"
    assert round(100 * (Decimal(net) - actual) / actual) == error


def test_the_page_for_people_has_the_same_table() -> None:
    page = (Path(__file__).parents[3] / "docs/ahead.md").read_text("utf-8")
    listed = re.findall(r"^\| (\d+) \| (\d+) \| (\d+), within (\d+) and (\d+) \| ([0-9.]+) \|", page, re.MULTILINE)
    assert [int(line[0]) for line in listed] == [10, 15, 20, 25]
    for day, *figures, net in listed:
        forecast = ahead(seen(lakeside(), at(int(day) + 1)), LAKESIDE, as_of=at(int(day) + 1)).forecast
        assert forecast is not None
        assert [*map(int, figures)] == [forecast.used, forecast.projected, forecast.low, forecast.high]
        assert net == str(forecast.net_projected)


def test_what_is_too_early_is_hidden_though_it_could_be_computed() -> None:
    rows = seen(lakeside(), at(7))
    found = ahead(rows, LAKESIDE, as_of=at(7))
    assert found.forecast is not None
    assert (found.forecast.elapsed_days, found.forecast.used) == (6, 5)
    assert (found.forecast.projected, found.forecast.low, found.forecast.net_projected) == (None, None, None)
    assert projected(5, 30, 6) == 25
    assert str(billed(bills(25), LAKESIDE).net) == "125.00"


# -- exact figures -----------------------------------------------------------------------------------------------------

counts = st.integers(0, 10**6)
spans = st.integers(1, 31).flatmap(lambda days: st.tuples(st.just(days), st.integers(1, days)))


@given(counts, spans)
def test_a_projection_is_the_exact_fraction_rounded_half_up(used: int, span: tuple[int, int]) -> None:
    days, elapsed = span
    exact = Fraction(used * days, elapsed)
    found = projected(used, days, elapsed)
    assert exact - Fraction(1, 2) < found <= exact + Fraction(1, 2)
    assert found >= used


@given(counts, spans)
def test_a_projection_grows_with_use_and_is_the_use_at_the_end(used: int, span: tuple[int, int]) -> None:
    days, elapsed = span
    assert projected(used + 1, days, elapsed) > projected(used, days, elapsed)
    assert projected(used, days, days) == used
    assert off_by(used, days, days) == 0


@given(counts, spans)
def test_the_range_is_twice_the_deviation_rounded_up(used: int, span: tuple[int, int]) -> None:
    days, elapsed = span
    square = Fraction(4 * used * days * (days - elapsed), elapsed**2)
    off = off_by(used, days, elapsed)
    assert off**2 >= square
    assert off == 0 or (off - 1) ** 2 < square


@pytest.mark.parametrize(("days", "needed"), [(31, 11), (30, 10), (28, 10), (21, 7), (15, 7), (7, 7), (6, 6), (1, 1)])
def test_a_third_of_the_days_and_at_least_seven_must_have_ended(days: int, needed: int) -> None:
    assert needed_days(days) == needed


@settings(max_examples=30, deadline=None)
@given(usage(statuses=["BILL"]), st.integers(0, 40), st.integers(0, 86_399))
def test_what_is_projected_costs_what_such_a_month_costs(rows: list[Row], day: int, second: int) -> None:
    as_of = NOVEMBER.start + timedelta(days=day, seconds=second)
    forecast = ahead(rows, LAKESIDE, as_of=as_of).forecast
    assert forecast is not None
    if forecast.elapsed_days < 10:
        assert forecast.net_projected is None
    else:
        assert forecast.projected is not None
        assert forecast.net_projected == billed(bills(forecast.projected), LAKESIDE).net


# -- alerts ------------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(0, 30), st.lists(st.integers(1, 400), max_size=4, unique=True))
def test_an_allowance_alert_holds_from_the_exact_share_on(used: int, included: int, percents: list[int]) -> None:
    some = plan("25.00", meter(included, "5.00"))
    asked = Alerts(tuple(sorted(percents)), forecast=False, budget=None)
    found = ahead(bills(used), some, as_of=at(5), alerts=asked)
    expected = [p for p in sorted(percents) if used >= max(1, ceil(Fraction(included * p, 100)))]
    assert fired(found) == [(f"allowance-{percent}", 1) for percent in expected]
    assert codes(found.findings) == [code for code, _ in fired(found)]
    assert {(one.severity, one.session_id) for one in found.findings} <= {("warning", None)}


def test_an_unlimited_plan_and_one_without_a_meter_have_no_allowance_to_use_up() -> None:
    for some in (plan("50.00", meter(None)), plan("50.00")):
        found = ahead(bills(90), some, as_of=at(20))
        assert fired(found) == []
        assert found.forecast is not None
        assert (found.forecast.used, found.forecast.projected) == (90, 142)
        assert str(found.forecast.net_projected) == "50.00"


def test_the_forecast_is_over_only_where_more_than_what_is_included_is_projected() -> None:
    at_limit, over = bills(4), bills(5)
    assert fired(ahead(at_limit, as_of=at(16), alerts=Alerts((), forecast=True, budget=None))) == []
    assert fired(ahead(over, as_of=at(16), alerts=Alerts((), forecast=True, budget=None))) == [("forecast-over", 1)]
    assert fired(ahead(over, as_of=at(8), alerts=Alerts((), forecast=True, budget=None))) == [], "too early"


def test_a_budget_needs_no_forecast_and_what_is_certain_needs_no_waiting() -> None:
    def asked(budget: str) -> Alerts:
        return Alerts((), forecast=False, budget=Decimal(budget))

    half_way = ahead(bills(9), as_of=at(16), alerts=asked("74.99"))  # 18 by the end: 25.00 + 10 × 5.00
    assert (fired(half_way), half_way.forecast) == ([("budget-over", None)], None)
    assert "about USD 75.00 net, over the budget of USD 74.99" in half_way.findings[0].message
    assert fired(ahead(bills(9), as_of=at(16), alerts=asked("75"))) == []
    assert fired(ahead(bills(9), as_of=at(3), alerts=asked("30.00"))) == []
    early = ahead(bills(9), as_of=at(3), alerts=asked("29"))
    assert "so far comes to USD 30.00 net, over the budget of USD 29.00" in early.findings[0].message


def test_a_month_whose_days_are_over_is_not_called_an_estimate() -> None:
    found = ahead(
        bills(9), as_of=datetime(2016, 12, 2, tzinfo=UTC), alerts=Alerts((), forecast=True, budget=Decimal(1))
    )
    over = "All its days are over; COMP and DUPL may still come and lower it"
    assert [one.message for one in found.findings] == [
        f"9 sessions, 8 included. {over}",
        f"the month comes to USD 30.00 net, over the budget of USD 1.00. {over}",
    ]


def test_minutes_are_watched_and_projected_likewise() -> None:
    some = plan("10.00", minutes=meter(100, "0.50"))
    found = ahead([*bills(2, minutes=40), Row(3, "COMP")], some, as_of=at(16))
    assert fired(found) == [("allowance-80", 1), ("forecast-over", 1)]
    assert found.findings[0].message == (
        "80 of the 100 included minutes are used, after 15 of 30 days; at this pace about 160 minutes at the end. "
        "The alert is set at 80 %"
    )
    assert found.forecast is not None
    assert (found.forecast.projected, str(found.forecast.net_projected)) == (4, "40.00")


def test_two_meters_that_reach_it_are_one_alert() -> None:
    some = plan("10.00", meter(2, "1.00"), minutes=meter(60, "0.50"))
    found = ahead(bills(2, minutes=40), some, as_of=at(3), alerts=Alerts((100,), forecast=False, budget=None))
    assert fired(found) == [("allowance-100", 1)]
    assert found.findings[0].message == (
        "2 of the 2 included sessions are used and 80 minutes are used, 60 included, after 2 of 30 days. "
        "The alert is set at 100 %"
    )


# -- a month with several plans ----------------------------------------------------------------------------------------

FIRST = plan("30.00", meter(8, "5.00"))
SECOND = plan("60.00", meter(None), start=date(2016, 11, 16), hosts=Hosts(1, 3, Decimal("10.00")))
THIRD = plan("30.00", meter(4, "2.00"), start=date(2016, 11, 16))


def test_a_part_not_begun_adds_its_fee_and_licences_only() -> None:
    forecast = ahead(bills(8), FIRST, SECOND, as_of=at(13)).forecast  # 8 in 12 of 15 days: 10, of them 4 included
    assert forecast is not None
    assert [(one.elapsed_days, one.projected) for one in forecast.parts] == [(12, 10), (0, 0)]
    assert str(forecast.net_projected) == "85.00"  # 15.00 + 6 × 5.00, then 30.00 + 2 × 10.00 ÷ 2
    assert (forecast.used, forecast.projected, forecast.elapsed_days) == (8, 10, 12)


def test_each_part_that_has_begun_is_projected_by_its_own_days() -> None:
    rows = [*bills(6), *(Row(100 + n, billable_at=at(17, n)) for n in range(4))]
    found = ahead(rows, FIRST, THIRD, as_of=at(24))
    assert found.forecast is not None
    assert [(one.elapsed_days, one.used, one.projected) for one in found.forecast.parts] == [(15, 6, 6), (8, 4, 8)]
    assert (found.forecast.projected, str(found.forecast.net_projected)) == (14, "52.00")
    assert fired(found) == [
        ("allowance-80", 1), ("allowance-100", 1), ("allowance-80", 2), ("allowance-100", 2),
        ("forecast-over", 1), ("forecast-over", 2),
    ]  # fmt: skip
    assert found.findings[0].message.startswith(
        "2016-11-01 to 2016-11-15: 6 sessions are used, 4 included, after 15 of 15 days."
    )


@pytest.mark.parametrize("day", [16, 17, 22])
def test_a_part_that_has_just_begun_hides_the_projection_again(day: int) -> None:
    found = ahead([*bills(6), Row(100, billable_at=at(16))], FIRST, THIRD, as_of=at(day, 3600))
    assert found.forecast is not None
    assert (found.forecast.used, found.forecast.projected) == (7, None)
    assert [one.projected for one in found.forecast.parts] == [6, None]


# -- when it is said ---------------------------------------------------------------------------------------------------


def parts_and(month: Reconciliation, as_of: datetime) -> Outlook:
    return outlook(month, parts_of(NOVEMBER, month.terms.plans), Watch(EVERYTHING, as_of))


@pytest.mark.parametrize(("as_of", "elapsed"), [
    (datetime(2016, 10, 31, 23, tzinfo=UTC), 0), (at(1), 0), (at(1, 86_399), 0), (at(2), 1), (at(30, 86_399), 29),
    (datetime(2016, 12, 1, tzinfo=UTC), 30), (datetime(2017, 3, 1, tzinfo=UTC), 30),
])  # fmt: skip
def test_only_whole_days_that_have_ended_count_however_wrong_the_vendors_clock(as_of: datetime, elapsed: int) -> None:
    forecast = parts_and(billed(bills(3), PLUS), as_of).forecast
    assert forecast is not None
    assert forecast.elapsed_days == elapsed
    assert (forecast.projected is None) == (elapsed < 10)


def decision(**values: Any) -> Decision:
    return decided(bills(9), watch=Watch(EVERYTHING, at(20)), **values)


def test_the_draft_of_an_open_month_has_the_forecast_and_the_findings() -> None:
    made = decision(now=at(20))
    assert (made.status, made.needs_a_person) == ("draft", False)
    assert codes(made.drafts[0].findings) == ["allowance-100", "allowance-80", "forecast-over"]
    assert made.outlook is not None
    assert made.drafts[0].forecast == made.outlook.forecast


def test_a_closed_month_has_neither_nor_has_its_draft() -> None:
    for values in ({}, {"draft_only": True}, {"issued": issue(bills(9))}, {"issued": issue(bills(8)), "now": at(20)}):
        made = decision(**values)
        assert made.outlook is None
        assert made.findings == ()
        for document in (made.post, *made.drafts):
            assert "forecast" not in to_builtins(document or {})


def test_a_month_nobody_watches_is_as_it_was() -> None:
    watched, plain = decision(now=at(20)), decided(bills(9), now=at(20))
    assert plain.outlook is None
    said = to_builtins(watched.drafts[0])
    del said["forecast"]
    assert said | {"findings": []} == to_builtins(plain.drafts[0])
