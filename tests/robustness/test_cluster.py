"""`run --cluster`: a scheduler and two workers over TLS on loopback, a ledger on PostgreSQL; and what befalls them."""

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
from tests.robustness.dask_cluster import Cluster, certificates, cluster
from tests.robustness.postgresql import Server

pytestmark = pytest.mark.needs("PostgreSQL")

KEYS = [f"clinic-{number:02}" for number in range(6)]
RUN = ("run", "--month", MONTH)


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


@pytest.fixture
def company(tmp_path: Path, postgresql_server: Server, dask: Cluster) -> Iterator[Company]:
    database = postgresql_server.new_database()
    settings = {
        "ledger": postgresql_server.url(database),
        "snapshots": "state/snapshots",
        "workers": {"cluster": dask.address, "tls": dask.tls},
    }
    sessions = {key: [row(1000 * n + nth) for nth in range(1, 12)] for n, key in enumerate(KEYS, 1)}
    with Company(tmp_path, sessions, **settings) as company:
        yield company
    postgresql_server.drop(database)


def started(company: Company, *arguments: str) -> "subprocess.Popen[str]":
    line = [PROGRAM, "--config", company.config_file, *arguments]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def numbers(company: Company) -> list[str]:
    history = json.loads(company.process("history", "--json").stdout)
    return sorted(one["number"] for month in history for one in month["documents"])


def assert_each_billed_once(company: Company, done: "subprocess.CompletedProcess[str] | tuple[int, str, str]") -> None:
    status, out, err = done if isinstance(done, tuple) else (done.returncode, done.stdout, done.stderr)
    assert status == 0, err
    assert {unit["account"]: unit["status"] for unit in json.loads(out)} == dict.fromkeys(KEYS, "issued")
    assert numbers(company) == [f"{key.upper()}-201611-0001" for key in KEYS]
    verified = company.process("verify")
    assert verified.returncode == 0, verified.stdout
    assert not [*company.folder.rglob("*.tmp"), *company.folder.rglob(".cluster-run-*")]


def some_are_done(company: Company, running: "subprocess.Popen[str]", count: int = 1) -> None:
    until = time.monotonic() + 90
    while len(list((company.folder / "out").glob("*/*/summary.json"))) < count and time.monotonic() < until:
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)


def test_it_comes_to_the_same_as_one_process(company: Company) -> None:
    done = company.process(*RUN, "--json")
    assert_each_billed_once(company, done)
    assert done.stderr == ""
    again = company.process(*RUN, "--jobs", "1")
    assert again.returncode == 0
    assert again.stdout.count("unchanged") == len(KEYS)


def test_killed_workers_cost_nothing_but_time(company: Company, dask: Cluster) -> None:
    company.vendor.add_fault(path="/history", kind="late", seconds=0.3)
    running = started(company, *RUN, "--json")
    for count in (1, 2):
        some_are_done(company, running, count)
        for worker in dask.working()[:1]:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    out, err = running.communicate(timeout=180)
    assert_each_billed_once(company, (running.returncode, out, err))


def test_a_scheduler_that_is_restarted_costs_nothing_but_time(company: Company, dask: Cluster) -> None:
    company.vendor.add_fault(path="/history", kind="late", seconds=0.3)
    running = started(company, *RUN, "--json")
    some_are_done(company, running)
    assert dask.scheduler
    dask.scheduler.kill()
    dask.scheduler.wait()
    for worker in dask.workers:  # as their supervisor would
        worker.kill()
        worker.wait()
    dask.workers.clear()
    dask.start_scheduler()
    for _ in range(2):
        dask.start_worker()
    out, err = running.communicate(timeout=240)
    assert_each_billed_once(company, (running.returncode, out, err))


def test_sigterm_ends_it_within_seconds_and_nothing_is_issued_after_that(company: Company) -> None:
    company.vendor.add_fault(path="/history", account=KEYS[4], kind="late", seconds=4)
    running = started(company, *RUN, "--json")
    some_are_done(company, running)
    begun = time.monotonic()
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=30)
    assert time.monotonic() - begun < 5
    assert running.returncode == 1
    assert "Traceback" not in err
    issued = numbers(company)
    time.sleep(5)
    assert numbers(company) == issued
    company.vendor.clear_faults()
    assert company.process(*RUN).returncode == 0
    assert numbers(company) == [f"{key.upper()}-201611-0001" for key in KEYS]


@pytest.mark.parametrize(
    ("workers", "status", "said"),
    [
        ({"cluster": "tls://127.0.0.1:9"}, 1, "the cluster tls://127.0.0.1:9: "),
        ({"tls": "others"}, 1, "workers.tls are certificates that it accepts"),
        ({"tls": {"ca": "nowhere.pem", "cert": "nowhere.pem", "key": "nowhere.pem"}}, 2, "nowhere.pem cannot be read"),
        ({"cluster": "tcp://scheduler.example.com:8786"}, 2, "expected tls://"),
        ({"cluster": "file:nowhere.json"}, 1, "nowhere.json: not the scheduler file of a cluster that runs"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_nothing_is_billed(
    company: Company, tmp_path: Path, workers: dict[str, Any], status: int, said: str
) -> None:
    if workers.get("tls") == "others":
        workers = {"tls": certificates(tmp_path, "others")}
    company.configure(workers=company.settings["workers"] | workers)
    done = company.process(*RUN)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert not list((company.folder / "out").glob("*/*/*"))


def test_a_ledger_in_a_file_is_refused(company: Company) -> None:
    company.configure(ledger="state/ledger.db")
    done = company.process(*RUN)
    assert done.returncode == 2
    assert "workers.cluster: a cluster needs a ledger on PostgreSQL" in done.stderr
    company.configure(workers={})
    done = company.process(*RUN, "--cluster", "tls://127.0.0.1:1")
    assert done.returncode == 2
    assert done.stderr.startswith("securevideo-billing: --cluster: needs a ledger on PostgreSQL")


def test_a_worker_without_credentials_names_itself_and_the_others_go_on(company: Company) -> None:
    lacking = company.settings["accounts"][KEYS[0]]["credentials"] | {"identifier": {"env": "NOT_SET_ON_WORKERS"}}
    accounts = company.settings["accounts"]
    company.configure(accounts=accounts | {KEYS[0]: accounts[KEYS[0]] | {"credentials": lacking}})
    done = company.process(*RUN, "--json", environ={"NOT_SET_ON_WORKERS": "made-up"})
    assert done.returncode == 1
    first, *others = json.loads(done.stdout)
    assert first["error"].startswith("worker ")
    assert "NOT_SET_ON_WORKERS" in first["error"]
    assert [unit["status"] for unit in others] == ["issued"] * len(others)
