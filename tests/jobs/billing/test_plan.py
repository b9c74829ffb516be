from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.billing.month import Month
from jobs.billing.plan import part_numbers, parts_of
from jobs.errors import UnitError
from tests.usage import NOVEMBER, meter, plan

DAY = timedelta(days=1)


def test_a_plan_that_holds_all_month_is_one_part() -> None:
    (only,) = parts_of(NOVEMBER, [plan()])
    assert (only.part.number, only.part.first, only.part.last) == (1, date(2016, 11, 1), date(2016, 11, 30))
    assert (only.part.days, only.part.days_of_month) == (30, 30)


def test_a_plan_that_starts_within_the_month_splits_it() -> None:
    one, two = parts_of(NOVEMBER, [plan(), plan(start=date(2016, 11, 16), name="Unlimited")])
    assert (one.part.last, two.part.first, two.part.plan) == (date(2016, 11, 15), date(2016, 11, 16), "Unlimited")
    assert (one.part.days, two.part.days) == (15, 15)


def test_a_plan_that_starts_on_the_first_or_after_the_month_splits_nothing() -> None:
    plans = [plan(name="old"), plan(start=date(2016, 11, 1), name="now"), plan(start=date(2016, 12, 1), name="later")]
    assert [one.part.plan for one in parts_of(NOVEMBER, plans)] == ["now"]


def test_days_before_the_first_plan_belong_to_no_part() -> None:
    (only,) = parts_of(NOVEMBER, [plan(start=date(2016, 11, 30))])
    assert (only.part.number, only.part.first, only.part.days) == (1, date(2016, 11, 30), 1)


def test_a_month_before_the_first_plan_is_refused() -> None:
    with pytest.raises(UnitError, match="no plan holds in 2016-11: the first one starts on 2016-12-01"):
        parts_of(NOVEMBER, [plan(start=date(2016, 12, 1))])


@pytest.mark.parametrize(
    ("included", "days", "share"), [(8, 15, 4), (1, 15, 1), (1, 14, 0), (5, 15, 3), (3, 5, 1), (0, 9, 0)]
)
def test_a_part_shares_the_allowance_by_days_rounded_half_up(included: int, days: int, share: int) -> None:
    some = plan("0", meter(included, "1"), minutes=meter(included, "1"))
    one, _ = parts_of(NOVEMBER, [some, plan(start=NOVEMBER.first + days * DAY)])
    assert (one.part.included("sessions"), one.part.included("minutes")) == (share, share)


def test_unlimited_and_missing_meters_are_not_shared() -> None:
    one, two = parts_of(NOVEMBER, [plan("0", meter(None)), plan(start=date(2016, 11, 9))])
    assert (one.part.included("sessions"), one.part.has("sessions")) == (None, True)
    assert (two.part.included("sessions"), two.part.has("sessions")) == (None, False)


@given(st.sets(st.integers(-40, 40), min_size=1, max_size=6), st.integers(0, 10**9))
def test_parts_cover_every_day_once_from_the_first_plan_on(offsets: set[int], included: int) -> None:
    plans = [plan("0", meter(included, "1"), start=NOVEMBER.first + n * DAY) for n in sorted(offsets)]
    if plans[0].start > NOVEMBER.last:
        return
    parts = [one.part for one in parts_of(NOVEMBER, plans)]
    days = [part.first + n * DAY for part in parts for n in range(part.days)]
    first = max(plans[0].start, NOVEMBER.first)
    assert days == [first + n * DAY for n in range((NOVEMBER.last - first).days + 1)]
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    for part in parts:
        exact = Fraction(included * part.days, 30)
        assert part.included("sessions") == (exact + Fraction(1, 2)).__floor__()


def test_a_session_belongs_to_the_part_of_its_microsecond() -> None:
    parts = parts_of(NOVEMBER, [plan(start=date(2016, 11, 3)), plan(start=date(2016, 11, 16))])
    second, third = datetime(2016, 11, 3, tzinfo=UTC), datetime(2016, 11, 16, tzinfo=UTC)
    micro = timedelta(microseconds=1)
    instants = pd.Series([second - micro, second, third - micro, third]).dt.as_unit("us")
    assert part_numbers(instants, parts).tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize("month", [Month(1, 1), Month(9998, 12)])
def test_the_ends_of_time_have_parts(month: Month) -> None:
    (only,) = parts_of(month, [plan(start=date.min)])
    instants = pd.Series([month.start, month.end - timedelta(microseconds=1)]).dt.as_unit("us")
    assert part_numbers(instants, [only]).tolist() == [1, 1]
