"""Everything the template places, ready: headings, sentences, figures, tables, the chart."""

from dataclasses import replace
from typing import Any

import pandas as pd

from reports.checks import checks
from reports.document import Document
from reports.figures import figures
from reports.findings import blocking_findings, listed
from reports.forecast import explained, range_of
from reports.formats.html import charges, usage
from reports.formats.html.chart import chart
from reports.formats.html.related import related
from reports.formats.html.table import UNKNOWN, Cell, day, instant, name, number
from reports.locale import Locale, locale_named
from reports.payment import balance, data_uri, how_to_pay, particulars
from reports.presentable import presentable
from reports.stored import plain
from reports.templating import frame
from reports.text import in_css, shown, so_many
from reports.wording import KINDS, UNNUMBERED, DocumentKind, why_draft


def page(document: Document, sessions: pd.DataFrame, *, most: int | None = None) -> dict[str, Any]:
    """The template's variables. `most`: how many rows a list shows that can be endless; None: as many as a page bears.

    With `most` the page is for paper alone: a renderer that knows neither screens nor browsers prints it.
    """
    document = presentable(document)
    locale, kind = locale_named(document.locale), _kind(document)
    found = checks(document, sessions)
    workbook = document.files.get("xlsx", "")
    see_also = f"the sheets of {workbook}" if workbook else "the workbook"
    bounded = {} if most is None else {"most": most}
    return frame(locale, document.paper, document.program_version, for_paper=most is not None) | {
        "made": f"{document.snapshot.fetched_at:%Y-%m-%dT%H:%M:%SZ}",
        "document": document,
        "kind": kind,
        "says": kind.says.format(corrects=document.corrects or UNNUMBERED),
        "window_title": f"{kind.title} {document.number or document.month}, {document.bill_to.name}",
        "is_draft": not document.final,
        "running": in_css(shown(_running(document, kind, locale), 200)),
        "related": related(document, locale.month, on_screen=most is None),
        "why": why_draft(document, locale.day, locale.number),
        "number": document.number or "",
        "no_number": UNNUMBERED,
        "banner": f"Draft {kind.banner.lower()}"
        if document.kind == "restatement" and not document.final
        else kind.banner,
        "month": locale.month(document.month),
        "period": _period(document, locale),
        "total": locale.number(document.total, document.digits),
        "plain_total": plain(document.total),
        "plain_tax": plain(document.tax),
        "terms": _terms(document, locale),
        "facts": _facts(document, locale),
        "particulars": particulars(document),
        "logo": data_uri(document.issuer.logo) if document.issuer.logo else "",
        "footer": document.issuer.footer or "",
        "pay": how_to_pay(document),
        "asked": _asked(document, locale),
        "alert": _alert(document, locale),
        "allowance": _allowance(document, locale),
        "forecast": _forecast(document, locale),
        "chart": chart(document, locale),
        "all_checks": "OK" if all(check.holds for check in found) else "ERROR",
        "trace": _trace(document),
        "origin": _origin(document, locale),
        "tables": {
            "lines": charges.lines(document, locale),
            "month_lines": charges.month_lines(document, locale),
            "difference": charges.difference(document, locale),
            "changes": charges.changes(document, locale, see_also, most),
            "movements": charges.movements(document, locale),
            "statuses": usage.statuses(document, locale),
            "received": usage.received(document, locale),
            "checks": usage.proofs(found, document, locale),
            "hosts": usage.hosts(document, locale, see_also, **bounded),
            "findings": usage.findings(listed(document), locale, see_also, **bounded),
            "plans": charges.plans(document, locale),
            "prices": charges.prices(document, locale),
        },
    }


def _kind(document: Document) -> DocumentKind:
    """A restatement beside a draft adjustment is as little final as that."""
    kind = KINDS[document.kind]
    if document.kind == "restatement" and not document.final:
        return replace(kind, title="Draft restatement", banner="Draft restatement")
    return kind


def _period(document: Document, locale: Locale) -> str:
    first, last = document.parts[0].first, document.parts[-1].last
    return f"{locale.short_day(first)} to {locale.short_day(last)}, UTC"


def _terms(document: Document, locale: Locale) -> str:
    """When to pay, and what an adjustment leaves to pay, in sentences; empty where nothing is asked for."""
    left = balance(document, f"{document.currency} {locale.number(document.month_total, document.digits)}")
    if document.due_on is None:
        return left
    days = document.payment_days
    within = f"within {so_many(days, 'day', locale.number)} of issue" if days else "on receipt"
    return f"Payable {within}, by {locale.day(document.due_on)}. {left}".rstrip()


def _asked(document: Document, locale: Locale) -> list[tuple[str, Cell]]:
    """How much to pay, by when, with which reference and to which account; empty where nothing is to be paid."""
    pay = how_to_pay(document)
    if pay is None or pay.nothing:
        return []
    amount = f"{document.currency} {locale.number(document.total, document.digits)}"
    due = [("Due", day(document.due_on, locale))] if document.due_on else []
    return [("Amount", Cell(amount)), *due, *((label, name(value)) for label, value in pay.facts)]


def _running(document: Document, kind: DocumentKind, locale: Locale) -> str:
    """What stands on each printed page but the first."""
    amount = f"{document.currency} {locale.number(document.total, document.digits)}"
    due = [f"due {locale.day(document.due_on)}"] if document.due_on else []
    return " · ".join([f"{kind.title} {shown(document.number or locale.month(document.month), 60)}", amount, *due])


def _facts(document: Document, locale: Locale) -> list[tuple[str, Cell]]:
    """The document's particulars, label and cell; those it has not are left out."""

    facts = [("Period", Cell(_period(document, locale)))]
    if document.issued_on:
        facts.append(("Issued", day(document.issued_on, locale)))
    if document.due_on:
        facts.append(("Due", day(document.due_on, locale)))
    if document.corrects:
        facts.append(("Corrects", Cell(document.corrects, name=True)))
    facts += [("Account", Cell(document.account, name=True)), ("Currency", Cell(document.currency))]
    return facts


def _alert(document: Document, locale: Locale) -> str:
    """What keeps the document from being issued, in a sentence; empty where nothing does."""
    found = blocking_findings(document.findings, locale.number)
    return f"{found}: to be resolved before this can be issued" if found else ""


def _allowance(document: Document, locale: Locale) -> list[tuple[str, Cell]]:
    """The four figures of the sessions allowance."""
    allowance = document.allowance
    included = figures(document)["included_sessions"]
    limit = (
        Cell(included, field="included_sessions", value=included)
        if isinstance(included, str)
        else number(locale, included, field="included_sessions")
    )
    unused = Cell(UNKNOWN) if allowance.unused is None else number(locale, allowance.unused)
    return [
        ("Included", limit),
        ("Used", number(locale, allowance.used, field="included_used")),
        ("Left", unused),
        ("Overage", number(locale, allowance.overage, field="overage_sessions")),
    ]


def _forecast(document: Document, locale: Locale) -> dict[str, Any] | None:
    """Where an open month is heading; None where that is not asked for."""
    if not document.forecast:
        return None
    forecast = document.forecast
    sessions, net = UNKNOWN, UNKNOWN
    if forecast.net_projected is not None:
        sessions = range_of(forecast, locale.number)
        net = f"{document.currency} {locale.number(forecast.net_projected, document.digits)}"
    figures = [
        ("Days gone", Cell(f"{forecast.elapsed_days} of {forecast.days}", number=True)),
        ("Counted so far", number(locale, forecast.used)),
        ("About, at the end", Cell(sessions, number=True)),
        ("Net about", Cell(net, number=True)),
    ]
    return {"figures": figures, "note": explained(forecast)}


def _trace(document: Document) -> list[str]:
    """How to get from a figure to its sessions, with the files that lie beside the page."""
    steps = []
    if "xlsx" in document.files:
        steps.append(
            f"Open {document.files['xlsx']}, sheet Sessions: one row a session, with its status, its place in the "
            "allowance and its charge. Filter it by status, host or plan; sheet Reconciliation adds it up again, live."
        )
    if "csv" in document.files:
        steps.append(f"{document.files['csv']} holds the same sessions for other programs.")
    steps.append("The number of a session is SecureVideo's own: it finds the session there, and on its statements.")
    if "json" in document.files:
        steps.append(f"{document.files['json']} holds every figure of this page for programs.")
    return steps


def _origin(document: Document, locale: Locale) -> list[tuple[str, Cell]]:
    """Where the figures come from."""
    fetched = document.snapshot.fetched_at
    facts = [("Read from SecureVideo", instant(fetched, locale))]
    if document.timezone != "UTC":
        facts.append(("Local time", Cell(locale.instant(fetched, document.timezone))))
    return [
        *facts,
        ("Rows in the reply", number(locale, document.snapshot.rows)),
        ("Snapshot, SHA-256", Cell(document.snapshot.sha256, code=True)),
        ("Program", Cell(f"securevideo-billing {document.program_version}")),
    ]
