"""Opening the database: created, upgraded, or refused with a reason."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from jobs.errors import LedgerDamaged, LedgerError, SchemaMismatch
from jobs.ledger import engine, schema
from tests.jobs.ledger.ledgers import as_of_revision, asked, opened, post, sql
from tests.robustness import postgresql
from tests.usage import bills


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    with postgresql.server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path | str, Engine]:
    """Where a new ledger is to be, and an engine on an empty database beside it."""
    if request.param == "sqlite":
        return tmp_path / "ledger.db", create_engine(f"sqlite:///{tmp_path / 'beside.db'}")
    server: postgresql.Server = request.getfixturevalue("server")
    one, two = (server.url(server.new_database()) for _ in range(2))
    return one, create_engine(two)


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")  # of SQLite's indexes `indexes` says all
def test_a_new_ledger_is_what_the_migrations_lead_to(places: tuple[Path | str, Engine]) -> None:
    place, beside = places
    new = engine.open_engine(place)
    with beside.begin() as connection:
        engine.upgrade(connection, None)
    assert reflected(new) == reflected(beside)
    assert indexes(new) == indexes(beside)
    assert {*reflected(new)} == {*schema.metadata.tables, "alembic_version"}
    with new.connect() as one, beside.connect() as two:
        version = text("SELECT version_num FROM alembic_version")
        assert one.execute(version).scalars().all() == two.execute(version).scalars().all() == [engine.HEAD]
    for each in (new, beside):
        each.dispose()


def reflected(of: Engine) -> dict[str, object]:
    """All that the database itself says of each table."""
    inspector = inspect(of)
    return {
        name: (
            [{**column, "type": str(column["type"])} for column in inspector.get_columns(name)],
            inspector.get_pk_constraint(name),
            inspector.get_foreign_keys(name),
            sorted(map(str, inspector.get_unique_constraints(name))),
            sorted(map(str, inspector.get_indexes(name))),
            inspector.get_check_constraints(name),
        )
        for name in inspector.get_table_names()
    }


def indexes(of: Engine) -> set[str]:
    sqlite = "SELECT sql FROM sqlite_master WHERE type = 'index'"
    query = sqlite if of.dialect.name == "sqlite" else "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
    with of.connect() as connection:
        return set(connection.exec_driver_sql(query).scalars())


def test_a_ledger_that_lost_its_version_is_not_taken_for_a_new_one(path: Path) -> None:
    with opened(path) as ledger:
        post(ledger, bills(3))
    sql(path, "DROP TABLE alembic_version")
    with pytest.raises(LedgerError, match="already exists"):
        opened(path)


def test_an_empty_file_is_made_a_ledger(path: Path) -> None:
    path.touch(mode=0o600)
    with opened(path) as ledger:
        assert [*ledger.history()] == []


def test_an_older_schema_is_upgraded_with_all_that_it_holds(path: Path) -> None:
    """The first one had no note of where each chain ends."""
    with opened(path) as ledger:
        posted = post(ledger, bills(10))
    heads = asked(path, "SELECT * FROM heads ORDER BY name")
    as_of_revision(path, "0001", without=("heads", "webhook_events", "attachments", "renames", "credentials", "checks"))
    with opened(path) as ledger:
        (stored,) = ledger.issued()
        assert stored.document == posted.document
        post(ledger, bills(9))
        assert not list(ledger.breaks())
    assert asked(path, "SELECT version_num FROM alembic_version") == [(engine.HEAD,)]
    assert {*(name for name, _, _ in heads), "checks"} == {name for name, _, _ in asked(path, "SELECT * FROM heads")}


def test_a_newer_schema_is_refused_with_both_versions_named_and_left_alone(path: Path) -> None:
    with opened(path) as ledger:
        post(ledger, bills(3))
    sql(path, "UPDATE alembic_version SET version_num = '0417'")
    before = path.read_bytes()
    with pytest.raises(SchemaMismatch) as refused:
        opened(path)
    assert str(refused.value) == (
        f"the ledger's schema is 0417, newer than this program's {engine.HEAD}; "
        "install the version of securevideo-billing that last used this ledger, or a later one"
    )
    assert path.read_bytes() == before


def test_what_is_no_database_is_named(path: Path) -> None:
    path.write_text("a text file that somebody put here " * 40)
    with pytest.raises(LedgerDamaged, match=r"ledger\.db is damaged \(file is not a database\)"):
        opened(path)


def test_a_folder_in_its_place_is_named(path: Path) -> None:
    path.mkdir()
    with pytest.raises(LedgerError, match=r"the ledger .*ledger\.db: unable to open database file"):
        opened(path)


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(LedgerError, match="the ledger cannot be kept there"):
        opened(tmp_path / "state/ledger.db")


def test_sqlite_is_set_to_lose_nothing(path: Path) -> None:
    made = engine.open_engine(path)
    with engine.reading(made) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    made.dispose()
    assert found == {"journal_mode": "delete", "synchronous": 3, "foreign_keys": 1}


def test_an_unsound_file_is_told_on_one_line(path: Path) -> None:
    with opened(path) as ledger:
        for count in range(3, 30):
            post(ledger, bills(count))
    content = bytearray(path.read_bytes())
    ((root,),) = asked(path, "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_documents_1'")
    ((size,),) = asked(path, "PRAGMA page_size")
    content[(root - 1) * size + 40 : (root - 1) * size + 60] = b"\0" * 20
    content[(root - 1) * size + size - 40 : root * size] = b"\0" * 40
    path.write_bytes(content)
    with opened(path, checked=False) as ledger:
        damage = [found for found in ledger.breaks() if found.place == "the database file"]
    assert len(damage) == 1
    assert "\n" not in damage[0].found


def test_processes_that_open_a_new_ledger_at_once_all_get_it(path: Path) -> None:
    code = f"from pathlib import Path\nfrom jobs.ledger.engine import open_engine\nopen_engine(Path({str(path)!r}))"
    started = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(one.communicate()[1], one.returncode) for one in started] == [("", 0)] * 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = '9999'",  # refused on opening
        "UPDATE documents SET total_minor = total_minor + 1",  # refused by the chain
    ],
)
def test_a_ledger_that_is_refused_is_closed_again(path: Path, statement: str) -> None:
    """While its error is still at hand: Python 3.13 warns of a database that only the collector closes."""
    with opened(path) as ledger:
        post(ledger, bills(10))
    sql(path, statement)
    with pytest.raises(LedgerError) as refused:
        opened(path)
    descriptors = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    assert refused.value
    assert str(path) not in descriptors


def test_what_is_there_already_is_no_message_of_the_database(path: Path) -> None:
    with opened(path) as ledger:
        post(ledger, bills(3))
        ledger.rename("acme", "bravo")
    sql(path, "UPDATE heads SET length = 0 WHERE name = 'renames'")
    with opened(path, checked=False) as ledger, pytest.raises(LedgerError) as refused:
        ledger.rename("bravo", "charlie")
    assert "UNIQUE" not in str(refused.value)
    assert "already holds what was to be added" in str(refused.value)
