from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.billing.month import Month

months = st.builds(Month, year=st.integers(1, 9998), number=st.integers(1, 12))
MICROSECOND = timedelta(microseconds=1)


@given(months)
def test_a_month_reads_back_from_its_text(month: Month) -> None:
    assert Month.parse(str(month)) == month


@given(months)
def test_months_follow_each_other_without_gap_or_overlap(month: Month) -> None:
    assert month.end == (month.last + timedelta(days=1) - month.first).days * timedelta(days=1) + month.start
    assert Month.of(month.start) == month
    assert Month.of(month.end - MICROSECOND) == month
    assert Month.of(month.end) == month.plus(1)
    assert month.plus(1).plus(-1) == month


@given(months, months)
def test_months_sort_by_time(one: Month, two: Month) -> None:
    assert (one < two) == (one.start < two.start)


@pytest.mark.parametrize(
    "text",
    [
        "2016-13",
        "2016-00",
        "2016-1",
        "2016-011",
        "16-01",
        "0000-01",
        "9999-01",
        "2016/01",
        " 2016-01",
        "２０16-01",
        "2016-01\n",
        "",
    ],
)
def test_what_is_not_a_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it as YYYY-MM"):
        Month.parse(text)


@pytest.mark.parametrize(
    ("text", "days"), [("2015-02", 28), ("2016-02", 29), ("1900-02", 28), ("2000-02", 29), ("2016-12", 31)]
)
def test_days_of_a_month(text: str, days: int) -> None:
    assert Month.parse(text).days == days
    assert Month.parse(text).last.day == days


@pytest.mark.parametrize(
    ("month", "months", "other"), [("2016-11", 2, "2017-01"), ("2016-01", -1, "2015-12"), ("2016-12", -24, "2014-12")]
)
def test_counting_months_crosses_years(month: str, months: int, other: str) -> None:
    assert str(Month.parse(month).plus(months)) == other


@pytest.mark.parametrize(("close_day", "closes"), [(1, 1), (4, 4), (28, 28)])
def test_a_month_closes_at_midnight_utc_of_the_close_day(close_day: int, closes: int) -> None:
    assert Month(2016, 12).closes_at(close_day) == datetime(2017, 1, closes, tzinfo=UTC)


def test_the_last_month_of_time_has_an_end() -> None:
    assert Month(9998, 12).end == datetime(9999, 1, 1, tzinfo=UTC)
    assert Month.of(date(9998, 12, 31)) == Month(9998, 12)
