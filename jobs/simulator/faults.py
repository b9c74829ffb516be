"""The faults that the simulated vendor can be asked for: one function a kind, or one body.

A fault is a dict, for example `{"path": "/history", "kind": "status", "status": 503, "retry_after": "2", "times": 2}`.

| key | which requests it strikes |
|---|---|
| `kind` | one of the table below; required |
| `path` | this path and those below it ("/history" also strikes "/history/5"); absent: all |
| `query` | whose query string, as sent, contains this text |
| `account` | which are authenticated as the account of this name |
| `skip` | not the first so many of those; default 0 |
| `times` | only so many of them; absent: all |

The other keys are the keyword arguments of the kind's function: a new fault is one function with
`@kind`, or a line of `_BODIES`.
The first fault that strikes is the only one. Nothing outlives the client or the server.
"""

import base64 as base64_codec
import gzip as gzip_codec
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus

from jobs.simulator.wire import JSON_TYPE, Wire, WireReply, message

Number = int | float
KINDS: dict[str, Callable[..., None]] = {}

_ROW = (
    b'[\r\n  {\r\n    "SessionId": %s,\r\n    "ScheduleTs": "2016-11-03T21:45:09.467",\r\n'
    b'    "BillableTs": "2016-11-03T21:46:16.1",\r\n    "DurationMinutes": %s,\r\n'
    b'    "BillableStatusCd": "BILL",\r\n    "UserId": 4,\r\n    "UsageDescription": "%s"\r\n  }\r\n]'
)


def kind(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a function of (wire, the right reply, parameters by keyword) as the fault `name`."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        KINDS[name] = function
        return function

    return register


@kind("status")
def status(
    wire: Wire,
    _right: WireReply,
    *,
    status: int,
    retry_after: str | int | None = None,
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
    content_type: str = JSON_TYPE,
) -> None:
    """Any status; `retry_after` in seconds or as a date; without `body` one in the vendor's form."""
    extra = dict(headers or {})
    if retry_after is not None:
        extra["Retry-After"] = str(retry_after)
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "An error has occurred."
    text = message(status, phrase).body if body is None else body.encode()
    wire.send(WireReply(status, text, content_type, tuple(extra.items())))


@kind("redirect")
def redirect(wire: Wire, _right: WireReply, *, location: str, status: int = 302) -> None:
    wire.send(message(status, "Object moved", ("Location", location)))


@kind("reset")
def reset(wire: Wire, right: WireReply, *, after: int = 0) -> None:
    """RST, before the reply or after so many bytes of its body."""
    _begin(wire, right, after)
    wire.reset()


@kind("close")
def close(wire: Wire, right: WireReply, *, after: int = 0) -> None:
    """FIN, before the reply or after so many bytes of its body."""
    wire.closing = True
    _begin(wire, right, after)


def _begin(wire: Wire, right: WireReply, after: int) -> None:
    if after:
        wire.write(wire.head(right, f"Content-Length: {len(right.body)}") + right.body[:after])
    else:
        wire.note(None)


@kind("short-body")
def short_body(wire: Wire, right: WireReply) -> None:
    """Half of the bytes that Content-Length promises."""
    close(wire, right, after=max(1, len(right.body) // 2))


@kind("broken-chunk")
def broken_chunk(wire: Wire, right: WireReply) -> None:
    """Half the body in one right chunk, then a chunk size that is none."""
    wire.closing = True
    half = right.body[: max(1, len(right.body) // 2)]
    wire.write(wire.head(right, "Transfer-Encoding: chunked") + b"%x\r\n%s\r\nzz\r\n" % (len(half), half))


@kind("truncated-json")
def truncated_json(wire: Wire, right: WireReply) -> None:
    """Half the body, with a Content-Length that fits it."""
    wire.send(replace(right, body=right.body[: len(right.body) // 2]))


@kind("html")
def html(wire: Wire, _right: WireReply, *, status: int = 200) -> None:
    wire.send(WireReply(status, b"<!DOCTYPE html><html><body><h1>Maintenance</h1></body></html>", "text/html"))


@kind("object")
def an_object(wire: Wire, _right: WireReply) -> None:
    """200 with an object where an array belongs."""
    wire.send(message(200, "Here is no array"))


@kind("content-type")
def content_type(wire: Wire, right: WireReply, *, content_type: str = "text/plain") -> None:
    """The right body under another type; "" sends no type at all."""
    wire.send(replace(right, content_type=content_type))


@kind("gzip")
def gzip(wire: Wire, right: WireReply) -> None:
    """The right body, compressed, whatever the request accepts."""
    wire.send(replace(right, body=gzip_codec.compress(right.body, mtime=0), headers=(("Content-Encoding", "gzip"),)))


@kind("gzip-bomb")
def gzip_bomb(wire: Wire, right: WireReply, *, mib: int = 1024) -> None:
    """`mib` MiB of blanks in about a thousandth of the bytes."""
    blank = b" " * (1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)  # leaves no state: may be repeated as it is
    checksum = 0
    for _ in range(mib):
        checksum = zlib.crc32(blank, checksum)
    end = packer.flush() + struct.pack("<II", checksum, (mib << 20) & 0xFFFFFFFF)
    body = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + block * mib + end
    wire.send(replace(right, body=body, headers=(("Content-Encoding", "gzip"),)))


@kind("endless-body")
def endless_body(wire: Wire, right: WireReply) -> None:
    """Right rows without end, until the client goes away."""
    wire.closing = True
    row = _ROW % (b"105236", b"25", b"") + b" " * 60_000
    chunk = b"%x\r\n%s\r\n"
    wire.write(wire.head(right, "Transfer-Encoding: chunked") + chunk % (len(row) - 1, row.replace(b"]", b"")))
    row = row.replace(b"[", b",").replace(b"]", b"")
    while True:
        wire.write(chunk % (len(row), row))


@kind("slow-headers")
def slow_headers(wire: Wire, right: WireReply, *, delay: Number = 0.1) -> None:
    """Each byte of the head `delay` seconds after the one before, then the body at once."""
    _drip(wire, wire.head(right, f"Content-Length: {len(right.body)}"), right.body, delay)


@kind("drip")
def drip(wire: Wire, right: WireReply, *, delay: Number = 0.05) -> None:
    """The head at once, then each byte of the body `delay` seconds after the one before."""
    wire.write(wire.head(right, f"Content-Length: {len(right.body)}"))
    _drip(wire, right.body, b"", delay)


def _drip(wire: Wire, slow: bytes, rest: bytes, delay: Number) -> None:
    for place in range(len(slow)):
        wire.write(slow[place : place + 1])
        if not wire.wait(delay):
            return
    wire.write(rest)


@kind("deep-nesting")
def deep_nesting(wire: Wire, right: WireReply, *, depth: int = 100_000) -> None:
    wire.send(replace(right, body=b"[" * depth + b"]" * depth))


@kind("huge-number")
def huge_number(wire: Wire, right: WireReply, *, digits: int = 5000) -> None:
    wire.send(replace(right, body=_ROW % (b"9" * digits, b"25", b"")))


_BODIES = {  # that no client should accept
    "invalid-json": b'[\r\n  {\r\n    "SessionId": 105236,,\r\n  }\r\n]',
    "empty": b"",
    "nan": _ROW % (b"105236", b"NaN", b""),
    "duplicate-keys": _ROW % (b'105236,\r\n    "SessionId": 105237', b"25", b""),
    "bad-utf8": _ROW % (b"105236", b"25", b"\xff\xc3("),
    "lone-surrogate": _ROW % (b"105236", b"25", b"\\ud800"),
}


def _sends(body: bytes) -> Callable[[Wire, WireReply], None]:
    def send(wire: Wire, right: WireReply) -> None:
        wire.send(replace(right, body=body))

    return send


KINDS.update({name: _sends(body) for name, body in _BODIES.items()})


@kind("bom")
def bom(wire: Wire, right: WireReply) -> None:
    """The right reply behind a byte order mark: no fault, a client accepts it."""
    wire.send(replace(right, body=b"\xef\xbb\xbf" + right.body))


@kind("date-skew")
def date_skew(wire: Wire, right: WireReply, *, seconds: Number) -> None:
    """The right reply; its Date is ahead (negative: behind)."""
    wire.send(replace(right, date_skew_seconds=seconds))


@kind("no-date")
def no_date(wire: Wire, right: WireReply) -> None:
    wire.send(replace(right, date_skew_seconds=None))


@kind("raw")
def raw(
    wire: Wire,
    _right: WireReply,
    *,
    text: str = "",
    base64: str = "",
    status: int = 200,
    content_type: str = JSON_TYPE,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Exactly these bytes as the body: `text` in UTF-8, then those of `base64`."""
    body = text.encode() + base64_codec.b64decode(base64)
    wire.send(WireReply(status, body, content_type, tuple((headers or {}).items())))


@kind("late")
def late(wire: Wire, right: WireReply, *, seconds: Number = 0.2) -> None:
    """The right reply, `seconds` later, as from far away."""
    wire.wait(seconds)
    wire.send(right)


@kind("hang")
def hang(wire: Wire, _right: WireReply) -> None:
    """No reply, until the client goes away."""
    wire.note(None)
    wire.wait(None)
