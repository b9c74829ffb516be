"""Sessions without a duration, looked up with the Status API, from the wire to findings, files and exit status."""

import json
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from jobs.securevideo.statuses import AT_ONCE
from tests.company import MONTH, PLUS, Company, account, row, rows
from tests.jobs.test_vendor_faults_end_to_end import PASSING, PERMANENT
from tests.vendor_server import reply, serving

RUN = ("run", "--month", MONTH)
NOTHING = {"in_progress": 0, "ended": 0, "contradicting": 0, "unavailable": 0, "not_asked": 0}
METERED = account("acme", plans=[PLUS | {"minutes": {"included": 100, "overage": "0.10"}}])
HOSTILE = {
    "deep": '{"SessionStatus": ' * 3000 + "1" + "}" * 3000,
    "deep-array": "[" * 100_000,
    "digits": '{"SessionID": 1, "SessionStatus": "STARTED", "x": ' + "9" * 5000 + "}",
    "twice": '{"SessionID": 1, "SessionStatus": "ENDED", "SessionStatus": "STARTED"}',
    "lone-surrogate": '{"SessionID": 1, "SessionStatus": "\\ud800"}',
    "no-text": '{"SessionID": 1, "SessionStatus": ["STARTED"]}',
    "no-object": '["STARTED"]',
    "two": '{"SessionStatus": "STARTED"}, {"SessionStatus": "STARTED"}',
    "of-another-session": '{"SessionID": 7, "SessionStatus": "STARTED"}',
    "giant": json.dumps({"SessionID": 1, "SessionStatus": "STARTED", "x": "x" * (2 << 20)}),
}


def asked(company: Company, path: str = "/status/") -> list[str]:
    return sorted(one.path for one in company.vendor.requests if one.path.startswith(path))


def found_by_code(company: Company, code: str, month: str = MONTH) -> list[tuple[str, int | None]]:
    found = company.summary(month)["findings"]
    return [(one["severity"], one["session_id"]) for one in found if one["code"] == code]


@pytest.mark.parametrize(
    ("status", "counted", "finding"),
    [
        ("STARTED", "in_progress", ("session-in-progress", "warning")),
        ("NOT_STARTED", "contradicting", ("status-contradiction", "warning")),
        ("PAUSED", "unavailable", ("status-unavailable", "info")),
        ("ENDED", "ended", ("duration-unknown", "info")),
    ],
)
def test_what_the_status_says_of_a_session_without_a_duration(
    tmp_path: Path, status: str, counted: str, finding: tuple[str, str]
) -> None:
    code, severity = finding
    with Company(tmp_path, [row(1), row(2, minutes=None)]) as company:
        company.also_has(statuses={"2": status})
        assert company.run(*RUN).exit_code == 0
        assert asked(company) == ["/status/2"]
        assert company.summary()["live"] == NOTHING | {counted: 1}
        assert found_by_code(company, code) == [(severity, 2)]
        assert company.summary()["status"] == "issued"
        messages = [one["message"] for one in company.summary()["findings"]]
        assert any("ended, duration not captured" in text for text in messages) == (status == "ENDED")
        assert not any("PAUSED" in text for text in messages)


def test_under_a_minutes_meter_a_session_in_progress_blocks_until_its_duration_is_there(tmp_path: Path) -> None:
    with Company(tmp_path, [row(1, minutes=None)], accounts={"acme": METERED}) as company:
        company.also_has(statuses={"1": "STARTED"})
        done = company.run(*RUN)
        assert done.exit_code == 3
        assert found_by_code(company, "session-in-progress") == [("blocking", 1)]
        assert "run again when it has ended" in done.stderr
        company.also_has(statuses={"1": "ENDED"})
        assert company.run(*RUN).exit_code == 3
        assert (found_by_code(company, "session-in-progress"), company.summary()["live"]["ended"]) == ([], 1)
        assert found_by_code(company, "duration-unknown") == [("blocking", 1)]
        company.send([row(1, minutes=31)])
        assert company.run(*RUN).exit_code == 0
        assert company.summary()["live"] == NOTHING


def test_a_session_that_the_status_api_does_not_know_is_for_the_record_only(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": {MONTH: [row(1, minutes=None)]}}) as company:
        assert company.run(*RUN).exit_code == 0
        assert [one.status for one in company.vendor.requests if one.path == "/status/1"] == [404]
        assert found_by_code(company, "status-unavailable") == [("info", 1)]
        assert company.summary()["live"] == NOTHING | {"unavailable": 1}


def test_every_counted_row_without_a_duration_is_asked_about_and_no_other(tmp_path: Path) -> None:
    elsewhere = row(9, minutes=None)
    november = [
        row(1, minutes=None, status="COMP"),
        row(2, minutes=None, status="DUPL"),
        row(3, minutes=None, status="SVCO"),
        *[row(4, minutes=None)] * 2,  # repeated: counted once
        row(5),
        row(6, minutes=-1),
        *[row(7, minutes=None, host=host) for host in (4, 5)],
        row(8, minutes=None, status="WHAT"),
        elsewhere,
        row(10, minutes=None, at=None, status=None),
        row(11, minutes=None, at="2016-12-01T00:00:00"),
        row(12, minutes="long"),
    ]
    october = [elsewhere | {"BillableTs": "2016-10-03T21:46:16", "DurationMinutes": 5}]
    with Company(tmp_path, {"acme": {"2016-10": october, MONTH: november}}) as company:
        assert company.run("run", "--month", "2016-10").exit_code == 0
        assert company.run(*RUN).exit_code == 3
        assert asked(company) == [f"/status/{number}" for number in (1, 2, 3, 4)]


@pytest.mark.parametrize("fault", [*PASSING, *PERMANENT, "status-401", "status-403"])
def test_a_status_api_that_fails_never_fails_the_unit(tmp_path: Path, fault: str) -> None:
    if fault.startswith("status-40"):
        how: dict[str, Any] = {"kind": "status", "status": int(fault[-3:])}
    else:
        how = {"kind": fault} | PASSING.get(fault, {}) | PERMANENT.get(fault, {})
    with Company(tmp_path, [row(1, minutes=None)]) as company:
        company.vendor.add_fault(**{"path": "/status", **how})
        done = company.run(*RUN)
        assert done.exit_code == 0, done.stderr
        not_known = fault == "status-404"
        assert found_by_code(company, "status-unavailable") == [("info", 1) if not_known else ("warning", None)]
        assert company.summary()["live"] == NOTHING | {"unavailable": 1}
        assert len(asked(company)) == 1, "put once, without retries"


@pytest.mark.parametrize("body", HOSTILE)
def test_a_hostile_reply_is_no_answer(tmp_path: Path, body: str) -> None:
    with Company(tmp_path, [row(1, minutes=None)]) as company:
        company.vendor.add_fault(path="/status", kind="raw", text=HOSTILE[body])
        done = company.run(*RUN)
        assert done.exit_code == 0, done.stderr
        assert found_by_code(company, "status-unavailable") == [("warning", None)]


def test_a_hostile_status_text_is_shown_nowhere(tmp_path: Path) -> None:
    with Company(tmp_path, [row(1, minutes=None)]) as company:
        text = json.dumps({"SessionID": "1", "SessionStatus": "\x1b]0;owned\x07\u202e=cmd()"})
        company.vendor.add_fault(path="/status", kind="raw", text="\ufeff" + text)
        done = company.run("-v", *RUN)
        assert found_by_code(company, "status-unavailable") == [("info", 1)]
        assert company.run("verify").exit_code == 0
    for shown in (
        done.stdout.encode(),
        done.stderr.encode(),
        *(file.read_bytes() for file in company.unit().iterdir()),
    ):
        assert b"owned" not in shown
        assert b"cmd()" not in shown


@pytest.mark.parametrize("status", ["", "STARTED" * 10_000, "started", "STARTED "])
def test_a_status_that_is_not_documented_is_passed_over(tmp_path: Path, status: str) -> None:
    with Company(tmp_path, [row(1, minutes=None)], accounts={"acme": METERED}) as company:
        company.also_has(statuses={"1": status})
        assert company.run(*RUN).exit_code == 3
        findings = {one["code"]: one["message"] for one in company.summary()["findings"]}
        assert findings["status-unavailable"] == (
            "session 1 has a SessionStatus that is not documented; it was ignored"
        )
        assert company.summary()["live"] == NOTHING | {"unavailable": 1}


def test_a_status_api_that_hangs_gets_no_more_than_the_budget_of_the_unit(tmp_path: Path) -> None:
    with Company(tmp_path, rows(60, minutes=None)) as company:
        company.configure(vendor={"timeout_seconds": 4, "budget_seconds": 4})
        company.vendor.add_fault(path="/status", kind="hang")
        assert company.run(*RUN).exit_code == 0
        assert len(asked(company)) == 4, "each of the four waits for all that is left"
        assert company.summary()["live"] == NOTHING | {"unavailable": 4, "not_asked": 56}
        assert found_by_code(company, "status-unavailable") == [("warning", None)]


def test_a_vendor_that_asks_to_be_left_alone_is_left_alone(tmp_path: Path) -> None:
    with Company(tmp_path, rows(60, minutes=None)) as company:
        company.vendor.add_fault(path="/status", kind="status", status=429, retry_after="1")
        assert company.run(*RUN).exit_code == 0
        assert 1 <= len(asked(company)) <= 4
        assert company.summary()["live"]["not_asked"] == 60 - len(asked(company))


@pytest.mark.parametrize("most", [0, 3])
def test_not_more_are_asked_about_than_configured(tmp_path: Path, most: int) -> None:
    with Company(tmp_path, rows(5, minutes=None)) as company:
        company.configure(vendor={"status_lookups": most})
        assert company.run(*RUN).exit_code == 0
        assert asked(company) == [f"/status/{number}" for number in range(1, most + 1)]
        assert company.summary()["live"] == NOTHING | {"ended": most, "not_asked": 5 - most}


def test_four_are_asked_about_at_a_time(tmp_path: Path) -> None:
    lock, going_on, most = threading.Lock(), 0, 0

    def answer(connection: socket.socket) -> None:
        nonlocal going_on, most
        with lock:
            going_on += 1
            most = max(most, going_on)
        time.sleep(0.1)
        with lock:
            going_on -= 1
        connection.sendall(reply(b'{"SessionStatus": "ENDED"}'))

    sessions = json.dumps(rows(20, minutes=None)).encode()
    with serving(reply(sessions), reply(b"[]"), answer) as server, Company(tmp_path) as company:
        company.configure(vendor={"base_url": server.url()})
        assert company.run(*RUN).exit_code == 0
        assert company.summary()["live"] == NOTHING | {"ended": 20}
    assert most == 4


def test_an_interrupted_run_does_not_ask_on(tmp_path: Path) -> None:
    with Company(tmp_path, rows(400, minutes=None)) as company:
        company.vendor.add_fault(path="/status", kind="drip", delay=0.01)
        with company.start(*RUN) as running:
            while not asked(company):
                time.sleep(0.05)
            running.send_signal(signal.SIGTERM)
            assert running.wait(10) == 1
            assert "interrupted" in running.communicate()[1]


def test_verify_and_render_need_no_vendor(tmp_path: Path) -> None:
    with Company(tmp_path, [row(1), row(2, minutes=None), row(3, minutes=None)]) as company:
        company.also_has(statuses={"2": "STARTED"}, users=[{"SystemUserId": "4", "FullName": "Ada Sample"}])
        assert company.run(*RUN).exit_code == 0
        before = {name: (company.unit() / name).read_bytes() for name in company.names()}
    (tmp_path / "secrets" / "acme").unlink()
    assert company.run("verify").exit_code == 0
    for name in before:
        if name != "summary.json":
            (company.unit() / name).unlink()
    assert company.run("render").exit_code == 0
    assert {name: (company.unit() / name).read_bytes() for name in before} == before


def test_what_was_kept_of_the_answers_is_proven_too(tmp_path: Path) -> None:
    with Company(tmp_path, [row(1, minutes=None)]) as company:
        company.run(*RUN)
    kept = company.snapshots()
    assert len(kept) == 3, "History, the list of hosts, the statuses"
    for file in kept.values():
        whole = file.read_bytes()
        file.unlink()
        done = company.run("verify")
        assert done.exit_code == 3
        assert file.name in done.stdout
        file.write_bytes(whole)
    assert company.run("verify").exit_code == 0


@pytest.mark.parametrize("metered", [False, True])
def test_an_issued_month_stays_unchanged_whatever_the_statuses_come_to_be(tmp_path: Path, metered: bool) -> None:
    sessions = [row(1), row(2, minutes=None, status="COMP")]
    plans = {"accounts": {"acme": METERED}} if metered else {}
    with Company(tmp_path, sessions, **plans) as company:
        company.run(*RUN)
        first = company.summary()
        assert first["status"] == "issued"
        for number, status in enumerate(("STARTED", "NOT_STARTED", "PAUSED")):
            company.send(sessions if number % 2 else sessions[::-1])  # other bytes, so that it is asked again
            company.also_has(statuses={"2": status})
            done = company.run(*RUN)
            assert (done.exit_code, company.summary()["status"]) == (0, "unchanged"), done.stderr
            assert company.summary()["documents"] == first["documents"]
        assert len(asked(company)) == 4
        assert company.run("diff", "--account", "acme", "--month", MONTH).exit_code == 0
        assert company.run("verify").exit_code == 0


def test_a_month_that_is_settled_is_not_asked_about_again(tmp_path: Path) -> None:
    with Company(tmp_path, [row(1, minutes=None)]) as company:
        company.run(*RUN)
        company.also_has(statuses={"1": "STARTED"})
        assert company.run(*RUN).exit_code == 0
        assert company.summary()["status"] == "unchanged"
        assert len(asked(company)) == 1


def test_of_a_failed_unit_nothing_is_said(tmp_path: Path) -> None:
    with Company(tmp_path, [row(1, minutes=None)]) as company:
        company.vendor.add_fault(path="/history", kind="status", status=404)
        assert company.run(*RUN).exit_code == 1
        assert company.summary()["live"] is None
        assert asked(company) == []


def test_an_account_asks_everything_over_as_many_connections_as_it_asks_at_once(tmp_path: Path) -> None:
    november = [row(number, minutes=None) for number in range(1, 61)]
    october = [row(number, minutes=None, BillableTs="2016-10-11T12:00:00") for number in range(101, 161)]
    with Company(tmp_path, october + november) as company:
        assert company.run("run", "--month", "2016-10..2016-11").exit_code == 0
        assert len(asked(company)) == 120
        assert company.asked() == 2
        assert 1 <= company.vendor.connections <= AT_ONCE
