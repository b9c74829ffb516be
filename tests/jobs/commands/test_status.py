"""`status`: what the vendor's Status API says of one session right now."""

import json
from pathlib import Path

import pytest

from tests.company import Company, account, row, secret

NOW = "2016-11-20T12:00:00+00:00"
STATUS = ("status", "105236", "--account", "acme")


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("STARTED", "somebody is connected right now"),
        ("ENDED", "nobody is connected any more"),
        ("NOT_STARTED", "nobody has ever connected"),
    ],
)
def test_a_documented_status_is_said_in_words_and_as_json(tmp_path: Path, status: str, meaning: str) -> None:
    with Company(tmp_path) as company:
        company.also_has(statuses={"105236": status})
        done = company.run(*STATUS, now=NOW)
        assert (done.exit_code, done.stderr) == (0, "")
        first, second = done.stdout.splitlines()
        assert first.startswith(f"acme, session 105236: {status}: {meaning}")
        assert second.startswith("  as of 2016-11-20 12:00:00 UTC; not guaranteed to be real-time")
        done = company.run(*STATUS, "--json", now=NOW)
        assert json.loads(done.stdout) == {
            "account": "acme",
            "session_id": 105236,
            "status": status,
            "asked_at": "2016-11-20T12:00:00Z",
        }


def test_a_session_that_the_status_api_does_not_know_is_an_answer_that_a_person_must_look_at(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        done = company.run(*STATUS)
        assert (done.exit_code, done.stderr) == (3, "")
        assert "not known to the Status API, which knows Zoom-based sessions only" in done.stdout
        assert len(company.vendor.requests) == 1
        assert json.loads(company.run(*STATUS, "--json").stdout)["status"] == "not_known"


@pytest.mark.parametrize("status", ["PAUSED", "started", "", "\x1b[2J\x07RED\u202e", "=1+1"])
def test_a_status_that_is_not_documented_is_told_and_never_repeated(tmp_path: Path, status: str) -> None:
    with Company(tmp_path) as company:
        company.also_has(statuses={"105236": status})
        done = company.run(*STATUS)
        assert (done.exit_code, done.stderr) == (3, "")
        assert "a status that is not documented" in done.stdout
        answer = json.loads(company.run(*STATUS, "--json").stdout)
    assert done.stdout.replace("\n", "").isprintable()
    assert not status or status not in done.stdout
    assert answer["status"] == "undocumented"


@pytest.mark.parametrize("session_id", ["0", "-1", "9223372036854775808", "x", "1.0", "", "9" * 5000])
def test_a_session_id_out_of_range_is_wrong_usage(tmp_path: Path, session_id: str) -> None:
    with Company(tmp_path) as company:
        done = company.run("status", session_id, "--account", "acme")
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1
        assert company.vendor.requests == []


def test_the_largest_session_id_is_asked_for(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        company.also_has(statuses={str(2**63 - 1): "ENDED"})
        assert company.run("status", str(2**63 - 1), "--account", "acme").exit_code == 0


def test_an_unknown_account_is_wrong_usage(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        done = company.run("status", "1", "--account", "bravo")
        assert done.exit_code == 2
        assert "no account 'bravo'" in done.stderr
        assert company.run("status", "1").exit_code == 2


def test_a_credential_that_cannot_be_read_is_one_line_and_exit_status_1(tmp_path: Path) -> None:
    sections = {"acme": account("acme", credentials={"identifier": {"env": "NOT_SET"}, "secret": {"env": "NOR_THIS"}})}
    with Company(tmp_path, accounts=sections) as company:
        done = company.run(*STATUS)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("account acme: identifier from environment variable NOT_SET: is not set")


def test_credentials_that_are_refused_are_one_line_and_exit_status_1(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        (tmp_path / "secrets" / "acme").write_text("WrongSecret4711")
        done = company.run(*STATUS)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert "credentials refused for account acme" in line
    assert "WrongSecret4711" not in done.output


@pytest.mark.parametrize("kind", ["reset", "truncated-json", "empty"])
def test_a_passing_fault_is_tried_again(tmp_path: Path, kind: str) -> None:
    with Company(tmp_path, [row(105236)]) as company:
        company.vendor.add_fault(path="/status", kind=kind, times=1)
        done = company.run(*STATUS)
        assert (done.exit_code, done.stdout[:29]) == (0, "acme, session 105236: ENDED: ")
    assert "try 1 of 5 failed" in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "7",
        '{"SessionStatus": 5}',
        '{"SessionStatus": "ENDED"}, {}',
        '{"SessionStatus": "ENDED", "SessionStatus": "STARTED"}',
        '{"SessionStatus": NaN}',
        "[" * 5000 + "]" * 5000,
    ],
)
def test_a_reply_without_one_status_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    with Company(tmp_path) as company:
        company.vendor.add_fault(path="/status", kind="raw", text=text)
        done = company.run(*STATUS)
        assert done.exit_code == 1
        assert len(company.vendor.requests) == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert 'SessionStatus"' not in done.stderr


def test_it_stores_nothing_and_tells_no_secret(tmp_path: Path) -> None:
    with Company(tmp_path, [row(105236)]) as company:
        before = sorted(tmp_path.rglob("*"))
        done = company.run("-v", *STATUS)
        assert sorted(tmp_path.rglob("*")) == before
    assert secret("acme") not in done.output
