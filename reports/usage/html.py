"""A usage report as a page: one HTML file. `page` makes every figure and text ready; the template only places them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from reports.document import STATUSES
from reports.findings import blocking_findings
from reports.formats.html import usage
from reports.formats.html.table import UNKNOWN, Cell, Row, Table, instant, name, number, row, table
from reports.locale import Locale, locale_named
from reports.templating import fill, frame
from reports.text import so_many
from reports.usage.report import UsageReport
from reports.wording import STATUSES as WORDS

MOST = 500  # sessions listed; the other files hold all


def render(report: UsageReport, sessions: pd.DataFrame) -> bytes:
    """The page as UTF-8."""
    return fill("usage.html.j2", page(report, sessions)).encode()


def page(report: UsageReport, sessions: pd.DataFrame) -> dict[str, Any]:
    """The template's variables."""
    locale = locale_named(report.locale)
    others = [file for kind, file in report.files.items() if kind != "html"]
    see_also = " and ".join(others) or "the workbook: --format xlsx"
    return frame(locale, report.paper, report.program_version) | {
        "issuer": report.issuer,
        "report": report,
        "window_title": f"Usage report, not an invoice: {report.about}, {report.period}, {report.customer}",
        "period": _period(report, locale),
        "open": "The period is not over: there will be more sessions. " if report.is_open else "",
        "alert": _alert(report, locale),
        "facts": _facts(report, locale),
        "figures": [
            ("Sessions", number(locale, report.rows.counted, field="session_count")),
            ("Counted (BILL)", number(locale, report.counts["BILL"])),
            ("Known minutes", number(locale, report.known_minutes, field="known_minutes")),
            ("Duration unknown", number(locale, report.unknown_durations)),
        ],
        "statuses": _statuses(report, locale),
        "months": _months(report, locale),
        "hosts": _hosts(report, locale),
        "sessions": _sessions(sessions, locale, see_also),
        "received": usage.received(report, locale),
        "findings": usage.findings(report.findings, locale, see_also),
    }


def _period(report: UsageReport, locale: Locale) -> str:
    first, last = locale.month(report.months[0].month), locale.month(report.months[-1].month)
    return first if first == last else f"{first} to {last}"


def _alert(report: UsageReport, locale: Locale) -> str:
    """In a sentence, that not all rows could be counted; empty where all could."""
    found = blocking_findings(report.findings, locale.number)
    return f"{found}: the figures may be too low until this is resolved" if found else ""


def _facts(report: UsageReport, locale: Locale) -> list[tuple[str, Cell]]:
    return [
        ("Usage of", name(report.about)),
        ("Customer", name(report.customer)),
        ("Account", name(report.account)),
        ("Period", Cell(f"{_period(report, locale)}, UTC")),
        ("Read", instant(report.fetched_at, locale)),
    ]


def _statuses(report: UsageReport, locale: Locale) -> Table:
    rows = []
    for status in STATUSES:
        minutes, meaning = report.minutes[status], WORDS[status].meaning
        count = number(locale, report.counts[status], field=f"{status.lower()}_count")
        others = (number(locale, minutes.known), number(locale, minutes.unknown_sessions))
        rows.append(row(Cell(status), Cell(f"{meaning[0].upper()}{meaning[1:]}"), count, *others))
    sums = (report.rows.counted, report.known_minutes, report.unknown_durations)
    foot = (row(Cell("All"), Cell(""), *(number(locale, amount) for amount in sums), tone="total"),)
    headings = "Status | Meaning | #Sessions | #Known minutes | #Duration unknown"
    return table("statuses", "Only BILL sessions count towards an allowance", headings, rows, foot=foot, wide=True)


def _counts(sessions: Mapping[str, int], minutes: int, locale: Locale) -> list[Cell]:
    """All sessions, those of each status, known minutes."""
    each = [number(locale, sessions[status]) for status in STATUSES]
    return [number(locale, sum(sessions.values())), *each, number(locale, minutes)]


_COUNTS = f"#Sessions | #{' | #'.join(STATUSES)} | #Known minutes"


def _all(report: UsageReport, label: str, locale: Locale) -> tuple[Row]:
    return (row(Cell(label), *_counts(report.counts, report.known_minutes, locale), tone="total"),)


def _months(report: UsageReport, locale: Locale) -> Table:
    rows = [
        row(Cell(locale.month(month.month), time=month.month), *_counts(month.sessions, month.minutes, locale))
        for month in report.months
    ]
    foot = _all(report, "All months", locale)
    return table("months", "Sessions by month (UTC) and status", f"Month | {_COUNTS}", rows, foot=foot, wide=True)


def _hosts(report: UsageReport, locale: Locale) -> Table:
    rows = [row(name(host.name), *_counts(host.sessions, host.minutes, locale)) for host in report.hosts[: usage.MOST]]
    left = len(report.hosts) - usage.MOST
    note = f"{so_many(left, 'more host', locale.number)} held sessions." if left > 0 else ""
    foot = _all(report, "All hosts", locale)
    return table("hosts", "Most sessions first", f"Host | {_COUNTS}", rows, foot=foot, note=note, wide=True)


def _sessions(sessions: pd.DataFrame, locale: Locale, see_also: str) -> Table:
    listed = sessions.iloc[:MOST]
    minutes = listed["minutes"].astype(object)
    texts = zip(
        listed["session_id"].tolist(),
        minutes.where(listed["minutes"].notna(), None).tolist(),
        listed["billable_at"].dt.strftime("%Y-%m-%d %H:%M:%S").tolist(),
        listed["billable_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").tolist(),
        listed["status"].astype(str).tolist(),
        listed["host"].astype(str).tolist(),
        strict=True,
    )
    rows = [
        row(
            Cell(str(session_id)),
            Cell(shown, time=instant),
            Cell(status),
            name(host),
            Cell(UNKNOWN, number=True) if known is None else number(locale, known),
        )
        for session_id, known, shown, instant, status, host in texts
    ]
    headings = "Session | Billable at (UTC) | Status | Host | #Minutes"
    note = usage.more(len(sessions), MOST, locale, see_also)
    return table("sessions", "In the order of time", headings, rows, note=note, wide=True)
