"""What a unit asks of the ledger costs the same however much it holds: no query goes through a whole table."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, event

from jobs import config, monthly
from jobs.billing.month import Month
from jobs.ledger import schema
from jobs.ledger.store import Ledger
from tests.company import MONTH, Company, row, rows

NOW = datetime(2016, 12, 5, 6, tzinfo=UTC)
Asked = dict[str, Sequence[Any]]  # by statement its values


@contextmanager
def listening() -> Iterator[Asked]:
    """What is asked of any ledger meanwhile."""
    asked: Asked = {}

    def note(_: Any, __: Any, statement: str, values: Any, ___: Any, many: bool) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            asked[statement] = values[0] if many else values

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def billed(company: Company, **flags: bool) -> tuple[str, Asked]:
    """The unit's status, and what was asked of the ledger for it, opening and overview left out."""
    loaded = config.load(company.config_file)
    with ExitStack() as held:
        held.enter_context(time_machine.travel(NOW))
        ledger = held.enter_context(Ledger(loaded.ledger, now=lambda: NOW, program_version="0.2", command=""))
        job = monthly.Job(loaded, ledger, loaded.output, os.environ, lambda: NOW, "0.2", **flags)
        with listening() as asked:
            units = monthly.units(job, loaded.accounts.values(), [Month.parse(MONTH)], watch=True)
            (outcome,) = monthly.run(job, units)
        assert outcome.summary.error is None
        return outcome.summary.status, asked


def through_whole_tables(ledger: Path, asked: Asked) -> list[str]:
    with closing(sqlite3.connect(ledger)) as connection:
        plans = {
            statement: [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            for statement, values in asked.items()
        }
    assert any("SEARCH" in step for steps in plans.values() for step in steps)
    scanned = tuple(f"SCAN {table}" for table in schema.metadata.tables)
    return [f"{step}: {statement}" for statement, steps in plans.items() for step in steps if step.startswith(scanned)]


@pytest.mark.parametrize("flags", [{}, {"adjust": True}], ids=["run", "adjusted"])
def test_no_query_of_a_unit_goes_through_a_whole_table(tmp_path: Path, flags: dict[str, bool]) -> None:
    with Company(tmp_path, rows(10)) as company:
        ledger = tmp_path / "state" / "ledger.db"
        status, asked = billed(company, **flags)
        assert status == "issued"
        assert len([one for one in asked if one.startswith("INSERT")]) == 9, "all tables that a first run fills"
        again, of_rerun = billed(company, **flags)
        assert again == "unchanged"
        company.send([*rows(9), row(10, status="COMP")])
        changed, of_change = billed(company, **flags)
        assert changed == ("adjusted" if flags else "restated")
        assert through_whole_tables(ledger, asked | of_rerun | of_change) == []


def test_nor_does_one_of_an_account_that_was_renamed(tmp_path: Path) -> None:
    with Company(tmp_path, rows(10)) as company:
        assert billed(company)[0] == "issued"
        assert company.run("rename", "acme", "alpha").exit_code == 0
        company.configure(accounts={"alpha": company.settings["accounts"]["acme"]})
        company.send([*rows(9), row(10, status="COMP")])
        status, asked = billed(company, adjust=True)
        assert status == "adjusted"
        assert through_whole_tables(tmp_path / "state" / "ledger.db", asked) == []


def test_the_proof_of_one_account_goes_through_no_table_either(tmp_path: Path) -> None:
    with Company(tmp_path, rows(10)) as company:
        assert billed(company)[0] == "issued"
        with listening() as asked:
            assert company.run("verify", "--account", "acme").exit_code == 0
        assert through_whole_tables(tmp_path / "state" / "ledger.db", asked) == []
