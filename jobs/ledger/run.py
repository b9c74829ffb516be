"""The run that adds to a ledger: noted with the first thing that it adds, in one transaction with it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, Engine

from jobs.ledger import chain, engine, proof
from jobs.ledger.rows import in_text
from jobs.ledger.schema import runs


class Run:
    """`id`: None as long as the run has added nothing. `proven`: where the chains ended that its start has proven."""

    def __init__(
        self, of: Engine, now: Callable[[], datetime], program_version: str, command: str, run_id: int | None
    ) -> None:
        self.id = run_id
        self.program_version = program_version
        self.proven: proof.Ends = {}
        self._engine, self._now = of, now
        self._command = command.encode(errors="backslashreplace").decode()  # a file name on it may be any bytes

    def begin(self) -> int:
        """Notes the run now, before it adds anything."""
        with self.adding():
            return cast("int", self.id)

    @contextmanager
    def adding(self) -> Iterator[Connection]:
        """A transaction that excludes other writers."""
        with engine.adding(self._engine) as connection:
            new = self.id is None
            if new:
                of_run = {"program_version": self.program_version, "command": self._command}
                self.id = chain.append(connection, runs, started_at=in_text(self._now()), **of_run)
                proof.note(connection, self.id, self.proven)
            try:
                yield connection
            except BaseException:
                self.id = None if new else self.id  # rolled back
                raise
