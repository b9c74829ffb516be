# ruff: noqa: S608  # the names in the statements are the schema's own
"""What a ledger of many accounts costs whoever opens it, bills a unit on it, or proves one account of it.

`benchmarks.many` copies the months; here every row gets its true digest, so that such a ledger can be proven.
`python -m benchmarks.ledger CONFIG whole|start|unit|account` is what is measured.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.many import MONTHS, many_accounts
from benchmarks.measure import child
from benchmarks.targets import Target

SECONDS, FLAT, FEW = 2, 1.2, 100  # what is to be reached; accounts of the ledger that the growth is measured against
_UNITS = 200
_COMPLETED = (
    "DELETE FROM lines WHERE document_id < (SELECT max(document_id) FROM lines)",
    "CREATE TEMP TABLE line AS SELECT * FROM lines ORDER BY id",
    "CREATE TEMP TABLE beside AS SELECT * FROM attachments ORDER BY id DESC LIMIT 1",
    *(f"DELETE FROM {table}" for table in ("lines", "numbers", "attachments", "checks")),
    """INSERT INTO lines SELECT row_number() OVER (ORDER BY d.id, l.id), d.id, l.meter, l.description, l.quantity,
    l.unit_price, l.amount_minor, '' FROM documents d, line l""",
    """INSERT INTO numbers SELECT id, account, 'invoice', CAST(substr(number, -4) AS INTEGER), number, id, ''
    FROM documents""",
    """INSERT INTO attachments SELECT s.id, s.id, b.kind, b.sha256, b.file_sha256, '' FROM snapshots s, beside b""",
)


def targets(accounts: int, environ: Mapping[str, str]) -> list[Target]:
    """Raises ChildFailed."""
    few, found = (_measured(size, environ) for size in (min(FEW, accounts), accounts))
    of = f"a ledger of {accounts:,} accounts of {MONTHS} months"
    print(f"{of}: {found['whole']:.1f} s of CPU to prove it whole, as its first start does", file=sys.stderr)
    return [
        Target(f"start on {of}", found["start"], "under", SECONDS, " s of CPU"),
        Target("the proof of one account's rows in it", found["account"], "under", SECONDS, " s of CPU"),
        Target(f"what a unit asks of it, beside one of {FEW}", found["unit"] / few["unit"], "under", FLAT, "×"),
    ]


def _measured(accounts: int, environ: Mapping[str, str]) -> dict[str, float]:
    """CPU seconds by what is done."""
    with many_accounts(accounts, environ) as config:
        with closing(sqlite3.connect(config.parent / "ledger.db")) as ledger, ledger:
            complete(ledger)
        command: list[str | Path] = [sys.executable, "-m", "benchmarks.ledger", config]
        done = ("whole", "note", "start", "unit", "account")  # in this order: the start goes on from the note
        return {what: float(child([*command, what], environ).output) for what in done}


def complete(ledger: sqlite3.Connection) -> None:
    """Gives each document its lines and number, and each row its digest."""
    from jobs.ledger import chain
    from jobs.ledger.schema import IN_ORDER

    for statement in _COMPLETED:
        ledger.execute(statement)
    ledger.execute("DELETE FROM heads")
    reading = ledger.cursor()
    reading.row_factory = sqlite3.Row
    for table in IN_ORDER:
        before, last = "", 0
        for row in reading.execute(f"SELECT * FROM {table.name} ORDER BY id"):
            before, last = chain.digest(table, dict(row), before), row["id"]
            ledger.execute(f"UPDATE {table.name} SET digest = ? WHERE id = ?", (before, last))
        if last:
            ledger.execute("INSERT INTO heads VALUES (?, ?, ?)", (table.name, last, before))


def main(config_file: Path, what: str) -> float:
    """CPU seconds; those of one unit, and of opening, without what the program takes to load."""
    from jobs.config import load
    from jobs.ledger.store import Ledger

    location = load(config_file).ledger
    keys = [f"clinic-{nth:05}" for nth in range(1, _UNITS + 1)]
    now = datetime(2030, 1, 1, tzinfo=UTC)

    def opened(*, checked: bool = False) -> Ledger:
        return Ledger(location, now=lambda: now, program_version="0", command="bench", checked=checked)

    opened().__exit__()
    start = time.process_time()
    if what in ("whole", "start"):
        opened(checked=True).__exit__()
        return time.process_time() - start
    with opened(checked=what == "note") as ledger:
        if what == "note":
            ledger.begin()
        elif what == "account":
            assert list(ledger.breaks(keys[0])) == []
            assert len(ledger.outline(keys[0])["documents"]) == MONTHS
        elif what == "unit":
            there = [key for key in keys if ledger.issued_months(key)]
            documents = [next(ledger.issued(key, "2016-11")).document for key in there]
            start = time.process_time()
            for key, document in zip(there, documents, strict=True):
                if key == there[1]:  # the first has made SQLAlchemy compile its statements
                    start = time.process_time()
                ledger.refuse_other(key, key)
                home = ledger.home(key, "2016-11")
                ledger.unwritten(home, "2016-11")
                ledger.settled(home, "2016-11")
                ledger.numbered([document])
            return (time.process_time() - start) / (len(there) - 1)
    return time.process_time() - start


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
