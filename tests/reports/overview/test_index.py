"""The page of all accounts."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.overview import render
from reports.overview.content import OpenMonth
from tests.overviews import overview, presentation
from tests.reports.overview.reader import Reader


def test_golden_index(golden: Callable[[str, bytes], None]) -> None:
    golden("index.html", render(overview(3, 7)))


def test_same_overview_same_bytes() -> None:
    assert render(overview(3, 7)) == render(overview(3, 7))


def test_what_needs_a_person_comes_first() -> None:
    text = Reader(render(overview(3, 7))).text
    assert text.index("8 matters need attention") < text.index("Issued by month") < text.index("Find")
    assert "Nothing needs attention" not in text


def test_where_nothing_needs_a_person_it_says_so() -> None:
    assert "Nothing needs attention." in Reader(render(overview(concerns=()))).text


@pytest.mark.parametrize("accounts", [0, 2])
def test_an_empty_ledger_says_what_to_do(accounts) -> None:
    assert "Nothing has been billed yet. securevideo-billing run bills" in Reader(render(overview(accounts, 0))).text


def test_links_lead_to_the_pages_of_accounts_and_to_their_months() -> None:
    shown = overview(3, 7)
    page = Reader(render(shown))
    pages = {f"{line.key}/index.html" for line in shown.lines}
    links = {link for link in page.all("a", "href") if not link.startswith("#")}
    assert {link.partition("#")[0] for link in links} == pages
    assert {link for link in links if "#" in link} == {
        f"{one.account}/index.html#month-{one.month}" for one in shown.concerns
    }


def test_an_account_that_was_never_billed_has_a_line_and_no_link() -> None:
    shown = overview(2)
    fresh = replace(shown.lines[1], month=None, status=None, total=None, year_total=None, has_page=False)
    page = Reader(render(replace(shown, lines=(shown.lines[0], fresh), concerns=())))
    assert "clinic-02 Clinic No. 2 Telehealth LLC nothing billed yet" in page.text
    assert "clinic-02/index.html" not in page.source


def test_an_account_whose_files_another_configuration_has_is_listed_without_a_link() -> None:
    shown = overview(1)
    page = Reader(render(replace(shown, lines=(replace(shown.lines[0], has_page=False),))))
    assert "clinic-01 Clinic No. 1 Telehealth LLC December 2016" in page.text
    assert "clinic-01/index.html" not in page.source


def test_its_structure_is_sound() -> None:
    Reader(render(overview(5, 14))).check_structure()


def test_its_only_script_is_the_one_that_its_policy_names() -> None:
    source = render(overview()).decode()
    (script,) = re.findall(r"<script>(.*?)</script>", source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in source.replace(
        "&#39;", "'"
    )


def test_figures_and_dates_are_written_as_the_locale_has_them() -> None:
    text = Reader(render(overview(presentation=presentation(locale="de_DE")))).text
    assert "Dezember 2016" in text
    assert "175.756,86" in text


def test_of_many_concerns_the_first_are_listed_and_each_line_has_its_number() -> None:
    shown = overview(2)
    many = tuple(replace(shown.concerns[0], detail=f"reason {number}") for number in range(150))
    text = Reader(render(replace(shown, concerns=many, lines=(replace(shown.lines[0], concerns=150),)))).text
    assert "150 matters need attention" in text
    assert "50 more; the accounts below say how many each has" in text


def test_ten_thousand_accounts_are_a_page_of_less_than_three_mebibytes() -> None:
    shown = overview(1, 24)
    ahead = OpenMonth(used=9, included=8, projected=14, elapsed_days=20, days=30)
    line = replace(shown.lines[0], name="Clinic No. 12345 Telehealth LLC", key="clinic-12345", open=ahead)
    whole = render(replace(shown, lines=(line,) * 2000))
    assert len(whole) * 5 < 3 * 2**20
    assert b'class="progress"' in render(replace(shown, lines=(line,) * 20))
    assert b'class="progress"' not in whole, "each account's own page has it"


def test_an_open_month_has_a_bar_that_says_in_words_what_it_shows() -> None:
    shown = overview(2, 3)
    month = OpenMonth(9, 8, 14, 20, 30)
    reader = Reader(render(replace(shown, lines=(replace(shown.lines[0], open=month), *shown.lines[1:]))))
    assert reader.all("svg", "class").count("progress") == 1 + sum(one.open is not None for one in shown.lines[1:])
    assert "9 used, 8 included; 20 of 30 days gone, about 14 at the end" in reader.text
