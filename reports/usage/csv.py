"""The sessions of a usage report as CSV, by the rules of a document's (`reports.formats.csv`), without its money."""

import pandas as pd

from reports.formats.csv import NAMES
from reports.formats.csv.table import OF_A_SESSION, of_a_session, texts
from reports.usage.report import UsageReport


def render(report: UsageReport, sessions: pd.DataFrame) -> bytes:
    """Every session, one row each, in the frame's order. Unknown values are empty; times are ISO 8601 in UTC."""
    head, columns = [*OF_A_SESSION], of_a_session(sessions)
    if report.participants == "full":
        head += [f"participants{NAMES}", f"note{NAMES}"]
        columns += [texts(sessions["participants"]), texts(sessions["note"])]
    return "".join(f"{','.join(cells)}\r\n" for cells in (head, *zip(*columns, strict=True))).encode()
