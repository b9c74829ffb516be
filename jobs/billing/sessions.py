"""The schema of the session frame that crosses function borders: one row a session.

`NORMALISED` is what `jobs.securevideo.history` makes of a reply: only rows that count, sorted by
(billable_at, session_id), RangeIndex. `rating.rate` adds the columns that make it
`reports.document.SESSION_COLUMNS`.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from reports.counts import Rows
from reports.document import STATUSES, Finding

NORMALISED: dict[str, Any] = {
    "session_id": "Int64",  # 1 … 2^63-1
    "scheduled_at": "datetime64[us, UTC]",
    "billable_at": "datetime64[us, UTC]",
    "minutes": "Int32",  # <NA> where unknown; not negative
    "status": "category",  # STATUS_DTYPE
    "host_id": "Int64",  # 1 … 2^63-1
    "host_name": "object",  # the host's part of UsageDescription, or None
    "participants": "object",  # str or None; privacy: never leaves the program unless configured
    "note": "object",  # str or None; likewise
}
STATUS_DTYPE = pd.CategoricalDtype(list(STATUSES))


@dataclass(frozen=True, slots=True)
class Usage:
    """A reply, normalised: the rows that count, the sum of the others, and what a person should know."""

    sessions: pd.DataFrame
    rows: Rows
    findings: tuple[Finding, ...]
