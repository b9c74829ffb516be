"""Events on their way into the ledger: whatever waits goes into one transaction, and is acknowledged together.

A transaction costs several waits for the disk, however many rows it has. So while one is written the next gather, and
five hundred a second need no more transactions than fifty. What is acknowledged is on the disk.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from jobs.errors import LedgerError
from jobs.ledger.webhook_events import WebhookEvent, WebhookEvents
from jobs.log import bug

log = logging.getLogger(__name__)


class NotStored(Exception):  # no error of ours: the sender is asked to try again
    """The event could not be made durable in time."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the receiver takes on at most."""

    waiting: int = 1_000  # events that wait for the ledger at a time
    wait_seconds: float = 5  # for each
    max_events: int = 2_000_000  # events an account, the newest; checked every `trimmed_every`
    trimmed_every: int = 10_000


_Waiting = tuple[WebhookEvent | None, "asyncio.Future[None]"]


class Store:
    """Within `async with`, events can be added. Everything but the transactions happens in the event loop's thread."""

    def __init__(self, open_events: Callable[[], WebhookEvents], bounds: Bounds) -> None:
        """`open_events` is tried again with each transaction until the ledger is there."""
        self._open = open_events
        self._bounds = bounds
        self._events: WebhookEvents | None = None
        self._added: Counter[str] = Counter()  # since the account was last trimmed; what it had before is unknown
        self._waiting: list[_Waiting] = []
        self._called = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._stopping = False

    async def __aenter__(self) -> "Store":
        await self._write([])  # a ledger that is not there is named at once
        self._writer = asyncio.create_task(self._write_all())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Writes what still waits, then closes."""
        self._stopping = True
        self._called.set()
        await self._writer
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def add(self, event: WebhookEvent | None) -> None:
        """Returns once the event is durable; without one, once an event could be stored. Raises NotStored."""
        if len(self._waiting) >= self._bounds.waiting:
            self._waiting = [one for one in self._waiting if not one[1].done()]  # whose sender waits no more
            if len(self._waiting) >= self._bounds.waiting:
                raise NotStored
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((event, done))
        self._called.set()
        try:
            async with asyncio.timeout(self._bounds.wait_seconds):
                await done
        except (TimeoutError, LedgerError):
            raise NotStored from None

    async def _write_all(self) -> None:
        while not self._stopping or self._waiting:
            await self._called.wait()
            self._called.clear()
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._write([(event, done) for event, done in batch if not done.done()])

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        events = [event for event, _ in batch if event is not None]
        failure: Exception | None = None
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._add, events)
        except LedgerError as error:
            failure = error
            log.warning("%d webhook events not stored, their sender is asked to try again: %s", len(events), error)
        except Exception as error:  # noqa: BLE001  # a bug must not leave the receiver deaf
            failure = LedgerError("internal error")
            log.error("%d webhook events not stored: %s", len(events), bug(error))
        for _, done in batch:
            if done.done():
                continue  # its sender had its answer already that it took too long
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)

    def _add(self, events: Sequence[WebhookEvent]) -> None:
        if self._events is None:
            self._events = self._open()
        self._events.add(events)
        for event in events:
            if event.account not in self._added or self._added[event.account] >= self._bounds.trimmed_every:
                self._added[event.account] = 0
                self._trim(self._events, event.account)
            self._added[event.account] += 1

    def _trim(self, events: WebhookEvents, account: str) -> None:
        try:
            if gone := events.trim(account, self._bounds.max_events):
                log.warning("account %s: its oldest %d webhook events are dropped, there were too many", account, gone)
        except LedgerError as error:  # the events themselves are stored
            log.warning("%s", error)

    def _close(self) -> None:
        if self._events is not None:
            self._events.close()
