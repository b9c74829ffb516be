"""Net, tax and total, live: of the month, and on an adjustment of the document itself."""

from dataclasses import dataclass
from decimal import Decimal

from reports.wording import name_of, title_of

from .book import Book, SheetCell, Span
from .pricing import AMOUNT, SHEET, Pricing, labelled, tax_of

COLUMNS = ("Live", "Job's own", "Difference")


@dataclass(frozen=True, slots=True)
class Totals:
    """The document's own totals. `differences` spans all differences to the job's."""

    net: SheetCell
    tax: SheetCell
    total: SheetCell
    rate: SheetCell
    differences: Span
    next_row: int


def write(book: Book, row: int, pricing: Pricing) -> Totals:
    document = book.document
    book.text(SHEET, row, 0, f"Totals, {document.currency}", "section")
    book.heads(SHEET, row + 1, ("Total", "How", *COLUMNS), 2)
    rate = book.constant(SHEET, row + 2, 2, document.tax_rate, "percent", "row")
    labelled(book, row + 2, f"Rate of {document.tax_name}", "a constant")
    first = row + 3
    net_value = sum((Decimal(line.amount.value) for line in pricing.lines.values()), Decimal(0))
    own = (document.month_net, document.month_tax, document.month_total)
    net_formula = f"ROUND(SUM({pricing.column(AMOUNT).local}),{document.digits})"
    net = _total(book, first, ("Net of the month", "sum of the amounts above"), (net_formula, net_value), own[0])
    label = f"{document.tax_name} of the month"
    tax = _total(book, first + 1, (label, "net × rate, rounded once"), tax_of(document, net, rate), own[1])
    total_formula = f"ROUND({net.local}+{tax.local},{document.digits})"
    added = Decimal(net.value) + Decimal(tax.value)
    total = _total(book, first + 2, ("Total of the month", "net + tax"), (total_formula, added), own[2])
    at = first + 3
    if document.is_adjustment:
        net, tax, total, at = _adjustment(book, at + 1, (net, tax, total))
    return Totals(net, tax, total, rate, Span(SHEET, 4, first, at - 1), at)


def _total(book: Book, row: int, labels: tuple[str, str], live: tuple[str, Decimal], job: Decimal) -> SheetCell:
    labelled(book, row, *labels)
    return book.versus((SHEET, row, 2), *live, job, "money")


def _adjustment(
    book: Book, row: int, month: tuple[SheetCell, SheetCell, SheetCell]
) -> tuple[SheetCell, SheetCell, SheetCell, int]:
    """What was issued before, and this document: the month less all of that."""
    document = book.document
    book.heads(SHEET, row, ("Already issued", "On", "", "", "", "Net", "Tax", "Total"), 2)
    for offset, issued in enumerate(document.already_issued, 1):
        label = f"{title_of(issued.kind)} {issued.number or ''}".strip()
        book.texts(SHEET, row + offset, 0, (label, issued.issued_on.isoformat(), "", "", ""), "row")
        for column, amount in enumerate((issued.net, issued.tax, issued.total), 5):
            book.constant(SHEET, row + offset, column, amount, "money", "row")
    last = row + len(document.already_issued)
    before = [tuple(getattr(issued, part) for issued in document.already_issued) for part in ("net", "tax", "total")]
    own = (document.net, document.tax, document.total)
    book.heads(SHEET, last + 1, (f"This document: {name_of(document)}", "How", *COLUMNS), 2)
    cells = []
    for offset, (label, cell, letter, amounts, job) in enumerate(
        zip(("Net", document.tax_name, "Total"), month, "FGH", before, own, strict=True), 2
    ):
        formula = f"ROUND({cell.local}-SUM(${letter}${row + 2}:${letter}${last + 1}),{document.digits})"
        value = Decimal(cell.value) - sum(amounts, Decimal(0))
        cells.append(
            _total(book, last + offset, (f"{label} of this document", "month less issued"), (formula, value), job)
        )
    return cells[0], cells[1], cells[2], last + 5
