"""What the ledger holds, added to and read. The truth about what was issued: files can be made again from it.

Every addition is one transaction that excludes other writers. A number is taken in the same transaction that
stores its document, so none is lost, doubled or left out, whatever happens to the process.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, cast

from sqlalchemy import Connection, select

from jobs.billing.acceptance import Acceptance
from jobs.billing.invoicing import Issued
from jobs.ledger import (
    acceptances,
    adding,
    chain,
    engine,
    frames,
    history,
    identity,
    month_events,
    of_account,
    posting,
    proof,
    renames,
)
from jobs.ledger import known as decided_on
from jobs.ledger.adding import NewDocument
from jobs.ledger.alerts import Noting
from jobs.ledger.chain import Break
from jobs.ledger.known import Known, View
from jobs.ledger.rows import (
    ALL,
    attached_to,
    counting,
    in_text,
    issued_from,
    newest_of_each_month,
    small_rows,
    snapshot_from,
)
from jobs.ledger.schema import credentials as pairs
from jobs.ledger.schema import documents, runs, snapshots
from jobs.ledger.schema import renames as renames_table
from jobs.ledger.snapshots import Digests
from jobs.ledger.state import Survey
from jobs.ledger.webhook_events import WebhookEvents
from reports.document import Document, Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from jobs.ledger.frames import Ids

__all__ = ["ALL", "NO_ATTACHMENTS", "Known", "Ledger", "NewDocument", "View"]

NO_ATTACHMENTS: Mapping[str, Digests] = MappingProxyType({})


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
        run_id: int | None = None,
        patient: bool = False,
    ) -> None:
        """Opens `location`, created or migrated as needed; if `checked`, refuses one whose chain is broken.

        A command that adds nothing leaves no trace. `run_id`: of the run that this process does a part of, which
        another one has begun. `patient`: waits for a server that is being restarted. Raises LedgerError,
        SchemaMismatch, LedgerDamaged.
        """
        self._engine = engine.open_engine(location, patient=patient)
        self._now = now
        utf8 = command.encode(errors="backslashreplace").decode()  # a file name on it may be any bytes
        self._run = {"program_version": program_version, "command": utf8}
        self._run_id = run_id
        self._ids: dict[int, Ids] = {}
        self._proven: proof.Ends = {}
        self._proven_accounts: set[str] = set()
        if checked:
            with engine.disposed_on_error(self._engine):
                self.check_chain()

    @property
    def run_id(self) -> int | None:
        """Of this run; None as long as it has added nothing."""
        return self._run_id

    def begin(self) -> int:
        """Notes the run now, before anything is added, and gives its id: other processes take part in it."""
        with self._adding():
            pass
        return cast("int", self._run_id)

    def now(self) -> datetime:
        """What the database's clock says, UTC, in whole seconds; of an SQLite ledger, this machine's."""
        with engine.reading(self._engine) as connection:
            return engine.clock(connection) or self._now()

    def throttle(self, at_once: int) -> "Callable[[], AbstractContextManager[None]]":
        """What is entered by `at_once` at a time, of all processes on this ledger; only on PostgreSQL."""
        return partial(engine.admitted, self._engine, at_once)

    def check_chain(self) -> None:
        """Raises LedgerDamaged: a chain is broken where it was added to since the last check that passed (`proof`)."""
        with engine.reading(self._engine) as connection:
            self._proven = proof.at_start(connection)

    def breaks(self, account: str | None = None) -> Iterator[Break]:
        """Where the database itself is unsound or a chain of digests does not hold; of an account, among its rows."""
        with engine.reading(self._engine) as connection:
            if account is not None:
                yield from of_account.breaks(connection, account)
                return
            if unsound := engine.unsoundness(connection):
                yield Break("the database file", "sound", unsound)
            yield from proof.breaks(connection)

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
                proof.note(connection, self._run_id, self._proven)
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
        digests: Digests,
        rows: int,
        fetched_at: datetime,
        attached: Mapping[str, Digests] = NO_ATTACHMENTS,
    ) -> tuple[int, Snapshot]:
        """Notes what the vendor sent, and what was asked beside it, by kind.

        The same bytes as last time, all of them, are the same snapshot, as first fetched.
        """
        with self._adding() as connection:
            return adding.snapshot(
                connection, account, month, digests, attached, run_id=self._run_id, rows=rows, fetched_at=fetched_at
            )

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
            chain.append(connection, renames_table, run_id=self._run_id, at=in_text(self._now()), old=old, new=new)

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
        """Raises UnitError for a former key of an account, and for the invoice prefix of another one.

        LedgerDamaged where the account's own rows are not as they were written (`of_account`), once a run.
        """
        with engine.reading(self._engine) as connection:
            if account not in self._proven_accounts:
                of_account.check(connection, account)
                self._proven_accounts.add(account)
            renames.refuse_former(connection, account)
            identity.refuse_prefix(connection, account, prefix)

    def refuse_counted(self, document: Document, sessions: "pd.DataFrame", credentials: str | None) -> None:
        """Raises UnitError where sessions not yet issued in this month were under another account (`identity`)."""
        with engine.reading(self._engine) as connection:
            counted = counting(connection, self._ids)
            identity.refuse_counted(connection, document, sessions, pair=credentials, counted=counted)

    def known(self, account: str, month: str, view: View) -> Known:
        """Everything in the ledger that the decision on a month rests on, as far as `view` reaches."""
        with engine.reading(self._engine) as connection:
            return decided_on.known(connection, account, month, view, counted=counting(connection, self._ids))

    def billed_elsewhere(self, account: str, month: str) -> "dict[str, Ids]":
        """The SessionIds counted in each other issued month."""
        with engine.reading(self._engine) as connection:
            newest, counted = newest_of_each_month(connection, account, ALL), counting(connection, self._ids)
            return {other: counted(row_id) for other, row_id in newest.items() if other != month}

    def view(self, account: str, month: str, *, as_of: date | None = None) -> View:
        """What was known at the end of the day `as_of`, UTC; without it, now."""
        with engine.reading(self._engine) as connection:
            return decided_on.view(connection, account, month, history.end_of(as_of) if as_of else None)

    def view_before(self, document_id: int, snapshot_id: int) -> View:
        """What was known when a document was posted, of what was posted with it too."""
        with engine.reading(self._engine) as connection:
            return decided_on.view_before(connection, document_id, snapshot_id)

    def settled(self, account: str, month: str) -> str | None:
        """The SHA-256 of the reply that the month's newest document was made of by this version of the program.

        None where there is no such document, where the vendor has sent something else since, and where this run made
        it: whoever does that part of the run once more must say what it issued.
        """
        with engine.reading(self._engine) as connection:
            made_by = str(self._run["program_version"])
            return decided_on.settled(connection, account, month, made_by, run_id=self._run_id)

    def issued_by_this_run(self, account: str, month: str, snapshot_id: int) -> Issued | None:
        """What this run posted for the month on a snapshot, before the process that did was lost."""
        if self._run_id is None:
            return None
        with engine.reading(self._engine) as connection:
            return decided_on.issued_by(connection, account, month, snapshot_id, run_id=self._run_id)

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
        own = () if account is None else (documents.c.account.in_(self.keys_of(account)),)
        of_month = () if month is None else (documents.c.month == month,)
        with engine.reading(self._engine) as connection:
            query = select(documents.c.id).where(*own, *of_month).order_by(documents.c.id)
            ids = connection.execute(query).scalars().all()
        for row_id in ids:
            yield issued_from(self.document_row(row_id))

    def issued_in(self, account: str, month: str) -> tuple[Issued, ...]:
        """A month's documents, the invoice first."""
        with engine.reading(self._engine) as connection:
            return decided_on.issued(connection, account, month)

    def outline(self, account: str | None = None) -> dict[str, list[Mapping[str, Any]]]:
        """The rows of each table that has rows of accounts, as they are stored, in order, as one view; or one's only.

        Of documents only what is small.
        """
        with engine.reading(self._engine) as connection:
            if account is None:
                return {table.name: small_rows(connection, table) for table in of_account.TABLES}
            keys = renames.keys_of(connection, account)
            return {
                table.name: small_rows(connection, table, of_account.rows_of(table, keys))
                for table in of_account.TABLES
            }

    def document_row(self, document_id: int) -> Mapping[str, Any]:
        """A row of `documents`, whole."""
        with engine.reading(self._engine) as connection:
            return dict(connection.execute(select(documents).where(documents.c.id == document_id)).mappings().one())

    def unwritten(self, account: str, month: str) -> tuple[Issued, ...]:
        """The month's documents whose files an earlier run did not get to put in place."""
        with engine.reading(self._engine) as connection:
            return month_events.unwritten(connection, account, month)

    def numbered(self, unnumbered: Sequence[Document]) -> list[Document]:
        """Documents of one account with the date and number that `post` would give them now, one after another.

        Their files can so be made before a number is taken. Raises ClockSetBack like `post`.
        """
        with engine.reading(self._engine) as connection:
            return posting.numbered(connection, unnumbered, self._now().date())

    def post(self, postings: Sequence[NewDocument], *, newest: int, there: Sequence[Path] = ()) -> list[Issued]:
        """Makes documents of one account final, all at once: each gets date and number and is stored with its sessions.

        `newest`: `Known.newest` of the decisions. `there`: the account's files that bear a final document's name.
        Raises Stale if the account has another newest document by now, a finding has been accepted since, or a document
        a number or date (`numbered`) that it can no longer be given;
        LedgerOutdated if one of the files is of a document that is not in the ledger, ClockSetBack if the ledger holds
        a document of a later day, UnitError where somebody would be billed twice.
        """
        packed = [frames.pack(one.sessions) for one in postings]
        with self._adding() as connection:
            counted = counting(connection, self._ids)
            return adding.documents(
                connection, postings, packed, counted, newest=newest, run_id=self._run_id, now=self._now, there=there
            )

    def add_event(
        self, account: str, month: str, kind: str, *, document_id: int | None = None, detail: Mapping[str, Any]
    ) -> None:
        """Notes what happened to a month; see `Noting`."""
        with self.noting(account, month) as noting:
            noting.event(kind, detail, document_id)

    @contextmanager
    def noting(self, account: str, month: str) -> Iterator[Noting]:
        """One transaction that notes what happened to a month, its alerts too."""
        with self._adding() as connection:
            yield Noting(connection, account, month, self._run_id, self._now())

    def accept(self, account: str, month: str, acceptance: Acceptance) -> None:
        """Notes that a person has accepted a finding."""
        self.add_event(self.home(account, month), month, acceptances.KIND, detail=acceptances.detail_of(acceptance))

    def noted(self, account: str, month: str, kind: str) -> list[tuple[datetime, dict[str, Any]]]:
        """When events of a kind happened to a month, and what was noted of each; in order."""
        with engine.reading(self._engine) as connection:
            return month_events.noted(connection, account, month, kind)

    def history(self, accounts: Collection[str] = (), *, as_of: date | None = None) -> Iterator[dict[str, Any]]:
        """What is known of each month, by account and month (`history.every_month`)."""
        return history.every_month(self._engine, accounts, as_of)

    @contextmanager
    def survey(self) -> Iterator[Survey]:
        """How the accounts stand, as one view."""
        with engine.reading(self._engine) as connection:
            yield Survey(connection)

    def written(self, account: str, month: str) -> dict[int, dict[str, str]]:
        """For each of the month's documents whose files are in place: the files' SHA-256 by name."""
        with engine.reading(self._engine) as connection:
            return month_events.written(connection, account, month)
