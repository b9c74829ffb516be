"""The sessions of a document as CSV, made for programs and spreadsheets: docs/rules.md §11.2."""

import csv
import io
from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

from reports.formats import Place

if TYPE_CHECKING:
    import pandas as pd

    from reports.document import Document

ORDER = 4
FOR_PEOPLE = False
NEEDS = ()

NAMES = " (names of patients)"  # ends the title of a column that may hold them
_BEYOND = "nothing"  # a cell that no column has


def render(document: "Document", sessions: "pd.DataFrame") -> bytes:
    """Every session, one row each, in the frame's order. Unknown values are empty; times are ISO 8601 in UTC."""
    from reports.formats.csv.table import of_document

    return of_document(document, sessions)


def places(content: bytes) -> Iterator[Place]:
    """Every cell, the head's too."""
    rows = csv.reader(io.StringIO(content.decode(), newline=""))
    header = next(rows, [])
    for number, row in enumerate([header, *rows], 1):
        for name, value in zip_longest(header, row, fillvalue=_BEYOND):
            yield Place(f"row {number}, {name}", value, "names" if name.endswith((NAMES, _BEYOND)) else "figures")
