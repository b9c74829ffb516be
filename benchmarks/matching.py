"""What `match` costs, beside openpyxl reading the activity file and doing nothing with it.

`python -m benchmarks.matching [SESSIONS]` measures; `write FILE SESSIONS` and `read FILE` are its children.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import ChildFailed, Measured, child
from benchmarks.months import CONFIG, MONTH, PROGRAM, vendor
from benchmarks.targets import Target

FULL, ROUNDS = 100_000, 2
UNKNOWN = 2  # percent of sessions without a duration, in both files alike
HEADERS = ("Session ID", "Date", "Host", "Usage Description", "Status", "Minutes")


def write(path: Path, sessions: int) -> None:
    """The activity file of the vendor's big month, as its API has it."""
    import xlsxwriter

    from jobs.simulator import clinic

    rows = clinic.sessions(sessions, MONTH, UNKNOWN)["accounts"]["large"]["sessions"]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Session Usage")
        sheet.write_row(0, 0, HEADERS)
        for number, row in enumerate(rows, 1):
            cells = ("SessionId", "BillableTs", "UserId", "UsageDescription", "BillableStatusCd", "DurationMinutes")
            for column, name in enumerate(cells):
                if row[name] is not None:
                    sheet.write(number, column, row[name])


def read(path: Path) -> None:
    """Every cell, and nothing more."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    for sheet in book.worksheets:
        for _ in sheet.iter_rows(values_only=True):
            pass


def measured(sessions: int, rounds: int) -> tuple[Measured, Measured]:
    """The quickest `match`, and the quickest reading. Raises ChildFailed."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    own = [sys.executable, "-m", "benchmarks.matching"]
    with TemporaryDirectory(prefix="securevideo-billing-bench-") as name, vendor(sessions, UNKNOWN, environ) as reached:
        activity, config = Path(name) / "activity.xlsx", Path(name) / "config.yaml"
        child([*own, "write", activity, str(sessions)], environ)
        config.write_text(CONFIG.format(url=reached.url))
        program: list[str | Path] = [PROGRAM, "--config", config]
        child([*program, "run", "--month", MONTH], reached.environ)
        match = [*program, "match", "--account", "large", "--month", MONTH, "--activity", activity]
        pairs = [(child(match, reached.environ), child([*own, "read", activity], environ)) for _ in range(rounds)]
    matches, reads = zip(*pairs, strict=True)
    return min(matches, key=lambda one: one.cpu_seconds), min(reads, key=lambda one: one.cpu_seconds)


def main(sessions: int = FULL, rounds: int = ROUNDS) -> int:
    """Prints figures and verdicts; 1 where a target is missed. Raises ChildFailed."""
    match, reading = measured(sessions, rounds)
    for what, one in (("match", match), ("reading with openpyxl", reading)):
        print(f"{what}, {sessions:,} rows: {one.seconds:.2f} s ({one.cpu_seconds:.2f} s CPU), {one.peak_mib:.0f} MiB")
    targets = [Target("match, beside reading alone", match.cpu_seconds / reading.cpu_seconds, "under", 1.5, "×")]
    if sessions == FULL:
        targets.append(Target("match of 100,000 rows", match.seconds, "under", 12, " s"))
    print("\n".join(target.in_words() for target in targets), flush=True)
    return 0 if all(target.met for target in targets) else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", file, count]:
            write(Path(file), int(count))
        case ["read", file]:
            read(Path(file))
        case [*given]:
            try:
                sys.exit(main(*map(int, given[:1])))
            except ChildFailed as failure:
                sys.exit(str(failure))
