"""The tables of money: lines, what an adjustment is made of, plans and prices."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from reports.document import Band, Document, Line, Part
from reports.formats.html.table import UNKNOWN, Cell, Group, Row, Table, columns, day, name, number, row, table
from reports.formats.html.usage import more
from reports.locale import Locale
from reports.stored import meters_of
from reports.wording import title_of

CHANGES = {
    "status": "Status",
    "added": "Added",
    "removed": "Removed",
    "minutes": "Minutes",
    "host": "Host",
    "billable_at": "Billable at",
    "reordered": "Place",
    "rounding": "Rounding",
}


def lines(document: Document, locale: Locale) -> Table:
    """The document's own lines with net, tax and total: on an adjustment, differences."""
    digits = document.digits
    tax = f"{document.tax_name or 'Tax'} {locale.percent(document.tax_rate)}"
    feet = (
        ("Net", "net_total", document.net),
        (tax, "tax_total", document.tax),
        ("Total", "grand_total", document.total),
    )
    foot = tuple(
        Row((name(label), Cell(""), Cell(""), number(locale, amount, digits, field)),
            "total" if field == "grand_total" else "sum")
        for label, field, amount in feet
        if field != "tax_total" or document.is_taxed
    )  # fmt: skip
    caption = f"Amounts in {document.currency}"
    if document.is_adjustment:
        caption += ": differences to what is already issued for the month"
    return _lines("lines", caption, document.lines, document, locale, foot=foot)


def month_lines(document: Document, locale: Locale) -> Table:
    """The lines of the whole month as now computed, beside an adjustment."""
    feet = (("Net", document.month_net), ("Tax", document.month_tax), ("Total of the month", document.month_total))
    foot = tuple(
        Row((name(label), Cell(""), Cell(""), number(locale, amount, document.digits)), "sum")
        for label, amount in feet
        if label != "Tax" or document.is_taxed
    )
    caption = f"Amounts in {document.currency}: not what this document asks for"
    return _lines("month-lines", caption, document.month_lines, document, locale, foot=foot)


def _lines(
    key: str, caption: str, of: Iterable[Line], document: Document, locale: Locale, *, foot: tuple[Row, ...]
) -> Table:
    priced = tuple(of)
    several = len(document.parts) > 1
    groups = [
        Group(tuple(_line(line, document.digits, locale) for line in mine), _span(part, locale) if several else "")
        for part in document.parts
        if (mine := [line for line in priced if line.part == part.number])
    ]
    headings = columns("Description | #Quantity | #Unit price | #Amount")
    note = "" if priced else "No amount changes."
    return Table(key, caption, headings, tuple(groups), foot, note)


def _line(line: Line, digits: int, locale: Locale) -> Row:
    return row(
        name(line.description),
        number(locale, line.quantity),
        number(locale, line.unit_price, digits),
        number(locale, line.amount, digits),
    )


def _span(part: Part, locale: Locale) -> str:
    return f"{part.plan}, {locale.short_day(part.first)} to {locale.short_day(part.last)}"


def difference(document: Document, locale: Locale) -> Table:
    """How an adjustment comes about: the month as now computed, what is already issued, the difference."""

    def amounts(net: Decimal, tax: Decimal, total: Decimal) -> tuple[Cell, ...]:
        shown = (net, tax, total) if document.is_taxed else (net, total)
        return tuple(number(locale, amount, document.digits) for amount in shown)

    now = (document.month_net, document.month_tax, document.month_total)
    rows = [row(Cell("The month as now computed"), Cell(""), *amounts(*now))]
    rows += [
        row(
            name(f"less {title_of(issued.kind).lower()} {issued.number or ''}".rstrip()),
            day(issued.issued_on, locale),
            *amounts(issued.net, issued.tax, issued.total),
        )
        for issued in document.already_issued
    ]
    own = amounts(document.net, document.tax, document.total)
    foot = (row(Cell("This document"), Cell(""), *own, tone="total"),)
    caption = f"The month less everything already issued for it, in {document.currency}"
    headings = f"Step | Issued | #Net | {'#Tax | ' if document.is_taxed else ''}#Total"
    return table("difference", caption, headings, rows, foot=foot, wide=True)


def changes(document: Document, locale: Locale, see_also: str, most: int | None = None) -> Table:
    """The changes against the last issued state: every one, or the first `most`."""

    def cells(text: str | None) -> Cell:
        return name(UNKNOWN if text is None else text)

    rows = [
        row(
            Cell("All lines" if change.session_id is None else str(change.session_id)),
            Cell(CHANGES[change.kind]),
            cells(change.before),
            cells(change.after),
            name(change.why),
            number(locale, change.amount, document.digits),
        )
        for change in document.changes[:most]
    ]
    foot = (Row((Cell("Net"), *[Cell("")] * 4, number(locale, document.net, document.digits)), "sum"),)
    caption = f"Against the last issued state; amounts in {document.currency}, before tax"
    headings = "Session | What | Before | After | Why | #Amount"
    note = more(len(document.changes), len(rows), locale, see_also)
    return table("changes", caption, headings, rows, foot=foot, note=note, wide=True)


def movements(document: Document, locale: Locale) -> Table:
    """How many sessions went from which status to which."""
    rows = [
        row(Cell(before), Cell(after), number(locale, count))
        for before, targets in document.transitions.items()
        for after, count in targets.items()
        if count
    ]
    caption = f"Sessions by status before and after; {UNKNOWN}: not in the month"
    return table("movements", caption, "Before | After | #Sessions", rows)


def plans(document: Document, locale: Locale) -> Table:
    """The plan of each part of the month."""
    meters = meters_of(document.parts)

    def whole(value: int | None, *, metered: bool) -> Cell:
        return Cell(("unlimited" if metered else UNKNOWN) if value is None else locale.number(value), number=True)

    rows = [
        row(
            name(part.plan),
            day(part.plan_from, locale),
            Cell(f"{locale.short_day(part.first)} to {locale.short_day(part.last)}"),
            number(locale, part.monthly_fee, document.digits),
            *(whole(part.included(meter), metered=part.has(meter)) for meter in meters),
            Cell(UNKNOWN if part.hosts_licensed is None else _licences(part, locale), number=True),
        )
        for part in document.parts
    ]
    included = "".join(f"#{meter.capitalize()} incl. | " for meter in meters)
    headings = f"Plan | In force from | Days charged | #Monthly fee | {included}#Host licences"
    return table("plans", f"Prices in {document.currency}", headings, rows, wide=True)


def _licences(part: Part, locale: Locale) -> str:
    return f"{locale.number(part.hosts_licensed or 0)} ({locale.number(part.hosts_included or 0)} included)"


def prices(document: Document, locale: Locale) -> Table:
    """The bands of use and their prices, reached or not."""
    plan = {part.number: part.plan for part in document.parts}
    rows = [
        row(
            name(plan[band.part]),
            Cell(f"{band.meter.capitalize()}, {_reach(band, locale.number)}"),
            number(locale, band.unit_price, document.digits),
            number(locale, band.quantity),
        )
        for band in document.bands
    ]
    caption = f"Price of one session or minute in {document.currency}, exact"
    return table("prices", caption, "Plan | Use | #Unit price | #Used", rows)


def _reach(band: Band, written: Callable[[int], str]) -> str:
    if band.up_to is None:
        return f"above {written(band.above)}" if band.above else "all"
    return f"above {written(band.above)} up to {written(band.up_to)}" if band.above else f"up to {written(band.up_to)}"
