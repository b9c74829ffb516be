"""Processes on this machine: the standard library's pool, forked from a process that has imported what they need."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from multiprocessing.context import ForkServerContext

from jobs.engine.task import Done, Task, perform

_PATIENCE = 3.0  # seconds that a process has for tidying up

_admission: AbstractContextManager[object] = nullcontext()  # in a worker: entered while it asks the vendor
_performing = False  # in a worker


class Pool:
    """`size` processes; all together ask the vendor for `at_once` replies at most."""

    lost: tuple[type[BaseException], ...] = (BrokenProcessPool,)

    def __init__(self, size: int, at_once: int) -> None:
        self._size, self._at_once = size, at_once
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["jobs.engine.preload"])
        self._futures: list[Future[Done]] = []
        self._executor = self._new()

    def _new(self) -> ProcessPoolExecutor:
        context: ForkServerContext = self._context
        admission = context.BoundedSemaphore(self._at_once)  # a new one each time: a process may have died with it
        return ProcessPoolExecutor(self._size, context, initializer=_begin, initargs=(admission,))

    def submit(self, task: Task) -> "Future[Done]":
        future = self._executor.submit(_perform, task)
        self._futures.append(future)
        return future

    def renew(self) -> None:
        self.stop()
        self._executor = self._new()

    def stop(self) -> None:
        """Ends what is under way as SIGTERM does; what does not end then is killed."""
        for future in self._futures:
            future.cancel()
        self._futures.clear()
        self._executor.shutdown(wait=False, cancel_futures=True)
        workers = multiprocessing.active_children()
        for worker in workers:
            worker.terminate()
        until = time.monotonic() + _PATIENCE
        for worker in workers:
            worker.join(max(0.0, until - time.monotonic()))
            if worker.is_alive():
                worker.kill()
                worker.join()
        self._executor.shutdown(wait=True)  # its thread sees that they are gone, and must not see the program end


def _begin(admission: AbstractContextManager[object]) -> None:
    """Sets up a worker process: it ends when it is told to, and with the process that it works for."""
    global _admission  # noqa: PLW0603  # the one way from an initializer to a task
    _admission = admission
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; whoever we work for decides
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end(*_: object) -> None:
    if _performing:
        raise KeyboardInterrupt  # what was begun is tidied up
    os._exit(0)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _perform(task: Task) -> Done:
    global _performing  # noqa: PLW0603  # the signal's handler must know
    _performing = True
    try:
        return perform(task, throttle=lambda _: _asking)
    except KeyboardInterrupt:
        os._exit(1)
    finally:
        _performing = False


def _asking() -> AbstractContextManager[object]:
    return _admission
