"""Counted sessions by day against the allowance: a live table and its chart."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from xlsxwriter.chart import Chart

from reports.document import Document, Part
from reports.forecast import PartForecast

from .book import Book, SheetCell, Span
from .model import Tally
from .pricing import SHEET
from .ranges import SheetTable
from .styles import BLUE, ORANGE, VERMILLION

HEADS = ("Day (UTC)", "", "Counted (live)", "Counted (job)", "Difference", "Running count", "Allowance")
RUNNING, LIMIT, PACE = 5, 6, 7  # columns; the last where the document has a forecast
ALLOWANCE = HEADS[LIMIT]
CHART_ROWS = 17


@dataclass(frozen=True, slots=True)
class Daily:
    counted: Span  # the live counts
    total: int
    next_row: int


def write(book: Book, row: int, table: SheetTable, counted: Tally, chart_at: tuple[int, int]) -> Daily:
    """The table from `row` on, its chart at `chart_at`."""
    document = book.document
    title = "Counted sessions by day; the running count starts anew with each part"
    book.titled(SHEET, row, title, (*HEADS, "At this pace (estimate)") if document.forecast else HEADS, 2)
    year, month = map(int, document.month.split("-"))
    sheet, first = book.sheet(SHEET), row + 2
    running: SheetCell | None = None
    for index, job in enumerate(document.daily):
        day, at = date(year, month, index + 1), first + index
        sheet.write_datetime(at, 0, day, book.style("date", "row"))
        sheet.write_blank(at, 1, None, book.style("row"))
        formula = table.count_on_day(f"$A${at + 1}", '"BILL"')
        live = book.versus((SHEET, at, 2), formula, counted.day.get(index + 1, 0), job, "count")
        part = next((part for part in document.parts if part.first <= day <= part.last), None)
        running = _running(book, at, live, None if part and day == part.first else running)
        limit = part.included("sessions") if part else None
        if limit is not None:
            book.constant(SHEET, at, 6, limit, "count", "row")
        if part and document.forecast:
            _pace(book, at, (day - part.first).days + 1, document.forecast.parts[part.number - 1], part.days)
    last = first + len(document.daily) - 1
    sheet.insert_chart(*chart_at, _chart(book, first, last), _placing(document.parts))
    total = sum(counted.day.get(index + 1, 0) for index in range(len(document.daily)))
    return Daily(Span(SHEET, 2, first, last), total, last + 1)


def _running(book: Book, row: int, live: SheetCell, before: SheetCell | None) -> SheetCell:
    if before is None:
        return book.live(SHEET, row, 5, live.local, live.value, "count", "row")
    value = int(before.value) + int(live.value)
    return book.live(SHEET, row, 5, f"{before.local}+{live.local}", value, "count", "row")


def _pace(book: Book, row: int, day: int, ahead: PartForecast, days: int) -> None:
    """The line from what is used, on the last whole day, to what is projected."""
    if ahead.projected is None or not _is_projected(ahead, days) or day < ahead.elapsed_days:
        return
    rest = Decimal(day - ahead.elapsed_days) / Decimal(days - ahead.elapsed_days)
    book.constant(SHEET, row, PACE, round(ahead.used + (ahead.projected - ahead.used) * rest, 1), "pace", "row")


def _is_projected(ahead: PartForecast, days: int) -> bool:
    return ahead.projected is not None and 0 < ahead.elapsed_days < days


def _placing(parts: tuple[Part, ...]) -> dict[str, object]:
    limits = [part.included("sessions") for part in parts if part.included("sessions") is not None]
    against = f" against the allowance of {' and '.join(map(str, limits))}" if limits else ""
    return {
        "description": f"Line chart: running count of counted sessions by day of the month{against}.",
        "x_offset": 2,
        "y_offset": 4,
        "object_position": 2,
    }


def _chart(book: Book, first: int, last: int) -> Chart:
    """A line for each part of the month: the count starts anew, and so does the line."""
    chart = book.workbook.add_chart({"type": "scatter", "subtype": "straight"})
    document, names = book.document, []
    for part in document.parts:
        rows = first + part.first.day - 1, first + part.last.day - 1
        for name, column, (top, bottom), line in _lines(document, part, rows, first):
            marker = {"type": "circle", "size": 5} if top == bottom else {"type": "none"}
            chart.add_series(
                {"name": name, "categories": [SHEET, top, 0, bottom, 0], "values": [SHEET, top, column, bottom, column],
                 "line": line, "marker": marker}
            )  # fmt: skip
            names.append(name)
    limited = ALLOWANCE in names
    title = "Counted sessions against the allowance" if limited else "Counted sessions, running count"
    chart.set_title({"name": title, "name_font": {"size": 12}, "overlay": False})
    begin = date.fromisoformat(f"{document.month}-01")
    month = {"min": begin, "max": begin.replace(day=last - first + 1)}
    days = {
        **month,
        "num_format": "d",
        "major_unit": 2,
        "name": f"Day of {document.month} (UTC)",
        "major_gridlines": {"visible": False},
    }
    chart.set_x_axis(days | {"name_font": {"size": 9, "bold": False}})
    chart.set_y_axis(
        {"min": 0, "num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}}
    )
    again = [place for place, name in enumerate(names) if name in names[:place]]
    chart.set_legend({"position": "bottom", "delete_series": again})
    chart.set_size({"width": 920, "height": 20 * CHART_ROWS - 30})
    return chart


def _lines(
    document: Document, part: Part, rows: tuple[int, int], first: int
) -> Iterator[tuple[str, int, tuple[int, int], dict[str, object]]]:
    """Name, column, rows and look of each of a part's lines."""
    forecast, (begin, end) = document.forecast, rows
    so_far = min(end, first + forecast.last_day - 1) if forecast else end  # later days have no sessions yet
    if so_far >= begin:
        yield "Counted sessions (running)", RUNNING, (begin, so_far), {"color": BLUE, "width": 2.25}
    if part.included("sessions") is not None:
        yield ALLOWANCE, LIMIT, rows, {"color": VERMILLION, "width": 2, "dash_type": "dash"}
    if forecast and _is_projected(ahead := forecast.parts[part.number - 1], part.days):
        look = {"color": ORANGE, "width": 2.25, "dash_type": "round_dot"}
        yield "At this pace (estimate)", PACE, (begin + ahead.elapsed_days - 1, end), look
