"""All tasks of a run, whatever becomes of the workers."""

import pickle
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from jobs.billing.month import Month
from jobs.config import load
from jobs.engine import fleet
from jobs.engine.task import Clock, Done, Task, failed
from tests.company import Company, rows, secret

KEYS = ("alpha", "beta", "gamma", "delta")


@pytest.fixture
def tasks(tmp_path: Path) -> list[Task]:
    with Company(tmp_path, {key: rows(1, first=100 * number) for number, key in enumerate(KEYS, 1)}) as company:
        config = load(company.config_file)
    return [
        Task(
            config=replace(config, accounts=MappingProxyType({key: config.accounts[key]})),
            months=(Month.parse("2016-11"), Month.parse("2016-12")),
            output=config.output,
            run_id=1,
            program_version="0",
            draft=False,
            adjust=False,
            level=20,
            clock=Clock.set_to(datetime(2016, 12, 5, tzinfo=UTC)),
        )
        for key in KEYS
    ]


class Workers:
    """Performs each task at once with `perform`, which may raise as a lost worker does."""

    lost: tuple[type[BaseException], ...] = (BrokenProcessPool,)

    def __init__(self, perform: Callable[[Task], Done]) -> None:
        self.perform = perform
        self.renewed = 0
        self.stopped = False

    def submit(self, task: Task) -> "Future[Done]":
        with ThreadPoolExecutor(1) as one:
            return one.submit(self.perform, task)

    def renew(self) -> None:
        self.renewed += 1

    def stop(self) -> None:
        self.stopped = True


def done(task: Task) -> Done:
    return failed(task, "done")


def errors(workers: Workers, tasks: list[Task]) -> list[tuple[str, str, str | None]]:
    found = [outcome.summary for outcome in fleet.outcomes(workers, tasks)]
    return [(one.account, one.month, one.error) for one in found]


def all_done() -> list[tuple[str, str, str | None]]:
    return [(key, month, "done") for key in KEYS for month in ("2016-11", "2016-12")]


def test_outcomes_come_in_the_order_of_the_tasks_and_the_workers_are_stopped(tasks: list[Task]) -> None:
    workers = Workers(done)
    assert errors(workers, tasks) == all_done()
    assert (workers.renewed, workers.stopped) == (0, True)


def test_what_lost_workers_were_given_is_given_to_others(tasks: list[Task]) -> None:
    given: list[str] = []

    def perform(task: Task) -> Done:
        given.append(task.account)
        if task.account in ("beta", "delta") and given.count(task.account) == 1:
            raise BrokenProcessPool
        return done(task)

    workers = Workers(perform)
    assert errors(workers, tasks) == all_done()
    assert (workers.renewed, sorted(given)) == (1, sorted((*KEYS, "beta", "delta")))


def test_an_account_that_costs_every_worker_its_life_fails_alone(tasks: list[Task]) -> None:
    def perform(task: Task) -> Done:
        if task.account == "beta":
            raise BrokenProcessPool
        return done(task)

    workers = Workers(perform)
    lost = "its worker process was lost 3 times; see the system's log for why"
    assert errors(workers, tasks) == [(key, month, lost if key == "beta" else "done") for key, month, _ in all_done()]


def test_a_bug_on_the_way_keeps_no_other_account_from_being_billed(tasks: list[Task]) -> None:
    def perform(task: Task) -> Done:
        if task.account == "gamma":
            raise ValueError("no such thing")
        return done(task)

    found = errors(Workers(perform), tasks)
    assert [one for one in found if one[0] != "gamma"] == [one for one in all_done() if one[0] != "gamma"]
    assert all("internal error ValueError" in str(error) for key, _, error in found if key == "gamma")


def test_a_caller_who_stops_half_way_stops_the_workers(tasks: list[Task]) -> None:
    workers = Workers(done)
    outcomes = fleet.outcomes(workers, tasks)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]  # a generator
    assert workers.stopped


def test_no_secret_travels_with_a_task(tasks: list[Task]) -> None:
    for task in tasks:
        packed = pickle.dumps(task)
        assert not any(secret(key).encode() in packed for key in KEYS)
        assert pickle.loads(packed) == task  # noqa: S301  # our own
