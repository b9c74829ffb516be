"""The PDF: tagged, the same bytes each time, its lists bounded, drafts marked on every page."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reports.document import Finding
from reports.formats import render
from tests import paying, tools
from tests.documents import sample
from tests.pdfs import laid_open

pytestmark = pytest.mark.needs("Pango")

MAKE = """
import sys
from reports.formats import render
from tests.documents import sample
sys.stdout.buffer.write(render("pdf", *sample("credit_note", sessions=12, months=2)))
"""


def text_of(content: bytes, *options: str) -> str:
    tools.require("Poppler")
    return subprocess.run(
        ["pdftotext", *options, "-", "-"], input=content, capture_output=True, check=True
    ).stdout.decode()


def test_another_process_at_another_time_makes_the_same_bytes(tmp_path: Path) -> None:
    made = [
        subprocess.run(
            [sys.executable, "-c", MAKE], env={"PYTHONPATH": ".", "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": epoch,
                                              "HOME": str(tmp_path), "TZ": zone},
            cwd=Path(__file__).parents[3], capture_output=True, check=True,
        ).stdout
        for seed, epoch, zone in (("1", "1", "UTC"), ("2", "2000000000", "Asia/Tokyo"))
    ]  # fmt: skip
    assert made[0] == made[1]
    assert made[0].startswith(b"%PDF-1.7")


def test_it_is_tagged_titled_and_in_a_language() -> None:
    content = render("pdf", *sample())
    inside = laid_open(content)
    for mark in (b"/MarkInfo", b"/StructTreeRoot", b"/Lang", b"pdfuaid", b"/S /TH", b"/S /TD"):
        assert mark in inside or mark.replace(b" ", b"") in inside
    if tools.works("Poppler"):
        info = subprocess.run(["pdfinfo", "-"], input=content, capture_output=True, check=True).stdout.decode()
        assert re.search(r"Tagged: +yes", info)
        assert "Invoice ACME-201611-0001, Acme Telehealth LLC" in info


@pytest.mark.parametrize("kind", ["draft", "draft_credit_note", "credit_note", "invoice"])
def test_drafts_are_marked_on_every_page_and_credit_notes_say_so(kind) -> None:
    document, sessions = sample(kind, sessions=60)
    pages = text_of(render("pdf", document, sessions), "-raw").removesuffix("\f").split("\f")
    assert len(pages) > 1
    marked = [set("DRAFT") <= set(page.split()) for page in pages]  # set aslant: read letter by letter
    assert set(marked) == {not document.final}
    assert ("CREDIT NOTE" in pages[0]) == (kind in ("credit_note", "draft_credit_note"))
    assert f"{abs(document.total):,}" in pages[0]
    kinds = {
        "draft": "DRAFT: NOT AN INVOICE",
        "draft_credit_note": "DRAFT: NOT A CREDIT NOTE",
        "credit_note": "CREDIT NOTE",
    }
    over = kinds.get(kind, "INVOICE")  # the kind stands over every page that follows
    assert {over in page for page in pages[1:]} == {kind != "invoice"}


def test_each_further_page_says_which_document_how_much_and_by_when() -> None:
    first, *further = text_of(render("pdf", *sample())).removesuffix("\f").split("\f")
    running = "Invoice ACME-201611-0001 · USD 151.55 · due January 3, 2017"
    assert running not in " ".join(first.split())
    assert [running in " ".join(page.split()) for page in further] == [True] * len(further)


def test_a_character_that_no_font_has_is_spelt_out() -> None:
    """With a .notdef glyph in it the file is no PDF/UA; a canary for the message of WeasyPrint that it is known by."""
    document, sessions = sample()
    odd = "\U0010fffd"
    document = replace(paying.payable(document), number=f"A{odd}", bill_to=replace(document.bill_to, name=f"B{odd}C"))
    text = "".join(text_of(render("pdf", document, sessions), "-raw").split())
    assert "B[U+10FFFD]C" in text
    assert "InvoiceA[U+10FFFD]·" in text
    assert odd not in text


def test_names_are_set_in_bold_as_in_a_browser() -> None:
    """WeasyPrint knows weights of whole hundreds only, and sets others as plain text."""
    for style in (Path(__file__).parents[3] / "reports" / "templates").glob("*.css.j2"):
        assert set(re.findall(r"font-weight: (\d+)", style.read_text())) <= {"400", "600", "700", "800"}, style.name


def test_its_lists_are_bounded_and_say_where_the_rest_is() -> None:
    document, sessions = sample("credit_note", sessions=60)
    many = tuple(Finding("duration-unknown", "info", 1 + i, "unknown") for i in range(5000))
    document = replace(document, findings=many, changes=document.changes * 500, hosts=document.hosts * 500)
    text = text_of(render("pdf", document, sessions))
    assert "4,960 more of 5,000 are in the sheets of" in " ".join(text.split())
    assert text.count("\f") < 15


def test_nothing_is_fetched(tmp_path: Path) -> None:
    """The page names no address; if one slipped in, the fetcher would refuse it."""
    from weasyprint import HTML, URLFetcher
    from weasyprint.urls import URLFetchingError

    secret = tmp_path / "secret.css"
    secret.write_text("p { color: red }")
    fetcher = URLFetcher(allowed_protocols=())
    for address in (secret.as_uri(), "http://127.0.0.1:9/x", "data:text/css,p{color:red}"):
        with pytest.raises((ValueError, URLFetchingError)):
            fetcher.fetch(address)
    assert HTML(string="<p>x", url_fetcher=fetcher).write_pdf()
