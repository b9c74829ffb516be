"""The Reconciliation sheet: every figure live from the Sessions table, beside the job's own and their difference."""

from dataclasses import dataclass
from decimal import Decimal

from reports import checks as sums_of
from reports.wording import name_of

from . import checks, daily, pricing, statuses, totals
from .book import Book, SheetCell, Span, Sum, multiplied
from .checks import Check
from .daily import Daily
from .model import Tally, price_digits
from .page import set_up, totals_of, wide
from .pricing import SHEET, Pricing
from .ranges import SheetTable
from .statuses import Limits, ReplyRows, Statuses
from .totals import Totals

CHECKS = 16
FIRST_CHECK = 2


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums on other sheets that the checks need: formula and value."""

    lines: Sum
    totals: str  # squared differences between those of the Invoice sheet and those here
    untouched: Sum  # sessions whose status is the job's
    hosts: Sum
    changes: Sum | None  # where the document restates
    shares: tuple[Check, ...] = ()  # of cost centres, where there are any


@dataclass(frozen=True, slots=True)
class ReconciliationFigures:
    pricing: Pricing
    totals: Totals
    statuses: Statuses
    limits: Limits
    reply: ReplyRows
    daily: Daily

    @property
    def names(self) -> dict[str, SheetCell]:
        """The defined names of docs/rules.md §11.1, but `all_checks`."""
        counts = {f"{status.lower()}_count": cell for status, cell in self.statuses.counts.items()}
        return counts | {
            "session_count": self.statuses.rows,
            "included_sessions": self.limits.included,
            "included_used": self.limits.used,
            "overage_sessions": self.limits.overage,
            "net_total": self.totals.net,
            "tax_total": self.totals.tax,
            "grand_total": self.totals.total,
        }


def write(book: Book, table: SheetTable, counted: Tally) -> ReconciliationFigures:
    """Everything below the checks, which come last: they look at the other sheets too."""
    sheet = book.sheet(SHEET)
    set_up(book, SHEET)
    sheet.set_column(0, 0, pricing.WIDTH)
    sheet.set_column(1, 1, pricing.HOW)
    prices = wide(12, price_digits(book.document), (band.unit_price for band in book.document.bands))
    sheet.set_column(2, 2, max(prices, wide(12, book.document.digits, totals_of(book.document))))
    sheet.set_column(3, 7, wide(12, book.document.digits, totals_of(book.document)))
    book.text(SHEET, 0, 0, f"Reconciliation: {name_of(book.document)}", "title")
    sheet.freeze_panes(FIRST_CHECK + 1, 1)
    further = (bool(book.document.changes or book.document.already_issued), *[bool(book.document.allocation)] * 2)
    below = FIRST_CHECK + 2 + CHECKS + sum(further) + 1
    top = below + daily.CHART_ROWS
    status = statuses.write(book, top, table, counted)
    reply = statuses.write_reply(book, status.next_row + 1)
    priced = pricing.write(book, reply.next_row + 1, table, counted)
    limits = statuses.write_allowance(book, priced.next_row + 1, priced)
    summed = totals.write(book, limits.next_row + 1, priced)
    by_day = daily.write(book, summed.next_row + 1, table, counted, chart_at=(below, 0))
    sheet.set_h_pagebreaks([status.next_row + 1, summed.next_row + 1])
    return ReconciliationFigures(priced, summed, status, limits, reply, by_day)


def write_checks(book: Book, written: ReconciliationFigures, sums: Sums, charge: Sum) -> SheetCell:
    """The checks on top. `charge`: of all sessions. Gives the verdict's cell."""
    return checks.write(
        book, FIRST_CHECK, [*_counts(book, written, sums), *_money(book, written, sums, charge), *sums.shares]
    )


def _counts(book: Book, written: ReconciliationFigures, sums: Sums) -> list[Check]:
    status, reply, rows = written.statuses, written.reply, written.statuses.rows
    parts = "+".join(cell.local for cell in (rows, *reply.others))
    added = sum(int(cell.value) for cell in (rows, *reply.others))
    by_status = sum(int(cell.value) for cell in status.counts.values())
    bill = status.counts["BILL"]
    by_day = f"SUM({written.daily.counted.local})"
    return [
        Check(sums_of.ROWS, reply.received.local, reply.received.value, parts, added),
        Check(sums_of.STATUS_SUM, f"SUM({status.by_status.local})", by_status, rows.local, rows.value),
        Check(sums_of.HOST_SUM.format("Sessions counted"), *sums.hosts, rows.local, rows.value),
        Check(sums_of.DAY_SUM, by_day, written.daily.total, bill.local, bill.value),
        Check("Every session has the status that the job gave it", *sums.untouched, rows.local, rows.value),
        _same(book, "Sessions by status equal the job's", status.differences[0]),
        _same(book, "Minutes equal the job's", status.differences[1]),
        _same(book, "Unknown durations equal the job's", status.differences[2]),
        _same(book, "Allowance equals the job's", written.limits.differences),
    ]  # fmt: skip


def _money(book: Book, written: ReconciliationFigures, sums: Sums, charge: Sum) -> list[Check]:
    net, tax, total = written.totals.net, written.totals.tax, written.totals.total
    bands = [line for line in written.pricing.lines.values() if line.up_to is not None]
    priced = multiplied([line.quantity for line in bands], [line.price for line in bands])
    usage = sum((Decimal(line.quantity.value) * Decimal(line.price.value) for line in bands), Decimal(0))
    checked = [
        Check("Charges of the sessions add up to usage × price, before rounding", *charge, priced, usage, "money"),
        _same(book, "Quantities equal the job's", written.pricing.quantities_apart),
        _same(book, "Amounts equal the job's", written.pricing.column(pricing.DIFFERENCE)),
        _same(book, "Totals equal the job's", written.totals.differences),
        Check(sums_of.NET, *sums.lines, net.local, net.value, "money"),
        Check("Totals of the Invoice sheet are these", sums.totals, 0, "0", 0, "squares"),
        Check(sums_of.TOTAL, f"{net.local}+{tax.local}", Decimal(net.value) + Decimal(tax.value),
              total.local, total.value, "money"),
    ]  # fmt: skip
    if sums.changes is not None:
        checked.append(Check("Changes add up to net", *sums.changes, net.local, net.value, "money"))
    return checked


def _same(book: Book, label: str, span: Span) -> Check:
    """Σ of squared differences = 0: no two of them make up for each other, and text among them does no harm."""
    return Check(label, f"SUMSQ({span.local})", book.gap(span), "0", 0, "squares")
