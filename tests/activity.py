"""Made-up activity files and invoices of the vendor, for tests of `match`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

HEADERS = ("Session ID", "Date", "Usage Description", "Status", "Minutes")
WORDING = {
    "BILL": "Counted Session",
    "SVCO": "Session with SecureVideo.com - does not count towards billable limits",
}
NAME = "Zqxjpatient"  # begins every name of a participant


def described(session_id: int, status: str | None = "BILL", name: str = f"{NAME} One") -> str:
    wording = "" if status is None else f" - {WORDING.get(status, status)}"
    return f"Aaron Johnson Session #{session_id} with {name}{wording}"


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of November 2016 as a cell has it: without a zone."""
    return datetime(2016, 11, day, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def line(session_id: int, status: str = "BILL", minutes: Any = 25, at: Any = None, **changes: Any) -> list[Any]:
    """A row under `HEADERS`."""
    when = local(3, 14, 46) if at is None else at
    cells = dict(zip(HEADERS, (session_id, when, described(session_id), status, minutes), strict=True))
    return list((cells | changes).values())


def write(
    path: Path,
    rows: Sequence[Sequence[Any]],
    *,
    headers: Sequence[str] = HEADERS,
    above: Sequence[Sequence[Any]] = (),
    others: Mapping[str, Sequence[Sequence[Any]]] | None = None,
    **options: Any,
) -> Path:
    """A workbook whose sheet "Session Usage" has `above`, `headers`, `rows`; `others`: more sheets."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": True, **options}) as book:
        day, length = book.add_format({"num_format": "m/d/yyyy h:mm"}), book.add_format({"num_format": "[h]:mm"})
        for name, lines in {**(others or {}), "Session Usage": [*above, headers, *rows]}.items():
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(lines):
                for column, cell in enumerate(cells):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(number, column, cell, day)
                    elif hasattr(cell, "total_seconds"):
                        sheet.write_datetime(number, column, cell, length)
                    elif cell is not None:
                        sheet.write(number, column, cell)
    return path


def invoice(path: Path, lines: Sequence[str], *, total: str, tax: str = "0.00", **changes: str) -> Path:
    """An invoice file; `lines` as they stand in it."""
    keys = {"number": "SV-88213", "date": "2016-12-03", "currency": "USD"} | changes
    text = [*(f"{key}: {value}" for key, value in keys.items()), "lines:", *(f"  - {one}" for one in lines)]
    path.write_text("\n".join([*text, f"tax: {tax}", f"total: {total}"]) + "\n")
    return path
