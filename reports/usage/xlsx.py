"""A usage report as a workbook: Usage, whose figures are live over the Sessions table; Sessions; Findings."""

from io import BytesIO

import pandas as pd

from reports.formats.xlsx import findings_sheet
from reports.formats.xlsx.book import Sheets
from reports.formats.xlsx.page import Print, lay_out
from reports.formats.xlsx.ranges import SHEET_ROWS, Table, blocks
from reports.formats.xlsx.sessions_sheet import NAMES
from reports.formats.xlsx.stream import finish
from reports.text import shown
from reports.usage import _sessions_sheet, _usage_sheet
from reports.usage.report import UsageReport

ONE_PAGE = 16  # months and hosts: more of them would be too small to read on one


def render(report: UsageReport, sessions: pd.DataFrame, sheet_rows: int = SHEET_ROWS) -> bytes:
    """The .xlsx package. `sheet_rows`: how many rows a sheet holds."""
    package = BytesIO()
    book = Sheets(package)
    columns = _sessions_sheet.columns(report)
    table = Table(
        blocks(len(sessions), _sessions_sheet.header_rows(report), sheet_rows), [column.key for column in columns]
    )
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
        _sessions_sheet.write(book, report, block)
    lay_out(book, findings_sheet.SHEET, printed, landscape=True, repeat=3)
    findings_sheet.fill(book, report.findings, "too many to be listed")
    _describe(book, report)
    book.workbook.close()
    paths = {sheet.get_name(): f"xl/worksheets/sheet{n}.xml" for n, sheet in enumerate(book.workbook.worksheets(), 1)}
    splices = _sessions_sheet.splices(report, table.blocks, sessions, paths)
    return finish(package.getvalue(), splices, book.workbook.str_table.string_array, report.locale.replace("_", "-"))


def _describe(book: Sheets, report: UsageReport) -> None:
    names = f" — {NAMES}" if report.participants == "full" else ""
    book.workbook.set_properties(
        {
            "title": shown(f"Usage report, not an invoice: {report.about}, {report.period}{names}", 255),
            "subject": f"SecureVideo usage of {report.period}",
            "author": shown(report.issuer, 255),
            "company": shown(report.issuer, 255),
            "category": "Usage report",
            "comments": f"Made by securevideo-billing {report.program_version}",
            "created": report.fetched_at.replace(tzinfo=None),
        }
    )
    book.workbook.set_size(1800 * 15, 1100 * 15)
