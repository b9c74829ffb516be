"""What all tests share: golden files, the command that renews them (`pytest -k golden --renew-golden`), and a plain
word on what was left out because something is not installed. CI leaves nothing out: there it fails.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests import tools

settings.register_profile("untimed", deadline=None)  # machines are noisy
settings.load_profile("untimed")

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write the golden files anew; read the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Compares bytes with the golden file of a name, or writes it under `--renew-golden`."""

    def compare(name: str, found: bytes) -> None:
        path = GOLDEN / name
        if request.config.getoption("--renew-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(found)
            return
        assert path.is_file(), f"no golden file {name}; write it: pytest -k golden --renew-golden"
        expected = path.read_bytes()
        assert found.decode().splitlines() == expected.decode().splitlines()  # a readable difference first
        assert found == expected

    return compare


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(tool): left out where the tool of tests/tools.py is missing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: item.path.parent.name != "robustness" and item.path.name != "test_readme.py")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        tools.require(*mark.args)


def _left_out(terminal: pytest.TerminalReporter) -> Counter[str]:
    return Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in terminal.stats.get("skipped", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason, tests in _left_out(terminalreporter).items():
        terminalreporter.write_line(f"left out: {tests} tests: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and terminal is not None and _left_out(terminal) and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
