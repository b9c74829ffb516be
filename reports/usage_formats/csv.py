"""The sessions of a usage report as CSV, by the rules of a document's (`reports.formats.csv`), without its money."""

from collections.abc import Iterable

import pandas as pd

from reports.formats.csv import NAMES, categories, instants, neutral, numbers, quoted, texts
from reports.usage import UsageReport

COLUMNS = (
    "session_id",
    "scheduled_at",
    "billable_at",
    "minutes",
    "status",
    "counts_towards_limit",
    "host_id",
    "host",
)


def render(report: UsageReport, sessions: pd.DataFrame) -> bytes:
    """Every session, one row each, in the frame's order. Unknown values are empty; times are ISO 8601 in UTC."""
    full = report.participants == "full"
    head = (*COLUMNS, *((f"participants{NAMES}", f"note{NAMES}") if full else ()))
    rows = zip(*_columns(sessions, full=full), strict=True)
    return "".join(f"{','.join(cells)}\r\n" for cells in (head, *rows)).encode()


def _columns(rows: pd.DataFrame, *, full: bool) -> list[Iterable[str]]:
    """The cells, column by column, ready to be joined."""
    statuses = list(map(str, rows["status"].cat.categories))
    columns = [
        numbers(rows["session_id"]),
        instants(rows["scheduled_at"]),
        instants(rows["billable_at"]),
        numbers(rows["minutes"]),
        categories(rows["status"], statuses),
        categories(rows["status"], ("yes" if status == "BILL" else "no" for status in statuses)),
        numbers(rows["host_id"]),
        categories(rows["host"], (quoted(neutral(str(name))) for name in rows["host"].cat.categories)),
    ]
    return [*columns, texts(rows["participants"]), texts(rows["note"])] if full else columns
