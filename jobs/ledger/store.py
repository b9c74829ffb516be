"""What the ledger holds, added to and read. The truth about what was issued: files can be made again from it.

Every addition is one transaction that excludes other writers. A number is taken in the same transaction that
stores its document, so none is lost, doubled or left out, whatever happens to the process.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from functools import partial, wraps
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection

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
    rows,
)
from jobs.ledger import known as decided_on
from jobs.ledger.adding import NewDocument
from jobs.ledger.alerts import Noting
from jobs.ledger.chain import Break
from jobs.ledger.known import Known, View
from jobs.ledger.rows import ALL, counting, in_text, issued_from, newest_of_each_month
from jobs.ledger.run import Run
from jobs.ledger.schema import credentials as pairs
from jobs.ledger.schema import renames as renames_table
from jobs.ledger.snapshots import Digests
from jobs.ledger.state import Survey
from jobs.ledger.webhook_events import WebhookEvents
from reports.document import Document, Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from jobs.ledger.frames import Ids

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["ALL", "NO_ATTACHMENTS", "Known", "Ledger", "NewDocument", "View"]

NO_ATTACHMENTS: Mapping[str, Digests] = MappingProxyType({})


def _one_view(query: "Callable[Concatenate[Connection, P], R]") -> "Callable[Concatenate[Ledger, P], R]":
    """A query as a method of the ledger, which asks it in one consistent view."""

    @wraps(query)
    def method(ledger: "Ledger", /, *arguments: P.args, **named: P.kwargs) -> R:
        with engine.reading(ledger._engine) as connection:  # noqa: SLF001  # a method
            return query(connection, *arguments, **named)

    return method


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
        self._run = Run(self._engine, now, program_version, command, run_id)
        self._ids: dict[int, Ids] = {}
        self._proven_accounts: set[str] = set()
        if checked:
            with engine.disposed_on_error(self._engine):
                self.check_chain()

    home = _one_view(renames.home)
    keys_of = _one_view(renames.keys_of)
    view_before = _one_view(decided_on.view_before)
    issued_in = _one_view(decided_on.issued)
    issued_months = _one_view(rows.issued_months)
    _document_ids = _one_view(rows.document_ids)
    document_row = _one_view(rows.document_row)
    snapshot = _one_view(rows.snapshot)
    attachments = _one_view(rows.attached)
    outline = _one_view(of_account.outline)
    unwritten = _one_view(month_events.unwritten)
    written = _one_view(month_events.written)
    noted = _one_view(month_events.noted)

    @property
    def run_id(self) -> int | None:
        """Of this run; None as long as it has added nothing."""
        return self._run.id

    def begin(self) -> int:
        """Notes the run now, before anything is added, and gives its id: other processes take part in it."""
        return self._run.begin()

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
            self._run.proven = proof.at_start(connection)

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
        with self._run.adding() as connection:
            return adding.snapshot(
                connection, account, month, digests, attached, run_id=self._run.id, rows=rows, fetched_at=fetched_at
            )

    @property
    def webhook_events(self) -> WebhookEvents:
        """The webhook's events in this ledger."""
        return WebhookEvents(self._engine)

    def rename(self, old: str, new: str) -> None:
        """From now on the account `old` is `new`; what is issued stays as it is. Raises UsageError."""
        with self._run.adding() as connection:
            renames.refuse_rename(connection, old, new)
            chain.append(connection, renames_table, run_id=self._run.id, at=in_text(self._now()), old=old, new=new)

    def note_credentials(self, account: str, pair: str) -> None:
        """Notes the fingerprint of the key pair that the account is billed with, once."""
        with engine.reading(self._engine) as connection:
            if identity.is_noted(connection, account, pair):
                return
        with self._run.adding() as connection:
            if not identity.is_noted(connection, account, pair):
                at = in_text(self._now())
                chain.append(connection, pairs, run_id=self._run.id, at=at, account=account, fingerprint=pair)

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

    def settled(self, account: str, month: str) -> str | None:
        """The SHA-256 of the reply that the month's newest document was made of by this version of the program.

        None where there is no such document, where the vendor has sent something else since, and where this run made
        it: whoever does that part of the run once more must say what it issued.
        """
        with engine.reading(self._engine) as connection:
            made_by = self._run.program_version
            return decided_on.settled(connection, account, month, made_by, run_id=self._run.id)

    def issued_by_this_run(self, account: str, month: str, snapshot_id: int) -> Issued | None:
        """What this run posted for the month on a snapshot, before the process that did was lost."""
        if self._run.id is None:
            return None
        with engine.reading(self._engine) as connection:
            return decided_on.issued_by(connection, account, month, snapshot_id, run_id=self._run.id)

    def issued(self, account: str | None = None, month: str | None = None) -> Iterator[Issued]:
        """The documents that stand, in the order they were posted; of one account and month if named."""
        for row_id in self._document_ids(account, month):
            yield issued_from(self.document_row(row_id))

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
        with self._run.adding() as connection:
            counted = counting(connection, self._ids)
            return adding.documents(
                connection, postings, packed, counted, newest=newest, run_id=self._run.id, now=self._now, there=there
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
        with self._run.adding() as connection:
            yield Noting(connection, account, month, self._run.id, self._now())

    def accept(self, account: str, month: str, acceptance: Acceptance) -> None:
        """Notes that a person has accepted a finding."""
        self.add_event(self.home(account, month), month, acceptances.KIND, detail=acceptances.detail_of(acceptance))

    def history(self, accounts: Collection[str] = (), *, as_of: date | None = None) -> Iterator[dict[str, Any]]:
        """What is known of each month, by account and month (`history.every_month`)."""
        return history.every_month(self._engine, accounts, as_of)

    @contextmanager
    def survey(self) -> Iterator[Survey]:
        """How the accounts stand, as one view."""
        with engine.reading(self._engine) as connection:
            yield Survey(connection)
