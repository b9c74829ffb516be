"""The Invoice sheet: one printed page, its figures drawn live from Reconciliation."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from textwrap import wrap

from reports.document import Document, Line
from reports.findings import blocking_findings
from reports.forecast import Forecast, explained, range_of
from reports.parties import Party
from reports.payment import balance, particulars
from reports.text import shown, so_many
from reports.wording import KINDS, UNNUMBERED, reason_of, why_draft

from . import payment_block
from .book import Book, SheetCell, Span, Sum, fitting
from .hand_edits import Place
from .model import decimals, price_digits
from .page import set_up, totals_of, wide
from .pricing import Pricing
from .totals import Totals

SHEET = "Invoice"
LAST = 3  # column
CORRECTS = "Corrects invoice"
NUMBER = re.compile("[A-Za-z0-9-]{1,80}")  # nothing else is ever made a file's name
PARAGRAPH = 900  # characters; About has the whole text
ONE_PAGE = 60  # lines: more of them would be too small to read on one


@dataclass(frozen=True, slots=True)
class Written:
    """What other sheets need of it."""

    lines: Sum  # of the lines
    apart: str  # Σ of the squared differences between the totals shown and those of Reconciliation: a formula
    line: Place  # of the line on a hand edit


def write(book: Book, pricing: Pricing, totals: Totals) -> Written:
    """The whole sheet."""
    document = book.document
    sheet = book.sheet(SHEET)
    set_up(book, SHEET, one=len(document.lines) <= ONE_PAGE)
    book.widths(SHEET, *_widths(document))
    top = _heading(book)
    row = _parties(book, payment_block.logo(book, SHEET, top), totals)
    if reason := reason_of(document):
        row = _prose(book, row + 1, [f"Reason: {reason}."], "bold")
    row, lines = _lines(book, row + 1, pricing)
    sums = _totals(book, row, totals)
    row += len(sums)
    row = _prose(book, row + 1, _terms(document), "bold")
    row = payment_block.write(book, SHEET, row + 1, totals.total) if document.issuer.payment else row
    if document.forecast:
        row = _prose(book, row + 1, _ahead(document, document.forecast))
    book.text(SHEET, row + 1, 0, "Rules and sources", "box", "bold")
    _fill(book, row + 1)
    for rule in (*document.rules, *_sources(document)):
        row = _prose(book, row + 2, [f"• {rule}"], "box", hang="  ") - 2
    if document.issuer.footer:
        row = _prose(book, row + 3, [document.issuer.footer], "note") - 2
    sheet.print_area(0, 0, row + 1, LAST)
    value = sum((Decimal(cell.value) for cell in lines), Decimal(0))
    span = Span(SHEET, 3, lines[0].row, lines[-1].row) if lines else None
    apart = ",".join(f"{cell.ref}-{whole.ref}" for cell, whole in sums)
    lined = f"SUM({span.ref})" if span else "0", value
    return Written(lined, f"SUMSQ({apart})", Place(SHEET, top - 1, 0, LAST))


def _widths(document: Document) -> tuple[int, int, int, int]:
    """Of the columns, in characters."""
    price = wide(15, price_digits(document), (line.unit_price for line in document.lines))
    amounts = (line.amount for line in document.lines)
    total = wide(12, document.digits, (*totals_of(document), *amounts)) + 8  # it is larger, and has the currency
    return 50, 15, price, total


def _heading(book: Book) -> int:
    document = book.document
    row = 0
    if not document.final:
        book.text(SHEET, row, 0, "DRAFT", "draft")
        why = why_draft(document, date.isoformat, "{:,}".format)
        book.text(SHEET, row + 1, 0, f"Not final: no number, nothing to pay yet. {why}", "note")
        book.sheet(SHEET).set_row(row, 48)
        row = 2
        if alert := _alert(document):
            book.text(SHEET, row, 0, alert, "blocking")
            row += 1
    kind = KINDS[document.kind]
    says = kind.band.format(corrects=document.corrects or UNNUMBERED)
    band = ["band"] if says else []
    book.text(SHEET, row, 0, kind.title.upper(), "title", *band)
    book.sheet(SHEET).set_row(row, 30)
    if says:
        book.text(SHEET, row + 1, 0, says, *band)
        for place in (row, row + 1):
            _fill(book, place, *band)
        row += 1
    return row + 2


def _alert(document: Document) -> str:
    """What keeps the document from being issued; empty where nothing does."""
    found = blocking_findings(document.findings, "{:,}".format)
    return f"■ {found}: to be resolved before this can be issued. See the sheet Findings." if found else ""


def _parties(book: Book, row: int, totals: Totals) -> int:
    """Issuer and bill-to on the left, number and dates on the right."""
    document = book.document
    left = [("From", "note"), *_address(document.issuer), ("", ""), ("Bill to", "note"), *_address(document.bill_to)]
    wanted = (f"{label} {value}" for label, value in particulars(document))
    left += [(line, "") for text in wanted for line in wrap(shown(text, 300), 52)]
    for offset, (line, look) in enumerate(left):
        if line:
            book.text(SHEET, row + offset, 0, line, "left", *([look] if look else []))
    for offset, (label, value) in enumerate(_facts(document)):
        book.text(SHEET, row + offset, 1, label, "note")
        if isinstance(value, date):
            book.sheet(SHEET).write_datetime(row + offset, LAST, value, book.style("date", "right"))
        elif isinstance(value, Decimal):
            book.constant(SHEET, row + offset, LAST, value, "money")
        elif label == CORRECTS and "xlsx" in document.files and NUMBER.fullmatch(value):
            book.link(SHEET, row + offset, LAST, f"external:{value}.xlsx", value, "right", "link")
        else:
            book.text(SHEET, row + offset, LAST, value, "right", *(["bold"] if label == "Number" else []))
    at = row + len(_facts(document))
    if document.is_adjustment:
        _balance(book, at, totals)
    return max(row + len(left), at + 1)


def _balance(book: Book, row: int, totals: Totals) -> None:
    """What the month comes to with this document and all that was issued before."""
    document = book.document
    issued = document.month_total - document.total
    formula = f"ROUND({_literal(issued)}+{totals.total.ref},{document.digits})"
    book.text(SHEET, row, 1, "New balance", "bold")
    book.live(SHEET, row, LAST, formula, Decimal(totals.total.value) + issued, "money", "bold")


def _address(party: Party) -> list[tuple[str, str]]:
    """The lines of an address with their looks; what is too long goes on in the next line."""
    tax_id = f"Tax ID {party.tax_id}" if party.tax_id else ""
    name = [(line, "bold") for line in wrap(shown(party.name, 300), 46)]
    rest = [line for text in (*party.address, party.email, tax_id) for line in wrap(shown(text, 300), 52)]
    return [*name, *((line, "") for line in rest)]


def _facts(document: Document) -> list[tuple[str, str | date | Decimal]]:
    first = date.fromisoformat(f"{document.month}-01")
    last = first.replace(day=len(document.daily))
    facts: list[tuple[str, str | date | Decimal]] = [
        ("Number", document.number or ("none" if document.final else "none (draft)"))
    ]
    if document.corrects:
        facts.append((CORRECTS, document.corrects))
        original = next((one for one in document.already_issued if one.number == document.corrects), None)
        if original:
            facts += [("Its date of issue", original.issued_on), ("Its total", original.total)]
    if document.issued_on:
        facts.append(("Date of issue", document.issued_on))
    if document.due_on:
        facts.append(("Due", document.due_on))
    facts += [("Service month", document.month), ("First day (UTC)", first), ("Last day (UTC)", last)]
    return [*facts, ("Account", document.account), ("Currency", document.currency)]


def _lines(book: Book, row: int, pricing: Pricing) -> tuple[int, list[SheetCell]]:
    document = book.document
    book.heads(SHEET, row, ("Description", "Quantity", "Unit price", f"Amount ({document.currency})"), 1)
    book.sheet(SHEET).set_row(row, 20)
    amounts = [_line(book, row + offset, line, pricing) for offset, line in enumerate(document.lines, 1)]
    if not amounts:
        book.text(SHEET, row + 1, 0, "No amount changes." if document.is_adjustment else "Nothing to charge.", "row")
    return row + 1 + max(1, len(amounts)), amounts


def _line(book: Book, row: int, line: Line, pricing: Pricing) -> SheetCell:
    """A line; on an adjustment the month's live line less the quantity and amount already issued."""
    document = book.document
    book.height(SHEET, row, (line.description, 50), line=16)
    priced = pricing.lines.get((line.part, line.meter, line.tier))
    if priced is None:
        book.text(SHEET, row, 0, line.description, "row", "wrap", "top")
        book.constant(SHEET, row, 2, line.unit_price, "price", "row", "top")
        book.constant(SHEET, row, 1, line.quantity, "quantity", "row", "top")
        return book.constant(SHEET, row, LAST, line.amount, "money", "row", "top")
    target = f"internal:{priced.amount.ref}".replace("$", "")
    book.link(SHEET, row, 0, target, line.description, "way", "row", "wrap", "top")
    book.live(SHEET, row, 2, priced.price.ref, priced.price.value, "price", "row", "top")
    quantity, amount = priced.quantity.ref, priced.amount.ref
    issued = (Decimal(0), Decimal(0))
    if document.is_adjustment:
        issued = (priced.job_quantity - line.quantity, priced.job_amount - line.amount)
        quantity = f"{quantity}-{_literal(issued[0])}"
        amount = f"ROUND({amount}-{_literal(issued[1])},{document.digits})"
    book.live(SHEET, row, 1, quantity, Decimal(priced.quantity.value) - issued[0], "quantity", "row", "top")
    return book.live(SHEET, row, LAST, amount, Decimal(priced.amount.value) - issued[1], "money", "row", "top")


def _literal(number: Decimal) -> str:
    return f"({fitting(number):f})" if number < 0 else format(Decimal(fitting(number)), "f")


def _totals(book: Book, row: int, totals: Totals) -> list[tuple[SheetCell, SheetCell]]:
    """Net, tax where there is one, and total. Gives each with the cell of Reconciliation that it shows."""
    document = book.document
    rate = Decimal(fitting(document.tax_rate))
    tax = f"{document.tax_name} {rate:.{decimals(rate)}f}%"
    taxed = [(tax, totals.tax, "bold", "money")] if document.is_taxed else []
    entries = [("Net", totals.net, "sum", "money"), *taxed, ("Total", totals.total, "grand", "total")]
    cells = []
    for offset, (label, cell, look, money) in enumerate(entries):
        book.sheet(SHEET).set_row(row + offset, 19)
        book.text(SHEET, row + offset, 1, label, look)
        book.text(SHEET, row + offset, 2, "", look)
        cells.append((book.live(SHEET, row + offset, LAST, cell.ref, cell.value, look, money), cell))
    return cells


def _terms(document: Document) -> list[str]:
    kind = document.kind
    if not document.final:
        return ["This is a draft. Nothing is due on it."]
    if kind == "credit_note":
        return [f"This credit note reduces what is owed on invoice {document.corrects}. {_left(document)}"]
    if kind == "restatement":
        return [f"This restatement of invoice {document.corrects} changes no amount. Nothing is due on it."]
    due = f", by {document.due_on.isoformat()}" if document.due_on else ""
    more = f" It adds to invoice {document.corrects}. {_left(document)}" if kind == "supplementary_invoice" else ""
    return [f"Payment is due within {so_many(document.payment_days, 'day')} of the date of issue{due}.{more}"]


def _left(document: Document) -> str:
    return balance(document, f"{document.currency} {document.month_total:,.{document.digits}f}")


def _ahead(document: Document, forecast: Forecast) -> list[str]:
    """Where the month is heading."""
    counted = so_many(forecast.used, "counted session", "{:,}".format)
    gone = f"After {forecast.elapsed_days} of {forecast.days} days: {counted}"
    if document.allowance.included is not None:
        gone += f", {document.allowance.used:,} of {document.allowance.included:,} included ones used"
    if forecast.net_projected is None:
        return [f"{gone}.", explained(forecast)]
    net = f"{document.currency} {forecast.net_projected:,.{document.digits}f}"
    return [f"{gone}; about {range_of(forecast, '{:,}'.format)} at the end, about {net} net.", explained(forecast)]


def _sources(document: Document) -> tuple[str, ...]:
    fetched, rows = document.snapshot.fetched_at, document.rows
    received = (
        f"{so_many(rows.received, 'row', '{:,}'.format)} received, {so_many(rows.counted, 'session', '{:,}'.format)}"
    )
    return (
        f"Source: SecureVideo's session history as of {fetched:%Y-%m-%d %H:%M:%S} UTC, {received}.",
        f"Made by securevideo-billing {document.program_version}. To trace a figure see Reconciliation and About.",
    )


def _prose(book: Book, row: int, paragraphs: list[str], *looks: str, hang: str = "") -> int:
    """Text over the whole width, a row a line: no merged cells. Gives the next free row."""
    width = sum(_widths(book.document)) * 108 // 100  # characters of small print across the page
    for paragraph in paragraphs:
        text = shown(paragraph, PARAGRAPH)
        for line in wrap(text, width, subsequent_indent=hang, break_on_hyphens=False) or [""]:  # dates stay whole
            book.text(SHEET, row, 0, line, *looks)
            if "box" in looks:
                _fill(book, row)
            row += 1
    return row


def _fill(book: Book, row: int, look: str = "box") -> None:
    for column in range(1, LAST + 1):
        book.sheet(SHEET).write_blank(row, column, None, book.style(look))
