"""A simulated SecureVideo API: real HTTP on loopback, for tests, the demo and integrators.

It serves GET `/history`, `/history/{hostId}`, `/user`, `/user/{id}`, `/status/{id}`, `/group` and `/groupuser/{id}`
to HTTP Basic credentials, worded and printed as the vendor does it. It never asks anybody else for anything.

**The data set** is one JSON object; all of its keys are optional but an account's `identifier` and `secret`:

    {"now": "2016-12-05T06:00:00",
     "accounts": {"lakeside": {
        "identifier": "any text without a colon", "secret": "any text",
        "sessions": [{"SessionId": 105236, "ScheduleTs": "2016-11-03T21:45:09.467", …}],
        "history": {"2016-11": [{"SessionId": "x"}, 7]},
        "users": [{"SystemUserId": "4", "FullName": "…", "Deleted": "2017-01-15T00:00:00"}],
        "statuses": {"105236": "STARTED"},
        "groups": [{"GroupId": 1, "GroupName": "…", "Users": ["4"]}],
        "participants": {"somebody@example.test": [105236]}}},
     "faults": [{"path": "/history", "kind": "status", "status": 503, "retry_after": "2", "times": 2}]}

- `now`: the instant as of which everything is shown; absent: the present. Instants without an offset are UTC.
- `sessions`: the rows of History. A row is sent exactly as it stands, with whatever properties and types it has; only
  `Later` is never sent. `month` and `startDt`/`endDt` select by BillableTs; a row whose BillableTs is null or no
  readable instant is only in a bare `/history`; one whose BillableTs is after `now` is nowhere yet.
- `Later`, in any row: `[{"at": "2016-12-20T09:00:00", "BillableStatusCd": "COMP"}]`, ascending: properties that the
  row has from that instant on. `"Gone": true` there: from then on the row is not sent.
- `history`: rows for `?month=` of that month instead of those of `sessions`, whatever they are; `Later` applies.
- `users`: as `/user` sends them. `Deleted` (true, or the instant when) is never sent: such a user gives 404.
- `statuses`: by SessionId. Others are ENDED with a BillableTs, NOT_STARTED without.
- `groups`: as `/group` sends them; `Users`, the members' ids, only shows in `/groupuser/{id}`.
- `participants`: which sessions `participantEmail=` finds, by address.
- `faults`: see `jobs.simulator.faults`, which lists kinds and keys. To send other bytes than JSON: kind `raw`.

A data set in a file is read again when the file changes; while it cannot be read, every reply is a 500 that says why.
"""

import base64
import json
import logging
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any

from jobs.errors import UsageError
from jobs.simulator import clinic
from jobs.simulator.answers import Answers
from jobs.simulator.data import DataSet, SimulatedAccount, read
from jobs.simulator.schedule import Faults
from jobs.simulator.server import Call, Server
from jobs.simulator.wire import Wire, message

log = logging.getLogger(__name__)

_REALM = ("WWW-Authenticate", 'Basic realm="SecureVideo API"')
_DENIED = message(401, "Authorization has been denied for this request.", _REALM)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was met: never with its credentials."""

    method: str
    path: str
    query: str  # as sent, without the "?"
    account: str | None  # None: no right credentials
    status: int | None  # None: nothing was sent


def _present() -> datetime:
    return datetime.now(UTC)


class Simulator:
    """The simulated vendor; serves from a thread between `with … as simulator:` and its end.

    `data` is a data set or a file that holds one. `now` (UTC, if it has no zone) may be set at any time and goes
    before the data set's.
    `clock` is what the Date header tells, and the present where nobody says `now`; it may be set too.
    Raises UsageError: a wrong data set, a host that is not loopback, a port that cannot be had.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        now: datetime | None = None,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] = _present,
    ) -> None:
        self.now = now
        self.clock = clock
        self.requests: list[Request] = []
        self._added = Faults()
        self._source: _Given | _File = _File(data) if isinstance(data, Path) else _Given(data)
        self._source.current()
        self._server = Server(self._exchange, host, port, tls)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if tls else 'http'}://{shown}:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> "Simulator":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def connections(self) -> int:
        """How many have come in so far; one may carry any number of requests."""
        return self._server.connections

    @property
    def data(self) -> Mapping[str, Any]:
        """The data set. Replace it, or change it and assign it to itself; a file is not looked at after that."""
        return self._source.current().data

    @data.setter
    def data(self, data: Mapping[str, Any]) -> None:
        self._source = _Given(data)

    @property
    def accounts(self) -> Mapping[str, SimulatedAccount]:
        """The accounts by name, with their credentials."""
        return self._source.current().checked.accounts

    def add_fault(self, **fault: object) -> None:
        """A fault as in the data set's `faults`; goes before those, and stays when the data set is replaced."""
        self._added.add(fault)

    def clear_faults(self) -> None:
        """Ends all faults; the data set's too, until it is replaced or its file changes."""
        self._added.clear()
        self._source.current().checked.faults.clear()

    def _exchange(self, call: Call, connection: socket.socket, closing: bool) -> bool:
        name: str | None = None

        def note(status: int | None) -> None:
            self.requests.append(Request(call.method, call.path, call.query, name, status))

        wire = Wire(connection, clock=self.clock, note=note, closing=closing)
        if call.problem:
            reply = message(call.problem, HTTPStatus(call.problem).phrase, ("Allow", "GET"))
            wire.send(reply, bodiless=call.method == "HEAD")
            return True
        try:
            version = self._source.current()
        except UsageError as problem:
            wire.send(message(500, str(problem)))
            return wire.closing
        account = version.checked.authenticated(*_credentials(call.authorization))
        name = account.name if account else None
        fault = self._added.take(name, call.path, call.query)
        fault = fault or version.checked.faults.take(name, call.path, call.query)
        now = self.now or version.checked.now or self.clock()
        now = now if now.tzinfo else now.replace(tzinfo=UTC)
        reply = version.answers.reply(account, call.path, call.query, now) if account else _DENIED
        (fault or Wire.send)(wire, reply)
        return wire.closing


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of the data set, checked, with the replies made of it."""

    data: Mapping[str, Any]
    checked: DataSet
    answers: Answers


class _Given:
    """A data set in memory."""

    def __init__(self, data: Mapping[str, Any], source: str = "data set") -> None:
        self._version = _Version(data, read(data, source), Answers())

    def current(self) -> _Version:
        return self._version


class _File:
    """A data set in a file, read again when it changes; a broken one is said on stderr, once a change."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._seen: object = None
        self._met: _Version | UsageError = UsageError("")
        with self._lock:
            self._refresh()

    def current(self) -> _Version:
        """Raises UsageError while the file cannot be read as a data set."""
        with self._lock:
            if self._refresh() and isinstance(self._met, UsageError):
                log.error("%s", self._met)
            if isinstance(self._met, UsageError):
                raise UsageError(str(self._met))
            return self._met

    def _refresh(self) -> bool:
        """Whether the file is another than the one seen before."""
        seen: object
        try:
            found = self._file.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError as problem:
            seen = problem.errno
        changed, self._seen = seen != self._seen, seen
        if changed:
            try:
                data = json.loads(self._file.read_bytes())
                self._met = _Version(data, read(data, str(self._file)), Answers())
            except UsageError as problem:
                self._met = problem
            except OSError as problem:
                self._met = UsageError(f"{self._file}: {problem.strerror}; a readable JSON file is needed")
            except (ValueError, RecursionError) as problem:
                self._met = UsageError(f"{self._file}: is not JSON: {problem}")
        return changed


def _credentials(authorization: str) -> tuple[str, str]:
    """Identifier and secret of a Basic Authorization header; two empty texts for any other."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:
        return "", ""
    identifier, _, secret = text.partition(":")
    return (identifier, secret) if scheme.lower() == "basic" else ("", "")


def write_activity(data: Path | None, folder: Path, *, announce: Callable[[str], None]) -> None:
    """The command `simulate-vendor --activity`: writes activity files and invoices of all whole months, names each.

    Raises UsageError, OutputError.
    """
    from jobs.simulator import activity

    source = _File(data) if data else _Given(clinic.clinic())
    known = source.current().checked
    for path in activity.write_all([*known.accounts.values()], folder, known.now or _present()):
        announce(str(path))


def serve(data: Path | None, *, port: int, announce: Callable[[str], None]) -> None:
    """The command `simulate-vendor`: serves until SIGINT or SIGTERM, then returns. Only from the main thread.

    Without `data` it serves the made-up clinic. `announce` gets the lines to show, one at a time, once requests are
    answered; the first is the base URL alone. The secrets of a data set in a file are not shown.
    Raises UsageError before anything is announced.
    """
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Simulator(data or clinic.clinic(), port=port) as simulator:
            announce(simulator.url)
            for account in simulator.accounts.values():
                secret = f"as in {data}" if data else account.secret
                announce(
                    f"account {account.name}: Basic authentication, identifier {account.identifier}, secret {secret}"
                )
            threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
