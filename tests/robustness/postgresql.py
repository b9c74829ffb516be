"""A PostgreSQL server of our own, from Debian's package, in a folder of its own, on loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from tests import tools

_SETTINGS = (
    *("fsync=off", "full_page_writes=off", "synchronous_commit=off"),  # it is thrown away
    *("unix_socket_directories=", "max_connections=60"),
)


@dataclass(slots=True)
class Server:
    port: int
    command: list[str | Path]
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None
    names: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://billing@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[Any]":
        return psycopg.connect(
            f"host=127.0.0.1 port={self.port} user=billing dbname={database} connect_timeout=10", autocommit=True
        )

    def new_database(self, like: str = "template0") -> str:
        """Gives the name of a new database, a copy of `like`."""
        name = f"ledger_{next(self.names)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        return name

    def drop(self, database: str) -> None:
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE {database} WITH (FORCE)")

    def rows(self, database: str, query: str) -> list[tuple[Any, ...]]:
        with self.connect(database) as connection:
            return list(connection.execute(query))

    def start(self) -> None:
        """Returns when it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, cwd=self.folder, stderr=log, stdout=log)
        _run(_ready_with(self.port), self.folder, tries=200)

    def stop(self) -> None:
        """At once, as if it were killed."""
        assert self.process
        self.process.send_signal(3)  # SIGQUIT
        self.process.wait(20)

    def busy(self, database: str) -> int:
        """How many connections to `database` the server still serves."""
        query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"  # noqa: S608  # our own name
        return int(self.rows("postgres", query)[0][0])


@contextmanager
def server() -> Iterator[Server]:
    """PostgreSQL refuses to run as root: root lends it to the user `postgres`, or else `nobody`."""
    tools.require("PostgreSQL")
    installed = tools.postgresql_programs()
    assert installed
    with tempfile.TemporaryDirectory(prefix="billing-postgresql-") as name:
        folder = Path(name)
        as_user: list[str] = []
        if os.geteuid() == 0:
            user = "postgres" if any(known.pw_name == "postgres" for known in pwd.getpwall()) else "nobody"
            shutil.chown(folder, user)
            as_user = ["setpriv", f"--reuid={user}", "--clear-groups", "--"]
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        initdb = ["initdb", "--no-sync", "--auth=trust", "--username=billing", "--encoding=UTF8", "--locale=C"]
        _run([*as_user, installed / initdb[0], *initdb[1:], "-D", folder / "data"], folder)
        settings = [part for setting in (*_SETTINGS, f"port={port}") for part in ("-c", setting)]
        command = [*as_user, installed / "postgres", "-D", folder / "data", *settings]
        found = Server(port, command, folder)
        try:
            found.start()
            yield found
        finally:
            found.stop()


def _ready_with(port: int) -> list[str | Path]:
    installed = tools.postgresql_programs()
    assert installed
    return [installed / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]


def _run(command: list[Any], folder: Path, tries: int = 1) -> None:
    for attempt in range(tries):
        done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.05 if attempt < tries - 1 else 0)
    log = folder / "log"
    raise AssertionError(done.stderr + done.stdout + (log.read_text() if log.exists() else ""))
