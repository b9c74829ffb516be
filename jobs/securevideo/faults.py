"""What a try that failed means: worth another, and when; or refused for good. Only texts of our own side are quoted."""

import re
import ssl
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from jobs.errors import ReplyRefused

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})  # statuses
_LONGEST_WAIT = 2.4e11  # seconds: some 7600 years, after which a date could still be written, stand for any longer time
_SECONDS = re.compile(r'[ \t"]*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)[ \t"]*(?:s|secs?|seconds?)?[ \t"]*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom a connection is made with, and the key of the configuration that says so."""

    name: str
    key: str

    def __str__(self) -> str:
        return self.name


class Passing(Exception):
    """A try that failed, though another may not; `retry_after`: the seconds the vendor asks to be left alone."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def peer_of(steps: Collection[str], base: httpx.URL, proxy: httpx.Proxy | None) -> Peer:
    """Whom a connection was being made with when it failed: the proxy, until TLS through its tunnel has begun.

    `steps`: what httpcore said that it began and completed.
    """
    if proxy is None or "proxy.start_tls.started" in steps:
        return Peer(base.raw_host.decode(), "vendor.base_url")
    return Peer(f"the proxy {proxy.url.netloc.decode()}", "vendor.proxy")


def too_slow(steps: Collection[str], peer: Peer, seconds: float) -> Passing:
    connecting = "connection.connect_tcp.started" in steps and "connection.connect_tcp.complete" not in steps
    what = f"no connection to {peer}" if connecting else "no whole reply"
    return Passing(f"{what} within {seconds:.3g} s")


def meaning(error: Exception, peer: Peer, host: str) -> Passing | ReplyRefused:
    """What a broken exchange means. Only texts of our own side are quoted: protocol errors quote the peer's bytes."""
    if isinstance(error, httpx.ConnectError):
        cause: BaseException | None = error
        while cause:
            if type(cause) in (ssl.SSLCertVerificationError, ssl.SSLError):  # its others: waiting, or broken off
                what = getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or "handshake failed"
                return ReplyRefused(f"no trusted TLS connection to {peer}: {what}; check {peer.key} and ca_file")
            cause = cause.__cause__ or cause.__context__
        hint = "; check vendor.proxy" if peer.key == "vendor.proxy" else ""
        return Passing(f"no connection to {peer}: {str(error) or 'broken off'}{hint}")
    if isinstance(error, httpx.ProxyError):
        refused = (status := str(error)[:3]).isdigit() and int(status) not in RETRIED
        return (ReplyRefused if refused else Passing)(f"no tunnel to {host}: status {status}; check vendor.proxy")
    return Passing("the reply broke off or was not HTTP")


def instant(http_date: str | None) -> datetime | None:
    """An HTTP-date (RFC 9110, 5.6.7) in UTC; None where missing or unreadable."""
    with suppress(ValueError, TypeError, OverflowError, IndexError):
        found = parsedate_to_datetime(http_date or "")
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    return None


def retry_after(value: str | None, vendor_time: datetime) -> float | None:
    """Seconds to wait, the longest of those that can be read; None where none can.

    Read is also what RFC 9110, 10.2.3, does not provide for: several values, a fraction, a unit ("30s"). A date is
    taken by the vendor's clock, so that a wrong one of ours cannot shorten the wait; cut at its comma it still is one,
    without its weekday.
    """
    waits = []
    for one in (value or "").split(","):
        if number := _SECONDS.fullmatch(one):
            waits.append(float(number[1]))
        elif due := instant(one):
            waits.append(max(0.0, (due - vendor_time).total_seconds()))
    return min(max(waits), _LONGEST_WAIT) if waits else None
