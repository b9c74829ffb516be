"""The Hosts sheet: sessions, minutes and charge by host, live as long as that stays quick."""

from decimal import Decimal

from reports.counts import HostUse
from reports.document import STATUSES

from .book import Book, Span
from .model import Tally, price_digits
from .page import set_up, totals_of, wide
from .ranges import SheetTable
from .rows import EXACT_UP_TO
from .styles import BLUE

SHEET = "Hosts"
LIVE_UP_TO = 5_000_000  # hosts × sessions: beyond, a recalculation would take minutes
FIRST = 4
WIDTH = 34  # of the names, in characters
ROW = ("row", "top")


def write(book: Book, table: SheetTable, counted: Tally) -> tuple[str, int]:
    """The sheet. Gives the sum of its sessions, as a formula for other sheets and as a value."""
    document, sheet = book.document, book.sheet(SHEET)
    live = is_live(document.hosts, counted.rows)
    set_up(book, SHEET, landscape=True, repeat=FIRST)
    sheet.set_column(0, 0, WIDTH)
    sheet.set_row(FIRST - 1, 32)
    sheet.set_column(1, 12, 13)
    sheet.set_column(8, 8, wide(13, price_digits(document), totals_of(document)))
    book.text(SHEET, 0, 0, "Sessions by host, most first", "title")
    note = "Counted live from the Sessions table." if live else "The job's own figures: too many to count live."
    book.text(SHEET, 2, 0, note, "note")
    charge = f"Charge ({document.currency})"
    heads = ["Host", "Host ID", "Sessions", *STATUSES, "Minutes", charge]
    heads += ["Job's sessions", "Difference"] if live else []
    figures = len(heads)
    listed = any(host.active is not None for host in document.hosts)
    heads += ["External ID", "Still a user"] if listed else []
    book.heads(SHEET, FIRST - 1, heads, 1)
    book.texts(SHEET, FIRST - 1, figures, heads[figures:], "head", "indent")
    for row, host in enumerate(document.hosts, FIRST):
        _host(book, row, host, table if live else None, counted)
        if listed:
            book.texts(
                SHEET, row, figures, (host.external_id, "yes" if host.active else "no, has left"), *ROW, "indent"
            )
    if not document.hosts:
        book.text(SHEET, FIRST, 0, "None: the month has no session.")
    sheet.freeze_panes(FIRST, 1)
    last = max(FIRST, FIRST + len(document.hosts) - 1)
    span = Span(SHEET, 2, FIRST, last)
    value = sum(_sessions(host, counted if live else None) for host in document.hosts)
    _sums(book, last + 1, last, value, counted if live else None)
    for column, colour in ((2, "#B3DCF5"), (8, "#F9F4B4")):
        bar = {"type": "data_bar", "bar_color": colour, "bar_solid": True, "data_bar_2010": True,
               "bar_border_color": BLUE, "min_type": "num", "min_value": 0}  # fmt: skip
        sheet.conditional_format(FIRST, column, last, column, bar)
    return f"SUM({span.ref})", value


def is_live(hosts: tuple[HostUse, ...], sessions: int) -> bool:
    """Whether a recalculation stays quick."""
    return len(hosts) * sessions <= LIVE_UP_TO


def _sessions(host: HostUse, counted: Tally | None) -> int:
    if counted is None:
        return sum(host.sessions.values())
    return sum(counted.hosts.get((host.host_id, status), 0) for status in STATUSES)


def _host(book: Book, row: int, host: HostUse, table: SheetTable | None, counted: Tally) -> None:
    book.text(SHEET, row, 0, host.name, *ROW, "wrap", "left")
    if len(host.name) * 2 > WIDTH:
        book.height(SHEET, row, (host.name, WIDTH))
    if host.host_id > EXACT_UP_TO:
        book.text(SHEET, row, 1, str(host.host_id), *ROW)
    else:
        book.constant(SHEET, row, 1, host.host_id, "id", *ROW)
    place = f"$B${row + 1}"
    if table is None:
        book.constant(SHEET, row, 2, _sessions(host, None), "count", *ROW)
        for column, status in enumerate(STATUSES, 3):
            book.constant(SHEET, row, column, host.sessions[status], "count", *ROW)
        book.constant(SHEET, row, 7, host.minutes, "count", *ROW)
        book.constant(SHEET, row, 8, host.charge, "price", *ROW)
        return
    exactly = host.host_id > EXACT_UP_TO  # formulas compare numbers by 15 digits: such an id is text
    count, total = (table.count_exactly, table.sum_exactly) if exactly else (table.count, table.sum)
    for column, status in enumerate(STATUSES, 3):
        formula = count(host_id=place, status=f'"{status}"')
        book.live(SHEET, row, column, formula, counted.hosts.get((host.host_id, status), 0), "count", *ROW)
    now, own = _sessions(host, counted), _sessions(host, None)
    live = book.live(SHEET, row, 2, count(host_id=place), now, "count", *ROW)
    job = book.constant(SHEET, row, 9, own, "count", "job", *ROW)
    book.live(SHEET, row, 10, f"{live.local}-{job.local}", now - own, "count", *ROW)
    minutes, charge = counted.host_minutes.get(host.host_id, 0), counted.host_charge.get(host.host_id, Decimal(0))
    book.live(SHEET, row, 7, total("minutes", host_id=place), minutes, "count", *ROW)
    book.live(SHEET, row, 8, total("charge", host_id=place), charge, "price", *ROW)


def _sums(book: Book, row: int, last: int, sessions: int, counted: Tally | None) -> None:
    hosts = book.document.hosts
    book.texts(SHEET, row, 0, ("All hosts", ""), "sum")
    amounts: list[int | Decimal] = [sessions]
    amounts += [
        sum(
            host.sessions[status] if counted is None else counted.hosts.get((host.host_id, status), 0) for host in hosts
        )
        for status in STATUSES
    ]
    amounts.append(
        sum(host.minutes if counted is None else counted.host_minutes.get(host.host_id, 0) for host in hosts)
    )
    charges = [host.charge if counted is None else counted.host_charge.get(host.host_id, Decimal(0)) for host in hosts]
    amounts.append(sum(charges, Decimal(0)))
    for column, amount in enumerate(amounts, 2):
        formula = f"SUM({Span(SHEET, column, FIRST, last).local})"
        book.live(SHEET, row, column, formula, amount, "sum", "price" if column == 8 else "count")
