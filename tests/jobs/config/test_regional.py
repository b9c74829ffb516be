"""Locale and time zone: what is accepted can be used, in every way that a document or page uses it."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from babel.localedata import locale_identifiers
from pydantic import TypeAdapter, ValidationError

from jobs.config import regional
from reports import locale
from tests.company import Company, rows

LOCALE, ZONE = TypeAdapter(regional.Locale), TypeAdapter(regional.Timezone)
FORM = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_[A-Z]{2})?")
UNKNOWN = ("cz_CZ", "jp_JP", "dk_DK", "gr_GR", "kr_KR", "en_EU", "xx", "no_NO", "en-US", "EN", "../x")


def test_every_locale_of_the_cldr_that_is_accepted_writes_all_that_a_document_holds() -> None:
    names = [name for name in locale_identifiers() if FORM.fullmatch(name)]
    assert len(names) > 900
    at = datetime(2016, 11, 30, 18, 4, 5, tzinfo=UTC)
    for name in (*names, "zh_CN", "zh_TW", "sr_RS"):
        one = locale.locale_named(LOCALE.validate_python(name))
        written = [one.number(Decimal("-1234.5"), 2), one.percent(Decimal("8.25")), one.compact(250_000)]
        written += [one.day(at.date()), one.short_day(date(1, 1, 1)), one.month("2016-11"), one.instant(at), one.tag]
        assert all(written), name


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_locale_that_only_looks_like_one_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="expected a locale of the Unicode CLDR, such as en_US or de; found text"):
        LOCALE.validate_python(name)


def test_a_refused_locale_is_answered_with_one_that_is_like_it() -> None:
    with pytest.raises(ValidationError, match="did you mean cs_CZ\\?"):
        LOCALE.validate_python("cz_CZ")


def test_every_time_zone_that_is_accepted_can_be_loaded() -> None:
    at = datetime(2016, 11, 30, 18, 4, 5, tzinfo=UTC)
    for name in available_timezones() - {"localtime", "posixrules", "Factory"}:
        assert locale.locale_named("en_US").instant(at, ZONE.validate_python(name)).endswith(name)


@pytest.mark.parametrize("setting", [{"locale": "cz_CZ"}, {"vendor": {"base_url": "https://999.1.1.1/"}}])
def test_what_cannot_be_used_is_exit_status_2_of_check_and_run_before_anything_is_asked_or_written(
    tmp_path: Path, setting: dict[str, object]
) -> None:
    with Company(tmp_path, rows(1)) as company:
        company.configure(**setting)
        for command in (["check"], ["run", "--month", "2016-11"]):
            done = company.run(*command)
            assert (done.exit_code, done.stdout) == (2, "")
            (line,) = done.stderr.splitlines()
            assert "expected a" in line
        assert company.vendor.requests == []
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "out").exists()
