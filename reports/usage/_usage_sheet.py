"""The Usage sheet: what the report is and is not, and its counts, live over the Sessions table."""

from collections.abc import Mapping, Sequence

import pandas as pd

from reports import wording
from reports.document import STATUSES
from reports.formats.xlsx.book import SheetCell, Sheets, Span
from reports.formats.xlsx.hosts_sheet import LIVE_UP_TO
from reports.formats.xlsx.ranges import SheetTable
from reports.formats.xlsx.rows import EXACT_UP_TO
from reports.formats.xlsx.styles import VERDICTS
from reports.usage.report import UsageReport

SHEET = "Usage"
LAST = 7  # column
WIDE, NARROW = 38, 13  # characters
BANNER = "USAGE REPORT, NOT AN INVOICE: nothing was billed, and nothing is to be paid on it"
HEADS = ("Status", "Meaning", "Sessions (live)", "As reported", "Difference", "Known minutes", "Duration unknown")
TALLY = ("Sessions", *STATUSES, "Known minutes")


def write(book: Sheets, report: UsageReport, table: SheetTable, sessions: pd.DataFrame) -> dict[str, SheetCell]:
    """The whole sheet. Gives the cells that get a defined name."""
    sheet = book.sheet(SHEET)
    sheet.set_column(0, 0, WIDE)
    sheet.set_column(1, 1, WIDE)
    sheet.set_column(2, LAST, NARROW)
    book.text(SHEET, 0, 0, "Usage report", "title")
    for column in range(LAST + 1):
        book.text(SHEET, 1, column, "" if column else BANNER, "section", "band")
    sheet.set_row(1, 24)
    row = _pairs(book, 3, _particulars(report))
    if any(finding.severity == "blocking" for finding in report.findings):
        book.text(SHEET, row, 0, "■ Blocking findings", "blocking")
        book.text(SHEET, row, 1, "The figures may be too low until this is resolved: see Findings.", "blocking")
        row += 1
    row, named, differences = _statuses(book, row + 1, report, table, sessions)
    row, verdict = _verdict(book, row, differences)
    if len(report.months) > 1:
        row = _months(book, row + 1, report, table)
    if report.host_id is None and report.hosts:
        row = _hosts(book, row + 1, report, table)
    row = _reply(book, row + 1, report)
    book.text(SHEET, row + 1, 0, "How to read this report", "section")
    for offset, rule in enumerate(report.rules, row + 2):
        book.paragraph(SHEET, offset, LAST, rule, 2 * WIDE + NARROW * (LAST - 1))
    return named | {"all_checks": verdict}


def _particulars(report: UsageReport) -> list[tuple[str, str]]:
    more = "; it is not over: there will be more sessions" if report.is_open else ""
    return [
        ("Usage of", report.about),
        ("Customer", report.customer),
        ("Account", report.account),
        ("Period", f"{report.period} (UTC){more}"),
        ("Read from SecureVideo", f"{report.fetched_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Made by", f"{report.issuer}, with securevideo-billing {report.program_version}"),
    ]


def _pairs(book: Sheets, row: int, pairs: Sequence[tuple[str, str]]) -> int:
    for offset, (label, text) in enumerate(pairs):
        book.text(SHEET, row + offset, 0, label, "bold")
        book.text(SHEET, row + offset, 1, text)
    return row + len(pairs)


def _statuses(
    book: Sheets, row: int, report: UsageReport, table: SheetTable, sessions: pd.DataFrame
) -> tuple[int, dict[str, SheetCell], Span]:
    """Each status live, beside what the report counted when it was made."""
    book.titled(SHEET, row, "Sessions by status", HEADS, 2)
    listed = sessions["status"].value_counts()
    first, named = row + 2, {}
    for at, status in enumerate(STATUSES, first):
        key = book.text(SHEET, at, 0, status, "row", "bold").local
        book.text(SHEET, at, 1, wording.STATUSES[status].meaning, "row")
        own, minutes = report.counts[status], report.minutes[status]
        live = book.versus((SHEET, at, 2), table.count(status=key), int(listed.get(status, 0)), own, "count")
        book.live(SHEET, at, 5, table.sum("minutes", status=key), minutes.known, "count", "row")
        unknown = f"{live.local}-({table.count(status=key, minutes=chr(34) + '>=0' + chr(34))})"
        book.live(SHEET, at, 6, unknown, minutes.unknown_sessions, "count", "row")
        named[f"{status.lower()}_count"] = live
    last = first + len(STATUSES)
    book.texts(SHEET, last, 0, ("All sessions", "rows of the Sessions table"), "row", "bold")
    everything = book.versus((SHEET, last, 2), table.rows(), len(sessions), report.rows.counted, "count")
    for column, value in ((5, report.known_minutes), (6, report.unknown_durations)):
        formula = f"SUM({Span(SHEET, column, first, last - 1).local})"
        book.live(SHEET, last, column, formula, value, "count", "row", "bold")
    return last + 1, named | {"session_count": everything}, Span(SHEET, 4, first, last)


def _verdict(book: Sheets, row: int, differences: Span) -> tuple[int, SheetCell]:
    book.texts(SHEET, row, 0, ("All checks", "the table still holds what was reported"), "row", "bold")
    formula = f'IF(SUMSQ({differences.local})=0,"OK","ERROR")'
    value = "ERROR" if book.gap(differences) else "OK"
    cell = book.live(SHEET, row, 2, formula, value, "row", "bold", "right")
    book.coloured(SHEET, (row, 2, row, 2), VERDICTS)
    return row + 1, cell


def _months(book: Sheets, row: int, report: UsageReport, table: SheetTable) -> int:
    """Live between the first instants of each month and of the next, which stand in the rows."""
    book.titled(SHEET, row, "Sessions by month", ("Month begins (UTC)", "ends before", *TALLY), 2)
    sheet, first = book.sheet(SHEET), row + 2
    for at, month in enumerate(report.months, first):
        for column, instant in enumerate((month.begin, month.end)):
            sheet.write_datetime(at, column, instant.replace(tzinfo=None), book.style("date", "row"))
        begin, end = f"$A${at + 1}", f"$B${at + 1}"
        total = sum(month.sessions.values())
        book.live(SHEET, at, 2, table.count_between(begin, end), total, "count", "row")
        for column, status in enumerate(STATUSES, 3):
            formula = table.count_between(begin, end, status=f'"{status}"')
            book.live(SHEET, at, column, formula, month.sessions[status], "count", "row")
        book.live(SHEET, at, 7, table.sum_between("minutes", begin, end), month.minutes, "count", "row")
    return _sums(book, first, first + len(report.months), "All months", report)


def _hosts(book: Sheets, row: int, report: UsageReport, table: SheetTable) -> int:
    """Live as long as that stays quick, and where the ids are short enough to be compared by a formula."""
    book.titled(SHEET, row, "Sessions by host", ("Host", "Host ID", *TALLY), 1)
    live = len(report.hosts) * report.rows.counted <= LIVE_UP_TO
    for at, host in enumerate(report.hosts, row + 2):
        book.text(SHEET, at, 0, host.name, "row", "wrap")
        book.height(SHEET, at, (host.name, WIDE))
        short = host.host_id <= EXACT_UP_TO
        shown = host.host_id if short else str(host.host_id)
        key, quick = book.constant(SHEET, at, 1, shown, "id", "row").local, live and short
        amounts: Mapping[str, int] = {"": sum(host.sessions.values()), **host.sessions}
        for column, (status, value) in enumerate(amounts.items(), 2):
            criteria = {"status": f'"{status}"'} if status else {}
            if quick:
                book.live(SHEET, at, column, table.count(host_id=key, **criteria), value, "count", "row")
            else:
                book.constant(SHEET, at, column, value, "count", "row")
        if quick:
            book.live(SHEET, at, 7, table.sum("minutes", host_id=key), host.minutes, "count", "row")
        else:
            book.constant(SHEET, at, 7, host.minutes, "count", "row")
    return _sums(book, row + 2, row + 2 + len(report.hosts), "All hosts", report)


def _sums(book: Sheets, first: int, row: int, label: str, report: UsageReport) -> int:
    book.texts(SHEET, row, 0, (label, ""), "sum")
    amounts = (report.rows.counted, *(report.counts[status] for status in STATUSES), report.known_minutes)
    for column, amount in enumerate(amounts, 2):
        book.live(SHEET, row, column, f"SUM({Span(SHEET, column, first, row - 1).local})", amount, "sum", "count")
    return row + 1


def _reply(book: Sheets, row: int, report: UsageReport) -> int:
    """Where each row that came went."""
    rows = report.rows
    book.text(SHEET, row, 0, "Rows of SecureVideo's reply", "section")
    entries = (
        ("Received", "all that SecureVideo sent", rows.received),
        ("Counted", "one row each in the Sessions table", rows.counted),
        ("Set aside", "see Findings: each needs attention", rows.set_aside),
        ("Repeated", "the same row again, counted once", rows.repeated),
        ("Never connected", "no session took place", rows.never_connected),
    )
    for at, (label, meaning, number) in enumerate(entries, row + 1):
        book.texts(SHEET, at, 0, (label, meaning), "row")
        book.constant(SHEET, at, 2, number, "count", "row")
    return row + 1 + len(entries)
