"""The statement of one cost centre as a page: one file, no script, for phone and paper."""

from typing import Any, NamedTuple

import pandas as pd

from reports.allocation import Allocation
from reports.centres.statement import Statement
from reports.document import STATUSES
from reports.formats.html.table import Cell, Table, day, name, number, row, table
from reports.locale import Locale, locale_named
from reports.presentable import presentable
from reports.stored import plain
from reports.templating import fill, frame
from reports.text import so_many

MOST = 100  # sessions listed, as a page is read and printed; the workbook holds all


class ListedSession(NamedTuple):
    """A row of the list of sessions."""

    session_id: int
    billable_at: str  # UTC, to the second
    host: str
    allowance: str
    charge: str


def render(statement: Statement, allocation: Allocation, workbook: str) -> bytes:
    """`workbook`: the name of the other file of the statement."""
    return fill("centre.html.j2", page(statement, allocation, workbook)).encode()


def page(statement: Statement, allocation: Allocation, workbook: str) -> dict[str, Any]:
    """The template's variables."""
    document, share = presentable(statement.document), statement.share
    locale = locale_named(document.locale)
    money, left = f"{document.currency} ", len(statement.sessions) - MOST
    return frame(locale, document.paper, document.program_version) | {
        "document": document,
        "share": share,
        "title": statement.title,
        "window_title": f"{statement.title}: {share.name}, {document.month}. {statement.of_document}",
        "month": locale.month(document.month),
        "is_draft": not document.final,
        "of_document": statement.of_document,
        "figure": statement.figure,
        "total": Cell(
            money + locale.number(share.total, document.digits), field="centre_total", value=plain(share.total)
        ),
        "facts": _facts(statement, locale),
        "lines": _lines(statement, locale),
        "counts": _counts(statement, locale),
        "hosts": _hosts(statement, locale),
        "sessions": _sessions(statement.sessions, locale, document.digits),
        "more_sessions": f"{so_many(left, 'more session')} in {workbook}." if left > 0 else "",
        "reasons": [*statement.reasons(allocation)],
    }


def _facts(statement: Statement, locale: Locale) -> list[tuple[str, Cell]]:
    document, share = statement.document, statement.share
    found = [("Cost centre", name(share.name))]
    if share.code != share.name:
        found.append(("Code", name(share.code)))
    found += [("Company", name(document.bill_to.name)), ("Service month", Cell(f"{locale.month(document.month)}, UTC"))]
    if document.issued_on:
        found.append(("Date", day(document.issued_on, locale)))
    return found


def _lines(statement: Statement, locale: Locale) -> Table:
    document, share, digits = statement.document, statement.share, statement.document.digits
    rows = [
        row(
            name(line.description),
            Cell("", number=True) if line.quantity is None else number(locale, line.quantity),
            number(locale, line.amount, digits),
        )
        for line in statement.lines
    ]
    sums = [("Net", share.net, "centre_net", ""), (document.tax_name, share.tax, "centre_tax", "")]
    foot = [
        row(name(text), Cell(""), number(locale, amount, digits, field), tone=tone)
        for text, amount, field, tone in sums
    ]
    foot.append(row(Cell("Total"), Cell(""), number(locale, share.total, digits), tone="total"))
    headings = f"Line | #Yours | #{document.currency}"
    return table("lines", "What the share consists of", headings, rows, foot=tuple(foot))


def _counts(statement: Statement, locale: Locale) -> list[tuple[str, Cell]]:
    share = statement.share
    found = [("Counted sessions", number(locale, share.sessions["BILL"], field="centre_bill_count"))]
    if statement.document.allocation and statement.document.allocation.policy != "proportional":
        found += [("Free", number(locale, share.included)), ("Beyond the allowance", number(locale, share.overage))]
    others = sum(share.sessions[status] for status in STATUSES if status != "BILL")
    return [*found, ("Never charged", number(locale, others))]


def _hosts(statement: Statement, locale: Locale) -> Table:
    document = statement.document
    names = {host.host_id: host.name for host in document.hosts}
    rows = [
        row(name(names.get(host.host_id, f"Host {host.host_id}")), number(locale, host.amount, document.digits))
        for host in statement.share.hosts
    ]
    return table("hosts", "The net share, by host", f"Host | #Share in {document.currency}", rows)


def _sessions(sessions: pd.DataFrame, locale: Locale, digits: int) -> list[ListedSession]:
    """Plain texts, no `Cell`s: of many centres there are thousands of rows."""
    listed = sessions.iloc[:MOST]
    charges = {charge: locale.number(charge, digits) for charge in set(listed["charge"])}
    columns = zip(
        listed["session_id"].tolist(),
        listed["billable_at"].dt.strftime("%Y-%m-%d %H:%M:%S").tolist(),
        listed["host"].tolist(),
        listed["status"].tolist(),
        listed["allowance"].tolist(),
        listed["charge"].tolist(),
        strict=True,
    )
    return [
        ListedSession(session_id, at, host, allowance or f"{status}: never charged", charges[charge])
        for session_id, at, host, status, allowance, charge in columns
    ]
