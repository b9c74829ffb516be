"""The client of the vendor's API: one GET, whole and checked, or a typed error in one line.

A try is a request, a bounded read and the caller's parse. Connections are kept and used again. The transport is used
bare: nothing is followed (redirects), remembered (cookies), unpacked (encodings) or taken from the environment
(proxies, authorities, .netrc). Neither what the peer sent nor what a query asked for stands in an error or a log.
"""

import asyncio
import io
import logging
import random
import re
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any, Generic, Self, TypeVar

import httpcore
import httpx

from jobs.billing.month import Month
from jobs.errors import CredentialsRefused, NotFound, ReplyRefused, TryAgainLater
from jobs.program import PROGRAM, version
from jobs.securevideo.endpoint import Credentials, Endpoint, authorization, tls_context
from jobs.securevideo.faults import RETRIED, Passing, instant, meaning, peer_of, retry_after, too_slow
from reports.text import so_many

__all__ = ["BACKOFF_SECONDS", "TRIES", "Budget", "Client", "Credentials", "Endpoint", "Parse", "Reply", "Throttle"]

TRIES = 5
BACKOFF_SECONDS = 2.0  # upper bound of the first wait; doubles with each try
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": f"{PROGRAM}/{version()}"}
_NO_JSON = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*(?:(<)|\Z)")  # after BOM and white space: HTML, or nothing
_AGAIN = "run the same command again"
_log = logging.getLogger(__name__)
T = TypeVar("T")
Parse = Callable[[bytes], T]
Throttle = Callable[[], AbstractContextManager[object]]  # entered while a request is under way; may wait

if find_spec("sniffio") is None:  # httpcore tries to import it at every step of a request: a quarter of its time
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # Python's way to say that there is no such module


@dataclass(frozen=True, slots=True)
class Budget:
    """The time an account-month may still take; its requests share one. It ends at `ends_at` on `clock`, in seconds."""

    ends_at: float
    clock: Callable[[], float]

    @classmethod
    def of(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Self:
        """A budget of `seconds` that begins now."""
        return cls(clock() + seconds, clock)

    def left(self) -> float:
        """Seconds, not negative."""
        return max(0.0, self.ends_at - self.clock())


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    content: T = field(repr=False)  # what parse returned; unprinted: asyncio writes out the results of its tasks
    received_at: datetime  # our clock when the headers came, to compare with `served_at`; UTC, whole seconds
    served_at: datetime | None  # the vendor's clock: the Date header, UTC; None where missing or unreadable


class Client:
    """Asks for one account, in one thread, over connections that are kept and used again until it is closed.

    `now` gives aware datetimes, `sleep` and `jitter` (low, high) take seconds. Raises CredentialError where the
    credentials cannot be sent, ConfigError for `ca_file`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials,
        *,
        account: str,
        now: Callable[[], datetime],
        throttle: Throttle = ExitStack,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._endpoint, self._account, self._origin = endpoint, account, credentials.origin
        self._now, self._sleep, self._jitter = now, sleep, jitter
        self._throttle = throttle
        self._base = httpx.URL(endpoint.base_url)
        self._headers = {**_HEADERS, "Authorization": authorization(credentials, account)}
        self._tls = tls_context(endpoint.ca_file)
        proxy_tls = self._tls if (endpoint.proxy or "").startswith("https") else None  # else of httpcore's making
        self._proxy = httpx.Proxy(endpoint.proxy, ssl_context=proxy_tls) if endpoint.proxy else None
        self._runner = asyncio.Runner()
        self._transport: httpx.AsyncHTTPTransport | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._transport is not None:
            self._runner.run(self._transport.aclose())
        self._runner.close()

    def history(self, month: Month, parse: Parse[T], *, budget: Budget | None = None, tries: int = TRIES) -> Reply[T]:
        """The sessions whose BillableTs is in `month` (article 83), as `parse` reads them; see `get`."""
        what, query = f"/history month {month}", {"month": f"{month.first}"}
        again = _AGAIN if tries == 1 else "run this month again"
        return self._fetch(what, "/history", query, parse, budget=budget, tries=tries, again=again)

    def get(
        self,
        path: str,
        query: Mapping[str, str],
        parse: Parse[T],
        *,
        budget: Budget | None = None,
        tries: int = TRIES,
    ) -> Reply[T]:
        """GET `path` below the base URL, `tries` times at most, within `budget` (default: a fresh one).

        `parse` gets the whole body and may raise TryAgainLater (cut, or no JSON) or ReplyRefused (permanent). Raises
        CredentialsRefused (401, 403), ReplyRefused and TryAgainLater (tries or budget used up), never with `query`.
        """
        return self._fetch(path, path, query, parse, budget=budget, tries=tries)

    def together(self, questions: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """What several questions, which `ask` one after another, come to; all at once, in their order."""

        async def all_of_them() -> list[T]:
            return await asyncio.gather(*questions)

        return self._runner.run(all_of_them())

    async def ask(self, path: str, parse: Parse[T], *, budget: Budget, max_reply_mib: int) -> Reply[T]:
        """GET `path` once, within `budget`, for `together`. Raises like `get`."""
        where = f"account {self._account}: GET {path}"
        seconds = min(self._endpoint.timeout_seconds, budget.left())
        try:
            return await self._try_once(self._request(path, {}), parse, seconds, max_reply_mib)
        except (CredentialsRefused, ReplyRefused) as refusal:
            raise type(refusal)(f"{where}: {refusal}") from refusal
        except Passing as failure:
            raise TryAgainLater(f"{where}: try again later: {failure}", failure.retry_after) from failure

    def _request(self, path: str, query: Mapping[str, str]) -> httpx.Request:
        url = httpx.URL(str(self._base).rstrip("/") + path, params=dict(query))  # the path as it is configured
        return httpx.Request("GET", url, headers=self._headers)

    def _fetch(
        self,
        what: str,
        path: str,
        query: Mapping[str, str],
        parse: Parse[T],
        *,
        budget: Budget | None,
        tries: int = TRIES,
        again: str = _AGAIN,
    ) -> Reply[T]:
        where = f"account {self._account}: GET {what}"
        budget = budget or Budget.of(self._endpoint.budget_seconds)
        request = self._request(path, query)
        for number in range(1, tries + 1):
            seconds = min(self._endpoint.timeout_seconds, budget.left())
            if seconds <= 0:
                break
            try:
                return self._runner.run(self._try_once(request, parse, seconds, self._endpoint.max_reply_mib))
            except (CredentialsRefused, ReplyRefused) as refusal:
                raise type(refusal)(f"{where}: {refusal}") from refusal
            except Passing as failure:
                self._pause_or_give_up(where, (number, tries), failure, budget, again)
        raise TryAgainLater(f"{where}: try again later: vendor.budget_seconds are used up; {again}")

    async def _try_once(self, request: httpx.Request, parse: Parse[T], seconds: float, max_reply_mib: int) -> Reply[T]:
        steps: set[str] = set()
        try:
            with ExitStack() as admitted:
                if self._throttle is not ExitStack:
                    await asyncio.to_thread(admitted.enter_context, self._throttle())
                async with asyncio.timeout(seconds):
                    raw = await self._exchange(request, max_reply_mib * 2**20, steps)
        except TimeoutError as error:
            raise too_slow(steps, peer_of(steps, self._base, self._proxy), seconds) from error
        except (httpx.TransportError, OSError) as error:  # OSError: httpcore lets TLS errors of a read pass unmapped
            raise meaning(error, peer_of(steps, self._base, self._proxy), self._base.raw_host.decode()) from error
        try:
            return Reply(parse(raw.content), raw.received_at, raw.served_at)
        except TryAgainLater as error:
            raise Passing(str(error)) from error
        except ReplyRefused as error:
            found = f"status 200, type application/json, {so_many(len(raw.content), 'byte')}"
            raise ReplyRefused(f"{error}; found {found}") from error

    def _pause_or_give_up(
        self, where: str, which: tuple[int, int], failure: Passing, budget: Budget, again: str
    ) -> None:
        number, tries = which
        asked = failure.retry_after
        wait = self._jitter(0.0, BACKOFF_SECONDS * 2 ** (number - 1)) if asked is None else asked
        if number == tries or wait >= budget.left():
            of = f"{number} of {tries} tries failed, {budget.left():.0f} s of the budget left, the last: "
            tried = f"{of if tries > 1 else ''}{failure}"
            back = self._now().astimezone(UTC) + timedelta(seconds=wait + 0.999999)  # rounded up, never early
            when = "" if asked is None else f" at {back:%Y-%m-%dT%H:%M:%SZ} or later, as the vendor asks"
            text = f"{where}: try again later: {tried}; {again}{when}"
            raise TryAgainLater(text, asked) from failure
        _log.warning("%s: try %d of %d failed: %s; next in %.1f s", where, number, tries, failure, wait)
        self._sleep(wait)

    async def _exchange(self, request: httpx.Request, limit: int, steps: set[str]) -> Reply[bytes]:
        """A good reply of at most `limit` bytes, its body not yet parsed. `steps` gets httpcore's."""
        opened: list[httpcore.AsyncNetworkStream] = []

        async def note(event: str, details: Mapping[str, Any]) -> None:
            steps.add(event)
            if event == "connection.connect_tcp.complete":
                opened.append(details["return_value"])

        request.extensions["trace"] = note
        if self._transport is None:
            self._transport = httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False, proxy=self._proxy)
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException:
            for stream in opened:  # httpcore leaves it open when a TLS handshake is cut short
                await stream.aclose()
            raise
        async with aclosing(response):
            received_at = self._now().astimezone(UTC)
            served_at = instant(response.headers.get("date"))
            await self._check_head(response, served_at or received_at)
            return Reply(await self._body(response, limit), received_at.replace(microsecond=0), served_at)

    async def _check_head(self, response: httpx.Response, vendor_time: datetime) -> None:
        status, headers = response.status_code, response.headers
        if status in RETRIED:
            raise Passing(f"status {status}", retry_after(headers.get("retry-after"), vendor_time))
        if status in (401, 403):
            where = f": {self._origin}" if self._origin else ""
            text = f"credentials refused for account {self._account} (status {status}); correct them{where}"
            raise CredentialsRefused(text)
        if status == 200 and _is_plain_json(headers):
            return
        size = await _size(response)
        if status == 200 and size == "0 bytes":
            raise Passing("an empty reply")
        hint = "redirects are not followed: correct" if status // 100 == 3 else "check"
        kind, encoding = (headers.get(f"content-{name}", "none")[:60] for name in ("type", "encoding"))
        raise (NotFound if status == 404 else ReplyRefused)(
            f"expected status 200, application/json in utf-8, not encoded; found status {status}, type {kind!a}, "
            f"encoding {encoding!a}, size {size}; {hint} vendor.base_url"
        )

    async def _body(self, response: httpx.Response, limit: int) -> bytes:
        too_big = f"the reply is over {limit} bytes; raise vendor.max_reply_mib if that many are expected"
        if int(response.headers.get("content-length", 0)) > limit:
            raise ReplyRefused(too_big)
        with io.BytesIO() as buffer:  # frees a broken body at once, though its traceback lives on
            async for chunk in response.aiter_raw():
                if buffer.tell() + len(chunk) > limit:
                    raise ReplyRefused(too_big)
                buffer.write(chunk)
            body = buffer.getvalue()  # the buffer itself, not a copy
        if opening := _NO_JSON.match(body):
            if opening[1] is None:
                raise Passing("an empty reply")
            raise ReplyRefused(
                f"found HTML: status 200, type application/json, {so_many(len(body), 'byte')}; check vendor.base_url"
            )
        return body


def _is_plain_json(headers: httpx.Headers) -> bool:
    kind, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    charsets = {text.partition("=")[2].strip(' "') for text in parameters if re.match(r"charset\s*=", text)}
    encoding = headers.get("content-encoding", "").strip().lower()
    return kind == "application/json" and charsets <= {"utf-8"} and encoding in ("", "identity")


async def _size(response: httpx.Response) -> str:
    """The size of a body that is not wanted: as stated, else counted for a while and dropped."""
    if "content-length" in response.headers:
        return f"{response.headers['content-length']} bytes"
    count = 0
    with suppress(httpx.TransportError, OSError):  # the status has decided already; TimeoutError is an OSError
        async with asyncio.timeout(1):
            async for chunk in response.aiter_raw():
                if (count := count + len(chunk)) > 8192:
                    return "over 8192 bytes"
            return so_many(count, "byte")
    return f"{so_many(count, 'byte')} or more"
