"""A match as a workbook: Summary with the bridge, Sessions, Differences, Amounts, Columns, About."""

from functools import partial

import pandas as pd

from reports.formats.xlsx import rows, sessions_sheet
from reports.formats.xlsx.book import Sheets
from reports.formats.xlsx.columns import Column
from reports.formats.xlsx.page import Print, lay_out
from reports.formats.xlsx.ranges import SHEET_ROWS, blocks
from reports.formats.xlsx.rows import Cells, Style
from reports.formats.xlsx.stream import packed
from reports.formats.xlsx.styles import accounting
from reports.match import _sheets
from reports.match.result import Match
from reports.text import shown


def render(match: Match, sessions: pd.DataFrame, sheet_rows: int = SHEET_ROWS) -> bytes:
    """The .xlsx package. `sheet_rows`: how many rows a sheet holds."""
    money = {"money": accounting(match.digits), "total": accounting(match.digits, f'"{match.currency}"')}
    book = Sheets({look: {"num_format": code} for look, code in money.items()})
    tables, columns = blocks(len(sessions), 1, sheet_rows), _columns()
    others = (_sheets.DIFFERENCES, _sheets.AMOUNTS, _sheets.COLUMNS, _sheets.ABOUT)
    for name in (_sheets.SUMMARY, *(block.sheet for block in tables), *others):
        book.sheet(name)
    printed = Print(match.paper, f"Match {match.number} of the vendor's bill", "", f"{match.account} · {match.month}")
    lay_out(book, _sheets.SUMMARY, printed, landscape=True)
    for block in tables:
        lay_out(book, block.sheet, printed, landscape=True, repeat=1)
        description = "One row for each session, by number; names of columns in the first row"
        sessions_sheet.write(book, block, columns, title="Sessions of both sides", description=description)
    for name in others:
        lay_out(book, name, printed, landscape=True, repeat=3 * (name == _sheets.DIFFERENCES))
    book.define(_sheets.summary(book, match))
    for write in (_sheets.differences, _sheets.amounts, _sheets.columns, _sheets.about):
        write(book, match)
    _describe(book, match)
    return packed(book, sessions_sheet.splices(tables, columns, sessions, book.paths()), match.locale)


def _columns() -> list[Column]:
    return [
        Column("session", "Session", 14, ("id",), lambda of, look: rows.numbers(of["session_id"], look)),
        Column("code", "Code", 26, ("indent",), lambda of, look: rows.categories(of["code"], look)),
        Column("ours", "Ours", 10, ("center",), lambda of, look: rows.categories(of["ours"], look)),
        Column("theirs", "Theirs", 10, ("center",), lambda of, look: rows.categories(of["theirs"], look)),
        Column("our_minutes", "Our minutes", 12, ("count",), partial(_minutes, "our_minutes")),
        Column("their_minutes", "Their minutes", 12, ("count",), partial(_minutes, "their_minutes")),
        Column("billable_at", "Billable at (UTC)", 24, ("instant",), _instants),
    ]


def _minutes(column: str, sessions: pd.DataFrame, look: Style) -> Cells:
    return rows.repeated_numbers(sessions[column], look)


def _instants(sessions: pd.DataFrame, look: Style) -> Cells:
    return rows.instants(sessions["billable_at"].dt.tz_localize(None), look)


def _describe(book: Sheets, match: Match) -> None:
    book.workbook.set_properties(
        {
            "title": shown(f"Match {match.number} of the vendor's bill, {match.account}, {match.month}", 255),
            "subject": f"SecureVideo's bill for {match.month}",
            "author": shown(match.issuer, 255),
            "company": shown(match.issuer, 255),
            "category": "Match",
            "comments": f"Made by securevideo-billing {match.program_version}",
            "created": match.made_at.replace(tzinfo=None),
        }
    )
    book.workbook.set_size(1800, 1100)
