"""What the simulated vendor sends: a reply, how its JSON is printed, and the connection it leaves by."""

import json
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus

JSON_TYPE = "application/json; charset=utf-8"
_SCALARS = {str, int, float, bool, type(None)}
_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


@dataclass(frozen=True, slots=True)
class WireReply:
    status: int
    body: bytes
    content_type: str = JSON_TYPE  # "": no such header
    headers: tuple[tuple[str, str], ...] = ()
    date_skew_seconds: float | None = 0  # None: no Date header


def message(status: int, text: str, *headers: tuple[str, str]) -> WireReply:
    """An error as the vendor words it: `{"Message": text}`."""
    return WireReply(status, pretty({"Message": text}), headers=headers)


def pretty(value: object) -> bytes:
    """`value` as the vendor prints JSON: CRLF, two spaces, UTF-8 without BOM. Lone surrogates are escaped."""
    text = _pretty_rows(value) if _is_flat(value) else json.dumps(value, indent=2, ensure_ascii=False)
    try:
        return text.replace("\n", "\r\n").encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=2).replace("\n", "\r\n").encode()


def _is_flat(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(type(row) is dict and row and {type(item) for item in row.values()} <= _SCALARS for row in value)
    )


def _pretty_rows(rows: object) -> str:
    # Python's indent switches json's C encoder off: a month of 100,000 rows then takes ten times as long. Within
    # strings line breaks are escaped, so the separator cannot stand there.
    text = json.dumps(rows, ensure_ascii=False, separators=(",\n    ", ": "))
    return "[\n  {\n    " + text[2:-2].replace("},\n    {", "\n  },\n  {\n    ") + "\n  }\n]"


class Wire:
    """One exchange's way out. `note` gets the status when the head is made, or None where nothing will be sent."""

    def __init__(
        self,
        connection: socket.socket,
        *,
        clock: Callable[[], datetime],
        note: Callable[[int | None], None],
        closing: bool = False,
    ) -> None:
        self.closing = closing  # the connection ends after this exchange
        self.note = note
        self._connection = connection
        self._clock = clock

    def send(self, reply: WireReply, *, bodiless: bool = False) -> None:
        """The whole reply, rightly framed; `bodiless` to a HEAD."""
        self.write(self.head(reply, f"Content-Length: {len(reply.body)}"))
        if reply.status not in _BODILESS and not bodiless:
            self.write(reply.body)

    def head(self, reply: WireReply, framing: str) -> bytes:
        """Status line and headers; `framing` is the header that says where the body ends."""
        self.note(reply.status)
        reason = HTTPStatus(reply.status).phrase if reply.status in set(HTTPStatus) else "Unknown"
        lines = [f"HTTP/1.1 {reply.status} {reason}", "Cache-Control: no-cache", "Server: simulated-securevideo"]
        if reply.content_type:
            lines.append(f"Content-Type: {reply.content_type}")
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if reply.date_skew_seconds is not None:
            date = self._clock().astimezone(UTC) + timedelta(seconds=reply.date_skew_seconds)
            lines.append(f"Date: {format_datetime(date, usegmt=True)}")
        if reply.status not in _BODILESS:
            lines.append(framing)
        if self.closing:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def write(self, part: bytes) -> None:
        """Raises OSError once the client has gone or the server stops."""
        self._connection.sendall(part)

    def wait(self, seconds: float | None) -> bool:
        """Waits `seconds`, or (None) for ever; at once False when the client has gone or the server stops."""
        self.closing = True  # what arrives meanwhile is lost
        self._connection.settimeout(seconds)
        try:
            while self._connection.recv(4096):
                pass
        except TimeoutError:
            return True
        except OSError:
            pass
        finally:
            self._connection.settimeout(None)
        return False

    def reset(self) -> None:
        """Ends the connection by RST, not by FIN."""
        self.closing = True
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self._connection.detach())  # at once: an ordinary close would send FIN first
