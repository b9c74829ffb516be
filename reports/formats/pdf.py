"""The page on paper: a tagged PDF (PDF/UA-1) for archives and mail. Needs the extra `pdf`: WeasyPrint."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reports.formats import Place

if TYPE_CHECKING:
    import pandas as pd

    from reports.document import Document

ORDER = 5
FOR_PEOPLE = True
NEEDS = ("weasyprint",)
SYSTEM = (
    "Pango, a library of the system; install it with the system's packages "
    "(Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)"
)


def render(document: "Document", sessions: "pd.DataFrame") -> bytes:
    """The PDF: the same bytes for the same document, fonts and version of WeasyPrint."""
    from reports.formats._pdf import of_document

    return of_document(document, sessions)


def places(content: bytes) -> Iterator[Place]:
    """Of what nobody looks up by place: its SHA-256 says that it differs."""
    yield Place("line 1 to the end", f"{len(content)} bytes", "looks")
