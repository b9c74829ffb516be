"""The command, however it was started."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.company import MONTH, PROGRAM, Company, rows


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Company(tmp_path, rows(1)) as company:
        yield company


def started(company: Company, redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    line: list[str | Path] = [
        "sh",
        "-c",
        f'exec "$0" "$@" {redirection}',
        PROGRAM,
        "--config",
        company.config_file,
        *arguments,
    ]
    return subprocess.run(line, cwd=company.folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("redirection", ["2>&-", ">&-", "<&-", "<&- >&- 2>&-"])
def test_with_standard_streams_closed_months_are_billed_all_the_same(company: Company, redirection: str) -> None:
    assert started(company, redirection, "run", "--month", MONTH).returncode == 0
    assert company.summary()["status"] == "issued"
    assert started(company, redirection, "verify").returncode == 0
    assert started(company, redirection, "run", "--month", "2016-13").returncode == 2


def test_a_reader_who_has_gone_keeps_no_month_from_being_billed(company: Company) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    line: list[str | Path] = [PROGRAM, "--config", company.config_file, "run", "--month", MONTH]
    done = subprocess.run(line, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr == "standard output: nobody reads it any more; only what is printed here is lost\n"
    assert company.summary()["status"] == "issued"


def test_a_command_interrupted_while_it_starts_says_so_in_one_line() -> None:
    code = (
        "import sys\n"
        "from jobs import start\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'click': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "start.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "securevideo-billing: interrupted; the same command again does what is left\n"


def test_a_folder_whose_name_is_not_utf_8_is_written_to(company: Company) -> None:
    output = os.fsencode(company.folder) + b"/n\xfcrnberg"
    line: list[str | bytes | Path] = [
        PROGRAM,
        "--config",
        company.config_file,
        "run",
        "--month",
        MONTH,
        "--output",
        output,
    ]
    done = subprocess.run(line, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert Path(os.fsdecode(output), "acme", MONTH, "ACME-201611-0001.html").is_file()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"]])
def test_a_full_disk_behind_the_help_is_one_readable_line(company: Company, arguments: list[str]) -> None:
    done = started(company, "> /dev/full", *arguments)
    assert done.returncode == 1
    assert done.stderr == "standard output: no space left on device; only what is printed here is lost\n"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (
            ["run", "--month", MONTH, "--output", "out"],
            "Invalid value for '--output': out: the current folder no longer exists",
        ),
        (["verify", "--output", "out"], "Invalid value for '--output': out: the current folder no longer exists"),
        (["backup", "copy.db"], "the current folder no longer exists; change to one that does, then run the command"),
    ],
)
def test_a_path_from_a_current_folder_that_was_deleted_is_wrong_usage(
    company: Company, arguments: list[str], wanted: str
) -> None:
    gone = company.folder / "gone"
    gone.mkdir()
    line = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    command = ["sh", "-c", line, "sh", gone, PROGRAM, "--config", company.config_file, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"securevideo-billing: {wanted}")
    assert len(done.stderr.splitlines()) == 1


def loaded_by(company: Company, *command: str) -> set[str]:
    """The modules that a command imports."""
    line = [PROGRAM.with_name("python"), "-X", "importtime", PROGRAM, "--config", company.config_file, *command]
    done = subprocess.run(line, cwd=company.folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    loaded = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "jobs.commands.group" in loaded
    return loaded


@pytest.mark.parametrize(
    ("command", "without"),
    [
        (["--help"], {"pandas", "numpy", "pydantic", "sqlalchemy", "httpx", "xlsxwriter", "openpyxl", "jinja2"}),
        (["--version"], {"pandas", "numpy", "pydantic", "sqlalchemy", "httpx", "xlsxwriter", "openpyxl", "jinja2"}),
        (["check"], {"pandas", "numpy", "sqlalchemy", "xlsxwriter", "openpyxl", "jinja2"}),
        (["history"], {"pandas", "numpy", "httpx", "xlsxwriter", "openpyxl", "jinja2"}),
    ],
)
def test_a_command_loads_only_what_it_needs(company: Company, command: list[str], without: set[str]) -> None:
    """Modules are counted, not seconds."""
    assert started(company, "", "run", "--month", MONTH).returncode == 0  # there is something to show
    assert loaded_by(company, *command) & without == set()


def test_a_month_that_is_settled_needs_neither_frame_nor_renderer(company: Company) -> None:
    assert started(company, "", "run", "--month", MONTH).returncode == 0
    loaded = loaded_by(company, "run", "--month", MONTH)
    assert loaded & {"pandas", "numpy", "openpyxl", "xlsxwriter", "alembic"} == set()
    assert company.summary()["status"] == "unchanged"
    (company.unit() / "ACME-201611-0001.xlsx").unlink()
    assert "xlsxwriter" in loaded_by(company, "run", "--month", MONTH)
    assert (company.unit() / "ACME-201611-0001.xlsx").is_file()


def test_a_month_is_issued_without_what_only_reads_workbooks_or_migrates(company: Company) -> None:
    assert started(company, "", "run", "--month", "2016-10").returncode == 0  # the ledger is there
    assert loaded_by(company, "run", "--month", MONTH) & {"openpyxl", "PIL", "alembic"} == set()
    assert company.summary()["status"] == "issued"
