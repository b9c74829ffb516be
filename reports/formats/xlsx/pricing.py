"""The month's pricing, live: every fee, licence and band of usage, priced from the Sessions table."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from reports.document import Band, Document, Line, Part

from .book import Book, SheetCell, Span
from .model import Tally, decimals, half_up, rounding
from .ranges import SheetTable

SHEET = "Reconciliation"
QUANTITIES = (
    "Line", "Part · tier", "Usage (live)", "Above", "Up to", "Quantity (live)", "Quantity (job)", "Difference",
)  # fmt: skip
AMOUNTS = (
    "Line", "Part · tier", "Unit price", "Days", "Days of month", "Amount (live)", "Amount (job)", "Difference",
)  # fmt: skip
QUANTITY, AMOUNT, DIFFERENCE = 5, 5, 7  # columns of the one table and the other
WIDTH, HOW = 34, 26  # of the first two columns
Key = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Priced:
    """A line of the month: its live quantity and amount, and beside them the job's."""

    quantity: SheetCell
    amount: SheetCell
    price: SheetCell
    up_to: SheetCell | None  # of a band
    job_quantity: Decimal
    job_amount: Decimal


@dataclass(frozen=True, slots=True)
class Pricing:
    lines: dict[Key, Priced]  # by (part, meter, tier)
    quantities_row: int  # first of the quantities, from 0
    first_row: int  # of the amounts
    next_row: int

    def column(self, column: int) -> Span:
        """A column of the amounts; a month without any line still has one, empty."""
        return Span(SHEET, column, self.first_row, max(self.first_row, self.next_row - 1))

    @property
    def quantities_apart(self) -> Span:
        """The differences of the quantities."""
        first = self.quantities_row
        return Span(SHEET, DIFFERENCE, first, first + max(0, self.next_row - self.first_row - 1))

    def sessions(self, *, included: bool) -> list[Priced]:
        """The bands of sessions within the allowance, or those beyond."""
        return [
            line for (_, meter, tier), line in self.lines.items() if meter == "sessions" and included == (tier == 0)
        ]


def write(book: Book, row: int, table: SheetTable, counted: Tally) -> Pricing:
    """Both tables from `row` on: what is charged for, and what it costs."""
    document = book.document
    entries = list(_entries(document))
    _heads(book, row, "What is charged for", QUANTITIES)
    first = row + 2
    amounts = first + max(1, len(entries)) + 3
    _heads(book, amounts - 2, f"Pricing of the month, {document.currency}", AMOUNTS)
    own = {(line.part, line.meter, line.tier): line for line in document.month_lines}
    lines: dict[Key, Priced] = {}
    for offset, (part, entry) in enumerate(entries):
        key, rows = (part.number, entry.meter, entry.tier), (first + offset, amounts + offset)
        if isinstance(entry, Line):
            lines[key] = _fixed(book, rows, entry, part)
        else:
            lines[key] = _band(book, rows, entry, own.get(key), _usage(entry, table, counted))
    return Pricing(lines, first, amounts, amounts + len(entries))


def _entries(document: Document) -> Iterator[tuple[Part, Line | Band]]:
    """Fees, licences and bands of usage, a part of the month at a time."""
    for part in document.parts:
        fixed = (line for line in document.month_lines if line.part == part.number and line.meter in ("fee", "hosts"))
        bands = (band for band in document.bands if band.part == part.number)
        yield from ((part, line) for line in fixed)
        yield from ((part, band) for band in bands)


def _heads(book: Book, row: int, title: str, heads: tuple[str, ...]) -> None:
    book.titled(SHEET, row, title, heads, 2)


def _fixed(book: Book, rows: tuple[int, int], line: Line, part: Part) -> Priced:
    """A fee or licences: constants of the plan, pro-rated by days."""
    digits = book.document.digits
    for row in rows:
        labelled(book, row, line.description, f"part {part.number}")
    quantity = book.constant(SHEET, rows[0], QUANTITY, line.quantity, "count", "row")
    book.constant(SHEET, rows[0], QUANTITY + 1, line.quantity, "count", "job", "row")
    _blanks(book, rows[0], (2, 3, 4, DIFFERENCE))
    price = book.constant(SHEET, rows[1], 2, line.unit_price, "price", "row")
    days = book.constant(SHEET, rows[1], 3, part.days, "count", "row")
    of_month = book.constant(SHEET, rows[1], 4, part.days_of_month, "count", "row")
    product = f"{quantity.local}*{price.local}*{days.local}/{of_month.local}"
    needed = digits if part.days == part.days_of_month else digits + 6
    value = half_up(Fraction(line.quantity) * Fraction(line.unit_price) * part.days / part.days_of_month, digits)
    amount = book.versus((SHEET, rows[1], AMOUNT), rounding(product, digits, needed), value, line.amount, "money")
    return Priced(quantity, amount, price, None, line.quantity, line.amount)


def _band(book: Book, rows: tuple[int, int], band: Band, line: Line | None, usage: tuple[int, str]) -> Priced:
    """A band of usage: quantity = MAX(0, MIN(usage, up to) - above)."""
    digits, row = book.document.digits, rows[0]
    name = f"{'Included' if band.tier == 0 else 'Overage'} {band.meter}"
    for at in rows:
        part = f"part {band.part}" + (f" · tier {band.tier}" if band.tier else "")
        labelled(book, at, line.description if line else f"{name} (not reached)", part)
    used, formula = usage
    live = book.live(SHEET, row, 2, formula, used, "count", "row")
    above = book.constant(SHEET, row, 3, band.above, "count", "row")
    top = book.constant(SHEET, row, 4, "no limit" if band.up_to is None else band.up_to, "count", "row")
    least = live.local if band.up_to is None else f"MIN({live.local},{top.local})"
    priced = max(0, (used if band.up_to is None else min(used, band.up_to)) - band.above)
    reached = f"MAX(0,{least}-{above.local})"
    quantity = book.versus((SHEET, row, QUANTITY), reached, priced, band.quantity, "count")
    price = book.constant(SHEET, rows[1], 2, band.unit_price, "price", "row")
    amount = book.versus(
        (SHEET, rows[1], AMOUNT),
        rounding(f"{quantity.local}*{price.local}", digits, decimals(band.unit_price)),
        half_up(priced * Fraction(band.unit_price), digits),
        line.amount if line else Decimal(0),
        "money",
    )
    _blanks(book, rows[1], (3, 4))
    return Priced(quantity, amount, price, top, Decimal(band.quantity), line.amount if line else Decimal(0))


def labelled(book: Book, row: int, name: str, how: str, *looks: str) -> None:
    """The two columns of words, whole: descriptions of a split month are long."""
    book.texts(SHEET, row, 0, (name, how), "row", "wrap", *looks)
    book.height(SHEET, row, (name, WIDTH + 5), (how, HOW + 5))


def _usage(band: Band, table: SheetTable, counted: Tally) -> tuple[int, str]:
    """The usage of a band's meter in its part, as a value and as a formula over the Sessions table."""
    key, criteria = (band.part, "BILL"), {"part": str(band.part), "status": '"BILL"'}
    match band.meter:
        case "sessions":
            return counted.sessions.get(key, 0), table.count(**criteria)
        case "minutes":
            return counted.minutes.get(key, 0), table.sum("minutes", **criteria)
    raise ValueError(f"the workbook knows no meter {band.meter!r}: say here which column it counts")


def _blanks(book: Book, row: int, columns: tuple[int, ...]) -> None:
    for column in columns:
        book.sheet(SHEET).write_blank(row, column, None, book.style("row"))


def tax_of(document: Document, net: SheetCell, rate: SheetCell) -> tuple[str, Decimal]:
    """The tax on `net`: its formula and value."""
    digits = document.digits
    needed = digits + decimals(document.tax_rate) + 2
    formula = rounding(f"{net.local}*{rate.local}/100", digits, needed)
    return formula, half_up(Fraction(Decimal(net.value)) * Fraction(document.tax_rate) / 100, digits)
