"""The whole workbook: the order of its sheets, its names and properties."""

import msgspec
import pandas as pd

from reports.document import Document
from reports.presentable import in_known_zone
from reports.session_centres import centres_of
from reports.wording import name_of

from . import (
    about_sheet,
    allocation_sheet,
    columns,
    findings_sheet,
    hand_edits,
    hosts_sheet,
    invoice_sheet,
    links,
    reconciliation_sheet,
    restatement_sheet,
    sessions_sheet,
    trend_sheet,
)
from .book import Book
from .model import tally
from .page import set_up
from .ranges import SHEET_ROWS, SheetTable, blocks
from .reconciliation_sheet import Sums
from .stream import packed
from .styles import BLUE, GREEN, GREY, ORANGE, VERMILLION


def build(document: Document, sessions: pd.DataFrame, sheet_rows: int = SHEET_ROWS) -> bytes:
    """The .xlsx package: the same bytes for the same document and sessions.

    `sheet_rows`: how many rows a sheet holds.
    """
    document = in_known_zone(document)  # the locale decides nothing here
    book = Book(document)
    allocation = document.allocation
    if allocation is not msgspec.UNSET:
        sessions = sessions.assign(centre=centres_of(sessions, allocation.assigned))
    shown = columns.of_document(document)
    layout = blocks(len(sessions), sessions_sheet.header_rows(shown), sheet_rows)
    table = SheetTable(layout, [column.name for column in shown])
    restated = bool(document.changes or document.already_issued)
    for name in _order(document, table, restated=restated):
        book.sheet(name)
    counted = tally(sessions)
    written = reconciliation_sheet.write(book, table, counted)
    spread = (
        None
        if allocation is msgspec.UNSET
        else allocation_sheet.write(book, allocation, table, written.totals, sessions)
    )
    named = [*(one.session_id for one in document.findings), *(one.session_id for one in document.changes)]
    places = links.to_sessions(table.blocks, sessions, named)
    invoice = invoice_sheet.write(book, written.pricing, written.totals)
    sums = Sums(
        lines=invoice.lines,
        totals=invoice.apart,
        untouched=(hand_edits.untouched(table), counted.rows),
        hosts=hosts_sheet.write(book, table, counted),
        changes=restatement_sheet.write(book, places) if restated else None,
        shares=spread.checks if spread else (),
    )
    verdict = reconciliation_sheet.write_checks(book, written, sums, (table.sum("charge"), counted.charge))
    for block in table.blocks:
        note = sessions_sheet.NAMES if columns.names_people(shown) else ""
        set_up(book, block.sheet, note, landscape=True, repeat=block.first_row)
        description = f"One row for each session of {document.month}, by time; names of columns in the first row"
        sessions_sheet.write(book, block, shown, title="Sessions of the month", description=description)
        hand_edits.open_statuses(book, block, table)
    findings_sheet.write(book, places)
    if len(document.trend) >= trend_sheet.LEAST:
        trend_sheet.write(book)
    about_sheet.write(book)
    _colour_tabs(book)
    links.contents(book, invoice_sheet.SHEET)
    hand_edits.guard(book, verdict, [invoice.line, *hand_edits.beside(table)])
    book.define(written.names | (spread.names if spread else {}) | {"all_checks": verdict})
    _describe(book)
    return packed(book, sessions_sheet.splices(table.blocks, shown, sessions, book.paths()), document.locale)


def _order(document: Document, table: SheetTable, *, restated: bool) -> list[str]:
    names = ["Invoice", "Reconciliation", *(block.sheet for block in table.blocks), "Hosts", "Findings"]
    names[2:2] = ["Allocation"] * bool(document.allocation)
    names += ["Restatement"] * restated + ["Trend"] * (len(document.trend) >= trend_sheet.LEAST)
    return [*names, "About"]


def _colour_tabs(book: Book) -> None:
    """The document, its proof, what needs a person; the rest is grey."""
    severities = {finding.severity for finding in book.document.findings}
    found = VERMILLION if "blocking" in severities else ORANGE if "warning" in severities else GREY
    colours = {"Invoice": BLUE, "Reconciliation": GREEN, "Findings": found, "Restatement": ORANGE}
    for sheet in book.workbook.worksheets():
        sheet.set_tab_color(colours.get(sheet.name, GREY))


def _describe(book: Book) -> None:
    document = book.document
    names = f" — {sessions_sheet.NAMES}" if document.participants == "full" else ""
    book.describe(
        title=name_of(document) + names,
        subject=f"SecureVideo usage of {document.month}",
        author=document.issuer.name,
        category="Final" if document.final else "Draft",
        program_version=document.program_version,
        created=document.snapshot.fetched_at,
    )
