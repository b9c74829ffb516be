"""A ledger of many accounts: one made-up month, billed by the real program, then copied by SQL; and its overview.

The rows are as runs leave them, the digests between them are not: such a ledger is opened unchecked. 10,000 accounts of
24 months are 240,000 documents. `python -m benchmarks.many CONFIG overview` and `… history` are what is measured.
"""

import gc
import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import Measured, child
from benchmarks.months import MONTH, set_up, vendor
from benchmarks.targets import Target

SESSIONS, MONTHS = 30, 24
LARGEST, SECONDS, PEAK_MIB, INDEX_MIB = 10_000, 5, 300, 3  # what is to be reached at LARGEST accounts
_UNITS = """\
WITH RECURSIVE
  accounts(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM accounts WHERE a < :accounts),
  months(m) AS (SELECT 0 UNION ALL SELECT m + 1 FROM months WHERE m < :months - 1),
  units AS (
    SELECT (a - 1) * :months + m + 1 AS unit, printf('clinic-%05d', a) AS account,
      printf('%04d-%02d', 2015 + m / 12, m % 12 + 1) AS month,
      printf('C%05d-%04d%02d-%04d', a, 2015 + m / 12, m % 12 + 1, m + 1) AS number
    FROM accounts, months
  )
"""
_RENAMED = """\
replace(replace(replace({column}, '{number}', u.number), '"{month}"', json_quote(u.month)), '"large"',
  json_quote(u.account))
"""
_COPIED = {  # by table: what differs from one unit to the next, and how many rows each has
    "snapshots": {"id": "u.unit", "account": "u.account", "month": "u.month"},
    "documents": {
        "id": "u.unit", "snapshot_id": "u.unit", "account": "u.account", "month": "u.month", "number": "u.number",
        "body": _RENAMED.format(column="t.body", number="LARGE-201611-0001", month=MONTH),
    },
    "events": {
        "id": "(u.unit - 1) * 3 + row_number() OVER (PARTITION BY u.unit ORDER BY t.id)",
        "account": "u.account", "month": "u.month", "document_id": "iif(t.document_id IS NULL, NULL, u.unit)",
        "detail": _RENAMED.format(column="t.detail", number="LARGE-201611-0001", month=MONTH),
    },
}  # fmt: skip


@contextmanager
def many_accounts(accounts: int, environ: Mapping[str, str]) -> Iterator[Path]:
    """The configuration of a ledger with so many accounts of 24 months each. Raises ChildFailed."""
    with vendor(SESSIONS, 5, environ) as reached, set_up(reached) as (folder, program):
        child([*program, "run", "--month", MONTH], reached.environ)
        with closing(sqlite3.connect(folder / "ledger.db")) as ledger, ledger:
            _copy(ledger, accounts)
        yield folder / "config.yaml"


def _copy(ledger: sqlite3.Connection, accounts: int) -> None:
    ledger.execute("PRAGMA foreign_keys = OFF")
    for table, changed in _COPIED.items():
        columns = [row[1] for row in ledger.execute(f"PRAGMA table_info({table})")]
        ledger.execute(f"CREATE TEMP TABLE made AS SELECT * FROM {table} WHERE month = '{MONTH}' ORDER BY id")  # noqa: S608  # our own names
        ledger.execute(f"DELETE FROM {table}")  # noqa: S608
        copied = ", ".join(changed.get(name, f"t.{name}") for name in columns)
        insert = f"{_UNITS} INSERT INTO {table} SELECT {copied} FROM units u, made t ORDER BY 1"  # noqa: S608
        ledger.execute(insert, {"accounts": accounts, "months": MONTHS})
        ledger.execute("DROP TABLE made")


def targets(accounts: int, environ: Mapping[str, str]) -> list[Target]:
    """The overview of so many accounts, as a run of one of them leaves it. Raises ChildFailed."""
    with many_accounts(accounts, environ) as config:
        _measured(config, "overview", environ)  # which writes every account's page
        shown = _measured(config, "overview", environ)
        history = _measured(config, "history", environ)
        size = (config.parent / "out" / "index.html").stat().st_size / 2**20
    of = f"{accounts:,} accounts of {MONTHS} months"
    return [
        Target(f"overview of {of}", shown.cpu_seconds, "under", SECONDS, " s of CPU"),
        Target("its peak of memory", shown.peak_mib, "under", PEAK_MIB, " MiB"),
        Target("its size", size, "under", INDEX_MIB, " MiB"),
        Target(f"history of {of}, its peak of memory", history.peak_mib, "under", PEAK_MIB, " MiB"),
    ]


def _measured(config: Path, what: str, environ: Mapping[str, str]) -> Measured:
    return child([sys.executable, "-m", "benchmarks.many", config, what], environ)


def main(config_file: Path, what: str) -> None:
    """Makes the overview of such a ledger, or reads its history."""
    gc.disable()  # as `run` does
    from jobs import overview
    from jobs.config import load
    from jobs.ledger.store import Ledger

    config = load(config_file)
    with Ledger(
        config.ledger, now=lambda: datetime.now(UTC), program_version="0", command="bench", checked=False
    ) as ledger:
        if what == "history":
            for month in ledger.history():
                os.write(1, repr(month["status"]).encode())
            return
        (large,) = config.accounts.values()
        with ledger.survey() as survey:
            keys = survey.accounts()
        many = {key: replace(large, key=key) for key in keys}
        overview.write(replace(config, accounts=many), ledger, config.output, program_version="0")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
