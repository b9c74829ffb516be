"""Each fault that a sender, the network, the disk or the machine may have, on a real socket to a real process."""

import json
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.jobs.webhook.receiver import PATH, SECRET, Receiver, answer, configured, event, ledger_held, request

KIB = 1024


@pytest.fixture(scope="module")
def for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with Receiver(configured(tmp_path_factory.mktemp("receiver"))) as running:
        yield running
        assert running.process.poll() is None
    assert "Traceback" not in running.log
    assert "error" not in running.log


@pytest.fixture
def receiver(for_all: Receiver) -> Receiver:
    """One that is as usual, its ledger without events."""
    for_all.forget()
    return for_all


@pytest.fixture(scope="module")
def hasty_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    bounds = "Limits(request_seconds=1, connections=6), Bounds(wait_seconds=1)"
    with Receiver(configured(tmp_path_factory.mktemp("hasty")), bounds) as running:
        yield running


@pytest.fixture
def hasty(hasty_for_all: Receiver) -> Receiver:
    """One that waits a second for a request, and for the ledger, and has room for six connections."""
    hasty_for_all.forget()
    return hasty_for_all


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Receiver]:
    """One that the test may stop, or take the ledger from."""
    with Receiver(configured(tmp_path)) as running:
        yield running


# Forged


@pytest.mark.parametrize(
    "path",
    [
        f"/webhooks/acme/{SECRET[:-1]}",
        f"/webhooks/acme/{SECRET}1",
        f"/webhooks/acme/{SECRET[::-1]}",  # the other account's
        f"/webhooks/nobody/{SECRET}",
        f"/webhooks/acme/{SECRET}/",
        f"/webhooks/ACME/{SECRET}",
        "/webhooks/acme/",
        "/webhooks/acme/%00%FF%2F..",
        "/webhooks/nobody/x",
        "/",
        "/../healthz",
    ],
)
def test_whoever_does_not_know_the_secret_is_told_nothing(receiver: Receiver, path: str) -> None:
    refused = receiver.send(event(), path)
    assert (refused.status, refused.body) == (404, b"Not Found")
    assert receiver.stored() == []


def test_no_secret_reaches_the_log(own: Receiver) -> None:
    wrong = SECRET[:-1] + "X"
    own.send(event())
    own.send(event(), f"/webhooks/acme/{wrong}")
    own.send(b"{", PATH)
    own.send(event(), PATH, method="GET")
    own.send_raw(b"nonsense " + PATH.encode() + b"\r\n\r\n")
    assert own.stop() == 0
    assert "SESSION_STATUS STARTED of session 105236 stored" in own.log
    assert SECRET not in own.log
    assert wrong not in own.log
    assert "Traceback" not in own.log


def test_a_right_secret_and_an_unknown_account_take_the_same_time(receiver: Receiver) -> None:
    """Not a proof, but a comparison that ends at the first difference or skips the account would be far off."""
    paths = [f"/webhooks/acme/{SECRET[:-1]}X", f"/webhooks/nobody/{SECRET}", f"/webhooks/acme/{'X' * len(SECRET)}"]
    fastest = dict.fromkeys(paths, 9.0)
    with receiver.connected() as connection:
        for _ in range(150):
            for path in paths:
                begin = time.perf_counter()
                connection.sendall(request(event(), path))
                assert answer(connection).status == 404
                fastest[path] = min(fastest[path], time.perf_counter() - begin)
    assert max(fastest.values()) < 2 * min(fastest.values())


# Repeated, out of order, unknown, bad


def test_a_repeated_event_is_stored_once_and_still_acknowledged(receiver: Receiver) -> None:
    sent = event(EventTs="2019-06-11T10:45:12", Attributes=[{"AttributeName": "Room", "AttributeValue": "4"}])
    spellings = [json.dumps(sent), json.dumps(sent, indent=2), json.dumps(dict(reversed(sent.items())))]
    for spelling in spellings * 2:
        assert receiver.send(spelling.encode()).status == 204
    with ThreadPoolExecutor(8) as pool:
        assert {done.status for done in pool.map(receiver.send, [sent] * 40)} == {204}
    assert receiver.stored() == [("acme", "SESSION_STATUS", 105236, "STARTED", "2019-06-11T10:45:12.000000Z")]


def test_one_event_of_two_accounts_is_two(receiver: Receiver) -> None:
    assert receiver.send(event()).status == 204
    assert receiver.send(event(), f"/webhooks/other/{SECRET[::-1]}").status == 204
    assert [account for account, *_ in receiver.stored()] == ["acme", "other"]


def test_an_unknown_type_is_acknowledged_and_counted(receiver: Receiver) -> None:
    assert receiver.send({"WebhookType": "CHART_SIGNED", "ID": "abc", "Who": "Trevor Stamp"}).status == 204
    assert receiver.send({"WebhookType": "SESSION_NOTE", "ID": 105236, "Status": "STARTED"}).status == 204
    assert receiver.stored() == [
        ("acme", "CHART_SIGNED", None, None, None),
        ("acme", "SESSION_NOTE", None, None, None),
    ]


@pytest.mark.parametrize(
    ("sent", "status", "stored"),
    [
        (b"", 400, None),
        (b"STARTED", 400, None),
        (b"[]", 400, None),
        (b"[" * 60_000, 400, None),
        (b'{"WebhookType": "SESSION_STATUS", "ID": ' + b"9" * 5000 + b', "Status": "STARTED"}', 400, None),
        (b'{"WebhookType": "SESSION_STATUS", "ID": 1, "Status": "\xff"}', 400, None),
        (b'{"WebhookType": "SESSION_STATUS", "ID": 1, "Status": "\\ud800"}', 400, None),
        (b'{"WebhookType": "SESSION_STATUS", "ID": NaN, "Status": "STARTED"}', 400, None),
        (json.dumps(event()).encode("utf-16"), 400, None),
        ({"ID": 1, "Status": "STARTED"}, 400, None),
        ({"WebhookType": None}, 400, None),
        ({"WebhookType": 7}, 400, None),
        ({"WebhookType": "SESSION_STATUS", "Status": "STARTED"}, 400, None),
        (event(True), 400, None),
        (event(1.0), 400, None),
        (event(0), 400, None),
        (event(-5), 400, None),
        (event(2**63), 400, None),
        (event("12345 "), 400, None),
        (event("٣"), 400, None),
        (event([1]), 400, None),
        (event(status=None), 400, None),
        (event(status=["STARTED"]), 400, None),
        (event(2**63 - 1), 204, ("SESSION_STATUS", 2**63 - 1, "STARTED", None)),
        (event("12345"), 204, ("SESSION_STATUS", 12345, "STARTED", None)),
        (b"\xef\xbb\xbf" + json.dumps(event(5)).encode(), 204, ("SESSION_STATUS", 5, "STARTED", None)),
        (event(status="PAUSED"), 204, ("SESSION_STATUS", 105236, "PAUSED", None)),
        (event(status="Trevor Stamp joined"), 204, ("SESSION_STATUS", 105236, None, None)),
        ({"WebhookType": "Trevor Stamp"}, 204, (None, None, None, None)),
        (event(EventTs="soon"), 204, ("SESSION_STATUS", 105236, "STARTED", None)),
        (event(EventTs=1560249912), 204, ("SESSION_STATUS", 105236, "STARTED", None)),
        (event(EventTs="2019-02-30T10:45:12"), 204, ("SESSION_STATUS", 105236, "STARTED", None)),
        (event(EventTs="0001-01-01T00:00:00+23:59"), 204, ("SESSION_STATUS", 105236, "STARTED", None)),
        (
            event(EventTs="2019-06-11T10:45:12.1+02:00"),
            204,
            ("SESSION_STATUS", 105236, "STARTED", "2019-06-11T08:45:12.100000Z"),
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_bad_input_is_stored_as_it_came_or_refused(
    receiver: Receiver, sent: bytes, status: int, stored: tuple[object, ...] | None
) -> None:
    assert receiver.send(sent).status == status
    assert receiver.stored("kind, session_id, status, event_at") == ([stored] if stored else [])


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["STARTED", "SESSION_STATUS"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_EVENTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("WebhookType", "ID", "Status", "EventTs", "Attributes"), _ANYTHING)
)


@given(st.binary(max_size=200) | st.builds(lambda event: json.dumps(event).encode(), _EVENTS | _ANYTHING))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_is_stored_or_refused_and_the_receiver_goes_on(receiver: Receiver, sent: bytes) -> None:
    assert receiver.send(sent).status in (204, 400)
    assert receiver.process.poll() is None


def test_no_name_reaches_ledger_or_log(own: Receiver) -> None:
    attributes = [{"AttributeName": "Participant", "AttributeValue": "Trevor Stamp"}]
    for sent in (
        event(Attributes=attributes),
        event(status="Trevor Stamp", Attributes=attributes, **{"Trevor Stamp": 1}),
        {"WebhookType": "Trevor Stamp"},
        event("Trevor Stamp"),
    ):
        own.send(sent)
    own.stop()
    assert len(own.stored()) == 3
    assert b"Trevor" not in own.ledger.read_bytes()
    assert "Trevor" not in own.log


def test_other_methods_and_requests_that_are_no_http_are_refused(receiver: Receiver) -> None:
    assert receiver.send(b"", PATH, method="GET").status == 405
    assert receiver.send(b"", PATH, method="DELETE").status == 405
    assert receiver.send_raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n").status == 400  # a TLS greeting
    assert receiver.send_raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 200_000).status == 400
    assert receiver.send(b"no chunk\r\n", Transfer_Encoding="chunked", Content_Length="").status == 400  # no chunk
    assert receiver.send(b"", "/healthz", method="GET").status == 200


# Oversized


def test_64_kib_are_taken_and_a_byte_more_is_not(receiver: Receiver) -> None:
    body = json.dumps(event(Filler="")).encode()
    filled = body.replace(b'""', b'"' + b"x" * (64 * KIB - len(body)) + b'"')
    assert len(filled) == 64 * KIB
    assert receiver.send(filled).status == 204
    assert receiver.send(filled.replace(b'"x', b'"xx')).status == 413


def test_an_oversized_body_is_refused_before_it_is_sent(receiver: Receiver) -> None:
    with receiver.connected() as connection:
        connection.sendall(request(b"", Content_Length=str(10**12)))
        assert answer(connection).status == 413


def test_an_oversized_chunked_body_is_refused_while_it_streams(receiver: Receiver) -> None:
    with receiver.connected() as connection:
        connection.sendall(request(b"", Transfer_Encoding="chunked", Content_Length=""))
        chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
        for _ in range(5):
            connection.sendall(chunk)
        assert answer(connection).status == 413  # the body never ends
        with pytest.raises(OSError, match=r"reset|Broken pipe"):  # and whoever goes on is cut off
            connection.sendall(chunk * 2_000)
    assert receiver.stored() == []


def test_what_follows_a_refused_body_on_the_same_connection_is_still_heard(receiver: Receiver) -> None:
    with receiver.connected() as connection:
        connection.sendall(request(b"x" * (70 * KIB)))
        assert answer(connection).status == 413
        connection.sendall(request(event()))
        assert answer(connection).status == 204


def test_no_http_after_a_refused_body_ends_the_connection_only(receiver: Receiver) -> None:
    with receiver.connected() as connection:
        connection.sendall(request(b"5\r\n", "/nowhere", Transfer_Encoding="chunked", Content_Length=""))
        assert answer(connection).status == 404
        connection.sendall(b"hello no chunk\r\n\r\n")
        assert answer(connection).status == 0
    assert receiver.send(event()).status == 204  # and its log has no error: see `for_all`


# Slow, idle, many


def cut_after(connection: socket.socket, drip: bytes = b"") -> float:
    """Sends a byte of `drip` each tenth of a second until the other side ends; gives the seconds that took."""
    begin = time.monotonic()
    connection.settimeout(0.1)
    for place in range(100):
        try:
            if drip:
                connection.sendall(drip[place % len(drip) :][:1])
            if connection.recv(100) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - begin


@pytest.mark.parametrize(
    ("sent", "drip"),
    [
        (b"", b""),
        (f"POST {PATH} HTTP/1.1\r\n".encode(), b"X: y\r\n"),
        (request(b"", Content_Length="200"), b" "),
        (request(b"", Transfer_Encoding="chunked", Content_Length=""), b"1\r\n \r\n"),
        (request(b"", "/webhooks/nobody/x", Content_Length="200"), b" "),  # whose answer is given already
    ],
    ids=["idle", "slow headers", "slow body", "slow chunks", "slow body of a refused request"],
)
def test_a_request_that_does_not_become_whole_is_cut_off(hasty: Receiver, sent: bytes, drip: bytes) -> None:
    with hasty.connected() as connection:
        connection.sendall(sent)
        if b"nobody" in sent:
            assert answer(connection).status == 404
        assert 0.5 < cut_after(connection, drip) < 8
    assert hasty.stored() == []


def test_a_connection_that_idles_after_an_answer_is_cut_off(hasty: Receiver) -> None:
    with hasty.connected() as connection:
        connection.sendall(request(event()))
        assert answer(connection).status == 204
        assert 0.5 < cut_after(connection) < 8


def test_a_connection_in_use_outlives_the_deadline_of_one_request(hasty: Receiver) -> None:
    with hasty.connected() as connection:
        for number in range(1, 6):
            time.sleep(0.4)
            connection.sendall(request(event(number)))
            assert answer(connection).status == 204


def test_those_who_only_hold_the_line_keep_no_sender_out(hasty: Receiver) -> None:
    with ExitStack() as held:
        lines = [held.enter_context(hasty.connected()) for _ in range(30)]
        assert hasty.send(event()).status == 204
        assert sum(cut_after(line) < 0.4 for line in lines) > 20


def test_pipelined_requests_are_all_answered(receiver: Receiver) -> None:
    with receiver.connected() as connection:
        connection.sendall(b"".join(request(event(number)) for number in range(1, 31)))
        received = b""
        while received.count(b"HTTP/1.1 204") < 30:
            received += connection.recv(65536)
    assert len(receiver.stored()) == 30


def test_a_flood_of_2000_in_ten_seconds_loses_nothing(receiver: Receiver) -> None:
    numbers = iter(range(1, 2001))
    statuses: Counter[int] = Counter()
    lock = threading.Lock()

    def send_some() -> None:
        with receiver.connected() as connection:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                connection.sendall(request(event(number, EventTs="2019-06-11T10:45:12")))
                status = answer(connection).status
                with lock:
                    statuses[status] += 1

    begin = time.monotonic()
    threads = [threading.Thread(target=send_some) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == {204: 2000}
    assert time.monotonic() - begin < 10
    assert {row[0] for row in receiver.stored("session_id")} == set(range(1, 2001))


def test_more_than_may_wait_are_asked_to_come_again(tmp_path: Path) -> None:
    bounds = "None, Bounds(waiting=10, wait_seconds=2)"
    with Receiver(configured(tmp_path), bounds) as receiver, ThreadPoolExecutor(40) as pool:
        with ledger_held(receiver.ledger):
            answers = list(pool.map(receiver.send, [event(number) for number in range(1, 41)]))
        assert {done.status for done in answers} == {503}
        assert all(b"retry-after: 10" in done.head.lower() for done in answers)
        assert receiver.send(event()).status == 204


def test_the_table_is_bounded_the_newest_stay(tmp_path: Path) -> None:
    bounds = "None, Bounds(max_events=10, trimmed_every=5)"
    with Receiver(configured(tmp_path), bounds) as receiver:
        assert receiver.send(event(), f"/webhooks/other/{SECRET[::-1]}").status == 204
        for number in range(1, 31):
            assert receiver.send(event(number)).status == 204
        stored = [session_id for account, session_id in receiver.stored("account, session_id") if account == "acme"]
        assert 10 <= len(stored) <= 16
        assert stored == list(range(31 - len(stored), 31))
        assert len(receiver.stored()) == len(stored) + 1  # the other account's is untouched
        receiver.stop()
    assert "oldest" in receiver.log


# The store, restarts, kills


def test_a_ledger_held_for_a_moment_is_waited_for(receiver: Receiver) -> None:
    with ThreadPoolExecutor(1) as pool:
        with ledger_held(receiver.ledger):
            sending = pool.submit(receiver.send, event())
            time.sleep(1)
            assert not sending.done()
        assert sending.result(10).status == 204
    assert len(receiver.stored()) == 1


def test_a_ledger_held_for_long_is_503_and_the_event_can_be_sent_again(hasty: Receiver) -> None:
    with ledger_held(hasty.ledger):
        assert hasty.send(event()).status == 503
        assert hasty.send(b"", "/healthz", method="GET").status == 503
    assert hasty.send(event()).status == 204
    assert hasty.send(b"", "/healthz", method="GET").status == 200
    assert len(hasty.stored()) == 1


def test_a_ledger_that_is_gone_is_503_until_it_is_back(own: Receiver) -> None:
    assert own.send(event(1)).status == 204
    away = own.ledger.with_name("away.db")
    own.ledger.rename(away)
    assert own.send(event(2)).status == 503
    assert not own.ledger.exists()  # nothing new was put in its place
    away.rename(own.ledger)
    assert own.send(event(2)).status == 204
    assert [row[0] for row in own.stored("session_id")] == [1, 2]


def test_a_ledger_restored_from_a_backup_gets_the_events_from_then_on(own: Receiver) -> None:
    assert own.send(event(1)).status == 204
    copy = own.ledger.with_name("copy.db")
    copy.write_bytes(own.ledger.read_bytes())
    assert own.send(event(2)).status == 204
    copy.replace(own.ledger)
    assert own.send(event(3)).status == 204
    assert [row[0] for row in own.stored("session_id")] == [1, 3]


def test_a_ledger_that_is_not_there_yet_is_503_until_it_is(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    with Receiver(configured(tmp_path)) as receiver:
        assert receiver.send(event()).status == 503
        (tmp_path / "state").unlink()
        assert receiver.send(event()).status == 204
        receiver.stop()
    assert "the ledger cannot be kept there" in receiver.log
    assert "Traceback" not in receiver.log


def test_a_restart_in_between_loses_nothing(own: Receiver) -> None:
    assert own.send(event(1)).status == 204
    assert own.stop() == 0
    own.start()
    assert own.send(event(1)).status == 204
    assert own.send(event(2)).status == 204
    assert [row[0] for row in own.stored("session_id")] == [1, 2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_answers_first_what_waits(own: Receiver, number: int) -> None:
    with ThreadPoolExecutor(5) as pool:
        with ledger_held(own.ledger):
            sending = [pool.submit(own.send, event(number)) for number in range(1, 6)]
            time.sleep(0.5)
            own.process.send_signal(number)
            time.sleep(0.5)
        assert {done.result(10).status for done in sending} == {204}
    assert own.process.wait(20) == 0
    assert len(own.stored()) == 5


def test_nothing_acknowledged_is_lost_by_kill_9(own: Receiver) -> None:
    """Ten senders until it is killed, three times over; the next one takes what was not acknowledged."""
    acknowledged: set[int] = set()
    for begin in (0, 100_000, 200_000):
        stop = threading.Event()

        def send_some(first: int) -> None:
            try:
                with own.connected() as connection:
                    for number in range(first, first + 10_000):
                        connection.sendall(request(event(number)))
                        if answer(connection).status != 204:
                            return
                        acknowledged.add(number)
            except OSError:
                return

        threads = [threading.Thread(target=send_some, args=(begin + lane * 10_000 + 1,)) for lane in range(10)]
        for thread in threads:
            thread.start()
        stop.wait(0.7)
        assert own.stop(signal.SIGKILL) == -signal.SIGKILL
        for thread in threads:
            thread.join(20)
        own.start()
        assert own.send(event(begin + 99_999)).status == 204
        acknowledged.add(begin + 99_999)
    assert len(acknowledged) > 100
    assert acknowledged <= {row[0] for row in own.stored("session_id")}
