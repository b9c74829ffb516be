"""A match as a page: one HTML file. `page` makes every figure and text ready; the template only places them."""

from typing import Any

import pandas as pd

from reports.formats.html import usage
from reports.formats.html.table import UNKNOWN, Cell, Row, Table, name, number, row, table
from reports.locale import Locale, locale_named
from reports.match._sheets import RULES, STEPS, particulars, sources
from reports.match.result import Item, Match, amount_of, bucket, in_sentences
from reports.templating import fill, frame
from reports.text import so_many


def render(match: Match, sessions: pd.DataFrame) -> bytes:  # noqa: ARG001  # the workbook lists them
    """The page as UTF-8."""
    return fill("match.html.j2", page(match)).encode()


def page(match: Match) -> dict[str, Any]:
    """The template's variables."""
    locale = locale_named(match.locale)
    return frame(locale, match.paper, match.program_version) | {
        "issuer": match.issuer,
        "match": match,
        "month": locale.month(match.month),
        "window_title": f"Match {match.number} of the vendor's bill, {match.month}, {match.customer}",
        "alert": _alert(match),
        "facts": [(label, name(text)) for label, text in particulars(match)],
        "figures": [
            ("Ours", number(locale, match.ours_total, match.digits, field="ours_total")),
            ("Theirs", number(locale, match.theirs_total, match.digits, field="theirs_total")),
            ("Difference", number(locale, match.difference, match.digits, field="difference")),
            ("Open", number(locale, match.open_items, field="open_items")),
        ],
        "bridge": _bridge(match, locale),
        "codes": _codes(match, locale),
        "items": _items(match, locale),
        "read": _read(match),
        "rules": RULES,
        "sources": sources(match),
    }


def _alert(match: Match) -> str:
    """In a sentence, what is open; empty where nothing is."""
    age = match.age
    if age is None:
        return ""
    return f"{so_many(match.open_items, 'difference')} open, {age} days old ({bucket(age)})"


def _money(match: Match, locale: Locale, amount: Any, field: str = "") -> Cell:
    return number(locale, amount, match.digits, field=field)


def _bridge(match: Match, locale: Locale) -> Table:
    steps = [row(Cell(one.step), Cell(STEPS[one.step]), _money(match, locale, one.amount)) for one in match.bridge]
    rows = [
        row(Cell("ours"), Cell("as issued, tax included"), _money(match, locale, match.ours_total)),
        *steps,
    ]
    foot = (
        row(Cell("theirs"), Cell(""), _money(match, locale, match.theirs_total), tone="total"),
        row(Cell("unexplained"), Cell("must be zero"), _money(match, locale, match.unexplained, "unexplained")),
    )
    headings = f"Step | What it is | #{match.currency}"
    return table("bridge", "Each step, and what is left unexplained", headings, rows, foot=foot, wide=True)


def _codes(match: Match, locale: Locale) -> Table:
    rows = []
    for code, of_code in match.by_code().items():
        figures = (len(of_code), sum(item.open for item in of_code), sum(item.count for item in of_code))
        amount = _money(match, locale, amount_of(of_code))
        rows.append(row(Cell(code), Cell(in_sentences(code)), *(number(locale, one) for one in figures), amount))
    headings = f"Code | What to do | #Differences | #Open | #Sessions | #{match.currency}"
    return table("codes", "By kind of difference", headings, rows, wide=True)


def _items(match: Match, locale: Locale) -> Table:
    said = {(note.code, note.session_id): note.reason for note in match.notes}
    rows = [
        _item(item, said.get((item.code, item.session_id), UNKNOWN), match, locale)
        for item in match.items[: usage.MOST]
    ]
    headings = f"Session | Code | Ours | Theirs | State | #Sessions | #{match.currency}"
    note = usage.more(len(match.items), usage.MOST, locale, f"{match.stem}.xlsx and {match.stem}.json")
    return table("items", "In the order of their kind", headings, rows, note=note, wide=True)


def _item(item: Item, said: str, match: Match, locale: Locale) -> Row:
    state = Cell("open", mark="■", tone="blocking") if item.open else Cell(said)
    sides = (name(item.ours or UNKNOWN), name(item.theirs or UNKNOWN))
    session = Cell(UNKNOWN if item.session_id is None else str(item.session_id))
    return row(session, Cell(item.code), *sides, state, number(locale, item.count), _money(match, locale, item.amount))


def _read(match: Match) -> Table | None:
    if match.sheet is None:
        return None
    rows = [row(Cell(one.role), Cell(one.letter), Cell(one.header or UNKNOWN)) for one in match.sheet.columns]
    caption = f"Sheet {match.sheet.name}, header in row {match.sheet.header_row}; times in {match.sheet.timezone}"
    return table("columns", caption, "Role | Column | Header", rows, note=" ".join(match.sheet.warnings))
