"""What the ledger holds, added to and read. The truth about what was issued: files can be made again from it.

Every addition is one transaction that excludes other writers. A number is taken in the same transaction that
stores its document, so none is lost, doubled or left out, whatever happens to the process.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, func, select

from jobs.billing import invoicing
from jobs.billing.acceptance import Acceptance
from jobs.billing.invoicing import TREND_MONTHS, Issued
from jobs.ledger import acceptances, chain, engine, frames, history, identity, posting, renames
from jobs.ledger.chain import Break
from jobs.ledger.posting import Stale, Together
from jobs.ledger.rows import (
    attached_to,
    document_of,
    in_text,
    issued_from,
    last_snapshot,
    newest_of_each_month,
    packed_sessions,
    small_rows,
    snapshot_from,
    with_transfers,
)
from jobs.ledger.schema import IN_ORDER, attachments, documents, events, runs, snapshots
from jobs.ledger.schema import credentials as pairs
from jobs.ledger.schema import renames as renames_table
from jobs.ledger.snapshots import Kept
from jobs.ledger.state import Standing, standings
from jobs.ledger.webhook_events import WebhookEvents
from reports.document import Document, MonthTotals, Snapshot

NO_ATTACHMENTS: Mapping[str, Kept] = MappingProxyType({})
ALL = 2**62  # an id beyond all


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
    elsewhere: Mapping[str, npt.NDArray[np.int64]]  # the SessionIds counted in each other issued month
    last_snapshot: Snapshot | None  # the month's, before the one that is being decided on
    accepted: tuple[Acceptance, ...]  # of the month's findings
    moving: Mapping[str, npt.NDArray[np.int64]]  # of a document's view: what it was decided with


@dataclass(frozen=True, slots=True)
class Posting:
    """A document to be made final, and what it was decided on."""

    document: Document
    sessions: pd.DataFrame  # the month's, rated
    snapshot_id: int
    accepted: tuple[Acceptance, ...] = ()
    credentials: str | None = None  # the fingerprint of those that the sessions were fetched with
    moving: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)


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
        utf8 = command.encode(errors="backslashreplace").decode()  # a file name on it may be any bytes
        self._run = {"program_version": program_version, "command": utf8}
        self._run_id: int | None = None
        self._ids: dict[int, npt.NDArray[np.int64]] = {}
        if checked:
            with engine.disposed_on_error(self._engine):
                self.check_chain()

    @property
    def run_id(self) -> int | None:
        """Of this run; None as long as it has added nothing."""
        return self._run_id

    def check_chain(self) -> None:
        """Raises LedgerDamaged: a chain is broken, or the database's own parts, such as an index, contradict it."""
        with engine.reading(self._engine) as connection:
            chain.check(connection)
            engine.check(connection)

    def breaks(self) -> Iterator[Break]:
        """Where the database itself is unsound or a chain of digests does not hold."""
        with engine.reading(self._engine) as connection:
            if unsound := engine.unsoundness(connection):
                yield Break("the database file", "sound", unsound)
            yield from chain.breaks(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    @contextmanager
    def _adding(self) -> Iterator[Connection]:
        with engine.adding(self._engine) as connection:
            new = self._run_id is None
            if new:
                self._run_id = chain.append(connection, runs, started_at=in_text(self._now()), **self._run)
            try:
                yield connection
            except BaseException:
                self._run_id = None if new else self._run_id  # rolled back
                raise

    def add_snapshot(
        self,
        account: str,
        month: str,
        *,
        kept: Kept,
        rows: int,
        fetched_at: datetime,
        attached: Mapping[str, Kept] = NO_ATTACHMENTS,
    ) -> tuple[int, Snapshot]:
        """Notes what the vendor sent, and what was asked beside it, by kind.

        The same bytes as last time, all of them, are the same snapshot, as first fetched.
        """
        with self._adding() as connection:
            last = last_snapshot(connection, account, month, ALL)
            if last is not None and last["sha256"] == kept.sha256:
                known = {row["kind"]: row["sha256"] for row in attached_to(connection, last["id"])}
                if known == {kind: one.sha256 for kind, one in attached.items()}:
                    return last["id"], snapshot_from(last)
            row = {
                "run_id": self._run_id,
                "account": account,
                "month": month,
                "sha256": kept.sha256,
                "file_sha256": kept.file_sha256,
                "rows": rows,
                "fetched_at": in_text(fetched_at),
            }
            row_id = chain.append(connection, snapshots, **row)
            for kind, one in sorted(attached.items()):
                of = {"snapshot_id": row_id, "kind": kind}
                chain.append(connection, attachments, **of, sha256=one.sha256, file_sha256=one.file_sha256)
            return row_id, snapshot_from(row)

    def attachments(self, snapshot_id: int) -> dict[str, str]:
        """What was asked beside a snapshot: by kind, the SHA-256 it is kept under."""
        with engine.reading(self._engine) as connection:
            return {row["kind"]: row["sha256"] for row in attached_to(connection, snapshot_id)}

    @property
    def webhook_events(self) -> WebhookEvents:
        """The webhook's events in this ledger."""
        return WebhookEvents(self._engine)

    def home(self, account: str, month: str) -> str:
        """The key under which a month of the account is kept, in the ledger and in the output; see `renames`."""
        with engine.reading(self._engine) as connection:
            return renames.home(connection, account, month)

    def keys_of(self, account: str) -> tuple[str, ...]:
        """Every key of the account that has or had this one, the present one first."""
        with engine.reading(self._engine) as connection:
            return renames.keys_of(connection, account)

    def rename(self, old: str, new: str) -> None:
        """From now on the account `old` is `new`; what is issued stays as it is. Raises UsageError."""
        with self._adding() as connection:
            renames.refuse_rename(connection, old, new)
            at = in_text(self._now())
            chain.append(connection, renames_table, run_id=self._run_id, at=at, old=old, new=new)

    def note_credentials(self, account: str, pair: str) -> None:
        """Notes the fingerprint of the key pair that the account is billed with, once."""
        with engine.reading(self._engine) as connection:
            if identity.is_noted(connection, account, pair):
                return
        with self._adding() as connection:
            if not identity.is_noted(connection, account, pair):
                at = in_text(self._now())
                chain.append(connection, pairs, run_id=self._run_id, at=at, account=account, fingerprint=pair)

    def refuse_other(self, account: str, prefix: str) -> None:
        """Raises UnitError for a former key of an account, and for the invoice prefix of another one."""
        with engine.reading(self._engine) as connection:
            renames.refuse_former(connection, account)
            identity.refuse_prefix(connection, account, prefix)

    def refuse_counted(self, document: Document, sessions: pd.DataFrame, credentials: str | None) -> None:
        """Raises UnitError where sessions not yet issued in this month were under another account (`identity`)."""
        with engine.reading(self._engine) as connection:
            self._refuse_counted(connection, document, sessions, credentials)

    def _refuse_counted(
        self, connection: Connection, document: Document, sessions: pd.DataFrame, credentials: str | None
    ) -> None:
        account, month = document.account, document.month
        own = newest_of_each_month(connection, account, ALL).get(month)
        ids = sessions["session_id"].to_numpy(np.int64)
        new = ids if own is None else np.setdiff1d(ids, self._counted(connection, own))
        counted = partial(self._counted, connection)
        identity.refuse_counted(connection, account, month, ids=new, pair=credentials, counted=counted)

    def known(self, account: str, month: str, view: View) -> Known:
        """Everything in the ledger that the decision on a month rests on, as far as `view` reaches."""
        with engine.reading(self._engine) as connection:
            newest = newest_of_each_month(connection, account, view.document_id)
            newest |= posting.months_of(connection, view.posted.documents)
            keys, kept_under = renames.keys_of(connection, account), renames.home(connection, account, month)
            own = select(documents).where(documents.c.account.in_(keys), documents.c.month == month)
            own = own.where(documents.c.id <= view.document_id).order_by(documents.c.id)
            earlier = [row_id for other, row_id in sorted(newest.items()) if other < month][-(TREND_MONTHS - 1) :]
            past = [document_of(connection, row_id) for row_id in earlier]
            last = last_snapshot(connection, kept_under, month, view.snapshot_id - 1)
            return Known(
                newest=max(newest.values(), default=0),
                issued=with_transfers(
                    connection, [issued_from(dict(row)) for row in connection.execute(own).mappings()]
                ),
                past=tuple(map(invoicing.month_totals, past)),
                past_currencies={document.month: document.currency for document in past},
                elsewhere={m: self._counted(connection, row_id) for m, row_id in newest.items() if m != month},
                last_snapshot=snapshot_from(last) if last else None,
                accepted=acceptances.given(connection, kept_under, month, view.event_id),
                moving=view.posted.moving,
            )

    def elsewhere(self, account: str, month: str) -> dict[str, npt.NDArray[np.int64]]:
        """The SessionIds counted in each other issued month."""
        with engine.reading(self._engine) as connection:
            newest = newest_of_each_month(connection, account, ALL)
            return {other: self._counted(connection, row_id) for other, row_id in newest.items() if other != month}

    def view(self, account: str, month: str, *, as_of: date | None = None) -> View:
        """What was known at the end of the day `as_of`, UTC; without it, now."""
        until = history.end_of(as_of)
        with engine.reading(self._engine) as connection:
            document = select(func.max(documents.c.id)).where(documents.c.issued_at <= until)
            kept_under = renames.home(connection, account, month)
            of_month = (snapshots.c.account == kept_under) & (snapshots.c.month == month)
            snapshot = select(func.max(snapshots.c.id)).where(of_month, snapshots.c.fetched_at <= until)
            event = select(func.max(events.c.id)).where(events.c.at <= until)
            found = [connection.execute(newest).scalar_one() or 0 for newest in (document, snapshot, event)]
            return View(document_id=found[0], snapshot_id=found[1], event_id=found[2])

    def view_before(self, document_id: int, snapshot_id: int) -> View:
        """What was known when a document was posted, of what was posted with it too."""
        with engine.reading(self._engine) as connection:
            event_id, together = posting.together(connection, document_id)
        return View(min((document_id, *together.documents)) - 1, snapshot_id, event_id, together)

    def settled(self, account: str, month: str) -> str | None:
        """The SHA-256 of the reply that the month's newest document was made of by this version of the program.

        None where there is no such document, or where the vendor has sent something else since.
        """
        with engine.reading(self._engine) as connection:
            last = last_snapshot(connection, account, month, ALL)
            made_of = select(documents.c.snapshot_id, runs.c.program_version).join_from(documents, runs)
            of_month = made_of.where(documents.c.account == account, documents.c.month == month)
            newest = connection.execute(of_month.order_by(documents.c.id.desc()).limit(1)).one_or_none()
        if last is None or newest is None or newest.snapshot_id != last["id"]:
            return None
        return str(last["sha256"]) if newest.program_version == self._run["program_version"] else None

    def snapshot(self, snapshot_id: int) -> Snapshot:
        with engine.reading(self._engine) as connection:
            query = select(snapshots).where(snapshots.c.id == snapshot_id)
            return snapshot_from(dict(connection.execute(query).mappings().one()))

    def issued_months(self, account: str) -> list[str]:
        """Ascending."""
        with engine.reading(self._engine) as connection:
            return sorted(newest_of_each_month(connection, account, ALL))

    def issued(self, account: str | None = None, month: str | None = None) -> Iterator[Issued]:
        """The documents that stand, in the order they were posted; of one account and month if named."""
        keys = None if account is None else self.keys_of(account)
        for row in self.outline()[documents.name]:
            if (keys is None or row["account"] in keys) and month in (None, row["month"]):
                yield issued_from(self.document_row(row["id"]))

    def outline(self) -> dict[str, list[Mapping[str, Any]]]:
        """Every table's rows as they are stored, in order, as one view; of documents only what is small."""
        with engine.reading(self._engine) as connection:
            return {table.name: small_rows(connection, table) for table in IN_ORDER}

    def document_row(self, document_id: int) -> Mapping[str, Any]:
        """A row of `documents`, whole."""
        with engine.reading(self._engine) as connection:
            return dict(connection.execute(select(documents).where(documents.c.id == document_id)).mappings().one())

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
            self._ids[document_id] = frames.session_ids(packed_sessions(dict(row)))
        return self._ids[document_id]

    def numbered(self, unnumbered: Sequence[Document]) -> list[Document]:
        """Documents of one account with the date and number that `post` would give them now, one after another.

        Their files can so be made before a number is taken. Raises ClockSetBack like `post`.
        """
        with engine.reading(self._engine) as connection:
            return posting.numbered(connection, unnumbered, self._now().date())

    def post(self, postings: Sequence[Posting], *, newest: int, there: Sequence[Path] = ()) -> list[Issued]:
        """Makes documents of one account final, all at once: each gets date and number and is stored with its sessions.

        `newest`: `Known.newest` of the decisions. `there`: the account's files that bear a final document's name.
        Raises Stale if the account has another newest document by now, a finding has been accepted since, or a document
        a number or date (`numbered`) that it can no longer be given;
        LedgerOutdated if one of the files is of a document that is not in the ledger, ClockSetBack if the ledger holds
        a document of a later day, UnitError where somebody would be billed twice.
        """
        packed = [frames.pack(one.sessions) for one in postings]
        with self._adding() as connection:
            account = postings[0].document.account
            given = [acceptances.given(connection, one.document.account, one.document.month, ALL) for one in postings]
            is_newest = max(newest_of_each_month(connection, account, ALL).values(), default=0) == newest
            if not is_newest or given != [one.accepted for one in postings]:
                raise Stale
            for one in postings:
                if one.document.kind == "invoice":
                    prefix = one.document.terms["invoice_prefix"]
                    identity.refuse_prefix(connection, one.document.account, prefix)
                self._refuse_counted(connection, one.document, one.sessions, one.credentials)
            posted = [
                posting.post(
                    connection,
                    one.document,
                    sessions,
                    run_id=self._run_id,
                    snapshot_id=one.snapshot_id,
                    now=self._now(),
                    there=there,
                )
                for one, sessions in zip(postings, packed, strict=True)
            ]
            ids = [row_id for row_id, _ in posted]
            for one, (row_id, final) in zip(postings, posted, strict=True):
                others = [other for other in ids if other != row_id]
                detail = {"number": final.number} | posting.noted(Together(tuple(others), one.moving))
                self._add_event(connection, final.account, final.month, "posted", document_id=row_id, detail=detail)
        return [Issued(row_id, final, one.sessions) for one, (row_id, final) in zip(postings, posted, strict=True)]

    def add_event(
        self, account: str, month: str, kind: str, *, document_id: int | None = None, detail: Mapping[str, Any]
    ) -> None:
        """Notes what happened to a month: one of `schema.NO_RUN`, else how a run left the unit."""
        with self._adding() as connection:
            self._add_event(connection, account, month, kind, document_id=document_id, detail=detail)

    def accept(self, account: str, month: str, acceptance: Acceptance) -> None:
        """Notes that a person has accepted a finding."""
        self.add_event(self.home(account, month), month, acceptances.KIND, detail=acceptances.detail_of(acceptance))

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
            at=in_text(self._now()),
            account=account,
            month=month,
            kind=kind,
            document_id=document_id,
            detail=json.dumps(detail, sort_keys=True),
        )

    def noted(self, account: str, month: str, kind: str) -> list[tuple[datetime, dict[str, Any]]]:
        """When events of a kind happened to a month, and what was noted of each; in order."""
        with engine.reading(self._engine) as connection:
            kept_under = renames.home(connection, account, month)
            of_kind = (events.c.account == kept_under) & (events.c.month == month) & (events.c.kind == kind)
            query = select(events.c.at, events.c.detail).where(of_kind).order_by(events.c.id)
            return [(datetime.fromisoformat(row.at), json.loads(row.detail)) for row in connection.execute(query)]

    def history(self, *, as_of: date | None = None) -> list[dict[str, Any]]:
        """What is known of each month (`past.months`)."""
        with engine.reading(self._engine) as connection:
            return history.months(connection, as_of=as_of)

    def standings(self) -> list[Standing]:
        """How each account-month stands, by account and month."""
        with engine.reading(self._engine) as connection:
            return standings(connection)

    def written(self, account: str, month: str) -> dict[int, dict[str, str]]:
        """For each of the month's documents whose files are in place: the files' SHA-256 by name."""
        of_month = (events.c.account == account) & (events.c.month == month) & (events.c.kind == "written")
        query = select(events.c.document_id, events.c.detail).where(of_month).order_by(events.c.id)
        with engine.reading(self._engine) as connection:
            return {row.document_id: json.loads(row.detail) for row in connection.execute(query)}
