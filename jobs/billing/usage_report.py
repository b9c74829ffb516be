"""A usage report: the sessions of one host or one participant, counted by the rules of billing and never billed.

No plan is asked: what a session would cost depends on all the others of its month.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal

import pandas as pd

from jobs.billing.counting import count
from jobs.billing.findings import of_session
from jobs.billing.month import Period
from jobs.billing.plan import Plan, parts_of
from jobs.billing.reconcile import counts_by_status, host_names, minutes_by_status
from reports.document import PARTICIPANT_COLUMNS, STATUSES, Finding, Presentation
from reports.usage.report import USAGE_COLUMNS, HostSessions, MonthSessions, UsageReport

_NO_PLAN = Plan(date.min, "", Decimal(0))
_RULES = (
    "This is a usage report, not an invoice: nothing was billed, no number was taken, and nothing is to be paid on it.",
    "A session belongs to the month in which two people were connected (BillableTs, UTC).",
    (
        "BILL sessions count towards an allowance; COMP, DUPL and SVCO sessions do not. Which ones a plan includes "
        "depends on all sessions of the account: only the month's invoice says so."
    ),
    "Statuses and durations are those of the moment of reading; SecureVideo may still change them.",
)
_OF_A_PARTICIPANT = (
    "The participant was found by an e-mail address that is not stored: it appears neither here nor in a file's name, "
    "a log or the ledger. SecureVideo finds the sessions of the participant who has the address now."
)
_NO_SNAPSHOT = (
    "SecureVideo's reply was not stored, since nothing is issued on it: run the report again for newer figures."
)


def usage_report(
    rows: pd.DataFrame,
    *,
    received: int,
    findings: Sequence[Finding],
    period: Period,
    host_id: int | None,
    account: str,
    customer: str,
    issuer: str,
    fetched_at: datetime,
    presentation: Presentation,
) -> tuple[UsageReport, pd.DataFrame]:
    """The report, its `files` not yet named, and its sessions.

    `rows`: the readable rows of all replies, as `jobs.securevideo.history` gives them; `received`: all of their rows.
    `host_id`: whose sessions were asked for; None: those of a participant.
    """
    rows, strangers = _of_host(rows, host_id)
    usage = count(
        rows,
        received=received,
        findings=[*findings, *strangers],
        month=period,
        parts=parts_of(period.months[0], (_NO_PLAN,)),
        billed_elsewhere={},
    )
    names = host_names(usage.sessions)
    shown = pd.Categorical(usage.sessions["host_id"].map(names).astype(object))
    columns = [*USAGE_COLUMNS, *(name for name in PARTICIPANT_COLUMNS if name in usage.sessions)]
    sessions = usage.sessions.assign(host=shown)[columns]
    report = UsageReport(
        account=account,
        customer=customer,
        issuer=issuer,
        host_id=host_id,
        about=_about(host_id, names),
        months=_by_month(sessions, period),
        is_open=fetched_at < period.end,
        fetched_at=fetched_at,
        rows=usage.rows,
        counts=counts_by_status(sessions),
        minutes=minutes_by_status(sessions),
        hosts=_by_host(sessions, names),
        findings=usage.findings,
        rules=(*_RULES, *([_OF_A_PARTICIPANT] if host_id is None else []), _NO_SNAPSHOT),
        **asdict(presentation),
        files={},
    )
    return report, sessions


def _of_host(rows: pd.DataFrame, host_id: int | None) -> tuple[pd.DataFrame, list[Finding]]:
    """The rows of the host asked for, and a finding for each other one: it is set aside."""
    if host_id is None:
        return rows, []
    theirs = (rows["host_id"] == host_id).to_numpy(bool)
    others = rows.loc[~theirs, "session_id"].tolist()
    return rows[theirs], [of_session("other-host", one) for one in others]


def _about(host_id: int | None, names: dict[int, str]) -> str:
    if host_id is None:
        return "One participant"
    name = names.get(host_id, f"Host {host_id}")
    return name if name == f"Host {host_id}" else f"{name} (host {host_id})"


def _by_month(sessions: pd.DataFrame, period: Period) -> tuple[MonthSessions, ...]:
    found = []
    for month in period.months:
        of_month = sessions[(sessions["billable_at"] >= month.start) & (sessions["billable_at"] < month.end)]
        counts, minutes = counts_by_status(of_month), int(of_month["minutes"].sum())
        found.append(MonthSessions(str(month), month.start, month.end, counts, minutes))
    return tuple(found)


def _by_host(sessions: pd.DataFrame, names: dict[int, str]) -> tuple[HostSessions, ...]:
    counts = {host: dict.fromkeys(STATUSES, 0) for host in names}
    by_status = sessions.groupby(["host_id", "status"], observed=True).size().reset_index()
    for host, status, number in by_status.to_numpy(dtype=object).tolist():
        counts[host][status] = number
    minutes = dict(sessions.groupby("host_id")["minutes"].sum().reset_index().to_numpy(dtype=object).tolist())
    found = [HostSessions(host, names[host], counts[host], minutes[host]) for host in names]
    return tuple(sorted(found, key=lambda use: (-sum(use.sessions.values()), use.host_id)))
