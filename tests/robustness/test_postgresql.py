"""The ledger's two engines: one schema, one behaviour; and what only a server can do, such as going away."""

import json
import socket
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from jobs.ledger import schema
from jobs.ledger.engine import HEAD, open_engine
from jobs.simulator.simulator import Simulator
from tests.robustness.installation import Ground, Installation
from tests.robustness.site import NOVEMBER

RUN = ("run", "--month", NOVEMBER)


def location(place: Installation) -> Path | str:
    return place.ledger if place.database else place.folder / place.ledger


@pytest.mark.filterwarnings("ignore:.*expression-based index")  # SQLite's is compared in tests/jobs/ledger
def test_migrations_make_the_schema_that_the_program_uses(ground: Ground, vendor: Simulator) -> None:
    engine = open_engine(location(ground.install(vendor.url)))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    engine.dispose()
    assert differences == []


def test_a_newer_schema_is_refused_with_both_versions_named(ground: Ground, vendor: Simulator) -> None:
    place = ground.install(vendor.url)
    assert place.run(*RUN).status == 0
    place.write("UPDATE alembic_version SET version_num = '9999'")
    for command in (RUN, ("verify",), ("history",)):
        process = place.run(*command)
        output = process.stdout + process.stderr
        assert process.status in (1, 3)
        assert "9999" in output
        assert HEAD in output
        assert "Traceback" not in output
        assert len(output.splitlines()) == 1
    assert place.numbers() == ["ACME-201611-0001"]


def test_both_engines_hold_the_same_rows(on_sqlite: Ground, on_postgresql: Ground, vendor: Simulator) -> None:
    """Digests and all, but for events, which note the folders: a ledger can be moved by copying its rows."""
    places = [one.install(vendor.url) for one in (on_sqlite, on_postgresql)]
    for place in places:
        assert place.run(*RUN).status == 0
    for table in schema.metadata.sorted_tables:
        columns = [column.name for column in table.columns]
        one, two = (place.rows(f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY 1") for place in places)  # noqa: S608
        if table is schema.events:
            one, two = (_without_folders(columns, rows) for rows in (one, two))
        elif table.name == "heads":
            one, two = ([row for row in rows if row[0] != "events"] for rows in (one, two))
        assert one == two, table.name


def _without_folders(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    events = []
    for row in rows:
        event = dict(zip(columns, row, strict=True))
        detail = json.loads(event["detail"])
        assert detail.pop("folders", None) is not None or event["kind"] in ("posted", "written")
        events.append({**event, "detail": detail, "digest": None})
    return events


def test_the_sqlite_file_is_for_its_owner_only(on_sqlite: Ground, vendor: Simulator) -> None:
    place = on_sqlite.install(vendor.url)
    assert place.run(*RUN).status == 0
    assert stat.S_IMODE((place.folder / place.ledger).stat().st_mode) == 0o600


def test_a_server_that_is_not_there_is_one_readable_line(on_postgresql: Ground, vendor: Simulator) -> None:
    """It names the server, never a password: such a one may only come from the environment or a file."""
    place = on_postgresql.install(vendor.url)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    config = place.folder / "config.yaml"
    there = str(on_postgresql.postgresql.port) if on_postgresql.postgresql else ""
    config.write_text(config.read_text().replace(f":{there}/", f":{port}/"))
    process = place.run(*RUN, environ={"PGPASSWORD": "not-to-be-shown"})
    assert process.status == 1
    assert process.stdout == ""
    (line,) = process.stderr.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "connection" in line
    assert "not-to-be-shown" not in line


@pytest.mark.parametrize("table", ["runs", "snapshots", "documents", "lines", "numbers", "events"])
def test_a_connection_dropped_within_a_transaction_leaves_no_half_document(
    on_postgresql: Ground, vendor: Simulator, table: str
) -> None:
    """The run is held up at its first insert into `table`; dropped by the server, it goes on with a new connection."""
    place, server = on_postgresql.install(vendor.url), on_postgresql.postgresql
    assert server
    assert place.database
    open_engine(place.ledger).dispose()  # makes the tables
    with server.connect(place.database) as other:
        other.autocommit = False
        other.execute(f"LOCK TABLE {table} IN SHARE MODE")
        process = place.start(*RUN)
        blocked = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{place.database}' AND wait_event_type = 'Lock'"  # noqa: S608, E501
        until = time.monotonic() + 20
        while not server.rows("postgres", blocked):
            assert time.monotonic() < until, "the run never got there"
            time.sleep(0.02)
    assert process.wait() == 0
    assert "Traceback" not in process.stderr
    assert "internal error" not in process.stderr
    assert "terminating connection" in process.stderr or "closed" in process.stderr, process.stderr
    assert place.numbers() == ["ACME-201611-0001"]
    assert place.rows("SELECT count(*) FROM numbers") == [(1,)]
    again = place.run(*RUN)
    assert again.status == 0, again.stderr
    assert place.numbers() == ["ACME-201611-0001"]
    place.is_proven()
