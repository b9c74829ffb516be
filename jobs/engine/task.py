"""One account of a run as a value that another process performs, and what came of it."""

import copyreg
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import CLOCK_MONOTONIC, clock_gettime
from types import MappingProxyType
from typing import Any, Self

from jobs import log, monthly
from jobs.billing.month import Month
from jobs.config import Config, read_credential
from jobs.errors import BillingError, CredentialError
from jobs.ledger.store import Ledger
from jobs.log import Line
from jobs.monthly import Outcome
from jobs.output.summary import of_failure
from jobs.securevideo.client import Throttle


def _read_only(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


copyreg.pickle(MappingProxyType, lambda mapping: (_read_only, (dict(mapping),)))  # the configuration holds some


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that went `at` when this machine's steady one was at `since`: one for all processes of a run."""

    at: datetime  # aware, UTC, in whole seconds
    since: float

    @classmethod
    def set_to(cls, at: datetime) -> Self:
        return cls(at, clock_gettime(CLOCK_MONOTONIC))

    def __call__(self) -> datetime:
        return self.at + timedelta(seconds=int(clock_gettime(CLOCK_MONOTONIC) - self.since))


@dataclass(frozen=True, slots=True)
class Task:
    """One account's months. It holds no secret and no environment: a worker reads those where it runs."""

    config: Config  # with this account alone
    months: tuple[Month, ...]  # ascending
    output: Path
    run_id: int  # of the run in the ledger, which has begun
    program_version: str
    draft: bool
    adjust: bool
    level: int  # from which on `jobs` logs
    clock: Clock  # that the run goes by

    @property
    def account(self) -> str:
        (key,) = self.config.accounts
        return key


@dataclass(frozen=True, slots=True)
class Done:
    """What became of each month of a task, with what was logged meanwhile."""

    parts: tuple[tuple[Outcome, tuple[Line, ...]], ...]


def failed(task: Task, error: str) -> Done:
    """All months of the task, none of which was billed."""
    failures = [Outcome(of_failure(task.account, str(month), error), 1) for month in task.months]
    return Done(tuple((failure, ()) for failure in failures))


def _opened(task: Task, clock: Callable[[], datetime]) -> Ledger:
    return Ledger(
        task.config.ledger,
        now=clock,
        program_version=task.program_version,
        command="",
        checked=False,
        run_id=task.run_id,
        patient=True,
    )


def perform(
    task: Task,
    *,
    throttle: Callable[[Ledger], Throttle],
    stopped: Callable[[], bool] = lambda: False,
    by_the_ledgers_clock: bool = False,
) -> Done:
    """Bills the account's months, in this process and thread. Whatever goes wrong is an outcome.

    `stopped`: whether the run was stopped meanwhile. `by_the_ledgers_clock`: machines that differ share one clock.
    """
    (account,) = task.config.accounts.values()
    parts: list[tuple[Outcome, tuple[Line, ...]]] = []
    with log.collected(task.level) as collector:
        for source in account.sources:
            try:
                collector.formatter.hide(read_credential(source, os.environ))
            except CredentialError:
                continue  # the account's months fail with it
        try:
            clock = task.clock
            if by_the_ledgers_clock:
                with _opened(task, task.clock) as ledger:
                    clock = Clock.set_to(ledger.now())
            with _opened(task, clock) as ledger:
                job = monthly.Job(
                    config=task.config,
                    ledger=ledger,
                    output=task.output,
                    environ=os.environ,
                    now=clock,
                    program_version=task.program_version,
                    draft=task.draft,
                    adjust=task.adjust,
                    throttle=throttle(ledger),
                    stopped=stopped,
                )
                units = [(account, month) for month in task.months]
                parts.extend((outcome, collector.taken()) for outcome in monthly.run(job, units))
        except Exception as error:  # as of each month: a bug keeps no other account from being billed
            if not isinstance(error, BillingError):
                logging.getLogger(__name__).debug("%s", task.account, exc_info=error)
            done = {outcome.summary.month for outcome, _ in parts}
            lines = collector.taken()
            for failure, _ in failed(task, log.reason(error)).parts:
                if failure.summary.month not in done:
                    parts.append((failure, lines))
                    lines = ()
    return Done(tuple(parts))
