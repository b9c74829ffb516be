"""What the ledger and the snapshots hold of a month that is to be matched."""

from collections.abc import Iterable
from datetime import datetime

import pandas as pd

from jobs.billing.month import Month
from jobs.errors import UsageError
from jobs.ledger.store import View
from jobs.matching.sessions import Ours
from jobs.replay import Archive, recount
from jobs.securevideo import history
from reports.document import Finding


def gathered(archive: Archive, account: str, month: Month) -> Ours:
    """The month as issued and by its newest snapshot, nothing yet of the months beside it.

    Raises UsageError where the month is not issued, LedgerDamaged where a snapshot is missing.
    """
    view = archive.ledger.view(account, str(month))
    known = archive.ledger.known(account, str(month), view)
    if not known.issued:
        raise UsageError(
            f"nothing was issued for {account} {month}, so there is nothing to match; "
            f"`securevideo-billing run --account {account} --month {month}` issues it"
        )
    last = known.issued[-1]
    snapshot = archive.ledger.snapshot(view.snapshot_id)
    newest, findings = last.sessions, last.document.findings
    if snapshot.sha256 != last.document.snapshot.sha256:
        decision = recount(archive, last.document, view, adjust=False)
        newest, findings = decision.month.sessions, decision.findings
    return Ours(
        document=last.document,
        documents=tuple(one.document.number or one.document.stem for one in known.issued),
        issued=last.sessions,
        newest=newest,
        newest_at=snapshot.fetched_at,
        newest_sha256=snapshot.sha256,
        set_aside=_set_aside(findings, newest),
        neighbours={},
    )


def _set_aside(findings: Iterable[Finding], newest: pd.DataFrame) -> dict[int, str]:
    """The first finding of each session that is not counted, though a row came for it that should have been."""
    counted, found = set(newest["session_id"].tolist()), dict[int, str]()
    for one in findings:
        if one.session_id is not None and one.session_id not in counted and one.code != "never-connected":
            found.setdefault(one.session_id, one.code)
    return found


def neighbours(archive: Archive, account: str, month: Month) -> dict[int, datetime]:
    """BillableTs by SessionId, of the month before and the month after: issued, or only read so far."""
    found: dict[int, datetime] = {}
    for other in (month.plus(-1), month.plus(1)):
        sessions = _sessions(archive, account, str(other))
        if sessions is not None:
            timed = sessions.dropna(subset=["billable_at"])
            found |= dict(zip(timed["session_id"].tolist(), timed["billable_at"].tolist(), strict=True))
    return found


def _sessions(archive: Archive, account: str, month: str) -> pd.DataFrame | None:
    view: View = archive.ledger.view(account, month)
    known = archive.ledger.known(account, month, view)
    if known.issued:
        return known.issued[-1].sessions
    if not view.snapshot_id:
        return None
    body = archive.snapshots.load(archive.ledger.snapshot(view.snapshot_id).sha256)
    return history.read(body, keep_participants=False).rows
