"""The tables of use: statuses, rows, hosts, findings, checks."""

from collections.abc import Iterable
from decimal import Decimal

from reports import wording
from reports.checks import Check
from reports.document import STATUSES, Document, Finding
from reports.findings import what_to_do
from reports.formats.html.table import UNKNOWN, Cell, Row, Table, name, number, row, table
from reports.locale import Locale
from reports.stored import plain
from reports.usage.report import Counted

MOST = 200  # rows of a list that can be endless; the rest is in the workbook


def statuses(document: Document, locale: Locale) -> Table:
    """The four statuses: sessions, minutes, unknown durations."""
    rows = [
        row(
            Cell(status),
            Cell(wording.STATUSES[status].on_invoice),
            Cell(wording.counts(status)),
            number(locale, document.counts[status], field=f"{status.lower()}_count"),
            number(locale, document.minutes[status].known),
            number(locale, document.minutes[status].unknown_sessions),
        )
        for status in STATUSES
    ]
    counted = number(locale, document.rows.counted, field="session_count")
    foot = (row(Cell("All"), Cell(""), Cell(""), counted, Cell(""), Cell(""), tone="total"),)
    headings = "Status | Meaning | Towards allowance | #Sessions | #Known minutes | #Duration unknown"
    return table("statuses", "Sessions of the month by status", headings, rows, foot=foot, wide=True)


def received(document: Counted, locale: Locale) -> Table:
    """Where every row of the vendor's reply went."""
    rows = document.rows
    listed = (
        ("Counted", "in the table above", rows.counted),
        ("Set aside", "see the findings", rows.set_aside),
        ("Repeated", "the same row again", rows.repeated),
        ("Never connected", "neither time nor status", rows.never_connected),
    )
    body = [row(Cell(label), Cell(why), number(locale, count)) for label, why, count in listed]
    foot = (row(Cell("Received"), Cell("from SecureVideo"), number(locale, rows.received), tone="total"),)
    return table("received", "Rows of the reply, all accounted for", "Rows | Where | #Number", body, foot=foot)


def proofs(found: Iterable[Check], document: Document, locale: Locale) -> Table:
    """The checks, each with its figures and whether it holds."""

    def figures(check: Check) -> str:
        digits = document.digits if check.money else 0
        parts = check.parts if len(check.parts) <= 6 else ()
        right = " + ".join(locale.number(part, digits) for part in parts) or f"{len(check.parts)} figures"
        return f"{locale.number(check.whole, digits)} = {right}"

    def result(check: Check) -> Cell:
        return Cell("OK", mark="✓", tone="ok") if check.holds else Cell("ERROR", mark="✕", tone="error")

    rows = [row(Cell(check.name), Cell(figures(check), number=True), result(check)) for check in found]
    return table("checks", "Sums that must hold exactly", "Check | #Figures | Result", rows, wide=True)


def hosts(document: Document, locale: Locale, see_also: str, most: int = MOST) -> Table:
    """Use by host. Of more than `most` hosts the busiest."""
    listed = any(host.active is not None for host in document.hosts)
    digits = max([document.digits, *(_decimals(host.charge) for host in document.hosts)])  # point under point
    rows = [
        row(
            name(host.name),
            *((name(host.external_id), Cell("yes" if host.active else "has left")) if listed else ()),
            *(number(locale, host.sessions[status]) for status in STATUSES),
            number(locale, host.minutes),
            number(locale, host.charge, digits),
        )
        for host in document.hosts[:most]
    ]
    known = " | External ID | Still a user" if listed else ""
    headings = f"Host{known} | #{' | #'.join(STATUSES)} | #Known minutes | #Session charges"
    caption = f"Sessions by status; charges in {document.currency}, exact, before fees, rounding and tax"
    return table("hosts", caption, headings, rows, note=more(len(document.hosts), most, locale, see_also), wide=True)


def _decimals(amount: Decimal) -> int:
    return len(plain(amount.normalize()).partition(".")[2])


def findings(found: Iterable[Finding], locale: Locale, see_also: str, most: int = MOST) -> Table:
    """The findings, blocking ones first. Of more than `most` the first."""
    order = list(wording.SEVERITIES)
    listed = sorted(found, key=lambda finding: order.index(finding.severity))
    rows = [_finding(finding) for finding in listed[:most]]
    note = more(len(listed), most, locale, see_also)
    headings = "Severity | Finding | Session | What was found | What to do"
    return table("findings", "Blocking ones first", headings, rows, note=note, wide=True)


def _finding(finding: Finding) -> Row:
    mark, word = wording.SEVERITIES[finding.severity]
    session = UNKNOWN if finding.session_id is None else str(finding.session_id)
    severity = Cell(word, mark=mark, tone=finding.severity)
    to_do = Cell(what_to_do(finding.code, finding.severity))
    return Row((severity, Cell(finding.code), Cell(session), name(finding.message), to_do), finding.severity)


def more(count: int, most: int, locale: Locale, see_also: str) -> str:
    """Where the rest of a list of `count` is, in a sentence; empty where all of it is shown."""
    if count <= most:
        return ""
    verb = "is" if count - most == 1 else "are"
    return f"{locale.number(count - most)} more of {locale.number(count)} {verb} in {see_also}."
