"""Every command in the README and in docs/ runs, in the pages' order, and ends with the exit status it says.

That is 0 unless the page says another. They run in one folder, first the README's, then those of docs/ page by page.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.simulator.simulator import Simulator
from tests import activity, company
from tests.activity import described

ROOT = Path(__file__).parents[1]
COMMANDS = Path(sys.executable).parent


README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]


def fenced(page: Path, language: str) -> list[str]:
    """The page's blocks of this language, also those within a list."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def console_commands(page: Path) -> list[tuple[str, int]]:
    found = []
    for line in "".join(fenced(page, "console")).splitlines():
        command, _, remark = line.removeprefix("$ ").partition("#")
        status = re.search(r"exit status (\d)", remark)
        found.append((command.strip(), int(status[1]) if status else 0))
    return found


def row(number: int, **given: object) -> dict[str, object]:
    at = f"2016-11-{number:02}T15:00:00"
    text = f"Nia Sample Session #{5000 + number} with Ada Madeup - Counted Session"
    known = {"SessionId": 5000 + number, "ScheduleTs": at, "BillableTs": at, "DurationMinutes": 30}
    return {**known, "BillableStatusCd": "BILL", "UserId": 4, "UsageDescription": text, **given}


@pytest.fixture
def vendor() -> Iterator[Simulator]:
    comped = {"at": "2017-01-10T00:00:00", "BillableStatusCd": "COMP", "UsageDescription": "Nia Sample Session #5003"}
    sessions = [row(number, **({"Later": [comped]} if number == 3 else {})) for number in range(1, 12)]
    account = {"identifier": "made-up-identifier", "secret": "made-up-secret", "sessions": sessions}
    with Simulator({"accounts": {"acme": account}}, now=datetime(2016, 12, 5, tzinfo=UTC)) as running:
        yield running


def prepare(folder: Path, vendor: Simulator) -> None:
    """What `init` wrote, with the simulated vendor's address and one account, as a user would change it."""
    text = (folder / "config.yaml").read_text()
    text = text.replace("https://api.securevideo.com/", vendor.url)
    (folder / "config.yaml").write_text(text[: text.index("  north-clinic:")])
    (folder / "secrets").mkdir()
    (folder / "secrets" / "acme").write_text("made-up-secret\n")
    (folder / "secrets" / "acme-webhook").write_text("0123456789abcdef" * 4)
    headers = ("Session ID", "Date", "Host", "Usage Description", "Status", "Minutes")
    sessions = [[5000 + number, None, "", described(5000 + number), "BILL", 30] for number in range(1, 12)]
    activity.write(folder / "activity.xlsx", sessions, headers=headers, above=[["Session usage"], []])
    lines = ["{kind: fee, amount: 25.00}", "{kind: sessions, quantity: 3, unit_price: 5.00, amount: 15.00}"]
    activity.invoice(folder / "sv-88213.yaml", lines, total="40.00")


def configure(folder: Path, page: Path) -> None:
    """Adds what the page shows for the account, as a user would: keys not there yet, and the map of hosts."""
    config = folder / "config.yaml"
    for block in fenced(page, "yaml"):
        keys = block.removeprefix("accounts:\n  acme:\n")
        if keys != block and f"\n{keys.partition(':')[0]}:" not in config.read_text():
            config.write_text(config.read_text() + keys)
    for block in fenced(page, "plans.yaml"):
        (folder / "plans.yaml").write_text(block)
    for block in fenced(page, "csv"):
        (folder / "centres.csv").write_text(block)


def test_every_command_in_readme_and_docs_runs(tmp_path: Path, vendor: Simulator) -> None:
    environment = {**os.environ, "PATH": f"{COMMANDS}:{os.environ['PATH']}"}
    environment["ACME_SECUREVIDEO_IDENTIFIER"] = "made-up-identifier"
    assert sum(bool(console_commands(page)) for page in PAGES) > 6

    def run(command: str) -> subprocess.CompletedProcess[str]:
        words = command.split()
        return subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    for page in PAGES:
        if page != README:
            configure(tmp_path, page)
        for command, status in console_commands(page):
            if command.startswith("make"):
                continue
            if command.endswith("--port 0"):
                assert_serves_until_stopped(command.split(), tmp_path, environment)
                continue
            if command == "securevideo-billing run --month 2016-11":
                assert run(command).returncode == 0, "the month is issued before the vendor changes it"
                vendor.now = datetime(2017, 2, 1, tzinfo=UTC)
            if command.startswith("mv state/ledger.db "):
                damage(tmp_path / "state" / "ledger.db")
                assert run("securevideo-billing verify").returncode == 3, "what is to be restored is damaged"
            done = run(command)
            assert done.returncode == status, f"{page.name}: {command}: {done.stdout}{done.stderr}"
            if command == "securevideo-billing init":
                prepare(tmp_path, vendor)
            assert "Traceback" not in done.stderr


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for page in (*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"):
        for path, heading in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text("utf-8")):
            target = page.parent / path if path else page
            assert target.exists(), f"{page.name}: {path}"
            if heading:
                headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
                assert heading in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}


def damage(ledger: Path) -> None:
    """As a disk might: a digit of what is stored."""
    content, damaged = re.subn(rb"(ACME-\d{6}-)\d", rb"\g<1>7", ledger.read_bytes(), count=1)
    assert damaged
    ledger.write_bytes(content)


def test_the_log_lines_in_the_docs_are_those_that_are_written(tmp_path: Path) -> None:
    (block,) = fenced(ROOT / "docs/operating.md", "json")
    sessions = [company.row(105236), company.row(105240, status="WAIVED")]
    sessions_of = {"acme": sessions, "lakeside": [company.row(7)], "north": [company.row(8)]}
    with company.Company(tmp_path, sessions_of) as clinics:
        clinics.vendor.add_fault(
            path="/history", account="lakeside", kind="status", status=503, retry_after="1", times=1
        )
        clinics.vendor.add_fault(path="/history", account="north", kind="status", status=401)
        done = clinics.run("--log-format", "json", "run", "--month", "2016-11")
    stderr = done.stderr.replace(str(tmp_path), "/etc/securevideo-billing")
    written, shown = ([json.loads(line) for line in text.splitlines() if line] for text in (stderr, block))
    for one in (*written, *shown):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one.pop("at"))
    assert written == shown
    assert [list(one) for one in written] == [list(one) for one in shown]


def assert_serves_until_stopped(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("http://127.0.0.1:")
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=20) == 0


def test_the_two_commands_to_try_it_are_verbs_of_the_makefile(tmp_path: Path) -> None:
    verbs = [command for command, _ in console_commands(README) if command.startswith("make")]
    assert verbs == ["make demo", "make test"]
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", "demo"))
    (tree / ".venv").symlink_to(ROOT / ".venv")
    demo = subprocess.run(
        ["make", "-o", ".venv/.installed", "demo"], cwd=tree, capture_output=True, text=True, check=False
    )
    assert demo.returncode == 0, demo.stderr
    assert "Open" in demo.stdout
    assert (tree / "demo" / "out").is_dir()
    assert (
        "pytest" in subprocess.run(["make", "-n", "test"], cwd=tree, capture_output=True, text=True, check=True).stdout
    )
