"""The overview page: read with a parser as a program would."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from reports.overview import render
from reports.overview.content import Concern, Overview, OverviewAccount, OverviewMonth
from tests.overviews import overview


class Reader(HTMLParser):
    def __init__(self, shown: Overview) -> None:
        super().__init__()
        self.source = render(shown).decode()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(self.source)

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str, name: str) -> list[str]:
        return [str(attributes[name]) for found, attributes in self.elements if found == tag and name in attributes]


def test_golden_index(golden: Callable[[str, bytes], None]) -> None:
    golden("index.html", render(overview(3, 7)))


def test_same_overview_same_bytes() -> None:
    assert render(overview(3, 7)) == render(overview(3, 7))


def test_what_needs_a_person_comes_first() -> None:
    text = Reader(overview(3, 7)).text
    assert text.index("8 matters need attention") < text.index("Accounts") < text.index("Month by month")
    assert "Nothing needs attention" not in text


def test_a_month_that_may_have_changed_is_marked_by_word_and_symbol_and_says_what_to_do() -> None:
    shown = overview(1, 1)
    month = replace(shown.accounts[0].months[0], status="issued", may_have_changed=True)
    concern = Concern("may_have_changed", "clinic-01", month.month, "webhooks told of one of its sessions")
    page = Reader(replace(shown, accounts=(replace(shown.accounts[0], months=(month,)),), concerns=(concern,)))
    assert "✓ Issued △ May have changed" in page.text
    todo = "webhooks told of one of its sessions Run the month again to see whether anything changed."
    assert f"May have changed clinic-01 December 2016 {todo}" in page.text


def test_where_nothing_needs_a_person_it_says_so() -> None:
    assert "Nothing needs attention." in Reader(overview(concerns=())).text


@pytest.mark.parametrize("accounts", [0, 2])
def test_an_empty_ledger_says_what_to_do(accounts) -> None:
    assert "Nothing has been billed yet. securevideo-billing run bills" in Reader(overview(accounts, 0)).text


def test_links_lead_to_files_that_are_there_or_into_the_page() -> None:
    shown = overview(3, 7)
    page = Reader(shown)
    there = {
        file.path
        for account in shown.accounts
        for month in account.months
        for paper in month.documents
        for file in paper.files
        if file.path
    }
    ids = {str(attributes["id"]) for _, attributes in page.elements if "id" in attributes}
    links = page.all("a", "href")
    assert {link for link in links if not link.startswith("#")} == there
    assert {link[1:] for link in links if link.startswith("#")} <= ids
    assert "not in this folder: XLSX, HTML, JSON, CSV" in page.text


def test_every_id_stands_once_and_every_table_has_caption_and_scope() -> None:
    page = Reader(overview(5, 14))
    ids = [str(attributes["id"]) for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    tags = [tag for tag, _ in page.elements]
    assert tags.count("caption") == tags.count("table")
    assert all("scope" in attributes for tag, attributes in page.elements if tag == "th")
    assert not {"script", "img", "link", "iframe"} & set(tags)


def test_figures_and_dates_are_written_as_the_locale_has_them() -> None:
    text = Reader(overview(locale="de_DE")).text
    assert "Dezember 2016" in text
    assert "175.756,86" in text


def test_a_sparkline_says_its_figures_and_shows_them_to_scale() -> None:
    months = tuple(
        OverviewMonth(f"2016-{number:02}", "issued", 1, 8, 0, total, "USD", 0, False, ())
        for number, total in ((10, Decimal("50.00")), (11, None), (12, Decimal("100.00")))
    )
    page = Reader(replace(overview(1), accounts=(OverviewAccount("a", "A", "USD", months),), concerns=()))
    assert page.all("rect", "height") == ["13.0", "1", "26.0"]
    label = "Issued by month in USD: October 2016 50.00; November 2016 nothing issued; December 2016 100.00"
    assert label in page.all("svg", "aria-label")


def test_thirty_accounts_of_forty_months_have_every_month() -> None:
    shown = overview(30, 40)
    page = Reader(shown)
    rows = {str(attributes["id"]) for tag, attributes in page.elements if tag == "tr" and "id" in attributes}
    assert len(rows) == 1200
    assert len(page.source) < 2 * 2**20


def test_an_open_month_has_a_bar_that_says_in_words_what_it_shows() -> None:
    reader = Reader(overview(1, 8))
    drafts = [month for account in overview(1, 8).accounts for month in account.months if month.open]
    assert drafts
    assert reader.all("svg", "class").count("progress") == len(drafts)
    for month in drafts:
        assert month.open is not None
        about = f", about {month.open.projected} at the end" if month.open.projected else ""
        used = f"{month.open.used} used, 8 included; {month.open.elapsed_days} of 30 days gone{about}"
        assert used in reader.text
