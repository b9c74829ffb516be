"""The whole workbook: the order of its sheets, its names and properties."""

from io import BytesIO

import pandas as pd

from reports.document import Document
from reports.presentable import in_known_zone
from reports.text import shown

from . import (
    about_sheet,
    findings_sheet,
    hosts_sheet,
    invoice_sheet,
    reconciliation_sheet,
    restatement_sheet,
    sessions_sheet,
    trend_sheet,
)
from .book import Book
from .model import tally
from .page import name_of
from .ranges import SHEET_ROWS, Table, blocks
from .reconciliation_sheet import Sums
from .stream import finish


def build(document: Document, sessions: pd.DataFrame, sheet_rows: int = SHEET_ROWS) -> bytes:
    """The .xlsx package: the same bytes for the same document and sessions.

    `sheet_rows`: how many rows a sheet holds.
    """
    document = in_known_zone(document)  # the locale decides nothing here
    package = BytesIO()
    book = Book(document, package)
    table = Table(blocks(len(sessions), sessions_sheet.header_rows(document), sheet_rows))
    restated = bool(document.changes or document.already_issued)
    for name in _order(document, table, restated=restated):
        book.sheet(name)
    counted = tally(sessions)
    written = reconciliation_sheet.write(book, table, counted)
    sums = Sums(
        lines=invoice_sheet.write(book, written.pricing, written.totals),
        hosts=hosts_sheet.write(book, table, counted),
        changes=restatement_sheet.write(book) if restated else None,
    )
    verdict = reconciliation_sheet.write_checks(book, written, sums, (table.sum("charge"), counted.charge))
    sessions_sheet.write(book, table)
    findings_sheet.write(book)
    if len(document.trend) >= trend_sheet.LEAST:
        trend_sheet.write(book)
    about_sheet.write(book)
    book.define(written.names | {"all_checks": verdict})
    return _finished(book, package, table, sessions)


def _order(document: Document, table: Table, *, restated: bool) -> list[str]:
    names = ["Invoice", "Reconciliation", *(block.sheet for block in table.blocks), "Hosts", "Findings"]
    names += ["Restatement"] * restated + ["Trend"] * (len(document.trend) >= trend_sheet.LEAST)
    return [*names, "About"]


def _finished(book: Book, package: BytesIO, table: Table, sessions: pd.DataFrame) -> bytes:
    document, workbook = book.document, book.workbook
    names = f" — {sessions_sheet.NAMES}" if document.participants == "full" else ""
    workbook.set_properties(
        {
            "title": shown(name_of(document) + names, 255),
            "subject": f"SecureVideo usage of {document.month}",
            "author": shown(document.issuer.name, 255),
            "company": shown(document.issuer.name, 255),
            "category": "Draft" if not document.final else "Final",
            "comments": f"Made by securevideo-billing {document.program_version}",
            "created": document.snapshot.fetched_at.replace(tzinfo=None),
        }
    )
    workbook.set_size(1800 * 15, 1100 * 15)
    workbook.close()
    paths = {
        sheet.get_name(): f"xl/worksheets/sheet{number}.xml" for number, sheet in enumerate(workbook.worksheets(), 1)
    }
    splices = sessions_sheet.splices(document, table, sessions, paths)
    language = document.locale.replace("_", "-")
    return finish(package.getvalue(), splices, workbook.str_table.string_array, language)
