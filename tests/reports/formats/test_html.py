"""The page, read with a parser as a program would."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from typing import get_args

import pytest

from reports.document import Document, Finding, Kind
from reports.figures import figures
from reports.formats import render
from reports.formats.html.chart import chart
from reports.locale import locale_named
from reports.stored import plain
from tests import hostile, paying
from tests.documents import heading, sample

KINDS = get_args(Kind)
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """The elements of a page, in order, with their attributes and their own text."""

    def __init__(self, document: Document, sessions) -> None:
        super().__init__()
        self.source = render("html", document, sessions).decode()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.shown: dict[str, str] = {}
        self.feed(self.source)
        self.close()
        assert not self.open, "an element is not closed"

    def handle_starttag(self, tag, attrs) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice on {tag}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def fields(self) -> dict[str, str | None]:
        found = [attributes for _, attributes in self.elements if "data-field" in attributes]
        assert max(Counter(one["data-field"] for one in found).values()) == 1, "a field stands twice"
        return {str(one["data-field"]): one["data-value"] for one in found}


def expected(document: Document) -> dict[str, str]:
    values = {
        name: plain(value) if isinstance(value, Decimal) else str(value) for name, value in figures(document).items()
    }
    return values | {"number": document.number or "", "month": document.month}


@pytest.mark.parametrize("kind", ["invoice", "credit_note", "draft"])
def test_golden_html(kind, golden: Callable[[str, bytes], None]) -> None:
    golden(f"{kind}.html", render("html", *sample(kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_stands_once_with_its_plain_value(kind) -> None:
    document, sessions = sample(kind, sessions=60)
    assert Page(document, sessions).fields() == expected(document)


@pytest.mark.parametrize(
    "options",
    [
        {"sessions": 0},
        {"included": None},
        {"sessions_meter": False},
        {"sessions": 300, "parts": 2, "minutes_included": 100, "currency": "KWD"},
        {"sessions": 9, "currency": "JPY", "hosts_meter": False, "tax_rate": "0"},
        {"sessions": 300, "locale": "de_DE", "timezone": "UTC", "paper": "A4"},
        {"sessions": 300, "locale": "ar_EG", "participants": "full"},
        {"files": {"html": "only.html"}},
    ],
)
def test_every_month_has_its_figures(options) -> None:
    document, sessions = sample(**options)
    assert Page(document, sessions).fields() == expected(document)


def test_a_plan_without_limit_says_unlimited() -> None:
    page = Page(*sample(included=None))
    assert page.fields()["included_sessions"] == "unlimited"
    assert "the allowance is unlimited" in page.text


def test_figures_are_written_as_the_locale_has_them_and_exactly() -> None:
    huge = Decimal("-12345678901234567890123456789012345.60")
    document, sessions = sample(locale="de_DE")
    page = Page(replace(document, total=huge), sessions)
    assert "−12.345.678.901.234.567.890.123.456.789.012.345,60" in page.text
    assert page.fields()["grand_total"] == str(huge)
    assert "4. Dezember 2016" in page.text
    assert page.all("html")[0]["lang"] == "en"  # the words are English; the dates say that they are not
    assert {time["lang"] for time in page.all("time")} == {"de-DE"}


def test_negative_amounts_carry_a_minus_that_is_spoken() -> None:
    document, sessions = sample("credit_note", sessions=40)
    assert f"−{-document.total}" in Page(document, sessions).text


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ({"total": Decimal("1.00")}, "Total = net + tax"),
        ({"net": Decimal("1.00")}, "Net = sum of the lines"),
        ({"daily": (0,) * 30}, "sum over the days"),
        ({"hosts": ()}, "BILL = sum over the hosts"),
        ({"counts": {"BILL": 1, "COMP": 1, "DUPL": 1, "SVCO": 1}}, "Sessions counted = BILL"),
    ],
)
def test_a_sum_that_does_not_hold_turns_the_checks_to_error(change, failing) -> None:
    document, sessions = sample()
    page = Page(replace(document, **change), sessions)
    assert page.fields()["all_checks"] == "ERROR"
    assert failing in page.text


def test_sessions_that_are_not_those_of_the_document_turn_the_checks_to_error() -> None:
    document, sessions = sample()
    assert Page(document, sessions.iloc[1:]).fields()["all_checks"] == "ERROR"


@pytest.mark.parametrize("kind", ["invoice", "credit_note", "draft"])
def test_hostile_text_stays_text(kind) -> None:
    document, sessions = sample(kind, sessions=40, parts=2)
    document = hostile.document(document, "tame")
    plain_page, page = Page(document, sessions), Page(hostile.document(document, hostile.MARKUP), sessions)
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain_page.elements]
    assert [list(attributes) for _, attributes in page.elements] == [list(own) for _, own in plain_page.elements]
    assert page.all("style") == [{}]
    assert hostile.SHOWN_MARKUP in page.text
    assert "\u202e" not in page.source
    assert "\x07" not in page.source
    assert style(page) == style(plain_page)
    assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)
    for attributes in page.all("a"):
        above = r"\.\./(\.\./)?index\.html(#month-\d{4}-\d\d)?"
        assert re.fullmatch(rf"#findings-title|\./[\w.%~-]+|{above}", str(attributes["href"]))


def style(page: Page) -> str:
    """But for what stands on each printed page, in which all but letters and digits is escaped."""
    sheet = page.source.partition("<style>")[2].partition("</style>")[0]
    running = re.findall(r'@bottom-left \{ content: ("[^"]*")', sheet)
    assert all(re.fullmatch(r'"(\w|\\[0-9a-f]{6})*"', text, re.ASCII) for text in running)
    return sheet.replace(running[0], '""')


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_asks_for_nothing_and_runs_nothing(kind) -> None:
    page = Page(*sample(kind, sessions=40))
    policy = {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"}
    assert policy in page.all("meta")
    assert not {tag for tag, _ in page.elements} & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not any({"src", "srcset", "style", "xlink:href"} & set(attributes) for _, attributes in page.elements)
    assert not re.search(r"url\(|@import", style(page))
    names = re.findall(r'(\S+)="https?://', page.source)
    assert set(names) == {"itemtype"}  # the names of a vocabulary, which nobody fetches
    assert len(re.findall("https?://", page.source)) == len(names)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_who_cannot_see_it_finds_the_way(kind) -> None:
    page = Page(*sample(kind, sessions=40, parts=2))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all("scope" in cell for cell in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert [len(page.all(tag)) for tag in ("header", "main", "footer")] == [1, 1, 1]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = " ".join(str(own["aria-labelledby"]) for _, own in page.elements if "aria-labelledby" in own).split()
    assert set(named) <= set(ids)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_final_says_draft_across_the_page_and_what_is_does_not(kind) -> None:
    document, sessions = sample(kind, sessions=40)
    page = Page(document, sessions)
    assert ("DRAFT" in page.texts) == (not document.final)
    assert any(one.get("class") == "watermark" for one in page.all("div")) == (not document.final)
    banners = [one for one in page.all("p") if str(one.get("class")).startswith("banner")]
    assert len(banners) == (kind != "invoice")


def test_an_adjustment_shows_every_change_and_what_was_issued() -> None:
    document, sessions = sample("credit_note", sessions=900)
    many = document.changes * (1000 // len(document.changes) + 1)
    page = Page(replace(document, changes=many), sessions)
    assert page.source.count("SecureVideo changed the status") == sum(one.kind == "status" for one in many)
    assert document.already_issued[0].number in page.text
    assert "BILL" in document.transitions
    assert "From status to status" in page.text


def test_blocking_findings_come_first_and_a_long_list_says_where_the_rest_is() -> None:
    document, sessions = sample("draft")
    many = tuple(Finding("duration-unknown", "info", 1 + i, "unknown") for i in range(1500))
    page = Page(replace(document, findings=(*many, *document.findings)), sessions)
    listed = [one["class"] for one in page.all("th") if str(one.get("class")) in ("text blocking", "text info")]
    assert len(listed) == 199  # and one warning
    assert listed[0].endswith("blocking")
    assert "1,305 more of 1,505 are in the sheets of draft.xlsx." in page.text
    assert "1 blocking finding: to be resolved" in page.text


def test_the_chart_tells_in_words_when_the_allowance_was_exceeded() -> None:
    document, sessions = sample(sessions=60)
    day = next(day for day in range(1, 31) if sum(document.daily[:day]) > 8)
    note = (
        f"{document.counts['BILL']} counted sessions against an allowance of 8, which was exceeded on November {day},"
    )
    assert note in Page(document, sessions).text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(scheme) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text; 1.4.11: 3 to 1 for what a drawing needs."""
    sheets = re.findall(r":root \{(.*?)\}", style(Page(*sample())), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", sheets[scheme == "dark"]))
    text = [
        ("ink", "sheet"),
        ("soft", "sheet"),
        ("soft", "tint"),
        ("ink", "tint"),
        ("accent", "sheet"),
        ("good", "sheet"),
    ]
    text += [
        ("warn", "sheet"),
        ("alert", "alert-tint"),
        ("accent", "alert-tint"),
        ("on-band", "band"),
        ("alert", "sheet"),
    ]
    drawn = [("inside", "sheet"), ("over", "sheet"), ("over", "over-fill")]
    for pairs, least in ((text, 4.5), (drawn, 3)):
        for front, back in pairs:
            assert contrast(colours[front], colours[back]) >= least, (front, back)


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_same_document_same_bytes() -> None:
    assert render("html", *sample(sessions=60)) == render("html", *sample(sessions=60))


def test_the_microdata_hold_the_invoice() -> None:
    document, sessions = sample()
    page = Page(document, sessions)
    assert page.all("body")[0]["itemtype"] == "https://schema.org/Invoice"
    held = {one["itemprop"]: one["content"] for one in page.all("meta") if "itemprop" in one}
    assert held["value"] == plain(document.total)
    assert held["currency"] == "USD"
    assert held["confirmationNumber"] == document.number
    assert held["paymentDueDate"] == "2017-01-03"


def test_a_document_names_and_links_its_files_and_what_it_adjusts_and_nothing_that_comes_later() -> None:
    addresses = [one["href"] for one in Page(*sample("credit_note", sessions=40)).all("a")]
    stem = "./ACME-201611-0001"
    assert addresses == [
        *(f"{stem}-CN1.{ending}" for ending in ("xlsx", "json", "csv")),
        f"{stem}.html",
        "../index.html#month-2016-10",
        "../index.html#month-2016-12",
        "../index.html",
        "../../index.html",
    ]
    assert f"{stem}-CN1.html" not in Page(*sample("invoice")).source


@pytest.mark.parametrize(
    ("kind", "fields", "why"),
    [
        ("draft", {}, "Why a draft: 1 blocking finding."),
        (
            "draft",
            {"open_until": datetime(2016, 12, 4, tzinfo=UTC)},
            "Why a draft: the month is open until December 4, 2016 00:00 UTC; 1 blocking finding.",
        ),
        ("draft", {"findings": ()}, "Why a draft: it was asked for as one, with --draft."),
        ("draft_credit_note", {}, "Why a draft: an adjustment is issued only when it is asked for, with --adjust."),
        ("invoice", {}, ""),
    ],
)
def test_a_draft_says_why_it_is_one(kind, fields, why) -> None:
    document, sessions = sample(kind, sessions=40)
    text = Page(replace(document, **fields), sessions).text
    assert why in text
    assert ("Why a draft" in text) == bool(why)


@pytest.mark.parametrize("kind", ["invoice", "credit_note"])
def test_without_a_tax_there_is_no_line_of_one(kind) -> None:
    document, sessions = sample(kind, sessions=40, tax_rate="0", tax_name="Tax")
    page = Page(document, sessions)
    assert "Tax" not in page.text.replace("Tax ID", "")
    assert page.fields()["tax_total"] == "0.00"
    assert "VAT 0%" in Page(replace(document, tax_name="VAT"), sessions).text


def test_how_to_pay_is_escaped_and_only_an_https_address_is_a_link() -> None:
    document, sessions = sample()
    page = Page(paying.payable(document), sessions)
    [online] = [one for one in page.all("a") if str(one["href"]).startswith("https://")]
    assert online["href"] == "https://pay.example.com/acme/ACME-201611-0001"
    [image] = page.all("img")
    assert str(image["src"]).startswith("data:image/svg+xml;base64,")
    assert "img-src data:" in str(page.all("meta")[1]["content"])
    for link in ("javascript:alert(1)", "http://x.example/", "https://x.example/' onclick='", "https://a@b.example/"):
        payment = replace(paying.PAYMENT, link=link)
        unsafe = Page(replace(document, issuer=replace(document.issuer, payment=payment)), sessions)
        assert link in unsafe.text
        assert not [one for one in unsafe.all("a") if not str(one["href"]).startswith((".", "#"))]


def test_no_bar_runs_through_the_label_of_a_low_allowance() -> None:
    document, _ = sample(sessions=300)
    drawn = chart(document, locale_named("en_US"))
    [limit] = drawn.limits
    early = [bar for bar in drawn.bars if float(bar.x) < float(limit.x) + 11 * 8]
    assert float(limit.text_y) <= min(float(bar.over_y) for bar in early) < float(limit.y)
    [roomy] = chart(sample(sessions=300, included=200)[0], locale_named("en_US")).limits
    assert roomy.text_y == roomy.y


def test_a_forecast_is_shown_with_its_range_and_called_an_estimate() -> None:
    document, sessions = sample("draft", sessions=11, forecast=heading())
    page = Page(document, sessions)
    assert "Where the month is heading Days gone 20 of 30 Counted so far 8 About, at the end 12 (8 to 18)" in page.text
    assert "Net about USD 45.00 This is an estimate: COMP and DUPL come later and lower it." in page.text
    assert "At the pace of the first 20 days: about 12 (8 to 18) by Nov 30, an estimate." in page.text
    (line,), (span,) = page.all("polyline"), page.all("polygon")
    begin, end = (point.split(",") for point in str(line["points"]).split())
    assert float(begin[0]) < float(end[0]) == 712
    assert [str(span["points"]).split()[0]] == [",".join(begin)]
    assert len([one for one in page.all("rect") if one["class"] == "inside"]) == 21, "no bar for days still to come"


def test_what_is_too_early_is_said_and_draws_no_line() -> None:
    page = Page(*sample("draft", sessions=11, parts=2, forecast=heading(parts=2, early=True)))
    assert "About, at the end — Net about — Too early to say where the month is heading" in page.text
    assert "before 7 whole days of the plan in force have ended, UTC; 5 have." in page.text
    assert page.all("polyline") == []


def test_only_the_part_that_goes_on_has_a_line() -> None:
    page = Page(*sample("draft", sessions=11, parts=2, forecast=heading(parts=2)))
    assert len(page.all("polyline")) == 1
    assert "At the pace of the first 8 days: about 6 (3 to 11) by Nov 30" in page.text
