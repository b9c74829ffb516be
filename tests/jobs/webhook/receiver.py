"""A receiver in a process of its own with a ledger of its own, and senders that speak to it over real sockets."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from tests.company import PLUS

PROJECT = Path(__file__).parents[3]
SECRET = "Y2xpbmljLXdlYmhvb2s.made-up_~1"
PATH = f"/webhooks/acme/{SECRET}"

_PROGRAM = """
import logging, os, sys
from pathlib import Path
from jobs import config, log
from jobs.webhook.connection import Limits
from jobs.webhook.server import serve
from jobs.webhook.store import Bounds
log.set_up("text", verbose=True, stream=sys.stderr)
limits, bounds = eval(sys.argv[2], {"Limits": Limits, "Bounds": Bounds})
serve(config.load(Path(sys.argv[1])), os.environ, host="127.0.0.1", port=int(sys.argv[3]),
      announce=lambda line: print(line, flush=True), limits=limits, bounds=bounds)
"""


def account(key: str) -> dict[str, Any]:
    pair = {"identifier": {"env": "MADE_UP"}, "secret": {"env": "MADE_UP"}}
    webhook = {"secret": {"file": f"secrets/{key}-webhook"}}
    party = {"name": key}
    return {
        "credentials": pair,
        "webhook": webhook,
        "bill_to": party,
        "currency": "USD",
        "invoice_prefix": key.upper(),
        "plans": [PLUS],
    }


def configured(folder: Path, **settings: Any) -> Path:
    """A configuration with the accounts acme and other, which share nothing but the secret's file name's form."""
    (folder / "secrets").mkdir()
    (folder / "secrets" / "acme-webhook").write_text(SECRET + "\n")
    (folder / "secrets" / "other-webhook").write_text(SECRET[::-1])
    accounts = {key: account(key) for key in ("acme", "other")}
    file = folder / "config.yaml"
    file.write_text(json.dumps({"issuer": {"name": "Example"}, "accounts": accounts} | settings))
    return file


def event(session_id: object = 105236, status: object = "STARTED", **more: Any) -> dict[str, Any]:
    """An event of 2017's kind; with `EventTs` and `Attributes` one of 2019's."""
    return {"WebhookType": "SESSION_STATUS", "ID": session_id, "Status": status} | more


def request(body: bytes | Mapping[str, Any], path: str = PATH, *, method: str = "POST", **headers: str) -> bytes:
    """A whole request. Headers are named with underscores."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Host": "localhost", "Content_Type": "application/json", "Content_Length": str(len(sent)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items() if value)
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + sent


class Answer:
    """An answer as it came; `status` is 0 where the connection ended without one."""

    def __init__(self, received: bytes) -> None:
        self.head, _, self.body = received.partition(b"\r\n\r\n")
        self.status = int(self.head.split()[1]) if received else 0


def answer(connection: socket.socket) -> Answer:
    """The next answer on a connection."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (more := _received(connection)):
            return Answer(received)
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length and (more := _received(connection)):
        body += more
    return Answer(head + b"\r\n\r\n" + body)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


class Receiver:
    """Runs from `with` to its end, and again after `restart`."""

    def __init__(self, config: Path, bounds: str = "None, None") -> None:
        """`bounds`: Limits and Bounds as Python writes them."""
        self.config, self.ledger = config, config.parent / "state" / "ledger.db"
        self._bounds = bounds
        self.port = 0
        self.log = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """On the port that it had before, if any."""
        self._errors = (self.config.parent / "log").open("w+")
        command = [sys.executable, "-W", "error", "-c", _PROGRAM, str(self.config), self._bounds, str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=PROJECT, env=os.environ, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        assert self.process.stdout is not None
        announced = self.process.stdout.readline()
        if not announced:
            self.stop()
            raise AssertionError(self.log)
        self.port = int(announced.split(":")[2].partition("/")[0])

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Its exit status; its log is in `log`."""
        self.process.send_signal(signal_number)
        status = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log = self._log_so_far()
        self._errors.close()
        return status

    def _log_so_far(self) -> str:
        return (self.config.parent / "log").read_text()

    def connected(self, timeout: float = 15) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def send(self, body: bytes | Mapping[str, Any], path: str = PATH, **how: Any) -> Answer:
        return self.send_raw(request(body, path, **how))

    def send_raw(self, whole: bytes) -> Answer:
        with self.connected() as connection:
            connection.sendall(whole)
            return answer(connection)

    def stored(self, columns: str = "account, kind, session_id, status, event_at") -> list[tuple[Any, ...]]:
        """The ledger's events, in the order in which they came."""
        query = f"SELECT {columns} FROM webhook_events ORDER BY received_at"  # noqa: S608  # our own words
        with closing(sqlite3.connect(self.ledger, timeout=20)) as ledger:
            return ledger.execute(query).fetchall()

    def forget(self) -> None:
        with closing(sqlite3.connect(self.ledger, timeout=20)) as ledger, ledger:
            ledger.execute("DELETE FROM webhook_events")


@contextmanager
def ledger_held(ledger: Path) -> Iterator[None]:
    """Somebody else writes to the ledger meanwhile."""
    with closing(sqlite3.connect(ledger, timeout=20, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
