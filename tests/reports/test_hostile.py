"""Hostile text in every field of text: inert in every format, and shown as text."""

import csv
import io
import json
import re
import subprocess
import warnings
from html.parser import HTMLParser

import pytest
from openpyxl import load_workbook

from reports import formats
from reports import overview as overview_page
from reports.text import shown
from tests import hostile, tools
from tests.documents import sample
from tests.overviews import account_page, overview
from tests.pdfs import laid_open

TEXTS = [hostile.MARKUP, hostile.FORMULA, hostile.AT, hostile.ESCAPE, hostile.LONG, "\t-1", "#N/A", ""]


def made(format_name: str, kind: str, text: str) -> bytes:
    if format_name == "index":
        return overview_page.render(hostile.overview(overview(), text))
    if format_name == "account":
        return overview_page.render_account(hostile.account_page(account_page(), text))
    document, sessions = sample(kind, sessions=12, participants="full")
    return formats.render(format_name, hostile.document(document, text), hostile.sessions(sessions, text))


def check_xlsx(content: bytes, text: str) -> None:
    tame = set(_formulas(made("xlsx", "credit_note", "tame")))
    assert set(_formulas(content)) == tame
    texts = [cell.value for cell in _cells(content) if cell.data_type == "s"]
    assert not shown(text).strip() or any(shown(text)[:100] in value for value in texts)


def _cells(content: bytes):
    with warnings.catch_warnings(action="ignore"):  # openpyxl warns of what it would not write again
        workbook = load_workbook(io.BytesIO(content))
    return [cell for sheet in workbook for row in sheet.iter_rows() for cell in row if cell.value is not None]


def _formulas(content: bytes) -> list[str]:
    """Without row numbers: long texts and empty ones take more or fewer rows."""
    return [
        re.sub(r"\d+", "#", str(getattr(cell.value, "text", cell.value)))
        for cell in _cells(content)
        if cell.data_type == "f"
    ]


class Reader(HTMLParser):
    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, set[str]] = {}
        self.texts = ""
        self.feed(content.decode())

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(str(value))

    def handle_data(self, data) -> None:
        self.texts += data


def check_html(content: bytes, text: str) -> None:
    reader = Reader(content)
    assert not reader.tags & {"script", "img", "iframe", "object", "link", "base", "form"}
    assert not [name for name in reader.attributes if name.startswith("on") or name in ("src", "style")]
    links = reader.attributes.get("href", set())
    assert all(re.fullmatch(r"#[\w-]+|(clinic-|\.\./|\d)[\w./#-]+|\./[\w.%~-]*", link) for link in links)
    assert shown(text).strip() in reader.texts
    assert not re.search("[\x00-\x08\u202a-\u202e\ufffe]", content.decode())


def check_index(content: bytes, text: str) -> None:
    """It has one script, its own, which the policy of the page names by its digest."""
    before, _, rest = content.partition(b"<script>")
    _, _, after = rest.partition(b"</script>")
    check_html(before + after, text)


def check_csv(content: bytes, text: str) -> None:
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    assert len(rows) == 13
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if re.match(r"\s*[=+\-@]|[\t\r\n]", cell)]
    assert not shown(text).strip() or any(shown(text) in cell for cell in cells)


def check_json(content: bytes, text: str) -> None:
    document = json.loads(content.decode())
    assert isinstance(document["lines"][0]["description"], str)
    assert text.isprintable() is False or document["bill_to"]["name"] == text


def check_pdf(content: bytes, text: str) -> None:
    inside = laid_open(content)
    assert b"/StructTreeRoot" in inside
    for action in (b"/JavaScript", b"/JS", b"/URI", b"/Launch", b"/EmbeddedFile", b"/SubmitForm", b"/ImportData"):
        assert action not in inside
    if tools.works("Poppler") and len(text) < 1000 and text.isascii():
        read = subprocess.run(["pdftotext", "-raw", "-", "-"], input=content, capture_output=True, check=True).stdout
        assert "".join(shown(text).split()) in "".join(read.decode().split())


CHECKS = {
    "xlsx": check_xlsx,
    "html": check_html,
    "csv": check_csv,
    "json": check_json,
    "pdf": check_pdf,
    "index": check_index,
    "account": check_html,
}


def test_every_format_is_tried() -> None:
    assert set(CHECKS) == {*formats.names(), "index", "account"}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("format_name", CHECKS)
def test_hostile_text_stays_text(format_name, text) -> None:
    if format_name == "pdf":
        tools.require("Pango")
    CHECKS[format_name](made(format_name, "credit_note", text), text)
