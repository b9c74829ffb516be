"""An installation of the program: a folder with its configuration, and its ledger on either engine."""

import hashlib
import shutil
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from tests.robustness import site
from tests.robustness.postgresql import Server
from tests.robustness.processes import ForkServer, Process, copied
from tests.robustness.site import ISSUED_AT

_COPIES = count()
_JOURNAL = bytes.fromhex("d9d505f920a163d7")  # how a complete one begins: https://sqlite.org/fileformat.html §3


@dataclass(frozen=True, slots=True)
class Ground:
    """What installations stand on. `postgresql`: None puts ledgers in a SQLite file."""

    folder: Path
    forks: ForkServer
    postgresql: Server | None

    def install(self, url: str, *, database: str | None = None, **how: Any) -> "Installation":
        """A new installation that asks the vendor at `url`."""
        folder = self.folder / f"site-{next(_COPIES)}"
        folder.mkdir()
        (folder / "tmp").mkdir()
        name = self._database(database)
        made = Installation(self, folder, name)
        made.configure(url, **how)
        return made

    def _database(self, like: str | None = None) -> str | None:
        return self.postgresql.new_database(like or "template0") if self.postgresql else None


@dataclass(frozen=True, slots=True)
class Installation:
    ground: Ground
    folder: Path
    database: str | None

    @property
    def ledger(self) -> str:
        server = self.ground.postgresql
        return server.url(self.database) if server and self.database else "state/ledger.db"

    @property
    def output(self) -> Path:
        return self.folder / "out"

    def configure(self, url: str, **how: Any) -> None:
        (self.folder / "config.yaml").write_text(site.configuration(url, ledger=self.ledger, **how))

    def copy(self) -> "Installation":
        """The same installation once more, ledger and all."""
        folder = copied(self.folder, self.ground.folder / f"site-{next(_COPIES)}")
        made = Installation(self.ground, folder, self.ground._database(self.database))  # noqa: SLF001
        config = folder / "config.yaml"
        config.write_text(config.read_text().replace(self.ledger, made.ledger))
        return made

    def other(self) -> "Installation":
        """Another host on the same ledger: nothing else is shared."""
        folder = copied(self.folder, self.ground.folder / f"site-{next(_COPIES)}")
        return Installation(self.ground, folder, self.database)

    def start(
        self, *args: str, now: datetime = ISSUED_AT, environ: Mapping[str, str] | None = None, **how: Any
    ) -> Process:
        own = {"TMPDIR": str(self.folder / "tmp"), **(environ or {})}
        return self.ground.forks.start(self.folder, *args, now=now, environ=own, **how)

    def run(self, *args: str, **how: Any) -> Process:
        process = self.start(*args, **how)
        process.wait()
        self._let_go()
        return process

    def _let_go(self) -> None:
        """Waits until the ledger's server has noticed that the process is gone."""
        if self.ground.postgresql and self.database:
            until = time.monotonic() + 20
            while self.ground.postgresql.busy(self.database):
                assert time.monotonic() < until, "the server still serves a process that is gone"
                time.sleep(0.002)

    def remove(self) -> None:
        """Folder and database."""
        shutil.rmtree(self.folder)
        if self.ground.postgresql and self.database:
            self.ground.postgresql.drop(self.database)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Reads the ledger, from outside the program."""
        if self.ground.postgresql and self.database:
            return self.ground.postgresql.rows(self.database, query)
        connection = sqlite3.connect(self.folder / self.ledger)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def tables(self) -> set[str]:
        """The ledger's, as far as there is one."""
        if self.database:
            return {name for (name,) in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        if not (self.folder / self.ledger).exists():
            return set()
        return {name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def write(self, statement: str) -> None:
        """Changes the ledger, behind the program's back."""
        if self.ground.postgresql and self.database:
            with self.ground.postgresql.connect(self.database) as server:
                server.execute(statement)
            return
        connection = sqlite3.connect(self.folder / self.ledger)
        with connection:
            connection.execute(statement)
        connection.close()

    def numbers(self) -> list[str | None]:
        """Of all documents, in the order they were posted."""
        return [number for (number,) in self.rows("SELECT number FROM documents ORDER BY id")]

    def fingerprint(self) -> str:
        """The same for two installations that a rerun cannot tell apart."""
        whole = hashlib.sha256(site.fingerprint(self.folder, without="config.yaml").encode())
        if self.database:
            for table in sorted(self.tables()):
                whole.update(repr(self.rows(f"SELECT * FROM {table} ORDER BY 1")).encode())  # noqa: S608
        return whole.hexdigest()

    def state(self) -> str:
        """The fingerprint after SQLite's own recovery, with which every rerun begins: the same for two installations
        that a rerun brings to the same end."""
        if self.database or not (self.folder / self.ledger).exists():
            return self.fingerprint()
        recovered = self.copy()
        recovered.rows("SELECT count(*) FROM sqlite_master")
        journal = recovered.folder / f"{self.ledger}-journal"
        if journal.exists() and not journal.read_bytes().startswith(_JOURNAL):
            journal.write_bytes(b"")  # SQLite looks no further into one that was not complete
        state = recovered.fingerprint()
        recovered.remove()
        return state

    def is_proven(self) -> None:
        """`verify` finds no difference."""
        proof = self.run("verify")
        assert (proof.status, proof.stderr) == (0, ""), proof.stdout

    def leftovers(self) -> list[str]:
        """Files that only a process that is still at work may have."""
        return [
            name
            for name in site.contents(self.folder)
            if name.endswith((".tmp", "-journal")) or name.startswith("tmp/")
        ]
