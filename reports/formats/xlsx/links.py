"""Ways through the workbook: from the first sheet to the others, and to single sessions."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from .book import Book, quoted
from .ranges import Block

Links = Mapping[int, str]  # a session's number to where it stands
COLUMN = 5  # of the first sheet, right of what is printed
WIDTH = 66
SHEETS = {
    "Invoice": "this document, as it is printed",
    "Reconciliation": "every figure live beside the job's own, and all checks",
    "Allocation": "what each cost centre pays",
    "Sessions": "one row for each session, with its place in the allowance and its charge",
    "Hosts": "sessions, minutes and charge by host",
    "Findings": "what a person should know, and what to do",
    "Restatement": "what changed since the invoice was issued, and why",
    "Trend": "the months before, change and year to date",
    "About": "where the figures come from, how to trace them, the rules",
}


def contents(book: Book, sheet: str) -> None:
    """What the workbook holds, beside the first sheet: names that lead there."""
    book.sheet(sheet).set_column(COLUMN - 1, COLUMN - 1, 3)
    book.sheet(sheet).set_column(COLUMN, COLUMN, WIDTH)
    book.text(sheet, 0, COLUMN, "In this workbook", "section")
    for row, other in enumerate(book.workbook.worksheets(), 1):
        says = SHEETS.get(other.name, "the sessions, continued")
        book.link(sheet, row, COLUMN, f"internal:{quoted(other.name)}!A1", f"{other.name}: {says}", "link")


def to_sessions(blocks: Sequence[Block], sessions: pd.DataFrame, wanted: Iterable[int | None]) -> Links:
    """Where each of the sessions `wanted` stands; those that are not in the table are left out."""
    numbers = np.array(sorted({number for number in wanted if number is not None}), dtype=np.int64)
    places = pd.Index(sessions["session_id"].to_numpy(dtype=np.int64)).get_indexer(numbers)
    return {int(number): _row(blocks, int(place)) for number, place in zip(numbers, places, strict=True) if place >= 0}


def _row(blocks: Sequence[Block], place: int) -> str:
    block = next(block for block in blocks if place < block.stop)
    return f"internal:{quoted(block.sheet)}!A{block.first_row + place - block.start + 1}"
