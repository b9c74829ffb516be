"""What a document's allocation is written as: the CSV of all cost centres, and a statement of each.

csv        every centre's lines        statement   what a statement says, for both of its forms
html       a page for the head of a centre         xlsx   the same with its sessions, to count on
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from reports.document import Document

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "centres"  # of the statements, within the month's
FORMATS = ("html", "xlsx")


def file_names(document: Document) -> dict[str, str]:
    """The statements' files, by centre and format: `centres/CARDIO.html` → `centres/ACME-201611-0001-CARDIO.html`."""
    if "allocation" not in document.files or document.allocation is msgspec.UNSET:
        return {}
    from reports.centres.statement import file_stems

    stem = document.stem if document.final else "draft"
    stems = file_stems(share.centre for share in document.allocation.centres)
    return {
        f"{FOLDER}/{centre}.{ending}": f"{FOLDER}/{stem}-{its_own}.{ending}"
        for centre, its_own in stems.items()
        for ending in FORMATS
    }


def makers(document: Document, sessions: "pd.DataFrame") -> Iterator[tuple[str, Callable[[], bytes]]]:
    """What makes the CSV (`allocation`) and each statement, by its key in `files` and `file_names`."""
    allocation = document.allocation
    if "allocation" not in document.files or allocation is msgspec.UNSET:
        return
    from reports.centres import csv, html, xlsx
    from reports.centres.statement import by_centre, statements
    from reports.formats.xlsx.columns import laid_out_once, of_statement

    yield "allocation", partial(csv.render, document, allocation)
    names = file_names(document)
    ordered, stretches = by_centre(sessions, allocation)
    columns = laid_out_once(of_statement(document), ordered)
    for statement in statements(document, allocation, ordered, stretches):
        key = f"{FOLDER}/{statement.share.centre}"
        workbook = names[f"{key}.xlsx"].rpartition("/")[2]
        yield f"{key}.html", partial(html.render, statement, allocation, workbook)
        yield f"{key}.xlsx", partial(xlsx.render, statement, allocation, columns)
