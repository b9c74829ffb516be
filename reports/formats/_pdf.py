"""The page on paper: a tagged PDF (PDF/UA-1) for archives and mail. Needs the extra `pdf`: WeasyPrint.

It shows what the page shows, its long lists cut short: setting a line takes 12 ms, and the workbook holds them all.
"""

import logging
import re
from contextvars import ContextVar
from hashlib import sha256

import pandas as pd
from weasyprint import HTML, URLFetcher

from reports.document import Document
from reports.formats.html.page import page
from reports.templating import fill
from reports.text import in_css, shown

MOST = 40  # rows of a list that can be endless
LONGEST = 300  # UTF-16 units of a text
_RUN = re.compile(r"(?![0-9a-f]{64}\b)\S{30,}")  # but for a SHA-256
_PIECE = re.compile(r"\S{1,16}")
_MAY_BREAK = "\N{ZERO WIDTH SPACE}"

_UNSET: ContextVar[set[int]] = ContextVar("characters that no font has")


def _is_told(record: logging.LogRecord) -> bool:
    """Nothing is: WeasyPrint tells of every rule of ours that only browsers need. What no font has is noted."""
    match record.args:
        case (str(), int(code)) if ".notdef" in str(record.msg):
            _UNSET.get(set()).add(code)
    return False


logging.getLogger("weasyprint").setLevel(logging.WARNING)
logging.getLogger("weasyprint").addFilter(_is_told)
logging.getLogger("fontTools").setLevel(logging.CRITICAL)


def of_document(document: Document, sessions: pd.DataFrame) -> bytes:
    """The PDF: the same bytes for the same document, fonts and version of WeasyPrint. No address is ever fetched."""
    text = fill("invoice.html.j2", page(document, sessions, most=MOST), _settable)
    made, missing = _set(text)
    if missing:
        made, _ = _set(_spelt_out(text, missing))
    return made


def _set(text: str) -> tuple[bytes, set[int]]:
    """The page as PDF, and the characters in it that no font here has: with one of them it is no PDF/UA."""
    missing: set[int] = set()
    noting = _UNSET.set(missing)
    source = HTML(string=text, url_fetcher=URLFetcher(allowed_protocols=("data",)))  # the logo, within the page
    try:
        made: bytes = source.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=sha256(text.encode()).digest()[:16])
    finally:
        _UNSET.reset(noting)
    return made, missing


def _spelt_out(text: str, missing: set[int]) -> str:
    """`text` with "[U+1F600]" for each of these characters, so that everybody sees that there was one."""
    for code in missing:
        name = f"[U+{code:04X}]"
        text = text.replace(chr(code), name).replace(str(in_css(chr(code))), name)
    return text


def _settable(text: str) -> str:
    """`text` as it may be shown, cut and breakable: a name may be of any length, a page has its width.

    The style sheet for paper has no `overflow-wrap: anywhere`: WeasyPrint takes minutes for it.
    """
    return _RUN.sub(lambda run: _MAY_BREAK.join(_PIECE.findall(run[0])), shown(text, LONGEST))
