"""What all commands have: --config on either side, colours on a terminal, completion in the shell."""

import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from jobs.commands import group
from tests.company import MONTH, PROGRAM, Company, rows

RED, YELLOW, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[0m"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Company(tmp_path, {"acme": rows(3), "lakeside": rows(2, first=100)}) as company:
        yield company


def test_the_configuration_may_be_named_before_and_after_the_command(company: Company) -> None:
    for line in (["--config", company.config_file, "check"], ["check", "--config", company.config_file]):
        done = CliRunner().invoke(group.main, [str(word) for word in line])
        assert done.exit_code == 0, done.stderr
        assert "acme" in done.stdout
    done = CliRunner().invoke(group.main, ["--config", "elsewhere.yaml", "check", "--config", str(company.config_file)])
    assert done.exit_code == 0, "the one nearer to the command holds"


def completed(company: Company, line: str) -> list[str]:
    words = line.split(" ")
    asked = {
        "_SECUREVIDEO_BILLING_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "SECUREVIDEO_BILLING_CONFIG": str(company.config_file),
    }
    done = subprocess.run([PROGRAM], env=os.environ | asked, capture_output=True, text=True, check=False)
    return [one.partition(",")[2] for one in done.stdout.splitlines() if one]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("securevideo-billing ver", ["verify"]),
        ("securevideo-billing check --acc", []),
        ("securevideo-billing run --account a", ["acme"]),
        ("securevideo-billing diff --account ", ["acme", "lakeside"]),
        ("securevideo-billing --config nowhere.yaml run --account ", []),
    ],
)
def test_the_shell_completes_commands_and_accounts(company: Company, line: str, offered: list[str]) -> None:
    assert completed(company, line) == offered


def on_a_terminal(company: Company, *arguments: str, **environ: str) -> str:
    """What a terminal gets of stderr."""
    ours, theirs = pty.openpty()
    line = [PROGRAM, "--config", company.config_file, *arguments]
    subprocess.run(line, stderr=theirs, stdout=subprocess.DEVNULL, env=os.environ | environ, check=False)
    os.close(theirs)
    found = b""
    try:
        while piece := os.read(ours, 4096):
            found += piece
    except OSError:  # nobody writes any more
        pass
    os.close(ours)
    return found.decode()


def test_findings_and_errors_are_coloured_on_a_terminal_unless_the_user_wants_none(company: Company) -> None:
    company.send([*rows(3), {**rows(1, first=7)[0], "BillableStatusCd": "WAIVED"}])
    company.vendor.add_fault(path="/history", account="lakeside", kind="status", status=401)
    shown = on_a_terminal(company, "run", "--month", MONTH, NO_COLOR="")
    assert f"{YELLOW}acme 2016-11: blocking: unknown-status" in shown
    assert f"{RED}lakeside 2016-11: " in shown
    assert shown.count(PLAIN) == 2
    plain = on_a_terminal(company, "run", "--month", MONTH, NO_COLOR="1")
    assert "unknown-status" in plain
    assert not {RED, YELLOW, PLAIN} & {plain[at : at + len(PLAIN)] for at in range(len(plain))}
    assert YELLOW not in plain
    assert RED not in plain


def test_a_failed_unit_is_said_once_and_names_where_its_credentials_stand(company: Company) -> None:
    company.vendor.add_fault(path="/history", account="lakeside", kind="status", status=401)
    done = company.run("run", "--month", MONTH)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("lakeside 2016-11: ")
    secrets = company.folder / "secrets"
    where = f"identifier from file {secrets / 'lakeside-identifier'} and secret from file {secrets / 'lakeside'}"
    assert line.endswith(f"correct them: {where}")
    assert "lakeside" not in done.stdout


def test_run_ends_by_naming_what_to_open(company: Company) -> None:
    done = company.run("run", "--month", MONTH)
    assert done.stdout.splitlines()[-1] == f"Open {company.folder / 'out' / 'index.html'}"
    assert (company.folder / "out" / "index.html").is_file()


def test_open_opens_the_overview_or_says_which_file_it_is(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    done = company.run("open")
    assert done.exit_code == 2
    assert "there is no" in done.stderr
    company.run("run", "--month", MONTH)
    page = company.folder / "out" / "index.html"
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    done = company.run("open")
    assert (done.exit_code, done.stdout) == (0, f"There is no browser here. Open {page}\n")
    browser = company.folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {company.folder / "opened"}\n')
    browser.chmod(0o700)
    done = company.process("open", environ={"BROWSER": f"{browser} %s", "DISPLAY": ":0"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (company.folder / "opened").read_text() == f"{page.as_uri()}\n"
