"""The page of one account."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from reports.overview import is_made_from, render_account
from reports.overview.content import Concern, OverviewMonth
from tests.overviews import account_page
from tests.reports.overview.reader import Reader


def test_golden_account(golden: Callable[[str, bytes], None]) -> None:
    golden("account.html", render_account(account_page(1, 7)))


def test_it_says_what_it_was_made_from() -> None:
    page = render_account(account_page(basis="a" * 64))
    assert is_made_from(page, "a" * 64)
    assert not is_made_from(page, "b" * 64)


def test_a_month_that_may_have_changed_is_marked_by_word_and_symbol_and_says_what_to_do() -> None:
    shown = account_page(0, 1)
    month = replace(shown.months[0], status="issued", may_have_changed=True)
    concern = Concern("may_have_changed", shown.key, month.month, "webhooks have reported one of its sessions")
    page = Reader(render_account(replace(shown, months=(month,), concerns=(concern,))))
    assert "✓ Issued △ May have changed" in page.text
    todo = "webhooks have reported one of its sessions Run the month again to see whether anything changed."
    assert f"May have changed December 2016 {todo}" in page.text


def test_where_nothing_needs_a_person_it_says_so() -> None:
    assert "Nothing needs attention." in Reader(render_account(account_page(concerns=()))).text


def test_links_lead_to_files_that_are_there_to_the_overview_or_into_the_page() -> None:
    shown = account_page(0, 7)
    page = Reader(render_account(shown))
    files = {file.path for month in shown.months for one in month.documents for file in one.files if file.path}
    assert {link for link in page.all("a", "href") if not link.startswith("#")} == {*files, "../index.html"}
    assert "not in this folder: XLSX, HTML, JSON, CSV" in page.text


def test_its_structure_is_sound_and_it_has_no_script() -> None:
    page = Reader(render_account(account_page(0, 40)))
    page.check_structure()
    assert not [tag for tag, _ in page.elements if tag == "script"]
    rows = [attributes["id"] for tag, attributes in page.elements if tag == "tr" and "id" in attributes]
    assert len(rows) == 40


def test_documents_stand_in_the_second_column() -> None:
    text = Reader(render_account(account_page())).text
    assert "Month Documents Total issued Counted Included Overage" in text


def test_a_sparkline_says_its_figures_and_shows_them_to_scale() -> None:
    months = tuple(
        OverviewMonth(f"2016-{number:02}", "issued", 1, 8, 0, total, "USD", 0, False, ())
        for number, total in ((10, Decimal("50.00")), (11, None), (12, Decimal("100.00")))
    )
    page = Reader(render_account(replace(account_page(), months=months)))
    assert page.all("rect", "height") == ["13.0", "1", "26.0"]
    said = "Issued by month in USD: October 2016 50.00; November 2016 nothing issued; December 2016 100.00"
    assert said in page.all("svg", "aria-label")


def test_an_open_month_has_a_bar_that_says_in_words_what_it_shows() -> None:
    shown = account_page(0, 8)
    page = Reader(render_account(shown))
    drafts = [month for month in shown.months if month.open]
    assert drafts
    assert page.all("svg", "class").count("progress") == len(drafts)
    for month in drafts:
        assert month.open is not None
        about = f", about {month.open.projected} at the end" if month.open.projected else ""
        used = f"{month.open.used} used, 8 included; {month.open.elapsed_days} of 30 days gone{about}"
        assert used in page.text
