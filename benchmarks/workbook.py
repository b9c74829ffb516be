"""One writer of workbooks, timed alone: `python -m benchmarks.workbook WRITER ROWS` prints its seconds.

All writers get the same made-up sessions, outside the time, in the shape each likes best, and each writes the same
twelve columns of cells. Ours alone adds everything else that a workbook of ours has. `floor` is no writer: it joins
the rows of our Sessions sheet, ready as XML, and deflates them, which nobody who writes that sheet can leave out.
"""

import re
import sys
import time
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pandas as pd

from reports.document import Document
from reports.formats.xlsx.stream import LEVEL

Writing = Callable[[], object]

WARM_UP_ROWS = 20


def ours(document: Document, sessions: pd.DataFrame) -> Writing:
    from reports.formats import xlsx

    return lambda: xlsx.render(document, sessions)


def to_excel(document: Document, sessions: pd.DataFrame) -> Writing:
    table = cells(document, sessions)
    return lambda: table.to_excel(BytesIO(), sheet_name="Sessions", index=False, engine="openpyxl")


def openpyxl_write_only(document: Document, sessions: pd.DataFrame) -> Writing:
    from openpyxl import Workbook

    header, rows = _plain(cells(document, sessions))

    def write() -> None:
        workbook = Workbook(write_only=True)
        sheet = workbook.create_sheet("Sessions")
        sheet.append(header)
        for row in rows:
            sheet.append(row)
        workbook.save(BytesIO())

    return write


def xlsxwriter_constant_memory(document: Document, sessions: pd.DataFrame) -> Writing:
    from xlsxwriter import Workbook

    header, rows = _plain(cells(document, sessions))

    def write() -> None:
        options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
        with Workbook(BytesIO(), options) as workbook:
            sheet = workbook.add_worksheet("Sessions")
            sheet.write_row(0, 0, header)
            for number, row in enumerate(rows, 1):
                sheet.write_row(number, 0, row)

    return write


def floor(document: Document, sessions: pd.DataFrame) -> Writing:
    from reports.formats import xlsx

    with ZipFile(BytesIO(xlsx.render(document, sessions))) as package:
        sheets = [package.read(name) for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
    rows = re.findall(rb"<row .*?</row>", max(sheets, key=len), re.DOTALL)
    return lambda: zlib.compress(b"".join(rows), LEVEL)


WRITERS: dict[str, Callable[[Document, pd.DataFrame], Writing]] = {
    "ours": ours,
    "to_excel": to_excel,
    "openpyxl-write-only": openpyxl_write_only,
    "xlsxwriter-constant-memory": xlsxwriter_constant_memory,
    "floor": floor,
}


def cells(document: Document, sessions: pd.DataFrame) -> pd.DataFrame:
    """The columns of our Sessions sheet, in types that every writer takes."""
    billable = sessions["billable_at"].dt
    return pd.DataFrame(
        {
            "Session": sessions["session_id"],
            "Billable at (UTC)": billable.tz_localize(None),
            "Billable at, local time": billable.tz_convert(document.timezone).dt.tz_localize(None),
            "Scheduled at (UTC)": sessions["scheduled_at"].dt.tz_localize(None),
            "Status": sessions["status"].astype(str),
            "Counts towards limit": (sessions["status"] == "BILL").map({True: "yes", False: "no"}),
            "Allowance": sessions["allowance"],
            "Charge": sessions["charge"].astype(float),
            "Minutes": sessions["minutes"],
            "Host": sessions["host"].astype(str),
            "Host ID": sessions["host_id"],
            "Part of month": sessions["part"],
        }
    )


def _plain(table: pd.DataFrame) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Header and rows, as Python's own values; None where there is none."""
    columns = [[None if pd.isna(value) else value for value in table[name].tolist()] for name in table]
    columns = [
        [value.to_pydatetime() if isinstance(value, pd.Timestamp) else value for value in column] for column in columns
    ]
    return list(table.columns), list(zip(*columns, strict=True))


def main(writer: str, rows: int) -> None:
    from tests.documents import sample

    WRITERS[writer](*sample(sessions=WARM_UP_ROWS))()  # what is imported on the way belongs to no writer
    write = WRITERS[writer](*sample(sessions=rows))
    start = time.perf_counter()
    write()
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
