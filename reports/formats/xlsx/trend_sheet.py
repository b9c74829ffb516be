"""The Trend sheet: the last months' sessions by status, allowance and total."""

from decimal import Decimal
from fractions import Fraction

from xlsxwriter.chart import Chart

from reports.document import STATUSES, Document

from .book import Book
from .model import half_up
from .page import set_up, wide
from .styles import BLUE, GREEN, ORANGE, SKY, VERMILLION

SHEET = "Trend"
LEAST, MOST = 3, 13  # months
CHANGE = 8  # column
FIRST = 4
COLOURS = dict(zip(STATUSES, (BLUE, SKY, ORANGE, "#CC79A7"), strict=True))


def write(book: Book) -> None:
    document, sheet = book.document, book.sheet(SHEET)
    set_up(book, SHEET, landscape=True)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 5, 12)
    sheet.set_column(6, 10, wide(15, document.digits, _amounts(document)))
    book.text(SHEET, 0, 0, "Trend", "title")
    note = "Earlier months as they were issued; this month as now computed. Year to date: since January."
    if any(month.included is None for month in document.trend):
        note += " No figure under Allowance: unlimited, or no allowance of sessions."
    if document.trend_without:
        note += f" Earlier months in {' and '.join(document.trend_without)} are not shown: amounts are not comparable."
    book.text(SHEET, 2, 0, note, "note")
    money = document.currency
    figures = ("Allowance", f"Net ({money})", f"Total ({money})", "Change on month before", "Change %", "Year to date")
    book.heads(SHEET, FIRST - 1, ("Month", *STATUSES, *figures), 1)
    sheet.set_row(FIRST - 1, 32)
    for row, month in enumerate(document.trend, FIRST):
        book.text(SHEET, row, 0, month.month, "row")
        for column, status in enumerate(STATUSES, 1):
            book.constant(SHEET, row, column, month.counts[status], "count", "row")
        book.constant(
            SHEET, row, 5, "" if month.included is None else month.included, "count", "row"
        )  # no text: 0 in a chart
        book.constant(SHEET, row, 6, month.net, "money", "row")
        book.constant(SHEET, row, 7, month.total, "money", "row")
        _change(book, row)
        _year_to_date(book, row)
    last = FIRST + len(document.trend) - 1
    months = f"{document.trend[0].month} to {document.trend[-1].month}"
    for column, chart, words in (
        (0, _sessions(book, last), f"Stacked columns: sessions by status, {months}, with the allowance as a line."),
        (5, _total(book, last), f"Columns: total of each month in {money}, {months}."),
    ):
        sheet.insert_chart(last + 2, column, chart, {"description": words, "x_offset": 4 + 40 * (column > 0)})


def _amounts(document: Document) -> list[Decimal]:
    return [month.total for month in document.trend] + [sum((month.total for month in document.trend), Decimal(0))]


def _change(book: Book, row: int) -> None:
    """The total beside that of the calendar month before, where that is in the row above."""
    now, before = (book.document.trend[max(0, row - FIRST - back)] for back in (0, 1))
    if now is before or _number(now.month) - _number(before.month) != 1:
        book.texts(SHEET, row, CHANGE, ("", ""), "row")
        return
    digits, change = book.document.digits, now.total - before.total
    book.live(SHEET, row, CHANGE, f"ROUND($H{row + 1}-$H{row},{digits})", change, "money", "row")
    if before.total:
        share = half_up(Fraction(change) / Fraction(before.total), 4)
        formula = f"ROUND($I{row + 1}/$H{row},4)"
        book.live(SHEET, row, CHANGE + 1, formula, share, "share", "row")
    else:
        book.text(SHEET, row, CHANGE + 1, "", "row")


def _year_to_date(book: Book, row: int) -> None:
    """The totals since January, where the table begins no later than that or with the first month there ever was."""
    trend = book.document.trend
    year = trend[row - FIRST].month[:4]
    first = next(place for place, month in enumerate(trend) if month.month.startswith(year))
    if first == 0 and len(trend) >= MOST and not trend[0].month.endswith("-01"):
        book.text(SHEET, row, CHANGE + 2, "", "row")
        return
    span = f"$H${FIRST + first + 1}:$H${row + 1}"
    total = sum((month.total for month in trend[first : row - FIRST + 1]), Decimal(0))
    book.live(SHEET, row, CHANGE + 2, f"ROUND(SUM({span}),{book.document.digits})", total, "money", "row")


def _number(month: str) -> int:
    """Of a month "2016-11", counted through."""
    return int(month[:4]) * 12 + int(month[5:])


def _sessions(book: Book, last: int) -> Chart:
    chart = book.workbook.add_chart({"type": "column", "subtype": "stacked"})
    months = [SHEET, FIRST, 0, last, 0]
    for column, status in enumerate(STATUSES, 1):
        chart.add_series(
            {"name": status, "categories": months, "values": [SHEET, FIRST, column, last, column],
             "fill": {"color": COLOURS[status]}, "gap": 60}
        )  # fmt: skip
    if any(month.included is not None for month in book.document.trend):
        line = book.workbook.add_chart({"type": "line"})
        line.add_series(
            {"name": "Allowance", "categories": months, "values": [SHEET, FIRST, 5, last, 5],
             "line": {"color": VERMILLION, "dash_type": "dash", "width": 2}}
        )  # fmt: skip
        chart.combine(line)
    return _finished(chart, "Sessions by status", "#,##0")


def _total(book: Book, last: int) -> Chart:
    chart = book.workbook.add_chart({"type": "column"})
    chart.add_series(
        {"name": f"Total ({book.document.currency})", "categories": [SHEET, FIRST, 0, last, 0],
         "values": [SHEET, FIRST, 7, last, 7], "fill": {"color": GREEN}, "gap": 60}
    )  # fmt: skip
    finished = _finished(chart, f"Total, {book.document.currency}", "#,##0")
    finished.set_legend({"none": True})
    return finished


def _finished(chart: Chart, title: str, number: str) -> Chart:
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_x_axis({"num_font": {"rotation": -45}, "text_axis": True})
    chart.set_y_axis({"num_format": number, "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 460, "height": 330})
    return chart
