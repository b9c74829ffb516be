"""A server of raw bytes on loopback: each connection gets the next part of a script, the last part from then on.

A part is the bytes of a reply, or a function that is given the connected socket after the request was read.
"""

import socket
import ssl
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Part = bytes | Callable[[socket.socket], None]


@dataclass
class RawServer:
    port: int
    heads: list[bytes] = field(default_factory=list)  # the request heads, in the order they came

    def url(self, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/"


def reply(body: bytes = b"[]", status: str = "200 OK", **headers: str) -> bytes:
    """A whole reply. Headers are named with underscores; an empty value leaves that header out."""
    known = {"content_type": "application/json; charset=utf-8", "content_length": str(len(body)), "connection": "close"}
    fields = known | headers
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items() if value]
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode() + body


def reset(connection: socket.socket) -> None:
    """Closes with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(first: bytes, pause: float = 0.02) -> Callable[[socket.socket], None]:
    """Sends `first`, then a byte at a time, without end."""

    def send(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            time.sleep(pause)
            connection.sendall(b"x")

    return send


def endless(first: bytes, chunk: bytes) -> Callable[[socket.socket], None]:
    def send(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(chunk)

    return send


def old_tls(context: ssl.SSLContext) -> ssl.SSLContext:
    """`context` made to speak TLS 1.1 and nothing newer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _answer(peer: socket.socket, part: Part, heads: list[bytes]) -> None:
    head = b""
    while b"\r\n\r\n" not in head and (received := peer.recv(65536)):
        head += received
    heads.append(head)
    if callable(part):
        part(peer)
    else:
        peer.sendall(part)


@contextmanager
def serving(
    *script: Part, tls: ssl.SSLContext | None = None, broken_handshakes: int = 0, greeting: bytes = b""
) -> Iterator[RawServer]:
    """Serves `script`, each time after a `greeting`. The first TLS handshakes are broken, by FIN and RST in turn."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(listener.getsockname()[1])
    threads: list[threading.Thread] = []
    stopped = threading.Event()
    peers: list[socket.socket] = []

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            if stopped.is_set():
                connection.close()
                return
            connection.settimeout(5)
            thread = threading.Thread(target=serve, args=(connection, len(threads)), daemon=True)
            threads.append(thread)
            thread.start()

    def serve(connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError, ValueError):
            if number < broken_handshakes:
                connection.recv(65536)
                if number % 2:
                    reset(connection)
                return
            with tls.wrap_socket(connection, server_side=True) if tls else connection as peer:
                peers.append(peer)
                peer.sendall(greeting)
                _answer(peer, script[min(number - broken_handshakes, len(script) - 1)], server.heads)

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        stopped.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        acceptor.join(5)
        listener.close()
        for peer in peers:
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
