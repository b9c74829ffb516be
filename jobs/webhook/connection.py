"""uvicorn's HTTP/1.1 connection with the bounds that it has not: on time, on bytes, on how many there are.

uvicorn waits without end for a request to become whole, and only its keep-alive is timed. Here a connection has
`request_seconds` from the moment it could send a request until that request is whole, however it spends them: idle,
dripping headers, dripping a body. What it sends meanwhile is bounded too, even where the answer has been given already.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_MOST_BYTES = 1 << 20  # of a request, before the connection is cut; a body over 64 KiB has had its 413 long before
_REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Limits:
    request_seconds: float = 10
    connections: int = 500  # below the 1,024 files that a process may have open


class BoundedConnection(H11Protocol):
    def __init__(self, *, limits: Limits, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._limits = limits
        self._deadline: asyncio.TimerHandle | None = None
        self._received = 0

    @property
    def awaited_since(self) -> float | None:
        """When its deadline was set; None while no request is awaited of it."""
        return self._deadline.when() if self._deadline else None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections and not self._displace():
            transport.write(_REFUSAL)
            transport.close()
        self._watch()

    def _displace(self) -> bool:
        """Cuts the connection that has let us wait longest: strangers who only hold the line keep no sender out."""
        others = [one for one in self.connections if isinstance(one, BoundedConnection) and one is not self]
        waiting = [(one.awaited_since, one) for one in others if one.awaited_since is not None]
        if waiting:
            min(waiting, key=lambda found: found[0])[1].cut()
        return bool(waiting)

    def cut(self) -> None:
        self.connections.discard(self)  # now, not when the loop comes round to it: others count
        self._stop_waiting()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > _MOST_BYTES:
            self.cut()
        else:
            super().data_received(data)

    def handle_events(self) -> None:
        super().handle_events()
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def _watch(self) -> None:
        if self.transport.is_closing():
            self._stop_waiting()
        elif self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._received = 0
            self._stop_waiting()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self._limits.request_seconds, self.cut)

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:  # the answer was given already; what follows it is no HTTP
            self.transport.close()
