"""`run --jobs 2`: the same as one after another, whatever happens to the processes."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.company import MONTH, PROGRAM, Company, row
from tests.robustness.postgresql import Server

KEYS = [f"clinic-{number:02}" for number in range(6)]
RUN = ("run", "--month", MONTH)


def sessions(number: int) -> list[dict[str, Any]]:
    return [row(1000 * number + nth, host=nth) for nth in range(1, 12)]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Company(tmp_path, {key: sessions(number) for number, key in enumerate(KEYS, 1)}) as company:
        yield company


def tree(company: Company) -> dict[str, bytes]:
    output = company.folder / "out"
    return {str(file.relative_to(output)): file.read_bytes() for file in sorted(output.rglob("*")) if file.is_file()}


def clear(company: Company) -> None:
    for part in ("out", "state"):
        subprocess.run(["rm", "-rf", company.folder / part], check=True)


def started(company: Company, *arguments: str, **how: Any) -> "subprocess.Popen[str]":
    line = [PROGRAM, "--config", company.config_file, *arguments]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how)


def descendants(pid: int) -> list[int]:
    """The workers: the children of the fork server, which is a child of `pid`."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            below = Path(f"/proc/{child}/task/{child}/children").read_text().split()
        except OSError:
            continue
        if b"forkserver" in command:
            found += [int(worker) for worker in below]
    return found


def assert_each_billed_once(company: Company) -> None:
    assert {key: company.summary(MONTH, key)["status"] for key in KEYS} == dict.fromkeys(KEYS, "issued")
    history = json.loads(company.process("history", "--json").stdout)
    numbers = sorted(one["number"] for month in history for one in month["documents"])
    assert numbers == [f"{key.upper()}-201611-0001" for key in KEYS]
    verified = company.process("verify")
    assert verified.returncode == 0, verified.stdout
    assert [str(path) for path in company.folder.rglob("*.tmp")] == []


def test_two_jobs_come_to_the_same_as_one_byte_for_byte(company: Company) -> None:
    company.vendor.add_fault(path="/history", account=KEYS[3], kind="status", status=401)
    company.vendor.add_fault(path="/history", account=KEYS[5], kind="status", status=503, times=1, retry_after="0")
    one = company.process(*RUN, "--jobs", "1", "--json")
    files = tree(company)
    clear(company)
    company.vendor.add_fault(path="/history", account=KEYS[5], kind="status", status=503, times=1, retry_after="0")
    two = company.process(*RUN, "--jobs", "2", "--json")
    assert (one.returncode, two.returncode) == (1, 1)
    without = [json.loads(done.stdout) for done in (one, two)]
    for units in without:
        for unit in units:
            if unit.get("snapshot"):
                unit["snapshot"].pop("fetched_at")
    assert without[0] == without[1]
    assert [line.split(" ", 1)[-1] for line in one.stderr.splitlines()] == [
        line.split(" ", 1)[-1] for line in two.stderr.splitlines()
    ]
    again = tree(company)
    assert again.keys() == files.keys()
    assert company.process("verify").returncode == 0


def test_killed_workers_cost_nothing_but_time(company: Company) -> None:
    company.vendor.add_fault(path="/history", kind="late", seconds=0.4)
    running = started(company, *RUN, "--jobs", "2", "--json")
    killed: set[int] = set()
    finished = 0
    until = time.monotonic() + 120
    while len(killed) < 3 and running.poll() is None and time.monotonic() < until:
        known = len(list((company.folder / "out").glob("*/*/summary.json")))
        for worker in set(descendants(running.pid)) - killed if known > finished else ():
            time.sleep(0.3)  # it has begun something
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
                killed.add(worker)
                finished = known
            break
        time.sleep(0.02)
    out, err = running.communicate(timeout=120)
    assert len(killed) == 3
    assert running.returncode == 0, err
    assert [unit["status"] for unit in json.loads(out)] == ["issued"] * len(KEYS)
    assert_each_billed_once(company)


@pytest.mark.parametrize(
    ("jobs", "ignored"), [("1", True), ("2", False)]
)  # ignored: as a script's `&` does with SIGINT
def test_sigterm_ends_it_within_seconds_and_nothing_is_issued_after_that(
    company: Company, jobs: str, ignored: bool
) -> None:
    """`ignored`: SIGINT, as in what a script starts with `&`."""
    company.vendor.add_fault(path="/history", account=KEYS[4], kind="late", seconds=60)
    company.configure(vendor={"timeout_seconds": 100, "budget_seconds": 100})
    dispositions = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)} if ignored else {}
    running = started(company, *RUN, "--jobs", jobs, **dispositions)
    until = time.monotonic() + 60
    while not (company.unit(MONTH, KEYS[2]) / "summary.json").exists() and time.monotonic() < until:
        time.sleep(0.02)
    workers = descendants(running.pid)
    begun = time.monotonic()
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=30)
    assert time.monotonic() - begun < 5
    assert running.returncode == 1, err
    assert "Traceback" not in err
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
    company.vendor.clear_faults()
    again = company.process(*RUN, "--jobs", jobs)
    assert again.returncode == 0, again.stderr
    history = json.loads(company.process("history", "--json").stdout)
    assert sorted(one["number"] for month in history for one in month["documents"]) == [
        f"{key.upper()}-201611-0001" for key in KEYS
    ]
    assert company.process("verify").returncode == 0


def test_workers_do_not_outlive_a_killed_run(company: Company) -> None:
    company.vendor.add_fault(path="/history", kind="late", seconds=30)
    running = started(company, *RUN, "--jobs", "2")
    until = time.monotonic() + 60
    while len(workers := descendants(running.pid)) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    running.kill()
    running.communicate(timeout=10)
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < until:
        time.sleep(0.02)
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]


@pytest.mark.needs("PostgreSQL")
@pytest.mark.parametrize("away", [0, 10])
def test_a_server_that_restarts_fails_no_unit(company: Company, postgresql_server: Server, away: int) -> None:
    database = postgresql_server.new_database()
    with postgresql_server.connect() as connection:  # what is committed must survive, here
        connection.execute(f"ALTER DATABASE {database} SET synchronous_commit TO on")
    company.configure(ledger=postgresql_server.url(database), snapshots="state/snapshots")
    company.vendor.add_fault(path="/history", kind="late", seconds=0.3)
    running = started(company, *RUN, "--jobs", "2", "--json")
    until = time.monotonic() + 60
    while not (company.unit(MONTH, KEYS[2]) / "summary.json").exists() and time.monotonic() < until:
        time.sleep(0.02)
    postgresql_server.stop()
    time.sleep(away)
    postgresql_server.start()
    out, err = running.communicate(timeout=180)
    assert running.returncode == 0, err
    assert {unit["account"]: unit["status"] for unit in json.loads(out)} == dict.fromkeys(KEYS, "issued")
    company.vendor.clear_faults()
    assert_each_billed_once(company)
    postgresql_server.drop(database)
