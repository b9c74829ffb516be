"""A comparison of plans as a page: one HTML file. `page` makes every figure and text ready."""

from typing import Any

from reports.comparison.result import ASSUMPTIONS, Comparison
from reports.formats.html.table import Cell, Heading, Table, columns, instant, name, number, row, table
from reports.locale import Locale, locale_named
from reports.templating import fill, frame


def render(comparison: Comparison) -> bytes:
    """The page as UTF-8."""
    return fill("comparison.html.j2", page(comparison)).encode()


def page(comparison: Comparison) -> dict[str, Any]:
    """The template's variables."""
    shown = comparison.presentation
    locale = locale_named(shown.locale)
    return frame(locale, shown.paper, shown.program_version) | {
        "issuer": comparison.issuer,
        "comparison": comparison,
        "window_title": f"Plans compared, {comparison.period}, {comparison.customer}",
        "verdict": comparison.verdict(),
        "facts": [
            ("Account", name(comparison.account)),
            ("Months", Cell(comparison.period)),
            ("Statuses as of", instant(comparison.as_of, locale)),
        ],
        "nets": _nets(comparison, locale),
        "break_even": [one.in_words() for one in comparison.break_even],
        "assumptions": ASSUMPTIONS,
    }


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
