"""The Sessions sheets of a usage report: an Excel table; its rows are streamed in later, as a document's are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
from xlsxwriter.utility import xl_range

from reports.formats.xlsx import rows
from reports.formats.xlsx.book import Sheets
from reports.formats.xlsx.ranges import Block
from reports.formats.xlsx.rows import Cells, Look
from reports.formats.xlsx.sessions_sheet import NAMES, head
from reports.formats.xlsx.stream import Splice
from reports.usage.report import UsageReport


@dataclass(frozen=True, slots=True)
class Column:
    key: str  # as formulas name it
    head: str
    width: int
    looks: tuple[str, ...]
    cells: Callable[[pd.DataFrame, Look], Cells]


def columns(report: UsageReport) -> list[Column]:
    """The table's columns."""
    instant, billable = ("instant",), partial(_instants, "billable_at")
    shown = [
        Column("session", "Session", 12, ("id",), lambda of, look: rows.numbers(of["session_id"], look)),
        Column("billable_at", "Billable at (UTC)", 24, instant, partial(billable, "UTC")),
        Column("status", "Status", 9, ("center",), lambda of, look: rows.categories(of["status"], look)),
        Column("counts", "Counts towards an allowance", 14, ("center",), _counts),
        Column("minutes", "Minutes", 10, ("count",), lambda of, look: rows.repeated_numbers(of["minutes"], look)),
        Column("host", "Host", 34, ("indent",), lambda of, look: rows.categories(of["host"], look)),
        Column("host_id", "Host ID", 12, ("id",), lambda of, look: rows.repeated_numbers(of["host_id"], look)),
        Column("scheduled_at", "Scheduled at (UTC)", 24, instant, partial(_instants, "scheduled_at", "UTC")),
    ]
    if report.timezone != "UTC":
        title = f"Billable at, local time ({report.timezone})"
        shown.insert(2, Column("local", title, 24, instant, partial(billable, report.timezone)))
    if report.participants == "full":
        for key in ("participants", "note"):
            shown += [Column(key, key.capitalize(), 40, ("indent",), partial(_texts, key))]
    return shown


def _instants(column: str, zone: str, sessions: pd.DataFrame, look: Look) -> Cells:
    return rows.instants(sessions[column].dt.tz_convert(zone).dt.tz_localize(None), look)


def _counts(sessions: pd.DataFrame, look: Look) -> Cells:
    return rows.categories(sessions["status"].cat.rename_categories(rows.counts_towards_limit), look)


def _texts(column: str, sessions: pd.DataFrame, look: Look) -> Cells:
    return rows.texts(sessions[column], look)


def header_rows(report: UsageReport) -> int:
    """One row, or two where a line above the table says that it holds names."""
    return 2 if report.participants == "full" else 1


def write(book: Sheets, report: UsageReport, block: Block) -> None:
    """The sheet of one block but its rows, with a template of their formats."""
    sheet, shown, top = book.sheet(block.sheet), columns(report), block.first_row - 1
    if top:
        book.text(block.sheet, 0, 0, NAMES, "section")
        sheet.print_area(0, 0, block.last_row, len(shown) - 1)  # a long note would shrink every page
    for number, column in enumerate(shown):
        sheet.set_column(number, number, column.width)
        sheet.write_blank(block.first_row, number, None, book.style(*column.looks))
        sheet.write_blank(block.first_row, len(shown) + number, None, book.style(*column.looks, "quote"))
    sheet.set_row(top, 32)
    sheet.add_table(
        top, 0, top + 1, len(shown) - 1,
        {
            "name": block.table,
            "style": "Table Style Light 9",
            "columns": [head(book, column.head, column.looks) for column in shown],
            "title": "Sessions of the report",
            "description": "One row for each session, by time; names of columns in the first row",
        },
    )  # fmt: skip
    sheet.freeze_panes(block.first_row, 1)


def splices(
    report: UsageReport, blocks: Sequence[Block], sessions: pd.DataFrame, paths: Mapping[str, str]
) -> list[Splice]:
    """What to stream into which sheet. `paths`: of each sheet within the package."""
    shown = columns(report)
    return [
        Splice(
            path=paths[block.sheet],
            template_row=block.first_row + 1,
            table=block.table,
            reference=xl_range(block.first_row - 1, 0, block.last_row, len(shown) - 1),
            rows=partial(_rows, sessions.iloc[block.start : block.stop], shown, block.first_row + 1),
            columns=len(shown),
        )
        for block in blocks
    ]


def _rows(
    sessions: pd.DataFrame, shown: Sequence[Column], first: int, styles: Sequence[tuple[int, int]]
) -> Iterator[bytes]:
    def cells(looks: Sequence[Look]) -> Iterator[Cells]:
        return (column.cells(sessions, look) for column, look in zip(shown, looks, strict=True))

    return rows.laid_out(len(sessions), styles, cells, first)
