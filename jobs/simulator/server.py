"""The simulated vendor's HTTP server: sockets, threads, TLS. What is answered is decided by `exchange`."""

import contextlib
import ipaddress
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from jobs.errors import UsageError

_DRAINED_BYTES = 1 << 20
_STOP_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Call:
    """A request that came in. `problem` is the status for one that is no HTTP, else None."""

    method: str
    path: str
    query: str
    authorization: str = field(repr=False)
    problem: int | None = None


Exchange = Callable[[Call, socket.socket, bool], bool]
"""Answers a call over a connection that shall be closed after it, or not; gives whether it must be closed now."""


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread a connection, HTTP/1.1 with keep-alive. `server_close` ends every connection."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, exchange: Exchange, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self.exchange = exchange
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._stopped = False
        self.connections = 0  # accepted so far
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        if not _is_loopback(host):
            raise UsageError(f"{host}: the simulated vendor only listens on loopback, for example 127.0.0.1")
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as problem:
            reason = getattr(problem, "strerror", None) or problem
            raise UsageError(f"port {port} on {host}: {reason}; choose another port, or 0 for any") from problem

    def finish_request(self, request: Any, client_address: Any) -> None:
        connection: socket.socket = request
        if self._tls:
            connection = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with self._changed:
            self._open.add(connection)
            self.connections += 1
            stopped = self._stopped
        try:
            if not stopped:
                if isinstance(connection, ssl.SSLSocket):
                    connection.do_handshake()  # here, not while accepting: a silent client would block the others
                _Handler(connection, client_address, self)
        finally:
            connection.close()
            with self._changed:
                self._open.discard(connection)
                self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        super().server_close()
        with self._changed:
            self._stopped = True
            for connection in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)  # below TLS: wakes whoever reads or writes
            self._changed.wait_for(lambda: not self._open, _STOP_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self._exchange(None)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - its signature
        """http.server's way to refuse: a method without a `do_…` is 501 there and 405 here."""
        self.close_connection = True
        if code == 501:
            with contextlib.suppress(ValueError):
                self.rfile.read(min(int(self.headers.get("Content-Length", "0")), _DRAINED_BYTES))
        self._exchange(405 if code == 501 else code)

    def _exchange(self, problem: int | None) -> None:
        path, _, query = getattr(self, "path", "").partition("?")
        authorization = self.headers.get("Authorization", "") if problem in (None, 405) else ""
        call = Call(self.command or "", path, query, authorization, problem)
        try:
            self.close_connection = self.server.exchange(call, self.connection, self.close_connection)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Silence: `Simulator.requests` is the log."""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
