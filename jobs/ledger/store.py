"""What the ledger holds, added to and read. The truth about what was issued: files can be made again from it.

Every addition is one transaction that excludes other writers. A number is taken in the same transaction that
stores its document, so none is lost, doubled or left out, whatever happens to the process.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, Table, func, select

from jobs.billing import invoicing, money
from jobs.billing.invoicing import TREND_MONTHS, Issued
from jobs.errors import ClockSetBack, LedgerDamaged
from jobs.ledger import chain, engine, frames, past
from jobs.ledger.schema import documents, events, lines, numbers, runs, snapshots
from jobs.ledger.snapshots import Kept
from reports.document import Document, MonthTotals, Snapshot, from_json, plain, to_json

ALL = 2**62  # an id beyond all


class Stale(Exception):  # no error: somebody else was first, look again
    """The account's documents are no longer those that the decision was made on."""


@dataclass(frozen=True, slots=True)
class View:
    """How far a look into the ledger reaches: the newest document and snapshot it sees, both inclusive."""

    document_id: int
    snapshot_id: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of an account when a month of it is decided."""

    newest: int  # id of the account's newest document, 0 where there is none
    issued: tuple[Issued, ...]  # the month's documents, the invoice first
    past: tuple[MonthTotals, ...]  # the earlier issued months, ascending
    elsewhere: Mapping[str, npt.NDArray[np.int64]]  # the SessionIds counted in each other issued month
    last_snapshot: Snapshot | None  # the month's, before the one that is being decided on


class Ledger:
    """A ledger, opened by one run of one command. Raises LedgerError from every method."""

    def __init__(
        self,
        location: Path | str,
        *,
        now: Callable[[], datetime],
        program_version: str,
        command: str,
        checked: bool = True,
    ) -> None:
        """Opens `location`, created or migrated as needed; if `checked`, refuses one whose chain is broken.

        A command that adds nothing leaves no trace. Raises LedgerError, SchemaMismatch, LedgerDamaged.
        """
        self._engine = engine.open_engine(location)
        self._now = now
        self._run = {"program_version": program_version, "command": command}
        self._run_id: int | None = None
        self._ids: dict[int, npt.NDArray[np.int64]] = {}
        if checked:
            self.check_chain()

    def check_chain(self) -> None:
        """Raises LedgerDamaged."""
        with engine.reading(self._engine) as connection:
            chain.check(connection)

    def check_whole(self) -> None:
        """Like `check_chain`, and the database's own structures too. Raises LedgerDamaged."""
        with engine.reading(self._engine) as connection:
            engine.check_structure(connection)
            chain.check(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    @contextmanager
    def _adding(self) -> Iterator[Connection]:
        with engine.adding(self._engine) as connection:
            new = self._run_id is None
            if new:
                self._run_id = chain.append(connection, runs, started_at=_text(self._now()), **self._run)
            try:
                yield connection
            except BaseException:
                self._run_id = None if new else self._run_id  # rolled back
                raise

    def add_snapshot(
        self, account: str, month: str, kept: Kept, rows: int, fetched_at: datetime
    ) -> tuple[int, Snapshot]:
        """Notes what the vendor sent; the same bytes as last time are the same snapshot, as first fetched."""
        with self._adding() as connection:
            last = _last_snapshot(connection, account, month, ALL)
            if last is not None and last["sha256"] == kept.sha256:
                return last["id"], _snapshot(last)
            row = {
                "run_id": self._run_id,
                "account": account,
                "month": month,
                "sha256": kept.sha256,
                "file_sha256": kept.file_sha256,
                "rows": rows,
                "fetched_at": _text(fetched_at),
            }
            return chain.append(connection, snapshots, **row), _snapshot(row)

    def known(self, account: str, month: str, view: View) -> Known:
        """Everything in the ledger that the decision on a month rests on, as far as `view` reaches."""
        with engine.reading(self._engine) as connection:
            newest = _newest_of_each_month(connection, account, view.document_id)
            own = select(documents).where(documents.c.account == account, documents.c.month == month)
            own = own.where(documents.c.id <= view.document_id).order_by(documents.c.id)
            earlier = [row_id for other, row_id in sorted(newest.items()) if other < month][-(TREND_MONTHS - 1) :]
            last = _last_snapshot(connection, account, month, view.snapshot_id - 1)
            return Known(
                newest=max(newest.values(), default=0),
                issued=tuple(issued_from(dict(row)) for row in connection.execute(own).mappings()),
                past=tuple(invoicing.month_totals(_body(connection, row_id)) for row_id in earlier),
                elsewhere={m: self._counted(connection, row_id) for m, row_id in newest.items() if m != month},
                last_snapshot=_snapshot(last) if last else None,
            )

    def view(self, account: str, month: str, *, as_of: date | None = None) -> View:
        """What was known at the end of the day `as_of`, UTC; without it, now."""
        until = past.end_of(as_of)
        with engine.reading(self._engine) as connection:
            document = select(func.max(documents.c.id)).where(documents.c.issued_at <= until)
            of_month = (snapshots.c.account == account) & (snapshots.c.month == month)
            snapshot = select(func.max(snapshots.c.id)).where(of_month, snapshots.c.fetched_at <= until)
            return View(connection.execute(document).scalar_one() or 0, connection.execute(snapshot).scalar_one() or 0)

    def snapshot(self, snapshot_id: int) -> Snapshot:
        with engine.reading(self._engine) as connection:
            query = select(snapshots).where(snapshots.c.id == snapshot_id)
            return _snapshot(dict(connection.execute(query).mappings().one()))

    def issued_months(self, account: str) -> list[str]:
        """Ascending."""
        with engine.reading(self._engine) as connection:
            return sorted(_newest_of_each_month(connection, account, ALL))

    def issued(self, account: str | None = None, month: str | None = None) -> Iterator[Issued]:
        """The documents that stand, in the order they were posted; of one account and month if named."""
        for row in self.rows(documents, account, month):
            yield issued_from(row)

    def rows(self, table: Table, account: str | None = None, month: str | None = None) -> Iterator[dict[str, Any]]:
        """A table's rows as they are stored, in order; of one account and month if named. Proof reads these."""
        query = select(table.c.id).order_by(table.c.id)
        for name, wanted in (("account", account), ("month", month)):
            query = query if wanted is None else query.where(table.c[name] == wanted)
        with engine.reading(self._engine) as connection:
            for row_id in connection.execute(query).scalars().all():
                yield dict(connection.execute(select(table).where(table.c.id == row_id)).mappings().one())

    def unwritten(self, account: str, month: str) -> tuple[Issued, ...]:
        """The month's documents whose files an earlier run did not get to put in place."""
        done = select(events.c.document_id).where(events.c.kind == "written")
        own = (documents.c.account == account) & (documents.c.month == month) & documents.c.id.not_in(done)
        with engine.reading(self._engine) as connection:
            rows = connection.execute(select(documents).where(own).order_by(documents.c.id)).mappings()
            return tuple(issued_from(dict(row)) for row in rows)

    def _counted(self, connection: Connection, document_id: int) -> npt.NDArray[np.int64]:
        if document_id not in self._ids:
            row = connection.execute(select(documents).where(documents.c.id == document_id)).mappings().one()
            self._ids[document_id] = frames.session_ids(_sessions(dict(row)))
        return self._ids[document_id]

    def post(self, document: Document, sessions: pd.DataFrame, *, newest: int, snapshot_id: int) -> Issued:
        """Makes `document` final: gives it date and number and stores it with the month's rated `sessions`.

        `newest`: `Known.newest` of the decision. Raises Stale if the account has another newest document by now,
        ClockSetBack if the ledger holds a document of a later day.
        """
        packed = frames.pack(sessions)
        with self._adding() as connection:
            if max(_newest_of_each_month(connection, document.account, ALL).values(), default=0) != newest:
                raise Stale
            now = self._now()
            _refuse_earlier_day(connection, now.date())
            nth = _next(connection, document)
            final = invoicing.numbered(document, nth, now.date())
            row_id = self._add_document(connection, final, packed, snapshot_id, now)
            if final.number is not None:
                of = {"account": final.account, "series": invoicing.series(final), "nth": nth}
                chain.append(connection, numbers, **of, number=final.number, document_id=row_id)
            detail = {"number": final.number}
            self._add_event(connection, final.account, final.month, "posted", document_id=row_id, detail=detail)
        return Issued(row_id, final, sessions)

    def _add_document(
        self, connection: Connection, document: Document, packed: bytes, snapshot_id: int, now: datetime
    ) -> int:
        row_id = chain.append(
            connection,
            documents,
            run_id=self._run_id,
            snapshot_id=snapshot_id,
            account=document.account,
            month=document.month,
            kind=document.kind,
            number=document.number,
            corrects=document.corrects,
            issued_at=_text(now),
            currency=document.currency,
            **amounts_minor(document),
            body=to_json(document).decode(),
            sessions=packed,
            sessions_sha256=frames.sha256(packed),
        )
        for line in document.lines:
            chain.append(
                connection,
                lines,
                document_id=row_id,
                meter=line.meter,
                description=line.description,
                quantity=plain(line.quantity),
                unit_price=plain(line.unit_price),
                amount_minor=money.to_minor(line.amount, document.digits),
            )
        return row_id

    def add_event(
        self, account: str, month: str, kind: str, *, document_id: int | None = None, detail: Mapping[str, Any]
    ) -> None:
        """Notes what happened to a month: `written` for a document's files, else how a run left the unit."""
        with self._adding() as connection:
            self._add_event(connection, account, month, kind, document_id=document_id, detail=detail)

    def _add_event(
        self,
        connection: Connection,
        account: str,
        month: str,
        kind: str,
        *,
        document_id: int | None,
        detail: Mapping[str, Any],
    ) -> None:
        chain.append(
            connection,
            events,
            run_id=self._run_id,
            at=_text(self._now()),
            account=account,
            month=month,
            kind=kind,
            document_id=document_id,
            detail=json.dumps(detail, sort_keys=True),
        )

    def history(self, *, as_of: date | None = None) -> list[dict[str, Any]]:
        """What is known of each month (`past.months`)."""
        with engine.reading(self._engine) as connection:
            return past.months(connection, as_of=as_of)

    def written(self, account: str, month: str) -> dict[int, dict[str, str]]:
        """For each of the month's documents whose files are in place: the files' SHA-256 by name."""
        of_month = (events.c.account == account) & (events.c.month == month) & (events.c.kind == "written")
        query = select(events.c.document_id, events.c.detail).where(of_month).order_by(events.c.id)
        with engine.reading(self._engine) as connection:
            return {row.document_id: json.loads(row.detail) for row in connection.execute(query)}


def amounts_minor(document: Document) -> dict[str, int]:
    return {
        f"{name}_minor": money.to_minor(getattr(document, name), document.digits) for name in ("net", "tax", "total")
    }


def _next(connection: Connection, document: Document) -> int:
    """The next ordinal, from 1, in the document's series."""
    if document.kind == "restatement":  # takes no number: its ordinal only names its files
        same = (documents.c.kind == document.kind) & (documents.c.corrects == document.corrects)
        return connection.execute(select(func.count()).where(same)).scalar_one() + 1
    series = (numbers.c.account == document.account) & (numbers.c.series == invoicing.series(document))
    return (connection.execute(select(func.max(numbers.c.nth)).where(series)).scalar_one() or 0) + 1


def _refuse_earlier_day(connection: Connection, today: date) -> None:
    newest = connection.execute(select(func.max(documents.c.issued_at))).scalar_one()
    if newest is not None and today < datetime.fromisoformat(newest).date():
        raise ClockSetBack(
            f"the clock says {today}, but the ledger's newest document is dated {newest[:10]}; "
            "nothing is issued with an earlier date: set this machine's clock right, then run again"
        )


def _newest_of_each_month(connection: Connection, account: str, until: int) -> dict[str, int]:
    of_account = (documents.c.account == account) & (documents.c.id <= until)
    query = select(documents.c.month, func.max(documents.c.id)).where(of_account)
    return {month: row_id for month, row_id in connection.execute(query.group_by(documents.c.month))}  # noqa: C416  # rows


def _body(connection: Connection, document_id: int) -> Document:
    return from_json(connection.execute(select(documents.c.body).where(documents.c.id == document_id)).scalar_one())


def issued_from(row: Mapping[str, Any]) -> Issued:
    """A row of `documents` as the document it holds. Raises LedgerDamaged, msgspec.DecodeError (a ValueError)."""
    document = from_json(row["body"])
    return Issued(row["id"], document, frames.unpack(_sessions(row), document.parts))


def _sessions(row: Mapping[str, Any]) -> bytes:
    packed: bytes = row["sessions"]
    if frames.sha256(packed) != row["sessions_sha256"]:
        raise LedgerDamaged(
            f"the ledger is damaged: the sessions of document {row['number'] or row['id']} do not fit their digest; "
            "restore the ledger from a backup, then run `securevideo-billing verify`"
        )
    return packed


def _last_snapshot(connection: Connection, account: str, month: str, until: int) -> Mapping[str, Any] | None:
    of_month = (snapshots.c.account == account) & (snapshots.c.month == month) & (snapshots.c.id <= until)
    query = select(snapshots).where(of_month)
    row = connection.execute(query.order_by(snapshots.c.id.desc()).limit(1)).mappings().one_or_none()
    return dict(row) if row else None


def _snapshot(row: Mapping[str, Any]) -> Snapshot:
    return Snapshot(row["sha256"], datetime.fromisoformat(row["fetched_at"]), row["rows"])


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
