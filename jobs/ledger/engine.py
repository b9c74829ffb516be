"""Opens the database behind the ledger, SQLite or PostgreSQL, and brings its schema up to this program's."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, NoSuchModuleError, OperationalError, SQLAlchemyError

from jobs.errors import LedgerDamaged, LedgerError, LedgerUnreachable, SchemaMismatch
from jobs.ledger.schema import metadata
from jobs.output.folder import make_folders

HEAD = "0008"  # the newest revision in `migrations/versions`
_VERSION = Table(  # as Alembic makes it
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
_LOCK = 0x53564249  # any number, the same for every process: "SVBI"
_PLACES = 0x53564251  # likewise, of those who ask the vendor
_WAIT_SECONDS = 60  # for another process's transaction, and for a server that restarts
_NO_USE = ("password", "authentication", "does not exist", "no pg_hba.conf entry")  # waiting would not help
_DAMAGE = ("malformed", "not a database", "no such table", "no such column", "could not decode")  # as SQLite says it


def open_engine(ledger: Path | str, *, wait_seconds: int | None = None, patient: bool = False) -> Engine:
    """An engine on the ledger, created or migrated as needed. Raises LedgerError, SchemaMismatch, LedgerDamaged.

    `wait_seconds`: the longest wait for other processes' transactions, and for a server that does not answer.
    `patient`: a server that cannot be reached now is waited for, from the first connection on; else only afterwards.
    """
    if isinstance(ledger, Path):
        engine = _sqlite(ledger, _WAIT_SECONDS if wait_seconds is None else wait_seconds)
    else:
        engine = _server(ledger, {} if wait_seconds is None else _waiting_at_most(wait_seconds))
    if patient:
        engine.update_execution_options(patience=_WAIT_SECONDS)
    with disposed_on_error(engine), explained(engine):
        _migrate(engine)
    if wait_seconds is None:
        engine.update_execution_options(patience=_WAIT_SECONDS)
    return engine


@contextmanager
def disposed_on_error(engine: Engine) -> Iterator[None]:
    """Closes the engine's connections where what is done within fails: nobody else would."""
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


def _sqlite(path: Path, wait_seconds: int) -> Engine:
    try:
        make_folders(path.parent)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise LedgerError(f"{path}: {(error.strerror or '').lower()}; the ledger cannot be kept there") from error
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": wait_seconds})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver starts no transactions of its own: `_begin` does
        for setting in ("journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _waiting_at_most(seconds: int) -> dict[str, Any]:
    """Settings of libpq for a connection that is never waited for without end."""
    limit = f"-c lock_timeout={seconds}s -c statement_timeout={seconds}s"
    return {"connect_timeout": max(2, seconds), "tcp_user_timeout": seconds * 1000, "options": limit}


def _server(url: str, settings: dict[str, Any]) -> Engine:
    try:
        return create_engine(make_url(url), isolation_level="READ COMMITTED", pool_pre_ping=True, connect_args=settings)
    except (NoSuchModuleError, ImportError) as error:
        raise LedgerError(
            "the ledger is on PostgreSQL, but its driver is not installed; "
            "install it with: pip install 'securevideo-billing[postgresql]'"
        ) from error


@contextmanager
def adding(engine: Engine) -> Iterator[Connection]:
    """A transaction that excludes other writers until it ends. Raises LedgerError."""
    with explained(engine), _connected(engine) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view, which holds up no writer on PostgreSQL and is short on SQLite. Raises LedgerError."""
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    with explained(engine), _connected(engine).execution_options(**options) as connection, connection.begin():
        yield connection


def _connected(engine: Engine) -> Connection:
    """A connection; a server that gives none for a while, as when it restarts, is waited for."""
    until = time.monotonic() + engine.get_execution_options().get("patience", 0)
    while True:
        try:
            return engine.connect()
        except OperationalError as error:
            if engine.dialect.name == "sqlite" or _is_refusal(error) or time.monotonic() >= until:
                raise
            time.sleep(0.25)


def _is_refusal(error: OperationalError) -> bool:
    return any(sign in str(error.orig) for sign in _NO_USE)


@contextmanager
def admitted(engine: Engine, at_once: int) -> Iterator[None]:
    """Waits for one of `at_once` places, which the server gives back when whoever holds one is gone."""
    with explained(engine), _connected(engine).execution_options(isolation_level="AUTOCOMMIT") as connection:
        place, lock = 0, text("SELECT pg_try_advisory_lock(:key, :place)")
        while not connection.execute(lock, {"key": _PLACES, "place": place}).scalar_one():
            place = (place + 1) % at_once
            time.sleep(0.0 if place else 0.02)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key, :place)"), {"key": _PLACES, "place": place})


def clock(connection: Connection) -> datetime | None:
    """What the server's clock says, UTC, in whole seconds; SQLite has none of its own."""
    if connection.dialect.name == "sqlite":
        return None
    at: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return at.astimezone(UTC).replace(microsecond=0)


def _migrate(engine: Engine) -> None:
    with reading(engine) as connection:
        found = _revision(connection)
    if found == HEAD:
        return
    with adding(engine) as connection:
        found = _revision(connection)  # another process may have come first
        if found is None:  # Alembic takes longer to load than a small month takes to be decided
            metadata.create_all(connection, checkfirst=False)
            _VERSION.create(connection)
            connection.execute(_VERSION.insert().values(version_num=HEAD))
        elif found != HEAD:
            upgrade(connection, found)


def upgrade(connection: Connection, found: str | None) -> None:
    """Brings the tables from the revision `found`, None for none at all, to HEAD. Raises SchemaMismatch."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    known = {script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaMismatch(
            f"the ledger's schema is {found}, newer than this program's {HEAD}; "
            "install the version of securevideo-billing that last used this ledger, or a later one"
        )
    settings.attributes["connection"] = connection
    command.upgrade(settings, HEAD)


def unsoundness(connection: Connection) -> str | None:
    """What SQLite finds wrong with its file, on one line; PostgreSQL sees to that itself."""
    if connection.dialect.name != "sqlite":
        return None
    said = str(connection.exec_driver_sql("PRAGMA integrity_check").scalars().first())
    return None if said == "ok" else " ".join(said.split())


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar_one_or_none()


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turns the database's errors into one readable line each."""
    try:
        yield
    except SQLAlchemyError as error:
        url = engine.url
        server = URL.create(url.drivername, host=url.host, port=url.port, database=url.database)  # no user, no password
        where = url.database if engine.dialect.name == "sqlite" else server.render_as_string()
        reason = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
        reason = reason.partition(" with text ")[0]  # SQLite quotes what it could not decode
        if isinstance(error, IntegrityError) and "unique constraint" in reason.lower():
            raise LedgerError(
                f"the ledger {where} already holds what was to be added to it, and was left as it is; "
                "find out what is wrong with it: securevideo-billing verify"
            ) from error
        if _is_gone(engine, error):
            raise LedgerUnreachable(
                f"the ledger {where}: {reason}; see that its server runs, then run the same command again"
            ) from error
        if any(sign in reason.lower() for sign in _DAMAGE):
            raise LedgerDamaged(f"the ledger {where} is damaged ({reason}); restore it from a backup") from error
        raise LedgerError(f"the ledger {where}: {reason}; correct that, then run the same command again") from error


def _is_gone(engine: Engine, error: SQLAlchemyError) -> bool:
    """Whether the server's connection broke, or there was none to be had."""
    if engine.dialect.name == "sqlite" or not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or (isinstance(error, OperationalError) and error.statement is None)
