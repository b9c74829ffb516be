"""The Sessions sheets of a usage report: an Excel table, one row a session."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import pandas as pd

from reports.formats.xlsx.book import Sheets
from reports.formats.xlsx.ranges import Block
from reports.formats.xlsx.rows import EXACT_UP_TO
from reports.formats.xlsx.sessions_sheet import NAMES, head
from reports.usage import UsageReport

EARLIEST = datetime(1900, 3, 1)  # noqa: DTZ001  # spreadsheets know no zones, and no dates before this day for sure

Values = list[int | str | datetime | None]


@dataclass(frozen=True, slots=True)
class Column:
    key: str  # as formulas name it
    head: str
    width: int
    looks: tuple[str, ...]
    values: Callable[[pd.DataFrame], Values]


def columns(report: UsageReport) -> list[Column]:
    """The table's columns."""
    instant = ("instant",)
    shown = [
        Column("session", "Session", 12, ("id",), partial(_known, "session_id")),
        Column("billable_at", "Billable at (UTC)", 24, instant, partial(_instants, "billable_at", "UTC")),
        Column("status", "Status", 9, ("center",), partial(_known, "status")),
        Column("counts", "Counts towards an allowance", 14, ("center",), _counts),
        Column("minutes", "Minutes", 10, ("count",), partial(_known, "minutes")),
        Column("host", "Host", 34, ("indent",), partial(_known, "host")),
        Column("host_id", "Host ID", 12, ("id",), partial(_known, "host_id")),
        Column("scheduled_at", "Scheduled at (UTC)", 24, instant, partial(_instants, "scheduled_at", "UTC")),
    ]
    if report.timezone != "UTC":
        title = f"Billable at, local time ({report.timezone})"
        shown.insert(2, Column("local", title, 24, instant, partial(_instants, "billable_at", report.timezone)))
    if report.participants == "full":
        for key in ("participants", "note"):
            shown += [Column(key, key.capitalize(), 40, ("indent",), partial(_known, key))]
    return shown


def header_rows(report: UsageReport) -> int:
    """One row, or two where a line above the table says that it holds names."""
    return 2 if report.participants == "full" else 1


def write(book: Sheets, report: UsageReport, block: Block, sessions: pd.DataFrame) -> None:
    """The whole sheet of one block. `sessions` are the block's."""
    sheet, shown, top = book.sheet(block.sheet), columns(report), block.first_row - 1
    if top:
        book.text(block.sheet, 0, 0, NAMES, "section")
    for number, column in enumerate(shown):
        sheet.set_column(number, number, column.width)
    sheet.set_row(top, 32)
    sheet.add_table(
        top, 0, block.last_row, len(shown) - 1,
        {
            "name": block.table,
            "style": "Table Style Light 9",
            "columns": [head(book, column.head, column.looks) for column in shown],
            "title": "Sessions of the report",
            "description": "One row for each session, by time; names of columns in the first row",
        },
    )  # fmt: skip
    for number, column in enumerate(shown):
        for row, value in enumerate(column.values(sessions), block.first_row):
            _write(book, (block.sheet, row, number), value, column.looks)
    sheet.freeze_panes(block.first_row, 1)


def _write(
    book: Sheets, place: tuple[str, int, int], value: int | str | datetime | None, looks: tuple[str, ...]
) -> None:
    """A whole number too long for a cell, and an instant too early for one, are text; a missing value is no cell."""
    sheet, row, column = place
    match value:
        case str():
            book.text(*place, value, *looks)
        case int() if value <= EXACT_UP_TO:
            book.constant(*place, value, *looks)
        case datetime() if value >= EARLIEST:
            book.sheet(sheet).write_datetime(row, column, value, book.style(*looks))
        case int() | datetime():
            book.text(*place, str(value), *looks)


def _known(column: str, sessions: pd.DataFrame) -> Values:
    values = sessions[column].astype(object)
    return list(values.where(sessions[column].notna(), None).tolist())


def _counts(sessions: pd.DataFrame) -> Values:
    return ["yes" if status == "BILL" else f"no ({status})" for status in sessions["status"].tolist()]


def _instants(column: str, zone: str, sessions: pd.DataFrame) -> Values:
    """Cut to milliseconds: what a cell keeps without crossing midnight."""
    instants = sessions[column].dt.tz_convert(zone).dt.tz_localize(None).dt.floor("ms")
    return [None if pd.isna(instant) else instant.to_pydatetime() for instant in instants]
