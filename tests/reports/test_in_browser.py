"""The pages as people meet them: in a browser, on a phone, on paper, with a screen reader's eyes (axe-core)."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Browser, sync_playwright

from reports import account_statement, usage
from reports import comparison as comparison_page
from reports import overview as overview_page
from reports.formats import render
from tests import hostile, paying, statements, tools
from tests.browser import opened, start
from tests.company import MONTH
from tests.comparisons import comparison
from tests.documents import heading, sample
from tests.jobs.test_allocation import INVOICE, company
from tests.overviews import account_page, overview, presentation
from tests.usage_reports import report

pytestmark = pytest.mark.needs("chromium")

DOCUMENTS = ("invoice", "credit_note", "draft", "restatement")
PAGES = (*DOCUMENTS, "nothing to pay", "heading", "comparison", "index", "account", "usage", "centre", "statement")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NAMES = ("x" * 300, "Dr. " + "Long Name " * 30, "د. أحمد عبد الرحمن")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    content("centre")  # by a run, whose event loop does not start within Playwright's
    with sync_playwright() as playwright:
        started = start(playwright)
        yield started
        started.close()


@cache
def content(name: str) -> bytes:
    """A page with something in each of its sections."""
    special = {
        "index": lambda: overview_page.render(overview(3, 8)),
        "account": lambda: overview_page.render_account(account_page(1, 8)),
        "statement": lambda: account_statement.render("html", statements.statement(30)),
        "usage": lambda: usage.render("html", *report()),
        "centre": statement,
        "comparison": lambda: comparison_page.render("html", comparison()),
        "heading": lambda: render("html", *sample("draft", sessions=11, parts=2, forecast=heading(parts=2))),
    }
    if name in special:
        return special[name]()
    document, sessions = sample("credit_note" if name == "nothing to pay" else name, sessions=40, parts=2)
    if name in ("invoice", "nothing to pay"):
        document = paying.payable(document)
    return render("html", document, sessions)


def statement() -> bytes:
    """What one cost centre pays of a month."""
    with TemporaryDirectory() as folder, company(Path(folder)) as acme:
        acme.run("run", "--month", MONTH)
        return (acme.unit() / f"centres/{INVOICE}-NEURO.html").read_bytes()


@cache
def axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text()


@pytest.mark.parametrize("name", [*PAGES, "empty index"])
def test_no_violation_of_wcag_2_2_aa_in_light_and_dark(name, browser) -> None:
    shown = overview_page.render(overview(0, 0)) if name == "empty index" else content(name)
    with opened(browser, shown) as found:
        found.page.evaluate(axe())
        for scheme in ("light", "dark"):
            found.page.emulate_media(color_scheme=scheme)
            result = found.page.evaluate("tags => axe.run({runOnly: tags, resultTypes: ['violations']})", WCAG)
            violations = [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in result["violations"]]
            assert (scheme, violations) == (scheme, [])
            assert "color-contrast" in {one["id"] for one in result["passes"]}


@pytest.mark.parametrize("name", PAGES)
def test_no_request_leaves_the_page_and_the_browser_complains_of_nothing(name, browser) -> None:
    with opened(browser, content(name)) as found:
        assert found.requests == []
        assert found.complaints == []


@pytest.mark.parametrize("name", ["document", "index"])
def test_hostile_text_runs_nothing_and_asks_for_nothing(name, browser) -> None:
    document, sessions = sample("credit_note", sessions=40)
    shown = (
        overview_page.render(hostile.overview(overview(), hostile.MARKUP))
        if name == "index"
        else render("html", hostile.document(document, hostile.MARKUP), sessions)
    )
    with opened(browser, shown) as found:
        assert (found.requests, found.complaints) == ([], [])
        assert found.page.evaluate("document.querySelectorAll('script, img').length") == (name == "index")


@pytest.mark.parametrize("name", [*PAGES, "long names", "long names, index", "long names, account"])
def test_nothing_is_wider_than_a_phone(name, browser) -> None:
    with opened(browser, _long(name), width=360) as found:
        sizes = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        assert found.page.evaluate(sizes) == [360, 360]


def _long(name: str) -> bytes:
    if name == "long names, index":
        return overview_page.render(overview(3, 5, name="y" * 200, detail="z" * 300))
    if name == "long names, account":
        return overview_page.render_account(account_page(0, 5, name="y" * 200, detail="z" * 300))
    if name != "long names":
        return content(name)
    document, sessions = sample("draft", sessions=300, parts=2, host_names=NAMES, currency="KWD")
    bill_to = replace(document.bill_to, name="y" * 200, email="z" * 100 + "@example.com")
    payment = replace(paying.PAYMENT, link="https://example.com/" + "w" * 300, lines=("v" * 200,))
    parts = tuple(replace(part, plan="p" * 200) for part in document.parts)
    issuer = replace(document.issuer, payment=payment)
    return render("html", replace(document, bill_to=bill_to, issuer=issuer, parts=parts), sessions)


def test_the_overview_is_searched_filtered_and_sorted_without_a_network(browser) -> None:
    with opened(browser, content("index")) as found:
        keys = "[...document.querySelectorAll('#accounts tbody tr:not([hidden]) a')].map(link => link.innerText)"
        found.page.get_by_label("Find").fill("CLINIC-02 tele")
        assert found.page.evaluate(keys) == ["clinic-02"]
        assert found.page.locator("#found").inner_text() == "1 of 3"
        found.page.get_by_label("Find").fill("")
        found.page.get_by_role("button", name="Issued that year").click()
        totals = [line.year_total or Decimal(0) for line in overview(3, 8).lines]
        keys_in_order = [f"clinic-0{1 + totals.index(total)}" for total in sorted(totals, reverse=True)]
        assert found.page.evaluate(keys) == keys_in_order
        assert (
            found.page.get_by_role("columnheader", name="Issued that year").get_attribute("aria-sort") == "descending"
        )
        found.page.get_by_role("button", name="Issued that year").click()
        assert found.page.evaluate(keys) == keys_in_order[::-1]
        assert (found.requests, found.complaints) == ([], [])


def test_without_its_script_the_overview_is_whole_and_offers_no_search(browser) -> None:
    without = re.sub(rb"<script>.*?</script>", b"", content("index"), flags=re.DOTALL)
    with opened(browser, without) as found:
        assert found.page.locator("#accounts tbody tr:visible").count() == 3
        assert not found.page.locator("#search").is_visible()


def test_the_heads_of_a_long_overview_stay_in_sight(browser) -> None:
    with opened(browser, overview_page.render(overview(60, 2))) as found:
        found.page.locator("#accounts tbody tr").nth(50).scroll_into_view_if_needed()
        assert found.page.locator("#accounts thead th").first.bounding_box()["y"] == 0


def test_a_long_list_of_accounts_is_not_printed(browser) -> None:
    with opened(browser, overview_page.render(overview(60, 2))) as found:
        found.page.emulate_media(media="print")
        assert not found.page.locator("#accounts").is_visible()
        assert found.page.get_by_text("The 60 accounts are listed on the screen").is_visible()


@pytest.mark.parametrize("paper", ["Letter", "A4"])
@pytest.mark.parametrize(
    "name", ["invoice", "credit_note", "draft", "long plan", "index", "account", "usage", "statement"]
)
def test_it_prints_whole(name, paper, browser, tmp_path: Path) -> None:
    tools.require("Poppler")
    shown = _printed(name, paper)
    with opened(browser, shown) as found:
        found.page.emulate_media(media="print")
        cells = found.page.evaluate(
            "[...document.querySelectorAll('th, td, dd, li, h1, h2, h3')].map(e => e.innerText)"
        )
        printed = found.page.pdf(prefer_css_page_size=True, path=tmp_path / "page.pdf")
    size = {"Letter": (612, 792), "A4": (595, 842)}[paper]
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert {(round(float(wide)), round(float(high))) for wide, high in boxes} == {size}
    pages = _text(tmp_path / "page.pdf", "-raw").removesuffix("\f").split("\f")
    text = _letters("".join(pages))
    assert [cell for cell in cells if _letters(cell) not in text] == []
    assert len(pages) == len(boxes) > 1
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert name != "draft" or set("DRAFT") <= set(page.split()), f"page {number} is not marked"  # letter by letter
        kinds = {
            "draft": "DRAFT: NOT AN INVOICE",
            "credit_note": "CREDIT NOTE",
            "usage": "NOT AN INVOICE",
            "statement": "NOT AN INVOICE",
        }
        over = kinds.get(name, "")
        assert over in page, f"page {number} does not say what it is"
        running = name in ("invoice", "long plan") and number > 1
        assert (" · due January 3, 2017" in page) == running
    words = re.findall(r'<word xMin="([-\d.]+)" yMin="[-\d.]+" xMax="([-\d.]+)"', _text(tmp_path / "page.pdf", "-bbox"))
    assert all(float(left) >= 0 and float(right) <= size[0] + 1 for left, right in words)


def _printed(name: str, paper: str) -> bytes:
    if name == "index":
        return overview_page.render(overview(45, 8, presentation=presentation(paper=paper)))
    if name == "account":
        return overview_page.render_account(account_page(0, 12, presentation=presentation(paper=paper)))
    if name == "statement":
        return account_statement.render("html", statements.statement(60, paper=paper))
    if name == "usage":
        return usage.render("html", *report(paper=paper))
    if name == "long plan":
        document, sessions = sample(sessions=9, parts=2, paper=paper)
        parts = tuple(replace(part, plan="p" * 200) for part in document.parts)
        lines = tuple(replace(line, description="q" * 200) for line in document.lines)
        return render("html", replace(document, parts=parts, lines=lines), sessions)
    return render("html", *sample(name, sessions=150, parts=2, paper=paper))


def _text(file: Path, *options: str) -> str:
    return subprocess.run(["pdftotext", *options, file, "-"], capture_output=True, text=True, check=True).stdout


def _letters(text: str) -> str:
    return re.sub(r"\s", "", text)
