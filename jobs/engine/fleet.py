"""All tasks of a run, performed by workers that may be lost: each account is billed, or it is said why not."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from typing import Protocol

from jobs import log
from jobs.engine.task import Done, Task, failed
from jobs.log import reason
from jobs.monthly import Outcome

_BREAKS = 3  # so often workers may be lost without any account being done meanwhile


class Workers(Protocol):
    """Where tasks are performed."""

    lost: tuple[type[BaseException], ...]  # what a task's future, or `submit`, raises when workers are gone

    def submit(self, task: Task) -> "Future[Done]": ...

    def renew(self) -> None:
        """New workers in place of those that are lost."""

    def stop(self) -> None:
        """Nothing new begins; when it returns, nothing is under way any more."""


def outcomes(workers: Workers, tasks: Sequence[Task]) -> Generator[Outcome, None, None]:
    """What became of each month, in the order of the tasks; with it, what was logged of it is shown.

    If the caller stops half-way, as when interrupted, so does everything that is under way.
    """
    try:
        for done in performed(workers, tasks):
            for outcome, lines in done.parts:
                log.show(lines)
                yield outcome
    finally:
        workers.stop()


def performed(workers: Workers, tasks: Sequence[Task]) -> Iterator[Done]:
    """What comes of each task, in order. A task whose worker was lost is given to another one."""
    futures = [_submitted(workers, task) for task in tasks]
    breaks, finished = 0, 0
    for index, task in enumerate(tasks):
        while (done := _result(workers, task, futures[index])) is None:
            known = sum(map(_has_result, futures))
            breaks, finished = (1 if known > finished else breaks + 1), known
            if breaks >= _BREAKS:
                done = failed(task, f"its worker process was lost {_BREAKS} times; see the system's log for why")
                breaks = 0
                break
            workers.renew()
            futures = [
                future if _has_result(future) else _submitted(workers, other)
                for future, other in zip(futures, tasks, strict=True)
            ]
        yield done


def _submitted(workers: Workers, task: Task) -> "Future[Done]":
    try:
        return workers.submit(task)
    except workers.lost as error:
        future: Future[Done] = Future()
        future.set_exception(error)
        return future


def _has_result(future: "Future[Done]") -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _result(workers: Workers, task: Task, future: "Future[Done]") -> Done | None:
    """None where the worker is lost."""
    try:
        return future.result()
    except CancelledError:
        return None
    except Exception as error:  # noqa: BLE001  # an account that cannot be handed over keeps no other from being billed
        return None if isinstance(error, workers.lost) else failed(task, reason(error))
