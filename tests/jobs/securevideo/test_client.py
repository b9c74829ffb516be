"""The vendor's faults (docs/rules.md §3.3), over real sockets. Time is faked only where a test would have to wait."""

import base64
import gc
import gzip
import json
import logging
import socket
import ssl
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme

from jobs.billing.month import Month
from jobs.errors import ConfigError, CredentialError, CredentialsRefused, ReplyRefused, TryAgainLater, VendorError
from jobs.program import version
from jobs.securevideo.client import Budget, Client, Credentials, Endpoint, Reply
from tests.vendor_server import Part, RawServer, drip, endless, old_tls, reply, reset, serving

SECRET = "s3cr3t-of-acme"
CREDENTIALS = Credentials("acme-id", SECRET)
MONTH = Month(2016, 11)
NOON = datetime(2016, 12, 4, 12, 0, 0, 123456, tzinfo=UTC)
ONE_ROW = b'[{"SessionId": 1}]'
BUDGET_SECONDS = 600.0


class Time:
    """A clock that only `sleep` moves, and what was slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def now(self) -> datetime:
        return NOON + timedelta(seconds=sum(self.slept))

    def budget(self, seconds: float = BUDGET_SECONDS) -> Budget:
        return Budget.of(seconds, lambda: sum(self.slept))


@pytest.fixture
def clock() -> Time:
    return Time()


def endpoint(url: str, **changes: object) -> Endpoint:
    usual = Endpoint(base_url=url, timeout_seconds=5, budget_seconds=BUDGET_SECONDS, max_reply_mib=1)
    return replace(usual, **changes)  # type: ignore[arg-type]


@contextmanager
def client_of(
    url: str,
    clock: Time,
    credentials: Credentials = CREDENTIALS,
    jitter: Callable[[float, float], float] = max,
    **changes: object,
) -> Iterator[Client]:
    with Client(
        endpoint(url, **changes), credentials, account="acme", now=clock.now, sleep=clock.sleep, jitter=jitter
    ) as client:
        yield client


@contextmanager
def full() -> Iterator[str]:
    """The URL of a listener whose queue is full: a connection to it neither comes about nor is refused."""
    with socket.socket() as listener, ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def fetched(
    server: RawServer, clock: Time, parse: Callable[[bytes], object] = bytes, **changes: object
) -> Reply[object]:
    with client_of(server.url(), clock, **changes) as client:  # type: ignore[arg-type]
        return client.history(MONTH, parse, budget=clock.budget())


def refusal(server: RawServer, clock: Time, kind: type[VendorError] = ReplyRefused, **changes: object) -> str:
    """The text of the error that `fetched` must end in; always one line that names account and request."""
    with pytest.raises(kind) as raised:
        fetched(server, clock, **changes)  # type: ignore[arg-type]
    text = str(raised.value)
    assert text.startswith("account acme: GET /history month 2016-11: ")
    assert "\n" not in text
    assert SECRET not in text
    return text


# The request


def test_history_asks_for_the_first_of_the_month_with_basic_auth_and_no_encoding(clock: Time) -> None:
    with serving(reply(ONE_ROW)) as server:
        assert fetched(server, clock).content == ONE_ROW
    head = server.heads[0].decode()
    assert head.startswith("GET /history?month=2016-11-01 HTTP/1.1\r\n")
    assert f"Authorization: Basic {base64.b64encode(f'acme-id:{SECRET}'.encode()).decode()}\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head
    assert f"User-Agent: securevideo-billing/{version()}\r\n" in head
    assert "cookie" not in head.lower()


def test_a_path_of_the_base_url_is_kept_and_the_query_is_encoded(clock: Time) -> None:
    with serving(reply()) as server, client_of(server.url() + "v1/", clock) as client:
        client.get("/history/5", {"participantEmail": "a&b=c@example.com"}, bytes)
    assert server.heads[0].startswith(b"GET /v1/history/5?participantEmail=a%26b%3Dc%40example.com HTTP/1.1\r\n")


def test_a_reply_tells_both_clocks_in_whole_utc_seconds(clock: Time) -> None:
    with serving(reply(date="Sun, 04 Dec 2016 11:58:00 GMT"), reply(date="yesterday"), reply()) as server:
        answer = fetched(server, clock)
        assert answer.received_at == NOON.replace(microsecond=0)
        assert answer.served_at == datetime(2016, 12, 4, 11, 58, tzinfo=UTC)
        assert fetched(server, clock).served_at is None
        assert fetched(server, clock).served_at is None


def test_credentials_beyond_ascii_are_sent_as_utf_8(clock: Time) -> None:
    with serving(reply()) as server:
        fetched(server, clock, credentials=Credentials("bücher", "пароль"))
    assert base64.b64encode("bücher:пароль".encode()) in server.heads[0]


@pytest.mark.parametrize(
    ("identifier", "secret"),
    [("a:b", "ok"), ("", "ok"), ("ok", ""), ("ok", "line\n"), ("ok", "\udcff"), ("ok", "a\x00b")],
)
def test_credentials_that_basic_auth_cannot_carry_are_refused_without_showing_them(
    identifier: str, secret: str
) -> None:
    with pytest.raises(CredentialError, match=r"account acme: the API (identifier|secret) cannot be sent") as raised:
        Client(endpoint("http://127.0.0.1/"), Credentials(identifier, secret), account="acme", now=lambda: NOON)
    assert not secret or secret == "ok" or secret not in str(raised.value)


def test_nothing_printed_shows_a_credential(clock: Time) -> None:
    assert SECRET not in repr(CREDENTIALS)
    assert "acme-id" not in repr(CREDENTIALS)
    assert "patient" not in repr(Reply(b"patient", NOON, None))
    with client_of("http://127.0.0.1/", clock) as client:
        assert SECRET not in repr(client)


# Status codes


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_refused_credentials_are_not_retried(clock: Time, status: str) -> None:
    with serving(reply(b'{"Message": "no"}', status, retry_after="1")) as server:
        assert "credentials refused for account acme" in refusal(server, clock, CredentialsRefused)
    assert len(server.heads) == 1
    assert clock.slept == []


@pytest.mark.parametrize(
    "status",
    ["404 Not Found", "400 Bad Request", "409 Conflict", "410 Gone", "418 Teapot", "501 Not Implemented", "505 X"],
)
def test_other_client_and_server_errors_are_permanent(clock: Time, status: str) -> None:
    with serving(reply(b'{"Message": "User Jane not found"}', status)) as server:
        text = refusal(server, clock)
    assert f"found status {status[:3]}, type 'application/json; charset=utf-8'" in text
    assert "size 34 bytes" in text
    assert "Jane" not in text
    assert len(server.heads) == 1


@pytest.mark.parametrize("status", ["201 Created", "202 Accepted", "204 No Content", "206 Partial Content"])
def test_a_success_other_than_200_is_permanent(clock: Time, status: str) -> None:
    with serving(reply(b"" if "204" in status else ONE_ROW, status)) as server:
        assert f"found status {status[:3]}" in refusal(server, clock)
    assert len(server.heads) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_status_is_retried(clock: Time, status: int) -> None:
    with serving(reply(b"busy", f"{status} X"), reply(ONE_ROW)) as server:
        assert fetched(server, clock).content == ONE_ROW
    assert len(server.heads) == 2


def test_five_tries_and_no_more_with_full_jitter(clock: Time) -> None:
    drawn: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        drawn.append((low, high))
        return high / 2

    with serving(reply(b"busy", "503 X")) as server:
        text = refusal(server, clock, TryAgainLater, jitter=jitter)
    assert "try again later: 5 of 5 tries failed" in text
    assert "the last: status 503; run this month again" in text
    assert len(server.heads) == 5
    assert drawn[:4] == [(0, 2), (0, 4), (0, 8), (0, 16)]
    assert clock.slept == [1, 2, 4, 8]


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["http://127.0.0.1:{port}/history", "/elsewhere", "http://[broken"])
def test_redirects_are_refused_and_nothing_goes_to_their_target(clock: Time, status: int, location: str) -> None:
    with serving(reply()) as other:
        target = location.format(port=other.port)
        with serving(reply(b"", f"{status} Moved", location=target), reply()) as server:
            text = refusal(server, clock)
    assert "redirects are not followed" in text
    assert target not in text
    assert len(server.heads) == 1
    assert other.heads == []


# Retry-After and the budget


def test_retry_after_is_never_shortened(clock: Time) -> None:
    with serving(reply(b"", "429 X", retry_after="37"), reply(b"", "503 X", retry_after="0"), reply()) as server:
        fetched(server, clock)
    assert clock.slept == [37, 0]


@pytest.mark.parametrize("ours_is_off_by", [timedelta(0), timedelta(hours=3), -timedelta(hours=3)])
def test_a_retry_after_date_is_waited_by_the_vendors_clock(clock: Time, ours_is_off_by: timedelta) -> None:
    vendor_time = NOON.replace(microsecond=0) + ours_is_off_by
    due = format_datetime(vendor_time + timedelta(seconds=90), usegmt=True)
    busy = reply(b"", "503 X", retry_after=due, date=format_datetime(vendor_time, usegmt=True))
    with serving(busy, reply()) as server:
        fetched(server, clock)
    assert clock.slept == [90]


@pytest.mark.parametrize(
    ("due", "wait"),
    [
        ("Sun, 04 Dec 2016 12:01:00 GMT", 60 - 0.123456),
        ("Sunday, 04-Dec-16 12:01:00 GMT", 60 - 0.123456),
        ("Sun Dec  4 12:01:00 2016", 60 - 0.123456),
        ("Sun, 04 Dec 2016 11:00:00 GMT", 0),
    ],
)
def test_a_retry_after_date_without_a_date_header_is_waited_by_our_clock(clock: Time, due: str, wait: float) -> None:
    with serving(reply(b"", "503 X", retry_after=due), reply()) as server:
        fetched(server, clock)
    assert clock.slept == [pytest.approx(wait)]


@pytest.mark.parametrize(
    "value", ["soon", "-5", "1.5x", "٣", "", ",", "Sun, 99 Dec 2016 12:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 +2359"]
)
def test_an_unreadable_retry_after_leaves_the_usual_wait(clock: Time, value: str) -> None:
    busy = reply(b"", "503 X").replace(b"\r\n\r\n", b"\r\nRetry-After: " + value.encode() + b"\r\n\r\n")
    with serving(busy, reply()) as server:
        fetched(server, clock)
    assert clock.slept in ([2], [0])


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("4.5", 4.5),
        ("4.0", 4),
        (".5", 0.5),
        ("30s", 30),
        ("30 Seconds", 30),
        ('"30"', 30),
        ("120, 120", 120),
        ("7, 120,5", 120),
        ("soon, 9", 9),
        ("Sun, 04 Dec 2016 12:01:00 GMT, 20", 60),
        ("20, Sun, 04 Dec 2016 12:00:10 GMT", 20),
    ],
)
def test_a_retry_after_that_is_odd_but_can_be_read_is_waited_in_full(clock: Time, value: str, wait: float) -> None:
    busy = reply(b"", "503 X", retry_after=value, date="Sun, 04 Dec 2016 12:00:00 GMT")
    with serving(busy, reply()) as server:
        fetched(server, clock)
    assert clock.slept == [wait]


def test_of_several_retry_after_headers_the_longest_is_waited(clock: Time) -> None:
    busy = reply(b"", "503 X", retry_after="5").replace(b"\r\n\r\n", b"\r\nRetry-After: 50\r\n\r\n")
    with serving(busy, reply()) as server:
        fetched(server, clock)
    assert clock.slept == [50]


def test_retry_after_beyond_the_budget_gives_up_at_once_and_says_when_to_come_back(clock: Time) -> None:
    with serving(reply(b"", "503 X", retry_after="3600")) as server:
        text = refusal(server, clock, TryAgainLater)
    assert "run this month again at 2016-12-04T13:00:01Z or later" in text
    assert len(server.heads) == 1
    assert clock.slept == []


@pytest.mark.parametrize("value", ["9" * 30, "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_retry_after_of_aeons_gives_up_at_once(clock: Time, value: str) -> None:
    with serving(reply(b"", "503 X", retry_after=value)) as server:
        assert "run this month again at 9622-" in refusal(server, clock, TryAgainLater)


def test_retry_after_says_a_far_date_as_it_came(clock: Time) -> None:
    with serving(
        reply(b"", "503 X", retry_after="Wed, 21 Oct 2099 07:28:00 GMT", date="Sun, 04 Dec 2016 12:00:00 GMT")
    ) as server:
        assert "run this month again at 2099-10-21T07:28:01Z" in refusal(server, clock, TryAgainLater)


def test_the_last_try_says_when_to_come_back_too(clock: Time) -> None:
    with serving(reply(b"", "503 X", retry_after="7")) as server:
        assert "again at 2016-12-04T12:00:36Z or later" in refusal(server, clock, TryAgainLater)
    assert clock.slept == [7, 7, 7, 7]


def test_requests_of_one_account_month_share_a_budget(clock: Time) -> None:
    budget = clock.budget(100)
    with serving(reply(b"", "503 X", retry_after="60"), reply()) as server, client_of(server.url(), clock) as client:
        client.history(MONTH, bytes, budget=budget)
        assert budget.left() == 40
        clock.sleep(40)
        with pytest.raises(
            TryAgainLater, match=r"account acme: GET /user: try again later: vendor.budget_seconds are used"
        ):
            client.get("/user", {}, bytes, budget=budget)
    assert len(server.heads) == 2


def test_a_wait_that_would_use_up_the_budget_is_not_begun(clock: Time) -> None:
    with (
        serving(reply(b"", "503 X")) as server,
        client_of(server.url(), clock) as client,
        pytest.raises(TryAgainLater, match="3 of 5 tries failed, 1 s of the budget left"),
    ):
        client.history(MONTH, bytes, budget=clock.budget(7))
    assert clock.slept == [2, 4]


def test_the_budget_cuts_a_try_short(clock: Time) -> None:
    with serving(drip(b"")) as server, client_of(server.url(), clock, timeout_seconds=60, budget_seconds=0.3) as client:
        began = time.monotonic()
        with pytest.raises(TryAgainLater, match=r"no whole reply within 0\.\d+ s"):
            client.history(MONTH, bytes)
    assert time.monotonic() - began < 2


# The connection


def test_a_refused_connection_is_retried(clock: Time) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    text = refusal(RawServer(port), clock, TryAgainLater)
    assert "5 of 5 tries failed" in text
    assert "no connection to 127.0.0.1" in text


def hang_up(_: socket.socket) -> None:
    """Closes without a reply."""


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "fault",
    [
        reset,
        hang_up,
        reply(ONE_ROW, content_length="500"),
        CHUNKED + b"5\r\n[1, 2\r\n",
        CHUNKED + b"zz\r\n[]\r\n0\r\n\r\n",
        CHUNKED + b"" + b"f" * 30 + b"\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Type",
        b"Jane Roe is no HTTP\r\n\r\n",
        endless(b"HTTP/1.1 200 OK\r\n", b"X-Jane-Roe: 1\r\n" * 4096),
        reply(b""),
        reply(b"", content_type=""),
        reply(b"", content_type="", content_length=""),
        reply(b"\xef\xbb\xbf \r\n\t"),
    ],
    ids=[
        "reset",
        "hang-up",
        "short body",
        "broken chunk",
        "no chunk size",
        "long chunk size",
        "two lengths",
        "long length",
        "cut header",
        "no HTTP",
        "endless headers",
        "empty",
        "empty without type",
        "empty without length",
        "only white space",
    ],
)
def test_a_broken_or_empty_reply_is_retried_and_never_quoted(clock: Time, fault: Part) -> None:
    with serving(fault, reply(ONE_ROW)) as server:
        assert fetched(server, clock).content == ONE_ROW
    with serving(fault) as server:
        text = refusal(server, clock, TryAgainLater)
    assert "5 of 5 tries failed" in text
    assert "Jane" not in text


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n",
    ],
    ids=["before the status", "in the headers", "in the body"],
)
def test_a_drip_feed_is_cut_at_the_total_deadline(clock: Time, first: bytes) -> None:
    with serving(drip(first)) as server, client_of(server.url(), clock, timeout_seconds=0.15) as client:
        began = time.monotonic()
        with pytest.raises(TryAgainLater, match=r"5 of 5 tries failed.*(no whole reply within 0.15 s|was not HTTP)"):
            client.history(MONTH, bytes, budget=clock.budget())
    assert time.monotonic() - began < 3


def test_a_server_that_accepts_and_says_nothing_is_cut_at_the_deadline(clock: Time) -> None:
    with serving(lambda _: time.sleep(1)) as server:
        began = time.monotonic()
        assert "no whole reply within 0.1 s" in refusal(server, clock, TryAgainLater, timeout_seconds=0.1)
    assert time.monotonic() - began < 3


# What parse says


def test_a_body_that_parse_finds_cut_is_fetched_again_as_a_whole(clock: Time) -> None:
    def parse(body: bytes) -> object:
        try:
            return json.loads(body)
        except ValueError as error:
            raise TryAgainLater("invalid JSON at byte 17") from error

    with serving(reply(ONE_ROW[:-2]), reply(ONE_ROW)) as server:
        assert fetched(server, clock, parse).content == [{"SessionId": 1}]
    with serving(reply(ONE_ROW[:-2])) as server:
        assert "5 of 5 tries failed" in (text := refusal(server, clock, TryAgainLater, parse=parse))
        assert "the last: invalid JSON at byte 17" in text


def test_a_body_that_parse_refuses_is_not_fetched_again(clock: Time) -> None:
    def parse(_: bytes) -> object:
        raise ReplyRefused("expected an array, found an object")

    with serving(reply(b'{"Message": "hi"}')) as server:
        assert refusal(server, clock, parse=parse).endswith(
            ": expected an array, found an object; found status 200, type application/json, 17 bytes"
        )
    assert len(server.heads) == 1


# What is no JSON


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "text/html; charset=utf-8",
        "application/jsonp",
        "text/json",
        "",
        "application/json, text/html",
        "application/json; charset=utf-16",
        'application/json; CharSet = "ISO-8859-1"',
        "application/json\t;\tcharset\t=\tlatin1",
    ],
)
def test_a_wrong_content_type_is_permanent_and_its_body_never_shown(clock: Time, content_type: str) -> None:
    with serving(reply(b"<p>Jane Roe</p>", content_type=content_type)) as server:
        text = refusal(server, clock)
    assert "found status 200, type " in text
    assert (content_type or "none").partition(";")[0].strip() in text
    assert "size 15 bytes" in text
    assert "Jane" not in text
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    "content_type", ["application/json", 'Application/JSON ; charset="UTF-8"', "application/json;odata=x"]
)
def test_a_json_content_type_may_have_parameters(clock: Time, content_type: str) -> None:
    with serving(reply(content_type=content_type)) as server:
        assert fetched(server, clock).content == b"[]"


@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf", b"\r\n  ", b"\xef\xbb\xbf\n\t"])
def test_html_under_a_json_content_type_is_permanent(clock: Time, lead: bytes) -> None:
    with serving(reply(lead + b"<html>Jane Roe</html>")) as server:
        text = refusal(server, clock)
    assert f"found HTML: status 200, type application/json, {len(lead) + 21} bytes;" in text
    assert len(server.heads) == 1


def test_an_unwanted_body_of_unknown_size_is_counted_for_a_while_only(clock: Time) -> None:
    page = reply(b"x" * 100, content_type="text/html", content_length="")
    with serving(page) as server:
        assert "size 100 bytes" in refusal(server, clock)
    with serving(endless(reply(b"", "404 X", content_length=""), b"x" * 4096)) as server:
        assert "size over 8192 bytes" in refusal(server, clock)
    with serving(drip(reply(b"", "404 X", content_length=""), pause=0.4)) as server:
        assert "bytes or more" in refusal(server, clock)


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip", "x"])
def test_an_encoded_body_is_refused_and_never_unpacked(clock: Time, encoding: str) -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000)
    tracemalloc.start()
    try:
        with serving(reply(bomb, content_encoding=encoding)) as server:
            assert f"encoding '{encoding}'" in refusal(server, clock)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
    assert len(server.heads) == 1


def test_an_encoded_body_that_does_not_say_so_reaches_parse_as_it_is(clock: Time) -> None:
    packed = gzip.compress(b"[]")
    with serving(reply(packed, content_encoding="identity")) as server:
        assert fetched(server, clock).content == packed


# Size


def test_a_stated_length_over_the_cap_is_refused_without_reading(clock: Time) -> None:
    with serving(reply(b"", content_length=str(2**20 + 1))) as server:  # reading would end in a short body and a retry
        text = refusal(server, clock)
    assert "the reply is over 1048576 bytes; raise vendor.max_reply_mib" in text
    assert len(server.heads) == 1


def test_a_reply_at_the_cap_is_whole(clock: Time) -> None:
    with serving(reply(b"[" + b" " * (2**20 - 2) + b"]")) as server:
        assert len(bytes(fetched(server, clock).content)) == 2**20  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("first", "chunk"),
    [
        (reply(b"[", content_length=""), b"1" * 4096),
        (reply(b"", content_length="", transfer_encoding="chunked"), b"1000\r\n" + b"1" * 4096 + b"\r\n"),
    ],
    ids=["until the end", "chunked"],
)
def test_an_endless_body_is_refused_with_memory_bounded(clock: Time, first: bytes, chunk: bytes) -> None:
    tracemalloc.start()
    try:
        with serving(endless(first, chunk)) as server:
            assert "the reply is over 1048576 bytes" in refusal(server, clock)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert len(server.heads) == 1


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def server_tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def over_tls(server: RawServer, clock: Time, ca_file: Path | None, **changes: object) -> Reply[bytes]:
    with client_of(server.url("https"), clock, ca_file=ca_file, **changes) as client:  # type: ignore[arg-type]
        return client.history(MONTH, bytes, budget=clock.budget())


def test_an_authority_of_ones_own_is_trusted_by_configuration(
    clock: Time, authority: trustme.CA, ca_file: Path
) -> None:
    with serving(reply(ONE_ROW), tls=server_tls(authority.issue_cert("127.0.0.1"))) as server:
        assert over_tls(server, clock, ca_file).content == ONE_ROW


def test_a_certificate_of_an_unknown_authority_is_permanent(clock: Time, authority: trustme.CA) -> None:
    with (
        serving(reply(), tls=server_tls(authority.issue_cert("127.0.0.1"))) as server,
        pytest.raises(ReplyRefused, match=r"no trusted TLS connection to 127\.0\.0\.1: unable to get local issuer"),
    ):
        over_tls(server, clock, None)
    assert (server.heads, clock.slept) == ([], [])


def test_a_wrong_host_name_is_permanent(clock: Time, authority: trustme.CA, ca_file: Path) -> None:
    with (
        serving(reply(), tls=server_tls(authority.issue_cert("api.example.com"))) as server,
        pytest.raises(ReplyRefused, match=r"no trusted TLS connection to 127\.0\.0\.1: IP address mismatch"),
    ):
        over_tls(server, clock, ca_file)
    assert (server.heads, clock.slept) == ([], [])


def test_an_expired_certificate_is_permanent(clock: Time, authority: trustme.CA, ca_file: Path) -> None:
    expired = authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1))
    with (
        serving(reply(), tls=server_tls(expired)) as server,
        pytest.raises(ReplyRefused, match=r"no trusted TLS connection to 127\.0\.0\.1: certificate has expired"),
    ):
        over_tls(server, clock, ca_file)
    assert clock.slept == []


def test_old_tls_is_permanent(clock: Time, authority: trustme.CA, ca_file: Path) -> None:
    with (
        serving(reply(), tls=old_tls(server_tls(authority.issue_cert("127.0.0.1")))) as server,
        pytest.raises(ReplyRefused, match=r"no trusted TLS connection to 127\.0\.0\.1: .*PROTOCOL"),
    ):
        over_tls(server, clock, ca_file)
    assert clock.slept == []


def test_a_server_without_tls_is_permanent(clock: Time, ca_file: Path) -> None:
    plain = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with serving(plain, greeting=plain) as server, pytest.raises(ReplyRefused, match="WRONG_VERSION_NUMBER"):
        over_tls(server, clock, ca_file)
    assert clock.slept == []


def test_a_handshake_that_never_ends_is_cut_at_the_deadline_and_leaves_no_socket_open(
    clock: Time, ca_file: Path
) -> None:
    with serving(reply()) as server, pytest.raises(TryAgainLater, match=r"5 of 5 .* no whole reply within 0\.1 s"):
        over_tls(server, clock, ca_file, timeout_seconds=0.1)
    gc.collect()  # a socket left open would be a ResourceWarning, which fails the test


def test_a_connection_that_ends_within_the_handshake_is_retried(
    clock: Time, authority: trustme.CA, ca_file: Path
) -> None:
    context = server_tls(authority.issue_cert("127.0.0.1"))
    with serving(reply(ONE_ROW), tls=context, broken_handshakes=2) as server:
        assert over_tls(server, clock, ca_file).content == ONE_ROW
    assert len(clock.slept) == 2


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_unreadable_ca_file_is_a_mistake_of_the_configuration(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=r"vendor\.ca_file: .*ca\.pem holds no readable PEM certificates"):
        Client(endpoint("https://127.0.0.1/", ca_file=path), CREDENTIALS, account="acme", now=lambda: NOON)


# The environment


def test_the_environment_changes_nothing(
    clock: Time, authority: trustme.CA, ca_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login netrc-user password netrc-password\n")
    key_log = tmp_path / "keys.log"
    with serving(reply(b'["proxy"]')) as proxy, monkeypatch.context() as environment:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            environment.setenv(name, proxy.url())
        environment.setenv("HOME", str(tmp_path))
        environment.setenv("NETRC", str(tmp_path / ".netrc"))
        environment.setenv("SSLKEYLOGFILE", str(key_log))
        environment.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
        environment.setenv("SSL_CERT_DIR", str(tmp_path))
        with serving(reply(ONE_ROW)) as server:
            assert fetched(server, clock).content == ONE_ROW
            assert base64.b64encode(f"acme-id:{SECRET}".encode()) in server.heads[0]
        with serving(reply(ONE_ROW), tls=server_tls(authority.issue_cert("127.0.0.1"))) as server:
            assert over_tls(server, clock, ca_file).content == ONE_ROW
            environment.setenv("SSL_CERT_FILE", str(ca_file))
            with pytest.raises(ReplyRefused, match="no trusted TLS connection"):
                over_tls(server, clock, None)
    assert proxy.heads == []
    assert not key_log.exists()


# The configured proxy


def test_a_configured_proxy_is_used(clock: Time) -> None:
    with serving(reply(ONE_ROW)) as proxy, client_of("http://127.0.0.1:9/", clock, proxy=proxy.url()) as client:
        assert client.history(MONTH, bytes).content == ONE_ROW
    assert proxy.heads[0].startswith(b"GET http://127.0.0.1:9/history?month=2016-11-01 HTTP/1.1\r\n")


def test_a_tunnel_never_shows_the_proxy_our_credentials(clock: Time) -> None:
    with (
        serving(reply(b"", "407 Jane Roe")) as proxy,
        client_of("https://api.example.com/", clock, proxy=proxy.url()) as client,
        pytest.raises(ReplyRefused, match=r"no tunnel to api\.example\.com: status 407; check vendor\.proxy$"),
    ):
        client.history(MONTH, bytes)
    assert proxy.heads[0].startswith(b"CONNECT api.example.com:443 HTTP/1.1\r\n")
    assert b"uthorization" not in proxy.heads[0]


def test_a_proxy_that_is_passingly_out_of_order_is_retried(clock: Time) -> None:
    with (
        serving(reply(b"", "503 X")) as proxy,
        client_of("https://api.example.com/", clock, proxy=proxy.url()) as client,
        pytest.raises(TryAgainLater, match=r"5 of 5 tries failed.*no tunnel to api\.example\.com: status 503"),
    ):
        client.history(MONTH, bytes, budget=clock.budget())
    assert len(proxy.heads) == 5


@pytest.mark.parametrize("base_url", ["https://api.example.com/", "http://127.0.0.1:9/"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_cannot_be_reached_is_named_as_the_proxy(clock: Time, base_url: str, scheme: str) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        proxy = f"127.0.0.1:{nobody.getsockname()[1]}"
        with (
            client_of(base_url, clock, proxy=f"{scheme}://{proxy}") as client,
            pytest.raises(TryAgainLater) as raised,
        ):
            client.history(MONTH, bytes, budget=clock.budget())
    assert f"no connection to the proxy {proxy}: " in str(raised.value)
    assert "; check vendor.proxy; run this month again" in str(raised.value)
    assert "api.example.com" not in str(raised.value)


def test_a_proxy_that_lets_nobody_in_is_named_as_the_proxy_too(clock: Time) -> None:
    with (
        full() as proxy,
        client_of("https://api.example.com/", clock, proxy=proxy, timeout_seconds=0.2) as client,
        pytest.raises(TryAgainLater, match=rf"no connection to the proxy {proxy[7:]} within 0\.2 s"),
    ):
        client.history(MONTH, bytes, tries=1)


def test_what_fails_beyond_the_proxy_is_the_vendors(clock: Time, authority: trustme.CA, ca_file: Path) -> None:
    def tunnel(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with server_tls(authority.issue_cert("other.example")).wrap_socket(connection, server_side=True):
            pass

    with (
        serving(tunnel) as proxy,
        client_of("https://api.example.com/", clock, proxy=proxy.url(), ca_file=ca_file) as client,
        pytest.raises(ReplyRefused, match=r"no trusted TLS connection to api\.example\.com: .*check vendor\.base_url"),
    ):
        client.history(MONTH, bytes)


def test_a_proxy_over_tls_is_checked_like_the_vendor(clock: Time, authority: trustme.CA, ca_file: Path) -> None:
    tls = server_tls(authority.issue_cert("127.0.0.1"))
    with serving(reply(ONE_ROW), tls=tls) as proxy:
        with client_of("http://127.0.0.1:9/", clock, proxy=proxy.url("https"), ca_file=ca_file) as client:
            assert client.history(MONTH, bytes).content == ONE_ROW
        with client_of("http://127.0.0.1:9/", clock, proxy=proxy.url("https")) as client:  # noqa: SIM117
            with pytest.raises(ReplyRefused, match=r"no trusted TLS connection to the proxy .*; check vendor\.proxy"):
                client.history(MONTH, bytes)


# The log


def test_each_retry_is_one_line_without_the_secret_and_without_the_query(
    clock: Time, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "jobs")
    caplog.set_level(logging.INFO, "httpx")
    with serving(reply(b"Jane", "503 Jane"), reply()) as server, client_of(server.url(), clock) as client:
        client.get("/history", {"participantEmail": "jane@example.com"}, bytes)
    assert [record.getMessage() for record in caplog.records if record.name == "jobs.securevideo.client"] == [
        "account acme: GET /history: try 1 of 5 failed: status 503; next in 2.0 s"
    ]
    assert "jane" not in caplog.text.lower()
    assert SECRET not in caplog.text
