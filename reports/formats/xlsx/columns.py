"""The columns of the Sessions table, of a document's and of a usage report's: each one's head, look and cells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import pandas as pd

from reports.document import Document
from reports.usage.report import UsageReport

from . import rows
from .model import price_digits
from .page import wide
from .rows import Cells, Style

PEOPLE = ("Participants", "Note")  # the heads of the columns that may hold names of patients


@dataclass(frozen=True, slots=True)
class Column:
    name: str  # as formulas call it
    head: str
    width: int
    styles: tuple[str, ...]
    cells: Callable[[pd.DataFrame, Style], Cells]

    @property
    def names_people(self) -> bool:
        return self.head in PEOPLE


def of_document(document: Document) -> list[Column]:
    """The columns of every document, then the optional ones."""
    shown = [
        _numbers("session", "Session", 12, "id", repeats=False, of="session_id"),
        _instants("billable_at", "Billable at (UTC)"),
        _instants("local", f"Billable at, local time ({document.timezone})", document.timezone, of="billable_at"),
        _instants("scheduled_at", "Scheduled at (UTC)"),
        _categories("status", "Status", 9, "center", "unlocked"),
        Column("counts", "Counts towards limit", 12, ("center",), _counts),
        Column("allowance", "Allowance", 19, ("indent",), lambda of, style: rows.own_texts(of["allowance"], style)),
        _categories("charge", f"Charge ({document.currency})", _charge_width(document), "price"),
        _numbers("minutes", "Minutes", 10, "count"),
        _categories("host", "Host", 34, "indent"),
        _numbers("host_id", "Host ID", 10, "id"),
        _numbers("part", "Part of month", 9, "center"),
    ]
    if document.allocation:
        shown.append(_categories("centre", "Cost centre", 24, "indent"))
    if document.events:
        title = "Minutes estimated from webhook events (never charged)"
        shown.append(_numbers("estimated_minutes", title, 18, "count"))
    return shown + _people(document.participants)


def _charge_width(document: Document) -> int:
    return wide(13, price_digits(document), (band.unit_price for band in document.bands))


def of_statement(document: Document) -> list[Column]:
    """Of one cost centre's sessions: never a participant."""
    chosen = ("session", "billable_at", "status", "allowance", "charge", "minutes", "host", "host_id")
    return [column for column in of_document(document) if column.name in chosen]


def laid_out_once(columns: Sequence[Column], whole: pd.DataFrame) -> list[Column]:
    """`columns` for frames that are stretches of `whole`, by its index from 0: their cells are laid out together."""

    def once(column: Column) -> Column:
        cells_of_all = cache(lambda style: column.cells(whole, style))

        def cells(stretch: pd.DataFrame, style: Style) -> Cells:
            start, of_all = int(stretch.index[0]) if len(stretch) else 0, cells_of_all(style)
            return lambda rows: of_all(slice(start + rows.start, start + rows.stop))

        return replace(column, cells=cells)

    return [once(column) for column in columns]


def of_usage(report: UsageReport) -> list[Column]:
    local = f"Billable at, local time ({report.timezone})"
    return [
        _numbers("session", "Session", 12, "id", repeats=False, of="session_id"),
        _instants("billable_at", "Billable at (UTC)"),
        *([_instants("local", local, report.timezone, of="billable_at")] if report.timezone != "UTC" else []),
        _categories("status", "Status", 9, "center"),
        Column("counts", "Counts towards an allowance", 14, ("center",), _counts),
        _numbers("minutes", "Minutes", 10, "count"),
        _categories("host", "Host", 34, "indent"),
        _numbers("host_id", "Host ID", 12, "id"),
        _instants("scheduled_at", "Scheduled at (UTC)"),
        *_people(report.participants),
    ]


def names_people(columns: Sequence[Column]) -> bool:
    return any(column.names_people for column in columns)


def _numbers(name: str, head: str, width: int, style: str, *, repeats: bool = True, of: str = "") -> Column:
    cells = rows.repeated_numbers if repeats else rows.numbers
    return Column(name, head, width, (style,), lambda sessions, own: cells(sessions[of or name], own))


def _categories(name: str, head: str, width: int, *styles: str) -> Column:
    return Column(name, head, width, styles, lambda sessions, own: rows.categories(sessions[name], own))


def _instants(name: str, head: str, zone: str = "UTC", *, of: str = "") -> Column:
    def cells(sessions: pd.DataFrame, style: Style) -> Cells:
        return rows.instants(sessions[of or name].dt.tz_convert(zone).dt.tz_localize(None), style)

    return Column(name, head, 24, ("instant",), cells)


def _counts(sessions: pd.DataFrame, style: Style) -> Cells:
    return rows.categories(sessions["status"].cat.rename_categories(counts_towards_limit), style)


def counts_towards_limit(status: str) -> str:
    return "yes" if status == "BILL" else f"no ({status})"


def _people(participants: str) -> list[Column]:
    def column(head: str) -> Column:
        name = head.lower()
        return Column(name, head, 40, ("indent",), lambda sessions, style: rows.texts(sessions[name], style))

    return [column(head) for head in PEOPLE] if participants == "full" else []
