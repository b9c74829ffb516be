"""What the decision on a month rests on, as far as a view into the ledger reaches; within the caller's transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Table, func, select

from jobs.billing import invoicing
from jobs.billing.acceptance import Acceptance
from jobs.billing.invoicing import TREND_MONTHS, Issued
from jobs.ledger import acceptances, posting, renames
from jobs.ledger.posting import Together
from jobs.ledger.rows import (
    ALL,
    document_of,
    issued_from,
    last_snapshot,
    newest_of_each_month,
    snapshot_from,
    with_transfers,
)
from jobs.ledger.schema import documents, events, runs, snapshots
from reports.document import MonthTotals, Snapshot

if TYPE_CHECKING:
    from jobs.ledger.frames import Ids


@dataclass(frozen=True, slots=True)
class View:
    """How far a look into the ledger reaches: the newest document and snapshot it sees, both inclusive."""

    document_id: int
    snapshot_id: int
    event_id: int = ALL  # of acceptances
    posted: Together = field(default_factory=Together)  # with a document: what it was decided with


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of an account when a month of it is decided."""

    newest: int  # id of the account's newest document, 0 where there is none
    issued: tuple[Issued, ...]  # the month's documents, the invoice first
    past: tuple[MonthTotals, ...]  # the earlier issued months, ascending
    past_currencies: Mapping[str, str]  # of each of them, by month
    billed_elsewhere: "Mapping[str, Ids]"  # the SessionIds counted in each other issued month
    last_snapshot: Snapshot | None  # the month's, before the one that is being decided on
    accepted: tuple[Acceptance, ...]  # of the month's findings
    moving: "Mapping[str, Ids]"  # of a document's view: what it was decided with


def known(connection: Connection, account: str, month: str, view: View, *, counted: "Callable[[int], Ids]") -> Known:
    """Everything in the ledger that the decision on a month rests on; `counted` gives the SessionIds of a document."""
    newest = newest_of_each_month(connection, account, view.document_id)
    newest |= posting.months_of(connection, view.posted.documents)
    kept_under = renames.home(connection, account, month)
    earlier = [row_id for other, row_id in sorted(newest.items()) if other < month][-(TREND_MONTHS - 1) :]
    past = [document_of(connection, row_id) for row_id in earlier]
    last = last_snapshot(connection, kept_under, month, view.snapshot_id - 1)
    return Known(
        newest=max(newest.values(), default=0),
        issued=issued(connection, account, month, view.document_id),
        past=tuple(map(invoicing.month_totals, past)),
        past_currencies={document.month: document.currency for document in past},
        billed_elsewhere={other: counted(row_id) for other, row_id in newest.items() if other != month},
        last_snapshot=snapshot_from(last) if last else None,
        accepted=acceptances.given(connection, kept_under, month, view.event_id),
        moving=view.posted.moving,
    )


def issued(connection: Connection, account: str, month: str, until: int = ALL) -> tuple[Issued, ...]:
    """The month's documents, the invoice first, whichever key the account had then; `until` inclusive."""
    own = select(documents).where(documents.c.account.in_(renames.keys_of(connection, account)))
    own = own.where(documents.c.month == month, documents.c.id <= until).order_by(documents.c.id)
    return with_transfers(connection, [issued_from(dict(row)) for row in connection.execute(own).mappings()])


def view(connection: Connection, account: str, month: str, until: str | None) -> View:
    """What was known at the instant `until`, as the tables hold it, inclusive; None: what is known by now."""
    kept_under = renames.home(connection, account, month)
    of_month = (snapshots.c.account == kept_under) & (snapshots.c.month == month)

    def newest(table: Table, at: ColumnElement[str], *limits: ColumnElement[bool]) -> int:
        by_then = () if until is None else (at <= until,)
        return connection.execute(select(func.max(table.c.id)).where(*limits, *by_then)).scalar_one() or 0

    return View(
        document_id=newest(documents, documents.c.issued_at),
        snapshot_id=newest(snapshots, snapshots.c.fetched_at, of_month),
        event_id=newest(events, events.c.at),
    )


def view_before(connection: Connection, document_id: int, snapshot_id: int) -> View:
    """What was known when a document was posted, of what was posted with it too."""
    event_id, together = posting.together(connection, document_id)
    return View(min((document_id, *together.documents)) - 1, snapshot_id, event_id, together)


def settled(
    connection: Connection, account: str, month: str, program_version: str, *, run_id: int | None
) -> str | None:
    """The SHA-256 of the reply that the month's newest document was made of by this version of the program.

    None where there is no such document, where the vendor has sent something else since, or where the run `run_id`
    itself made it.
    """
    last = last_snapshot(connection, account, month, ALL)
    made_of = select(documents.c.run_id, documents.c.snapshot_id, runs.c.program_version).join_from(documents, runs)
    of_month = made_of.where(documents.c.account == account, documents.c.month == month)
    newest = connection.execute(of_month.order_by(documents.c.id.desc()).limit(1)).one_or_none()
    if last is None or newest is None or newest.snapshot_id != last["id"] or newest.run_id == run_id:
        return None
    return str(last["sha256"]) if newest.program_version == program_version else None


def issued_by(connection: Connection, account: str, month: str, snapshot_id: int, *, run_id: int) -> Issued | None:
    """The document that the run posted for the month on the snapshot."""
    of_run = (documents.c.run_id == run_id) & (documents.c.snapshot_id == snapshot_id)
    of_month = (documents.c.account == account) & (documents.c.month == month)
    row = connection.execute(select(documents).where(of_run, of_month)).mappings().one_or_none()
    return None if row is None else issued_from(dict(row))
