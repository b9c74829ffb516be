"""The hook after a run: real commands, called once, never trusted with more than they need."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from jobs import hooks
from jobs.config.settings import Hook
from tests.company import MONTH, Company, row, rows

SUMMARY = {
    "account": "acme",
    "month": MONTH,
    "status": "issued",
    "error": None,
    "documents": [
        {
            "kind": "invoice",
            "number": "ACME-201611-0001",
            "total": "25.00",
            "currency": "USD",
            "files": {"csv": "x.csv"},
        }
    ],
    "findings": [{"code": "never-connected"}, {"code": "never-connected"}, {"code": "duration-unknown"}],
}


def script(folder: Path, text: str) -> tuple[str, ...]:
    file = folder / "hook.py"
    file.write_text(text)
    return (sys.executable, str(file), str(folder / "given"))


KEEP = "import os, sys, pathlib\npathlib.Path(sys.argv[1]).open('a').write(sys.stdin.read())\n"


def called(folder: Path, hook: Hook, *, exit_status: int = 0, **more: Any) -> bool:
    environ = {"PATH": "/usr/bin", "HOME": "/root", "LANG": "C", "ACME_SECRET": "hunter2"}
    return hooks.call([hook], folder, [SUMMARY], run_id=7, exit_status=exit_status, environ=environ, **more)


def test_a_hook_is_given_one_object_without_any_session(tmp_path: Path) -> None:
    assert called(tmp_path, Hook(frozenset({"issued", "finished"}), script(tmp_path, KEEP)))
    (line,) = (tmp_path / "given").read_text().splitlines()
    assert json.loads(line) == {
        "schema": "securevideo-billing/hook/1",
        "event": "issued",
        "run_id": 7,
        "exit": 0,
        "units": [
            {
                "account": "acme",
                "month": MONTH,
                "status": "issued",
                "documents": SUMMARY["documents"],
                "findings": {"duration-unknown": 1, "never-connected": 2},
                "error": None,
            }
        ],
    }


def test_a_hook_sees_three_variables_of_the_environment(tmp_path: Path) -> None:
    script_text = "import os, sys, pathlib\npathlib.Path(sys.argv[1]).write_text(repr(sorted(os.environ)))\n"
    assert called(tmp_path, Hook(frozenset({"finished"}), script(tmp_path, script_text)))
    assert set(eval((tmp_path / "given").read_text())) - {"LC_CTYPE"} == {"PATH", "HOME", "LANG"}  # noqa: S307  # a list of words


@pytest.mark.parametrize(("units", "exit_status", "expected"), [
    ([SUMMARY], 0, ["issued", "finished"]), ([SUMMARY], 3, ["attention", "issued", "finished"]),
    ([SUMMARY], 1, ["failed", "issued", "finished"]), ([], 0, ["finished"]),
    ([{**SUMMARY, "status": "unchanged"}], 0, ["finished"]),
    ([{**SUMMARY, "status": "draft"}], 0, ["drafted", "finished"]),
    ([{**SUMMARY, "status": "restated"}], 3, ["attention", "drafted", "finished"]),
    ([{**SUMMARY, "status": "adjusted"}], 0, ["adjusted", "finished"]),
    ([{**SUMMARY, "status": "adjusted", "documents": [{"number": None}]}], 0, ["finished"]),
])  # fmt: skip
def test_what_a_run_gives_occasion_to(units: list[Any], exit_status: int, expected: list[str]) -> None:
    assert hooks.events(units, exit_status) == expected


def test_a_hook_that_is_not_meant_is_not_called(tmp_path: Path) -> None:
    assert called(tmp_path, Hook(frozenset({"failed"}), script(tmp_path, KEEP)))
    assert not (tmp_path / "given").exists()


@pytest.mark.parametrize(("text", "warning"), [
    ("import sys; sys.exit(3)", "ended with exit status 3"), ("print('hunter2'); raise SystemExit(1)", "exit status 1"),
])  # fmt: skip
def test_a_hook_that_fails_is_one_warning_without_its_output(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, warning: str
) -> None:
    assert not called(tmp_path, Hook(frozenset({"finished"}), script(tmp_path, text)))
    (record,) = caplog.records
    assert warning in record.getMessage()
    assert "hunter2" not in caplog.text


def test_a_hook_that_is_not_there_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert not called(tmp_path, Hook(frozenset({"finished"}), ("/nonexistent/notify",)))
    assert "hook /nonexistent/notify: could not be started: no such file or directory" in caplog.text


def test_a_hook_that_hangs_is_ended_and_killed_if_it_must_be(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    deaf = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)\n"
    begun = time.monotonic()
    hook = Hook(frozenset({"finished"}), script(tmp_path, deaf))
    assert not called(tmp_path, hook, patience=(1.0, 0.5))
    assert time.monotonic() - begun < 30
    assert "took longer than 1 seconds and was ended" in caplog.text


def test_run_calls_it_once_after_all_units(tmp_path: Path) -> None:
    hook = {"on": ["issued", "failed"], "command": [*script(tmp_path, KEEP)]}
    with Company(tmp_path, [*rows(2), row(9, at="2016-10-03T10:00:00")], hooks=[hook]) as company:
        assert company.run("run", "--month", "2016-10..2016-11").exit_code == 0
        (line,) = (tmp_path / "given").read_text().splitlines()
        script_text = json.loads(line)
        assert (script_text["event"], script_text["exit"], script_text["run_id"]) == ("issued", 0, 1)
        assert [(unit["month"], unit["documents"][0]["number"]) for unit in script_text["units"]] == [
            ("2016-10", "ACME-201610-0001"), ("2016-11", "ACME-201611-0002")
        ]  # fmt: skip
        assert "Aaron" not in line
        assert company.run("run", "--month", "2016-10..2016-11").exit_code == 0
        assert len((tmp_path / "given").read_text().splitlines()) == 1


def test_a_hook_that_fails_makes_the_run_end_with_1(tmp_path: Path) -> None:
    hook = {"on": ["finished"], "command": ["./notify"]}
    with Company(tmp_path, rows(2), hooks=[hook]) as company:
        done = company.run("run", "--month", MONTH)
        assert (done.exit_code, company.summary()["status"]) == (1, "issued")
        assert done.output.count("hook ./notify") == 1
