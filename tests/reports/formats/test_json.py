"""The document as JSON, and how formats are found."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from reports import formats
from reports.stored import from_json
from tests.documents import sample


@pytest.mark.parametrize("kind", ["invoice", "credit_note", "draft"])
def test_golden_json(kind, golden: Callable[[str, bytes], None]) -> None:
    golden(f"{kind}.json", formats.render("json", *sample(kind)))


def test_a_document_comes_back_whole() -> None:
    document, sessions = sample("supplementary_invoice", sessions=60, parts=2, minutes_included=100, currency="KWD")
    assert from_json(formats.render("json", document, sessions)) == document


def test_money_is_text_with_the_digits_of_the_currency() -> None:
    document, sessions = sample("invoice", currency="KWD")
    read = json.loads(formats.render("json", document, sessions))
    assert read["schema"] == "securevideo-billing/document/1"
    assert read["total"] == format(document.total, "f")
    assert len(read["total"].partition(".")[2]) == 3
    assert [line["amount"] for line in read["lines"]] == [format(line.amount, "f") for line in document.lines]


def test_every_module_here_is_a_format() -> None:
    assert {"csv", "html", "json"} <= set(formats.names())
    assert list(formats.names()) == sorted(formats.names())


def test_a_name_that_is_no_format_is_refused_with_the_ones_there_are() -> None:
    document, sessions = sample("invoice", sessions=0)
    with pytest.raises(ValueError, match=r"'docx' is not a format; there are: .*html"):
        formats.render("docx", document, sessions)


def test_looking_for_formats_imports_none() -> None:
    code = "import sys, reports.formats as f; f.names(); print([m for m in sys.modules if 'reports.formats.' in m])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
