"""A comparison of plans as a page: one HTML file. `page` makes every figure and text ready."""

from typing import Any

from reports.comparison.result import ASSUMPTIONS, Comparison
from reports.formats.html.table import Cell, Heading, Table, columns, name, number, row, table
from reports.locale import Locale, locale_named
from reports.templating import fill


def render(comparison: Comparison) -> bytes:
    """The page as UTF-8."""
    return fill("comparison.html.j2", page(comparison)).encode()


def page(comparison: Comparison) -> dict[str, Any]:
    """The template's variables."""
    shown = comparison.presentation
    locale = locale_named(shown.locale)
    return {
        "for_paper": False,
        "lang": locale.page_tag,
        "date_lang": locale.tag,
        "paper": {"A4": "A4", "Letter": "letter"}[shown.paper],
        "comparison": comparison,
        "window_title": f"Plans compared, {comparison.period}, {comparison.customer}",
        "program_version": shown.program_version,
        "verdict": comparison.verdict(),
        "facts": [
            ("Account", name(comparison.account)),
            ("Months", Cell(comparison.period)),
            ("Statuses as of", _instant(comparison, locale)),
        ],
        "nets": _nets(comparison, locale),
        "break_even": [one.in_words() for one in comparison.break_even],
        "assumptions": ASSUMPTIONS,
    }


def _instant(comparison: Comparison, locale: Locale) -> Cell:
    return Cell(locale.instant(comparison.as_of), time=comparison.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _nets(comparison: Comparison, locale: Locale) -> Table:
    priced, digits = (comparison.billed, *comparison.plans), comparison.digits
    rows = [
        row(
            Cell(locale.month(month), time=month),
            number(locale, comparison.sessions[index]),
            *(number(locale, one.net[index], digits) for one in priced),
            name(comparison.cheapest(index)),
        )
        for index, month in enumerate(comparison.months)
    ]
    foot = row(
        Cell("All"),
        number(locale, sum(comparison.sessions)),
        *(number(locale, one.total, digits) for one in priced),
        name(comparison.cheapest_overall.name),
        tone="total",
    )
    plans = tuple(Heading(one.name, number=True) for one in priced)
    made = table("nets", f"Net in {comparison.currency}, before tax", "Month", rows, foot=(foot,), wide=True)
    headings = (*columns("Month | #Counted sessions"), *plans, *columns("Cheapest plan"))
    return Table(made.id, made.caption, headings, made.groups, made.foot, made.note, made.wide)
