"""Made-up usage reports, with something in each of their parts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from jobs.billing import usage_report as counted
from jobs.billing.findings import finding
from jobs.billing.month import Month, Period
from reports.document import Presentation
from reports.usage.report import UsageReport
from tests.usage import CODES, Row, frame

READ = datetime(2017, 1, 5, 6, tzinfo=UTC)
FIRST = datetime(2016, 10, 1, tzinfo=UTC)


def rows(count: int, *, hosts: Sequence[int] = (4,), days: int = 61) -> list[Row]:
    """`count` sessions spread over `days` from 2016-10-01 on, of all statuses, a fifth without a duration."""
    return [
        Row(
            5000 + n,
            CODES[n % 4] if n % 3 else "BILL",
            billable_at=FIRST + timedelta(days=days) * n / count,
            minutes=None if n % 5 == 4 else 20 + n % 40,
            host_id=hosts[n % len(hosts)],
            host_name=f"Sample Host {hosts[n % len(hosts)]}",
        )
        for n in range(count)
    ]


def report(
    given: Sequence[Row] | None = None,
    *,
    host_id: int | None = None,
    months: Sequence[Month] = (Month(2016, 10), Month(2016, 11)),
    participants: Any = "hidden",
    **changes: Any,
) -> tuple[UsageReport, pd.DataFrame]:
    """A report of a participant, or of a host; default: 40 sessions of two months and three hosts."""
    given = rows(40, hosts=(4,) if host_id else (4, 5, 7)) if given is None else given
    made, sessions = counted.usage_report(
        frame(given, participants=participants == "full"),
        received=len(given) + 1,
        findings=[finding("unreadable-row", None, "2016-10: row 3 cannot be read")],
        period=Period(tuple(months)),
        host_id=host_id,
        account="acme",
        customer="Acme Telehealth LLC",
        issuer="Example Billing LLC",
        fetched_at=READ,
        presentation=Presentation("America/Chicago", "en_US", "Letter", participants, "9.9.9"),
    )
    files = {name: f"report-1.{name}" for name in ("xlsx", "html", "csv")}
    return replace(made, files=files, **changes), sessions
