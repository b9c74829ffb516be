"""A usage report as a workbook: Usage, whose figures are live over the Sessions table; Sessions; Findings."""

import pandas as pd

from reports.formats.xlsx import findings_sheet, sessions_sheet
from reports.formats.xlsx.book import Sheets
from reports.formats.xlsx.columns import of_usage
from reports.formats.xlsx.page import Print, lay_out
from reports.formats.xlsx.ranges import SHEET_ROWS, SheetTable, blocks
from reports.formats.xlsx.sessions_sheet import NAMES
from reports.formats.xlsx.stream import packed
from reports.usage import _usage_sheet
from reports.usage.report import UsageReport

ONE_PAGE = 16  # months and hosts: more of them would be too small to read on one


def render(report: UsageReport, sessions: pd.DataFrame, sheet_rows: int = SHEET_ROWS) -> bytes:
    """The .xlsx package. `sheet_rows`: how many rows a sheet holds."""
    book = Sheets()
    shown = of_usage(report)
    spread = blocks(len(sessions), sessions_sheet.header_rows(shown), sheet_rows)
    table = SheetTable(spread, [column.name for column in shown])
    for name in (_usage_sheet.SHEET, *(block.sheet for block in table.blocks), findings_sheet.SHEET):
        book.sheet(name)
    printed = Print(
        report.paper, f"Usage report: {report.about}", "NOT AN INVOICE", f"{report.account} · {report.period}"
    )
    lay_out(book, _usage_sheet.SHEET, printed, landscape=True, one=len(report.months) + len(report.hosts) <= ONE_PAGE)
    book.define(_usage_sheet.write(book, report, table, sessions))
    for block in table.blocks:
        note = NAMES if report.participants == "full" else ""
        lay_out(book, block.sheet, printed, note, landscape=True, repeat=block.first_row)
        description = "One row for each session, by time; names of columns in the first row"
        sessions_sheet.write(book, block, shown, title="Sessions of the report", description=description)
    lay_out(book, findings_sheet.SHEET, printed, landscape=True, repeat=3)
    findings_sheet.fill(book, report.findings, "too many to be listed")
    _describe(book, report)
    return packed(book, sessions_sheet.splices(table.blocks, shown, sessions, book.paths()), report.locale)


def _describe(book: Sheets, report: UsageReport) -> None:
    names = f" — {NAMES}" if report.participants == "full" else ""
    book.describe(
        title=f"Usage report, not an invoice: {report.about}, {report.period}{names}",
        subject=f"SecureVideo usage of {report.period}",
        author=report.issuer,
        category="Usage report",
        program_version=report.program_version,
        created=report.fetched_at,
    )
