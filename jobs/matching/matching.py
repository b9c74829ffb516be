"""A match, put together: what we hold, what the vendor's files say, what was said of it before. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

import pandas as pd

from jobs.matching.activity import Activity
from jobs.matching.bridge import bridge
from jobs.matching.invoice import Invoice
from jobs.matching.notes import NoteRequest, closed, digest, noted
from jobs.matching.sessions import Ours, compared
from reports.match.result import CODES, SESSION_COLUMNS, Bill, Match, Note, Read


@dataclass(frozen=True, slots=True)
class MatchPresentation:
    """How and by whom a match is shown."""

    locale: str
    paper: Literal["A4", "Letter"]
    program_version: str
    by: str  # who says what `--note` says


@dataclass(frozen=True, slots=True)
class Before:
    """What the ledger knows of earlier matches of the month."""

    number: int  # of the last one
    first_seen: Mapping[str, datetime]  # by the digest of a difference
    notes: Mapping[str, Note]


@dataclass(frozen=True, slots=True)
class MatchMade:
    match: Match
    sessions: pd.DataFrame  # `reports.match.result.SESSION_COLUMNS`
    new_notes: Mapping[str, Note]


def made(
    ours: Ours,
    activity: Activity | None,
    bill: tuple[Invoice, Read] | None,
    *,
    tolerance: tuple[int, Decimal],
    before: Before,
    asked: Sequence[NoteRequest],
    now: datetime,
    shown: MatchPresentation,
) -> MatchMade:
    """`tolerance`: minutes, and the amount. Raises UsageError for a note about what is no difference."""
    document, minutes, amount = ours.document, *tolerance
    sessions = None if activity is None else compared(ours, activity.sessions, activity.unnumbered, minutes)
    money = bridge(
        document,
        () if sessions is None else sessions.differences,
        None if sessions is None else sessions.counts,
        bill[0] if bill else None,
        amount,
    )
    new_notes = noted(money.items, asked, at=now, by=shown.by)
    notes = {**before.notes, **new_notes}
    items = tuple(sorted(closed(money.items, notes), key=lambda item: (CODES.index(item.code), item.session_id or 0)))
    digests = [digest(item) for item in items]
    match = Match(
        account=document.account,
        month=document.month,
        number=before.number + 1,
        customer=document.bill_to.name,
        issuer=document.issuer.name,
        currency=document.currency,
        digits=document.digits,
        ours_total=document.month_total,
        theirs_total=money.theirs_total,
        our_count=document.counts["BILL"],
        their_count=money.their_count,
        items=items,
        bridge=money.steps,
        first_seen=tuple(before.first_seen.get(one, now) for one in digests),
        notes=tuple(notes[one] for one in dict.fromkeys(digests) if one in notes),
        documents=ours.documents,
        snapshot_sha256=ours.newest_sha256,
        snapshot_at=ours.newest_at,
        sheet=activity.sheet if activity else None,
        bill=Bill(bill[0].number, bill[0].date) if bill else None,
        files=tuple(one for one in (activity.file if activity else None, bill[1] if bill else None) if one),
        made_at=now,
        locale=shown.locale,
        paper=shown.paper,
        program_version=shown.program_version,
    )
    return MatchMade(match, _no_sessions() if sessions is None else sessions.sessions, new_notes)


def _no_sessions() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in SESSION_COLUMNS.items()})
