"""Figures and dates as people of a locale read them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from reports.locale import locale_named


@pytest.mark.parametrize(
    ("name", "value", "digits", "text"),
    [
        ("en_US", "1234.5", 2, "1,234.50"),
        ("en_US", "-5", 2, "−5.00"),
        ("en_US", "0.0333", 2, "0.0333"),
        ("en_US", "5.0000", 2, "5.00"),
        ("en_US", "1E+3", 0, "1,000"),
        ("de_DE", "1234.5", 2, "1.234,50"),
        ("sv_SE", "-1", 0, "−1"),
        ("en_IN", "1234567", 0, "12,34,567"),
        ("en_US", "9" * 40 + ".25", 3, ",".join(["9"] + ["999"] * 13) + ".250"),
    ],
)
def test_a_number_is_written_in_full(name, value, digits, text) -> None:
    assert locale_named(name).number(Decimal(value), digits) == text


def test_percents_are_exact() -> None:
    assert locale_named("en_US").percent(Decimal("8.875")) == "8.875%"
    assert locale_named("de_DE").percent(Decimal("0")) == "0\u00a0%"


def test_days_months_and_instants() -> None:
    english, german = locale_named("en_US"), locale_named("de_DE")
    assert english.day(date(2016, 11, 30)) == "November 30, 2016"
    assert german.day(date(2016, 11, 30)) == "30. November 2016"
    assert english.short_day(date(2016, 11, 3)) == "Nov 3"
    assert english.month("2016-11") == "November 2016"
    late = datetime(2016, 12, 1, 2, 3, 4, tzinfo=UTC)
    assert english.instant(late) == "December 1, 2016, 02:03:04 UTC"
    assert english.instant(late, "America/New_York") == "November 30, 2016, 21:03:04 America/New_York"


def test_a_date_that_runs_right_to_left_stands_between_marks_that_keep_its_order() -> None:
    arabic, hebrew = locale_named("ar"), locale_named("he_IL")
    dates = [arabic.day(date(2017, 1, 3)), arabic.short_day(date(2017, 1, 3)), hebrew.month("2017-01")]
    assert all(text[0] == text[-1] == "\u200f" for text in dates)
    assert "\u200f" not in locale_named("ja_JP").day(date(2017, 1, 3))
    assert arabic.instant(datetime(2017, 1, 3, tzinfo=UTC)).endswith("\u200f, 00:00:00 UTC")


def test_a_page_of_english_words_is_tagged_as_english() -> None:
    assert (locale_named("en_GB").page_tag, locale_named("en_GB").tag) == ("en-GB", "en-GB")
    assert (locale_named("zh_Hans_CN").page_tag, locale_named("zh_Hans_CN").tag) == ("en", "zh-Hans-CN")


@pytest.mark.parametrize("value", [1, 250, 5000, 250_000, 1_500_000])
def test_ticks_are_short(value) -> None:
    assert len(locale_named("en_US").compact(value)) <= 4
