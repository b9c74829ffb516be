import base64
import gzip
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import zlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest
import trustme

from jobs.errors import UsageError
from jobs.simulator import clinic
from jobs.simulator.faults import KINDS
from jobs.simulator.simulator import Request, Simulator

ROW = {
    "SessionId": 105236,
    "ScheduleTs": "2016-11-03T21:45:09.467",
    "BillableTs": "2016-11-03T21:46:16.1",
    "DurationMinutes": 25,
    "BillableStatusCd": "BILL",
    "UserId": 4,
    "UsageDescription": "Ana Ő Session #105236 with B - Counted Session",
}
NEVER = ROW | {"SessionId": 105240, "BillableTs": None, "BillableStatusCd": None, "DurationMinutes": None, "UserId": 5}
MONTH = "/history?month=2016-11-01"


def account(**contents):
    return {"identifier": "id", "secret": "s:ecret", **contents}


def data_set(*rows, **contents):
    return {"accounts": {"acme": account(sessions=list(rows), **contents)}}


def basic(identifier="id", secret="s:ecret"):  # noqa: S107 - made up
    return {"Authorization": "Basic " + base64.b64encode(f"{identifier}:{secret}".encode()).decode()}


def connect(simulator, timeout=5):
    return http.client.HTTPConnection("127.0.0.1", urlsplit(simulator.url).port, timeout=timeout)


def ask(simulator, target, *, method="GET", headers=None, body=None):
    connection = connect(simulator)
    try:
        connection.request(method, target, headers=basic() if headers is None else headers, body=body)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


def get(simulator, target, **options):
    status, _, body = ask(simulator, target, **options)
    return status, json.loads(body)


@pytest.fixture
def simulator():
    with Simulator(data_set(ROW, NEVER)) as running:
        yield running


def test_a_reply_is_printed_as_the_vendor_prints_it(simulator):
    status, headers, body = ask(simulator, MONTH)
    assert status == 200
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert abs((parsedate_to_datetime(headers["Date"]) - datetime.now(UTC)).total_seconds()) < 3
    expected = json.dumps([ROW], indent=2, ensure_ascii=False).replace("\n", "\r\n").encode()
    assert body == expected
    assert b"\xc5\x90" in body


def test_an_empty_month_is_an_empty_array(simulator):
    assert ask(simulator, "/history?month=2016-10-01")[2] == b"[]"


def test_one_connection_serves_many_requests(simulator):
    connection = connect(simulator)
    for _ in range(3):
        connection.request("GET", MONTH, headers=basic())
        assert json.loads(connection.getresponse().read()) == [ROW]
    connection.close()


def test_only_the_whole_history_has_rows_that_were_never_billable(simulator):
    assert get(simulator, "/history") == (200, [ROW, NEVER])
    assert get(simulator, "/history/5") == (200, [NEVER])
    assert get(simulator, MONTH.replace("?", "/4?")) == (200, [ROW])
    assert get(simulator, MONTH.replace("?", "/5?")) == (200, [])


@pytest.mark.parametrize(
    ("billable", "in_november"),
    [
        ("2016-11-01T00:00:00", True),
        ("2016-10-31T23:59:59.997", False),
        ("2016-11-30T23:59:59.997", True),
        ("2016-12-01T00:00:00", False),
        ("2016-12-01T00:30:00+01:00", True),
        ("2016-12-01T00:30:00Z", False),
        ("not a time", False),
        (20161103, False),
    ],
)
def test_a_month_is_that_of_billable_ts_in_utc(simulator, billable, in_november):
    simulator.data = data_set(ROW | {"BillableTs": billable})
    assert len(get(simulator, MONTH)[1]) == in_november
    assert len(get(simulator, "/history")[1]) == 1


def test_days_include_the_last_one(simulator):
    assert get(simulator, "/history?startDt=2016-11-03&endDt=2016-11-03") == (200, [ROW])
    assert get(simulator, "/history?startDt=2016-11-04&endDt=2016-11-30") == (200, [])
    assert get(simulator, "/history?startDt=2016-11-03") == (200, [ROW])


@pytest.mark.parametrize(
    "query",
    [
        "month=2016-11-01&startDt=2016-11-01",
        "month=2016-11-02",
        "month=",
        "month=november",
        "endDt=x",
        "month=9999-12-01",
    ],
)
def test_a_query_that_says_nothing_sensible_is_refused(simulator, query):
    status, body = get(simulator, f"/history?{query}")
    assert status == 400
    assert list(body) == ["Message"]


@pytest.mark.parametrize("headers", [{}, basic("id", "wrong"), basic("", ""), {"Authorization": "Bearer x"}])
def test_wrong_credentials_are_denied(simulator, headers):
    status, body = get(simulator, MONTH, headers=headers)
    assert status == 401
    assert "denied" in body["Message"]
    assert simulator.requests == [Request("GET", "/history", "month=2016-11-01", None, 401)]


def test_each_account_sees_its_own(simulator):
    other = account(identifier="other", sessions=[NEVER])
    simulator.data = {"accounts": {"acme": account(sessions=[ROW]), "other": other}}
    assert get(simulator, "/history", headers=basic("other")) == (200, [NEVER])
    assert get(simulator, "/history") == (200, [ROW])
    assert [request.account for request in simulator.requests] == ["other", "acme"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "BREW"])
def test_only_get_is_served(simulator, method):
    status, headers, _ = ask(simulator, "/user/4", method=method, body=b"x" * 5000)
    assert status == 405
    assert headers["Allow"] == "GET"
    assert simulator.requests[0].method == method


def test_users_groups_and_states(simulator):
    user = {"SystemUserId": "4", "FullName": "Ana", "ExternalId": "", "NewPassword": None}
    gone = user | {"SystemUserId": "5", "Deleted": True}
    leaving = user | {"SystemUserId": "6", "Deleted": "2017-01-15T00:00:00"}
    group = {"GroupId": 7, "GroupName": "G"}
    simulator.data = data_set(
        ROW,
        NEVER,
        users=[user, gone, leaving],
        groups=[group | {"Users": ["4", 5]}],
        statuses={"105236": "STARTED"},
        participants={"A@x.test": [105236]},
    )
    assert get(simulator, "/user") == (200, [user])
    assert get(simulator, "/user/4") == (200, user)
    assert get(simulator, "/user/5") == (404, {"Message": "User not found"})
    simulator.now = datetime(2017, 1, 14, tzinfo=UTC)
    assert get(simulator, "/user/6") == (200, user | {"SystemUserId": "6"})
    assert get(simulator, "/group") == (200, [group])
    assert get(simulator, "/groupuser/7") == (200, {"Group": group, "Users": [user]})
    assert get(simulator, "/groupuser/8")[0] == 404
    assert get(simulator, "/status/105236") == (200, {"SessionID": 105236, "SessionStatus": "STARTED"})
    assert get(simulator, "/status/105240") == (200, {"SessionID": 105240, "SessionStatus": "NOT_STARTED"})
    assert get(simulator, "/status/1")[0] == 404
    assert get(simulator, "/history?participantEmail=a@X.test") == (200, [ROW])
    assert get(simulator, "/history?participantEmail=b@x.test") == (200, [])
    assert get(simulator, "/nothing")[0] == 404


def test_rows_change_disappear_and_appear_as_time_goes_by(simulator):
    comped = {"at": "2016-12-20T09:00:00", "BillableStatusCd": "COMP"}
    simulator.data = data_set(ROW | {"Later": [comped, {"at": "2017-02-01T00:00:00", "Gone": True}]})
    seen = []
    for day in ("2016-11-03", "2016-11-04", "2016-12-21", "2017-02-01", "2016-12-05"):
        simulator.now = datetime.fromisoformat(f"{day}T00:00:00+00:00")
        seen.append([row["BillableStatusCd"] for row in get(simulator, MONTH)[1]])
    assert seen == [[], ["BILL"], ["COMP"], [], ["BILL"]]
    simulator.now = None
    assert get(simulator, MONTH) == (200, [])
    simulator.data = dict(simulator.data) | {"now": "2016-12-21T00:00:00"}
    assert get(simulator, MONTH) == (200, [ROW | {"BillableStatusCd": "COMP"}])


def test_hostile_rows_are_sent_as_they_stand(simulator):
    hostile = [7, None, {}, [], ROW | {"New": {"a": [1.5, True]}}, {"SessionId": "x"}, {"UsageDescription": "\ud800\n"}]
    simulator.data = data_set(ROW, history={"2016-11": hostile})
    assert get(simulator, MONTH) == (200, hostile)
    assert get(simulator, "/history?month=2016-12-01") == (200, [])
    assert get(simulator, "/history") == (200, [ROW])


def test_the_date_header_follows_the_clock_given():
    clock = datetime(2016, 12, 5, 6, 7, 8, tzinfo=UTC)
    with Simulator(data_set(ROW | {"BillableTs": "2016-12-06T00:00:00"}), clock=lambda: clock) as simulator:
        _, headers, body = ask(simulator, "/history")
        assert headers["Date"] == "Mon, 05 Dec 2016 06:07:08 GMT"
        assert body == b"[]"


def test_a_file_is_read_again_when_it_changes_and_recovers_when_mended(tmp_path, caplog):
    file = tmp_path / "data.json"
    file.write_text(json.dumps(data_set(ROW)))
    with Simulator(file) as simulator:
        assert get(simulator, "/history") == (200, [ROW])
        file.write_text(json.dumps(data_set(ROW, NEVER)))
        assert get(simulator, "/history") == (200, [ROW, NEVER])
        file.write_text('{"accounts": ')
        for _ in range(2):
            status, body = get(simulator, "/history")
            assert status == 500
            assert str(file) in body["Message"]
        assert caplog.text.count(str(file)) == 1
        file.unlink()
        assert get(simulator, "/history")[0] == 500
        file.write_text(json.dumps(data_set(NEVER)))
        assert get(simulator, "/history") == (200, [NEVER])
        simulator.data = data_set(ROW)
        file.write_text("")
        assert get(simulator, "/history") == (200, [ROW])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "must be an object"),
        ({"account": {}}, "account: unknown; allowed are now, accounts, faults"),
        ({"now": "today"}, "now: must be an instant"),
        ({"accounts": {"a": {"identifier": "i"}}}, "accounts.a.secret: must be a text"),
        ({"accounts": {"a": account(identifier="a:b")}}, "accounts.a.identifier: must hold no colon"),
        ({"accounts": {"a": account(), "b": account()}}, "accounts.a.identifier: each account needs its own"),
        ({"accounts": {"a": account(session=[])}}, "accounts.a: session: unknown"),
        ({"accounts": {"a": account(sessions={})}}, "accounts.a: sessions: must be an array"),
        ({"accounts": {"a": account(history={"2016-13": []})}}, "accounts.a.history: '2016-13' is not a month"),
        (
            {"accounts": {"a": account(sessions=[{"Later": [{}]}])}},
            "accounts.a.sessions.0.Later.0.at: must be an instant",
        ),
        ({"accounts": {"a": account(users=[{"Deleted": "x"}])}}, "accounts.a.users.0.Deleted: must be"),
        ({"faults": [{"kind": "bang"}]}, "faults.0: a fault is an object with a kind of"),
        ({"faults": [{"kind": "status"}]}, "faults.0.status: kind status requires it"),
        ({"faults": [{"kind": "status", "status": "503"}]}, "faults.0.status: must be a whole number"),
        ({"faults": [{"kind": "hang", "delay": 1}]}, "faults.0.delay: unknown; kind hang takes"),
        ({"faults": [{"kind": "raw", "base64": "?"}]}, "faults.0.base64: must be base64"),
        ({"faults": [{"kind": "hang", "times": -1}]}, "faults.0.times: must not be negative"),
    ],
)
def test_a_wrong_data_set_is_refused_in_one_line(tmp_path, data, said):
    file = tmp_path / "data.json"
    file.write_text(json.dumps(data))
    with pytest.raises(UsageError) as problem:
        Simulator(file)
    assert str(problem.value).startswith(f"{file}: ") or str(file) in str(problem.value)
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)
    assert "s:ecret" not in str(problem.value)


def test_a_file_that_is_missing_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"none\.json: No such file"):
        Simulator(tmp_path / "none.json")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.test"])  # noqa: S104 - refused
def test_only_loopback_is_listened_on(host):
    with pytest.raises(UsageError, match="loopback"):
        Simulator(data_set(), host=host)


def test_ipv6_loopback():
    try:
        simulator = Simulator(data_set(ROW), host="::1")
    except UsageError:
        pytest.skip("no IPv6 here")
    with simulator:
        connection = http.client.HTTPConnection(urlsplit(simulator.url).netloc, timeout=5)
        connection.request("GET", MONTH, headers=basic())
        assert json.loads(connection.getresponse().read()) == [ROW]
        connection.close()


def test_a_port_in_use_is_refused(simulator):
    with pytest.raises(UsageError, match="choose another port"):
        Simulator(data_set(), port=urlsplit(simulator.url).port)


def test_tls():
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    with Simulator(data_set(ROW), host="localhost", tls=server) as simulator:
        assert simulator.url.startswith("https://localhost:")
        port = urlsplit(simulator.url).port
        with socket.create_connection(("localhost", port)):  # never says a word, and stops nobody
            for fault in (None, "hang", "reset", None):
                simulator.clear_faults()
                if fault:
                    simulator.add_fault(kind=fault)
                connection = http.client.HTTPSConnection("localhost", port, context=client, timeout=0.5)
                connection.request("GET", "/history", headers=basic())
                if fault:
                    with pytest.raises(OSError):  # noqa: PT011 - timeout or reset, as TLS words it
                        connection.getresponse()
                else:
                    assert json.loads(connection.getresponse().read()) == [ROW]
                connection.close()


def test_a_large_month_is_quick_the_second_time():
    with Simulator(clinic.sessions(100_000, "2016-11")) as simulator:
        headers = basic("large-made-up-identifier", "large-made-up-secret")
        first = ask(simulator, MONTH, headers=headers)[2]
        start = time.process_time()
        assert ask(simulator, MONTH, headers=headers)[2] == first
        assert time.process_time() - start < 0.5
        assert first.count(b"SessionId") == 100_000


# faults


def test_faults_strike_in_order_and_as_often_as_said(simulator):
    simulator.add_fault(path="/history", kind="status", status=503, retry_after="2", times=2)
    status, headers, body = ask(simulator, MONTH)
    assert (status, headers["Retry-After"], json.loads(body)) == (503, "2", {"Message": "Service Unavailable"})
    assert [ask(simulator, MONTH)[0] for _ in range(2)] == [503, 200]
    simulator.add_fault(kind="status", status=429, skip=1, query="month=2016-11")
    assert [ask(simulator, MONTH)[0] for _ in range(3)] == [200, 429, 429]
    assert ask(simulator, "/history")[0] == 200
    simulator.clear_faults()
    simulator.add_fault(kind="status", status=500, account="other")
    simulator.add_fault(kind="status", status=418, path="/historic")
    assert ask(simulator, MONTH)[0] == 200
    assert [request.status for request in simulator.requests][-2:] == [200, 200]


def test_the_data_sets_own_faults_strike(simulator):
    simulator.data = data_set(ROW) | {"faults": [{"kind": "status", "status": 403, "path": "/history", "times": 1}]}
    assert [ask(simulator, "/history/4")[0] for _ in range(2)] == [403, 200]


def test_a_wrong_fault_is_refused_at_once(simulator):
    with pytest.raises(UsageError, match="add_fault: a fault is an object"):
        simulator.add_fault(kind="nothing")


def body_under(simulator, **fault):
    simulator.add_fault(**fault)
    return ask(simulator, MONTH)


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"kind": "redirect", "location": "http://127.0.0.1:1/"}, 302, b"Object moved"),
        ({"kind": "empty"}, 200, b""),
        ({"kind": "html", "status": 503}, 503, b"<html>"),
        ({"kind": "object"}, 200, b'{\r\n  "Message"'),
        ({"kind": "content-type"}, 200, b"105236"),
        ({"kind": "invalid-json"}, 200, b",,"),
        ({"kind": "truncated-json"}, 200, b"[\r\n  {\r\n"),
        ({"kind": "deep-nesting", "depth": 9000}, 200, b"[" * 9000 + b"]" * 9000),
        ({"kind": "huge-number"}, 200, b"9" * 5000),
        ({"kind": "nan"}, 200, b'"DurationMinutes": NaN'),
        ({"kind": "duplicate-keys"}, 200, b'"SessionId": 105236,\r\n    "SessionId": 105237'),
        ({"kind": "bad-utf8"}, 200, b"\xff"),
        ({"kind": "lone-surrogate"}, 200, b"\\ud800"),
        ({"kind": "bom"}, 200, b"\xef\xbb\xbf[\r\n"),
        ({"kind": "raw", "text": "a", "base64": "//8="}, 200, b"a\xff\xff"),
        ({"kind": "status", "status": 599, "body": "x", "content_type": "text/plain"}, 599, b"x"),
        ({"kind": "status", "status": 204}, 204, b""),
    ],
)
def test_a_fault_in_the_reply(simulator, fault, status, body):
    found, _, text = body_under(simulator, **fault)
    assert found == status
    assert body in text
    assert simulator.requests[0].status == status


def test_faults_in_the_headers(simulator):
    assert body_under(simulator, kind="redirect", location="/elsewhere", times=1)[1]["Location"] == "/elsewhere"
    assert body_under(simulator, kind="content-type", times=1)[1]["Content-Type"] == "text/plain"
    assert "Content-Type" not in body_under(simulator, kind="content-type", content_type="", times=1)[1]
    assert "Date" not in body_under(simulator, kind="no-date", times=1)[1]
    date = parsedate_to_datetime(body_under(simulator, kind="date-skew", seconds=-400, times=1)[1]["Date"])
    assert 395 < (datetime.now(UTC) - date).total_seconds() < 405
    headers = body_under(simulator, kind="status", status=500, headers={"X-One": "1"}, times=1)[1]
    assert headers["X-One"] == "1"


def test_compressed_replies(simulator):
    _, headers, body = body_under(simulator, kind="gzip", times=1)
    assert headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(body)) == [ROW]
    _, headers, body = body_under(simulator, kind="gzip-bomb", mib=20)
    assert headers["Content-Encoding"] == "gzip"
    assert len(body) < 100_000
    assert len(zlib.decompress(body, zlib.MAX_WBITS | 16)) == 20 << 20
    assert gzip.decompress(body).isspace()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "reset"}, ConnectionResetError),
        ({"kind": "reset", "after": 5}, (ConnectionResetError, http.client.IncompleteRead)),
        ({"kind": "close"}, http.client.RemoteDisconnected),
        ({"kind": "close", "after": 5}, http.client.IncompleteRead),
        ({"kind": "short-body"}, http.client.IncompleteRead),
        ({"kind": "broken-chunk"}, http.client.IncompleteRead),
    ],
)
def test_a_fault_of_the_connection(simulator, fault, error):
    with pytest.raises(error):
        body_under(simulator, **fault)
    simulator.clear_faults()
    assert ask(simulator, MONTH)[0] == 200


def test_a_reset_is_no_orderly_end(simulator):
    simulator.add_fault(kind="reset")
    with socket.create_connection(("127.0.0.1", urlsplit(simulator.url).port)) as raw:
        raw.sendall(b"GET /history HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            raw.recv(1)
    assert simulator.requests[0].status is None


@pytest.mark.parametrize("fault", [{"kind": "drip", "delay": 0.001}, {"kind": "slow-headers", "delay": 0.001}])
def test_a_slow_reply_is_right_in_the_end(simulator, fault):
    start = time.monotonic()
    assert json.loads(body_under(simulator, **fault)[2]) == [ROW]
    assert time.monotonic() - start > 0.1


@pytest.mark.parametrize("fault", ["hang", "drip", "slow-headers", "endless-body", "gzip-bomb"])
def test_nothing_outlives_the_client(fault):
    with Simulator(data_set(ROW)) as simulator:
        before = threading.active_count()
        simulator.add_fault(kind=fault)
        connection = connect(simulator)
        connection.request("GET", MONTH, headers=basic())
        deadline = time.monotonic() + 5
        while not simulator.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        connection.close()
        while threading.active_count() > before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert threading.active_count() == before


@pytest.mark.parametrize("fault", ["hang", "drip", "endless-body", None])
def test_nothing_outlives_the_server(fault):
    before = threading.active_count()
    with Simulator(data_set(ROW)) as simulator:
        if fault:
            simulator.add_fault(kind=fault)
        connection = connect(simulator)
        connection.request("GET", MONTH, headers=basic())
        while not simulator.requests:
            time.sleep(0.01)
        start = time.monotonic()
    assert time.monotonic() - start < 2
    connection.close()
    deadline = time.monotonic() + 2
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_an_endless_body_is_endless(simulator):
    simulator.add_fault(kind="endless-body")
    connection = connect(simulator)
    connection.request("GET", MONTH, headers=basic())
    reply = connection.getresponse()
    start = reply.read(1 << 20)
    assert start.startswith(b"[")
    assert b"," in start
    assert all(len(reply.read(1 << 20)) == 1 << 20 for _ in range(20))
    connection.close()


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"status", "redirect", "date-skew"}))
def test_each_kind_needs_nothing_more_than_its_name(simulator, kind):
    simulator.add_fault(kind=kind)


def test_what_is_no_http_gets_an_answer_too(simulator):
    with socket.create_connection(("127.0.0.1", urlsplit(simulator.url).port), timeout=5) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_announces_itself_and_ends_cleanly_on_a_signal(number):
    script = (
        "from jobs.simulator.simulator import serve\n"
        "serve(None, port=0, announce=lambda line: print(line, flush=True))\nprint('ended')"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=-1, stderr=-1, text=True, env=os.environ) as process:
        url = process.stdout.readline().strip()
        assert "identifier lakeside-made-up-identifier" in process.stdout.readline()
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
        connection.request("GET", "/user", headers=basic("lakeside-made-up-identifier", "lakeside-made-up-secret"))
        assert len(json.loads(connection.getresponse().read())) == 11
        process.send_signal(number)
        rest, errors = process.communicate(timeout=5)
        connection.close()
    assert (process.returncode, rest.splitlines()[-1], errors) == (0, "ended", "")
