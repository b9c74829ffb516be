"""Counted sessions by day against the allowance: a live table and its chart."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from xlsxwriter.chart import Chart

from reports.document import Part
from reports.forecast import PartForecast

from .book import BLUE, ORANGE, VERMILLION, Book, SheetCell, Span
from .model import Tally
from .pricing import SHEET
from .ranges import SheetTable

HEADS = ("Day (UTC)", "", "Counted (live)", "Counted (job)", "Difference", "Running count", "Allowance")
PACE = 7  # column, where the document has a forecast


@dataclass(frozen=True, slots=True)
class Daily:
    counted: Span  # the live counts
    total: int
    next_row: int


def write(book: Book, row: int, table: SheetTable, counted: Tally, chart_at: tuple[int, int]) -> Daily:
    """The table from `row` on, its chart at `chart_at`."""
    document = book.document
    book.text(SHEET, row, 0, "Counted sessions by day; the running count starts anew with each part", "section")
    book.heads(SHEET, row + 1, (*HEADS, "At this pace (estimate)") if document.forecast else HEADS, 2)
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
    if ahead.projected is None or not 0 < ahead.elapsed_days < days or day < ahead.elapsed_days:
        return
    rest = Decimal(day - ahead.elapsed_days) / Decimal(days - ahead.elapsed_days)
    book.constant(SHEET, row, PACE, round(ahead.used + (ahead.projected - ahead.used) * rest, 1), "pace", "row")


def _placing(parts: tuple[Part, ...]) -> dict[str, object]:
    limits = [part.included("sessions") for part in parts if part.included("sessions") is not None]
    against = f" against the allowance of {' and '.join(map(str, limits))}" if limits else ""
    return {
        "description": f"Line chart: running count of counted sessions by day of the month{against}.",
        "x_offset": 12,
        "y_offset": 4,
        "object_position": 2,
    }


def _chart(book: Book, first: int, last: int) -> Chart:
    chart = book.workbook.add_chart({"type": "line"})
    days = [SHEET, first, 0, last, 0]
    forecast = book.document.forecast
    so_far = first + forecast.last_day - 1 if forecast else last  # later days have no sessions yet
    chart.add_series(
        {"name": "Counted sessions (running)", "categories": days, "values": [SHEET, first, 5, so_far, 5],
         "line": {"color": BLUE, "width": 2.25}}
    )  # fmt: skip
    limited = any(part.included("sessions") is not None for part in book.document.parts)
    if limited:
        chart.add_series(
            {"name": "Allowance", "categories": days, "values": [SHEET, first, 6, last, 6],
             "line": {"color": VERMILLION, "width": 2, "dash_type": "dash"}}
        )  # fmt: skip
    if forecast:
        chart.add_series(
            {"name": "At this pace (estimate)", "categories": days, "values": [SHEET, first, PACE, last, PACE],
             "line": {"color": ORANGE, "width": 2.25, "dash_type": "round_dot"}}
        )  # fmt: skip
    title = "Counted sessions against the allowance" if limited else "Counted sessions, running count"
    chart.set_title({"name": title, "name_font": {"size": 12}, "overlay": False})
    axis = {"num_format": "d", "interval_unit": 2, "name": f"Day of {book.document.month} (UTC)", "text_axis": True}
    chart.set_x_axis(axis | {"name_font": {"size": 9, "bold": False}})
    chart.set_y_axis(
        {"min": 0, "num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}}
    )
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 660, "height": 330})
    return chart
