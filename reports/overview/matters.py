"""What both kinds of page say alike: how a month stands, what needs attention, when it was known."""

from typing import Any

from reports import templating
from reports.formats.html.table import Cell, instant
from reports.locale import Locale
from reports.overview.content import AccountPage, Concern, MonthStatus, Overview
from reports.text import place

MONTH_STATUSES = {
    "issued": ("✓", "Issued", "ok"),
    "adjusted": ("✓", "Adjusted", "ok"),
    "restated": ("▲", "Changed since", "warning"),
    "draft": ("○", "Draft", "info"),
    "failed": ("✕", "Failed", "error"),
    "fetched": ("✕", "Unfinished", "error"),
    "missing": ("✕", "Missing", "error"),
}
MATTERS = {
    "failed": ("Failed", "Correct what the reason names, then run the month again."),
    "blocking": ("Blocking findings", "Open the draft: each finding says what to do."),
    "restated": ("Changed since issued", "Compare the draft with the invoice; if it is right, run --adjust."),
    "unwritten": ("Files unfinished", "Run the month again: it finishes the files."),
    "missing": ("No invoice", "Run the month: it is not billed, although months before or after it are."),
    "not_issued": ("Closed, not issued", "Run the month without --draft: it issues the invoice."),
    "may_have_changed": ("May have changed", "Run the month again to see whether anything changed."),
    "unallocated": ("Money without a cost centre", "Map the hosts; allocate --reallocate moves what is issued."),
}


def frame(page: Overview | AccountPage, locale: Locale) -> dict[str, Any]:
    """The variables that every overview template has."""
    at, shown = page.known_at, page.presentation
    return templating.frame(locale, shown.paper, shown.program_version) | {
        "issuer": page.issuer,
        "known_at": at and instant(at, locale, shown.timezone),
    }


def status(of_month: MonthStatus) -> Cell:
    mark, word, tone = MONTH_STATUSES[of_month]
    return Cell(word, mark=mark, tone=tone)


def concerned(count: int, locale: Locale) -> str:
    if not count:
        return "Nothing needs attention."
    return f"{locale.number(count)} {'matter needs' if count == 1 else 'matters need'} attention"


def concern(one: Concern, locale: Locale, path: str | None) -> dict[str, Any]:
    """`path`: of the account's page, from the one that it stands on; empty on that page itself, None without one."""
    title, to_do = MATTERS[one.matter]
    return {
        "title": title,
        "account": one.account,
        "month": one.month,
        "month_text": locale.month(one.month),
        "detail": one.detail,
        "to_do": to_do,
        "path": None if path is None else f"{path}#{place(one.month)}",
    }
