"""Everything the index template places, ready: headings, sentences, figures, links."""

import base64
import hashlib
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from reports.formats.html.table import UNKNOWN, Cell, Table, number, row, table
from reports.locale import Locale, locale_named
from reports.overview import matters
from reports.overview.content import Line, Overview, Sum
from reports.overview.progress import progress
from reports.overview.spark import digits_of

SUMS = 6  # months
MOST = 100  # concerns; the lines count them all, and each account's page has its own
PRINTED = 50  # accounts: more are for the screen only
DRAWN = 1_000  # accounts with a bar of their open month: of more, only each one's own page has it


def page(overview: Overview) -> dict[str, Any]:
    """The template's variables."""
    locale = locale_named(overview.presentation.locale)
    month = lru_cache(maxsize=None)(locale.month)
    concerned = sum(bool(line.concerns) for line in overview.lines)
    paths = {line.key: path_of(line.key) for line in overview.lines if line.has_page}
    return matters.frame(overview, locale) | {
        "is_empty": not any(line.month for line in overview.lines),
        "concerns": [
            matters.concern(concern, locale, paths.get(concern.account)) for concern in overview.concerns[:MOST]
        ],
        "concerned": matters.concerned(len(overview.concerns), locale),
        "more_concerns": locale.number(max(0, len(overview.concerns) - MOST)),
        "sums": _sums(overview.sums, locale),
        "accounts": locale.number(len(overview.lines)),
        "concerned_accounts": locale.number(concerned),
        "is_long": len(overview.lines) > PRINTED,
        "lines": (
            _line(line, month(line.month) if line.month else "", locale, is_drawn=len(overview.lines) <= DRAWN)
            for line in overview.lines
        ),
        "point": locale.number(Decimal("0.5"), 1)[1:-1],
        **_script(),
    }


def path_of(account: str) -> str:
    """Of an account's page, from the index."""
    return f"{account}/index.html"


def _line(line: Line, month: str, locale: Locale, *, is_drawn: bool) -> dict[str, Any]:
    return {
        "key": line.key,
        "name": line.name,
        "path": path_of(line.key) if line.has_page else "",
        "month": line.month,
        "month_text": month,
        "status": line.status and matters.status(line.status),
        "progress": progress(line.open, locale) if line.open and is_drawn else None,
        "total": _amount(line.total, line.currency, locale),
        "year_total": _amount(line.year_total, line.currency, locale),
        "concerns": locale.number(line.concerns) if line.concerns else "",
    }


def _amount(amount: Decimal | None, currency: str, locale: Locale) -> str:
    return UNKNOWN if amount is None else f"{currency} {locale.number(amount, digits_of(amount))}"


def _sums(sums: tuple[Sum, ...], locale: Locale) -> Table:
    months = sorted({one.month for one in sums}, reverse=True)[:SUMS]
    rows = [
        row(
            Cell(locale.month(one.month), time=one.month),
            Cell(one.currency),
            number(locale, one.accounts),
            number(locale, one.total, digits_of(one.total)),
        )
        for one in sums
        if one.month in months
    ]
    return table("sums", "All accounts; invoices with their adjustments, tax included", _SUM_HEADINGS, rows)


_SUM_HEADINGS = "Month | Currency | #Accounts | #Total issued"


@cache
def _script() -> dict[str, str]:
    """The page's only script, and the digest by which the browser runs that one and no other."""
    text = files("reports").joinpath("templates/index.js").read_text()
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {"script": Markup(text), "script_digest": f"sha256-{digest}"}  # noqa: S704  # our own file
