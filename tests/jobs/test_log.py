"""stderr: one line an event, text or JSON, with nothing in it that a log must not hold (docs/rules.md §15.2)."""

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from jobs import log
from tests.company import MONTH, Company, logging_kept, row, rows

RUN = ("run", "--month", MONTH)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    with logging_kept():
        yield


def _logged(style: Literal["text", "json"], message: str, *, secret: str = "") -> str:
    stream = io.StringIO()
    log.set_up(style, verbose=True, stream=stream).hide(secret)
    logging.getLogger("jobs.somewhere").info("%s", message)
    return stream.getvalue()


def test_a_line_says_when_how_grave_and_what() -> None:
    line = _logged("text", "hello")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info: hello\n", line)


def test_a_json_line_is_an_object_of_its_own() -> None:
    found = json.loads(_logged("json", 'say "hello"'))
    assert found.pop("at").endswith("Z")
    assert found == {"level": "info", "logger": "jobs.somewhere", "message": 'say "hello"'}


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("hint", ["postgresql+psycopg://user@host/database", "expected name@domain; found another"])
def test_what_stands_for_an_address_in_the_programs_own_hints_is_shown(
    style: Literal["text", "json"], hint: str
) -> None:
    assert hint in _logged(style, hint)
    assert "of [e-mail], [e-mail]" in _logged(style, "of name@domain.example, a-user@host")


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize(
    "breaking", ["\n", "\r", "\x0b", "\x1b[2J", "\x85", "\u2028", "\x00", "\u202e", "\u2066", "\x9b"]
)
def test_what_breaks_or_steers_a_line_is_escaped(style: Literal["text", "json"], breaking: str) -> None:
    line = _logged(style, f"before{breaking}after")
    assert len(line.splitlines()) == 1
    assert breaking[0] not in line.removesuffix("\n")
    assert "before" in line
    assert "after" in line


@pytest.mark.parametrize("style", ["text", "json"])
def test_secrets_and_addresses_are_blotted_out(style: Literal["text", "json"]) -> None:
    line = _logged(style, "key T0p-Secret of patient.zero@example.test", secret="T0p-Secret")
    assert "T0p-Secret" not in line
    assert "patient.zero" not in line
    assert "key [secret] of [e-mail]" in line


def test_the_text_of_an_exception_is_never_logged() -> None:
    stream = io.StringIO()
    log.set_up("text", verbose=False, stream=stream)
    try:
        raise ValueError("Patient Zero")
    except ValueError:
        logging.getLogger("jobs.somewhere").exception("it broke")
    assert "it broke (ValueError in test_the_text_of_an_exception_is_never_logged (test_log.py:" in stream.getvalue()
    assert "Patient Zero" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 1


def test_what_a_person_must_know_stands_bare_in_text() -> None:
    stream = io.StringIO()
    log.set_up("text", verbose=False, stream=stream)
    log.tell(logging.ERROR, "config.yaml:12: wrong", account="acme")
    assert stream.getvalue() == "config.yaml:12: wrong\n"


def test_debug_lines_come_only_with_verbose() -> None:
    for verbose in (True, False):
        stream = io.StringIO()
        log.set_up("text", verbose=verbose, stream=stream)
        logging.getLogger("jobs.somewhere").debug("detail")
        logging.getLogger("httpx").info("GET https://user:secret@host/")
        assert ("detail" in stream.getvalue()) is verbose
        assert "host" not in stream.getvalue()


def test_with_json_every_line_of_a_run_is_an_object_findings_and_failures_too(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": [row(1, status="NEW")], "bravo": rows(1), "charlie": rows(1)}) as company:
        company.vendor.add_fault(path="/history", kind="status", status=404, account="bravo")
        company.vendor.add_fault(
            path="/history", kind="status", status=503, retry_after="0", account="charlie", times=1
        )
        done = company.run("--log-format", "json", *RUN)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    finding, failure, retry = lines
    assert {"at", "level", "logger", "message"} <= finding.keys() & failure.keys() & retry.keys()
    fields = {"account": "acme", "month": "2016-11", "code": "unknown-status", "severity": "blocking", "session_id": 1}
    assert fields.items() <= finding.items()
    assert (failure["level"], failure["account"], failure["month"]) == ("error", "bravo", "2016-11")
    assert "status 404" in failure["message"]
    assert retry["level"] == "warning"


@pytest.mark.parametrize(
    "arguments",
    [("run", "--month", "nope"), ("nope",), ("run", "--account", "nope"), ("run", "--month", "9998-01"), ("diff",)],
)
def test_with_json_wrong_usage_is_an_object_too(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with Company(tmp_path) as company:
        done = company.run("--log-format", "json", *arguments)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert json.loads(line)["level"] == "error"


def test_with_json_each_mistake_of_the_configuration_is_an_object(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        company.configure(close_day=29, participants="some")
        done = company.run("--log-format", "json", "check")
    assert done.exit_code == 2
    assert len([json.loads(line)["message"] for line in done.stderr.splitlines()]) == 2


def test_what_check_finds_is_json_too(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        (tmp_path / "secrets" / "acme").unlink()
        (tmp_path / "secrets" / "acme-identifier").chmod(0o644)
        done = company.run("--log-format", "json", "check")
    assert [json.loads(line)["level"] for line in done.stderr.splitlines()] == ["warning", "error"]


def test_an_argument_with_line_breaks_stays_one_line(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        done = company.run("run", "--account", "no\nsuch\x1b[2Jone")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr
