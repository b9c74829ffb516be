"""The month's pricing, live: every fee, licence and band of usage, priced from the Sessions table."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from reports.document import Band, Document, Line, Part

from .book import Book, SheetCell, Span
from .model import Tally, decimals, half_up, rounding
from .ranges import SheetTable

SHEET = "Reconciliation"
HEADS = (
    "Line", "Part · tier", "Usage (live)", "Above", "Up to", "Quantity (live)", "Quantity (job)", "Unit price",
    "Days", "Days of month", "Amount (live)", "Amount (job)", "Difference",
)  # fmt: skip
AMOUNT, DIFFERENCE = 10, 12
WIDTH = 42  # of the first column
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
    first_row: int  # of the lines, from 0
    next_row: int

    def column(self, column: int) -> Span:
        """A column of the table; a month without any line still has one, empty."""
        return Span(SHEET, column, self.first_row, max(self.first_row, self.next_row - 1))

    def sessions(self, *, included: bool) -> list[Priced]:
        """The bands of sessions within the allowance, or those beyond."""
        return [
            line for (_, meter, tier), line in self.lines.items() if meter == "sessions" and included == (tier == 0)
        ]


def write(book: Book, row: int, table: SheetTable, counted: Tally) -> Pricing:
    """The table from `row` on."""
    document = book.document
    book.text(SHEET, row, 0, f"Pricing of the month, {document.currency}", "section")
    book.heads(SHEET, row + 1, HEADS, 2)
    book.sheet(SHEET).set_row(row + 1, 32)
    own = {(line.part, line.meter, line.tier): line for line in document.month_lines}
    lines: dict[Key, Priced] = {}
    first = at = row + 2
    for part in document.parts:
        entries: list[Line | Band] = [line for line in document.month_lines if line.part == part.number]
        fixed = [line for line in entries if isinstance(line, Line) and line.meter in ("fee", "hosts")]
        for line in fixed:
            lines[part.number, line.meter, line.tier] = _fixed(book, at, line, part)
            at += 1
        for band in (band for band in document.bands if band.part == part.number):
            key = (part.number, band.meter, band.tier)
            lines[key] = _band(book, at, band, own.get(key), _usage(band, table, counted))
            at += 1
    return Pricing(lines, first, at)


def _fixed(book: Book, row: int, line: Line, part: Part) -> Priced:
    """A fee or licences: constants of the plan, pro-rated by days."""
    digits = book.document.digits
    _name(book, row, line.description)
    book.text(SHEET, row, 1, f"part {part.number}", "row")
    quantity = book.constant(SHEET, row, 5, line.quantity, "count", "row")
    book.constant(SHEET, row, 6, line.quantity, "count", "job", "row")
    price = book.constant(SHEET, row, 7, line.unit_price, "price", "row")
    days = book.constant(SHEET, row, 8, part.days, "count", "row")
    of_month = book.constant(SHEET, row, 9, part.days_of_month, "count", "row")
    product = f"{quantity.local}*{price.local}*{days.local}/{of_month.local}"
    needed = digits if part.days == part.days_of_month else digits + 6
    value = half_up(Fraction(line.quantity) * Fraction(line.unit_price) * part.days / part.days_of_month, digits)
    amount = book.versus((SHEET, row, AMOUNT), rounding(product, digits, needed), value, line.amount, "money")
    _blanks(book, row, (2, 3, 4))
    return Priced(quantity, amount, price, None, line.quantity, line.amount)


def _band(book: Book, row: int, band: Band, line: Line | None, usage: tuple[int, str]) -> Priced:
    """A band of usage: quantity = MAX(0, MIN(usage, up to) - above)."""
    digits = book.document.digits
    name = f"{'Included' if band.tier == 0 else 'Overage'} {band.meter}"
    _name(book, row, line.description if line else f"{name} (not reached)")
    book.text(SHEET, row, 1, f"part {band.part}" + (f" · tier {band.tier}" if band.tier else ""), "row")
    used, formula = usage
    live = book.live(SHEET, row, 2, formula, used, "count", "row")
    above = book.constant(SHEET, row, 3, band.above, "count", "row")
    top = book.constant(SHEET, row, 4, "no limit" if band.up_to is None else band.up_to, "count", "row")
    least = live.local if band.up_to is None else f"MIN({live.local},{top.local})"
    priced = max(0, (used if band.up_to is None else min(used, band.up_to)) - band.above)
    quantity = book.live(SHEET, row, 5, f"MAX(0,{least}-{above.local})", priced, "count", "row")
    book.constant(SHEET, row, 6, band.quantity, "count", "job", "row")
    price = book.constant(SHEET, row, 7, band.unit_price, "price", "row")
    amount = book.versus(
        (SHEET, row, AMOUNT),
        rounding(f"{quantity.local}*{price.local}", digits, decimals(band.unit_price)),
        half_up(priced * Fraction(band.unit_price), digits),
        line.amount if line else Decimal(0),
        "money",
    )
    _blanks(book, row, (8, 9))
    return Priced(quantity, amount, price, top, Decimal(band.quantity), line.amount if line else Decimal(0))


def _name(book: Book, row: int, text: str) -> None:
    """A line's description, whole: those of a split month are long."""
    book.text(SHEET, row, 0, text, "row", "wrap")
    book.height(SHEET, row, (text, WIDTH))


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
