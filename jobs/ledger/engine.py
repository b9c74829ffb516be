"""Opens the database behind the ledger, SQLite or PostgreSQL, and brings its schema up to this program's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.sql import column, table

from jobs.errors import LedgerDamaged, LedgerError, SchemaMismatch

HEAD = "0001"  # the newest revision in `migrations/versions`
_LOCK = 0x53564249  # any number, the same for every process: "SVBI"
_WAIT_SECONDS = 60  # for another process's transaction


def open_engine(ledger: Path | str) -> Engine:
    """An engine on the ledger, created or migrated as needed. Raises LedgerError, SchemaMismatch, LedgerDamaged."""
    engine = _sqlite(ledger) if isinstance(ledger, Path) else _server(ledger)
    with explained(engine):
        _migrate(engine)
    return engine


def _sqlite(path: Path) -> Engine:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise LedgerError(f"{path}: {(error.strerror or '').lower()}; the ledger cannot be kept there") from error
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": _WAIT_SECONDS})

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


def _server(url: str) -> Engine:
    try:
        return create_engine(make_url(url), isolation_level="READ COMMITTED")
    except (NoSuchModuleError, ImportError) as error:
        raise LedgerError(
            "the ledger is on PostgreSQL, but its driver is not installed; "
            "install it with: pip install 'securevideo-billing[postgresql]'"
        ) from error


@contextmanager
def adding(engine: Engine) -> Iterator[Connection]:
    """A transaction that excludes other writers until it ends. Raises LedgerError."""
    with explained(engine), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view, which holds up no writer on PostgreSQL and is short on SQLite. Raises LedgerError."""
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    with explained(engine), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _migrate(engine: Engine) -> None:
    with reading(engine) as connection:
        found = _revision(connection)
    if found == HEAD:
        return
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
    with adding(engine) as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, HEAD)


def check_structure(connection: Connection) -> None:
    """Asks SQLite whether its file is sound; PostgreSQL sees to that itself. Raises LedgerDamaged."""
    if connection.dialect.name == "sqlite":
        said = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
        if said != "ok":
            raise LedgerDamaged(f"SQLite finds the ledger damaged: {said}; restore it from a backup")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(select(column("version_num")).select_from(table("alembic_version"))).scalar_one_or_none()


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turns the database's errors into one readable line each."""
    try:
        yield
    except SQLAlchemyError as error:
        where = engine.url.database if engine.dialect.name == "sqlite" else engine.url.render_as_string()
        reason = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
        if "malformed" in reason or "not a database" in reason:
            raise LedgerDamaged(f"the ledger {where} is damaged ({reason}); restore it from a backup") from error
        raise LedgerError(f"the ledger {where}: {reason}; mend that, then run the same command again") from error
