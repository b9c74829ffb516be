from dataclasses import replace
from decimal import Decimal

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.billing.plan import Hosts
from jobs.billing.terms import Terms
from reports.counts import Allowance, Minutes
from reports.document import PARTICIPANT_COLUMNS, SESSION_COLUMNS, STATUSES
from reports.stored import to_json
from tests.usage import (
    LARGEST_ID,
    NOVEMBER,
    PLUS,
    Row,
    any_terms,
    at,
    billed,
    bills,
    decided,
    frame,
    meter,
    plan,
    terms,
    usage,
)

PUBLISHED = [
    Row(105236, "BILL", at(3, 78_376, microsecond=100_000), 25, 4, at(3, 78_309), "Aaron Johnson"),
    Row(105022, "SVCO", at(3, 78_990, microsecond=720_000), 31, 1, at(3, 79_200), "Jonathan Vernon"),
]


def test_the_vendors_two_published_rows() -> None:
    month = billed(PUBLISHED, PLUS)
    assert month.counts == {"BILL": 1, "COMP": 0, "DUPL": 0, "SVCO": 1}
    assert month.minutes["BILL"] == Minutes(25, 0)
    assert month.minutes["SVCO"] == Minutes(31, 0)
    assert [(use.name, use.minutes) for use in month.hosts] == [("Jonathan Vernon", 31), ("Aaron Johnson", 25)]


def test_minutes_are_known_or_counted_as_unknown() -> None:
    month = billed([Row(1), Row(2, minutes=None), Row(3, minutes=-4), Row(4, minutes=0), Row(5, "COMP", minutes=None)])
    assert (month.minutes["BILL"], month.minutes["COMP"]) == (Minutes(25, 2), Minutes(0, 1))
    assert month.minutes["DUPL"] == Minutes(0, 0)


def test_the_allowance_below_at_and_above_its_limit() -> None:
    found = [billed(bills(count), PLUS).allowance for count in (7, 8, 9)]
    assert found == [Allowance(8, 7, 1, 0, False), Allowance(8, 8, 0, 0, False), Allowance(8, 8, 0, 1, False)]


def test_unlimited_uses_all_and_no_meter_uses_none() -> None:
    assert billed(bills(9), plan("0", meter(None))).allowance == Allowance(None, 9, None, 0, True)
    assert billed(bills(9), plan("0")).allowance == Allowance(None, 0, None, 0, False)


def test_the_allowance_adds_up_the_parts() -> None:
    rows = [Row(n, billable_at=at(day)) for n, day in enumerate([1, 2, 3, 4, 5, 6, 16], start=1)]
    month = billed(rows, PLUS, replace(PLUS, start=at(16).date()))
    assert month.allowance == Allowance(included=8, used=5, unused=3, overage=2, unlimited=False)


def test_one_unlimited_part_leaves_the_allowance_without_a_number() -> None:
    rows = [Row(n, billable_at=at(day)) for n, day in enumerate([1, 2, 3, 4, 5, 16], start=1)]
    month = billed(rows, PLUS, plan("50.00", meter(None), start=at(16).date()))
    assert month.allowance == Allowance(included=None, used=5, unused=None, overage=1, unlimited=True)


def test_a_host_is_shown_under_the_name_read_most_often() -> None:
    names = ["Ann", "Bob", "Bob", None, "Zoe", "Ann", None]
    rows = [Row(n, host_name=name) for n, name in enumerate(names, start=1)]  # Ann and Bob twice each: the first
    month = billed([*rows, Row(50, host_id=7, host_name=None), Row(51, host_id=LARGEST_ID, host_name="Ann")])
    assert {use.host_id: use.name for use in month.hosts} == {4: "Ann", 7: "Host 7", LARGEST_ID: "Ann"}
    assert month.sessions["host"].tolist() == ["Ann"] * 7 + ["Host 7", "Ann"]


def test_hosts_stand_by_sessions_then_id_with_every_status() -> None:
    rows = [*bills(10), Row(20, "COMP", host_id=1, minutes=None), Row(21, "DUPL", host_id=LARGEST_ID)]
    month = billed(rows, PLUS)
    assert [use.host_id for use in month.hosts] == [4, 1, LARGEST_ID]
    assert month.hosts[0].sessions == {"BILL": 10, "COMP": 0, "DUPL": 0, "SVCO": 0}
    assert (month.hosts[0].charge, month.hosts[0].minutes) == (Decimal("10.00"), 250)
    assert (month.hosts[1].charge, month.hosts[1].minutes) == (Decimal("0"), 0)


def test_every_day_of_the_month_has_its_bill_sessions() -> None:
    rows = [Row(1, billable_at=at(1)), Row(2, billable_at=at(30, 86_399)), Row(3, billable_at=at(30)), Row(4, "COMP")]
    daily = billed(rows).daily
    assert (len(daily), daily[0], daily[29], sum(daily)) == (30, 1, 2, 3)


def test_tax_is_rounded_once_on_the_sum_of_the_rounded_lines() -> None:
    some = plan("0.10", meter(0, "0.06"), hosts=Hosts(0, 1, Decimal("0.10")))
    month = billed(bills(1), some, tax="7.5")  # 7.5 % of 0.26 is 0.0195; a line at a time it would be 0.03
    assert (str(month.net), str(month.tax), str(month.total)) == ("0.26", "0.02", "0.28")


def test_a_month_without_rows_costs_its_fee() -> None:
    month = billed([], PLUS)
    assert (str(month.total), month.hosts, sum(month.daily)) == ("25.00", (), 0)
    assert month.allowance == Allowance(8, 0, 8, 0, False)


def test_a_month_whose_rows_are_all_set_aside_counts_none() -> None:
    decision = decided([Row(1, "bill"), Row(2, billable_at=NOVEMBER.end)])
    assert decision.month.counts == dict.fromkeys(STATUSES, 0)
    assert (decision.month.usage.rows.set_aside, str(decision.month.total)) == (2, "25.00")


def test_names_of_participants_are_in_the_frame_only_where_they_were_kept() -> None:
    hidden, full = (
        decided(frame(bills(2), participants=participants)).month.sessions for participants in (False, True)
    )
    assert list(hidden.columns) == list(SESSION_COLUMNS)
    assert list(full.columns) == [*SESSION_COLUMNS, *PARTICIPANT_COLUMNS]


@settings(max_examples=20, deadline=None)
@given(usage(20, known_minutes=False))
def test_the_frame_has_the_documents_types(rows: list[Row]) -> None:
    sessions = billed(rows, PLUS).sessions
    assert {name: str(dtype) for name, dtype in sessions.dtypes.items()} == SESSION_COLUMNS
    assert sessions.index.equals(pd.RangeIndex(len(rows)))


@settings(max_examples=20, deadline=None)
@given(usage(25, known_minutes=False), any_terms(), st.randoms())
def test_rows_in_any_order_give_the_same_documents(rows: list[Row], some: Terms, random: object) -> None:
    one = decided(rows, terms=some)
    random.shuffle(rows)  # type: ignore[attr-defined]  # hypothesis' Random
    two = decided(rows, terms=some)
    pd.testing.assert_frame_equal(one.month.sessions, two.month.sessions)
    assert one.findings == two.findings
    documents = [decision.post or decision.drafts[0] for decision in (one, two)]
    assert to_json(documents[0]) == to_json(documents[1])


@settings(max_examples=20, deadline=None)
@given(usage(25, known_minutes=False), any_terms())
def test_every_sum_agrees_with_the_sessions(rows: list[Row], some: Terms) -> None:
    month = decided(rows, terms=some).month
    assert sum(month.counts.values()) == month.usage.rows.counted == len(rows)
    for status in STATUSES:
        known = [row.minutes for row in rows if row.status == status]
        assert month.counts[status] == sum(use.sessions[status] for use in month.hosts) == len(known)
        assert month.minutes[status] == Minutes(sum(one or 0 for one in known), known.count(None))
    assert sum(use.minutes for use in month.hosts) == sum(row.minutes or 0 for row in rows)
    assert sum((use.charge for use in month.hosts), Decimal(0)) == sum(month.sessions["charge"], Decimal(0))
    assert sum(month.daily) == month.counts["BILL"]
    allowance = month.allowance
    if all(part.has("sessions") for part in month.parts):
        assert allowance.used + allowance.overage == month.counts["BILL"]
    if allowance.included is not None:
        assert allowance.included == allowance.used + (allowance.unused or 0)


def test_currencies_round_to_their_own_digits() -> None:
    some = plan("10", meter(0, "0.0625"))
    found = {
        digits: str(decided(bills(2), terms=terms(some, currency=currency, digits=digits)).month.total)
        for currency, digits in (("JPY", 0), ("USD", 2), ("KWD", 3))
    }
    assert found == {0: "10", 2: "10.13", 3: "10.125"}
