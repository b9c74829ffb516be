"""What some tests need beyond Python, and of which package of Debian it is.

`@pytest.mark.needs("strace")` leaves a test out where strace is missing, `require("strace")` does so from a fixture.
The run ends with one line for each tool that is missing (`tests/conftest.py`).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Tool:
    package: str  # Debian's
    tests: str  # what is left out without it
    works: Callable[[], bool]


def found(program: str) -> str | None:
    """Where `program` is; servers are not on every user's PATH."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


def postgresql_programs() -> Path | None:
    """Where the newest PostgreSQL server's programs are, if one is installed."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return versions[-1].parent if versions else None


def _runs(*command: str) -> bool:
    return bool(shutil.which(command[0])) and not subprocess.run(command, capture_output=True, check=False).returncode


def _installed(program: str) -> bool:
    return found(program) is not None


TOOLS = {
    "chromium": Tool("chromium", "the pages in a browser", partial(_installed, "chromium")),
    "curl": Tool("curl", "the hook that tells a chat", partial(_installed, "curl")),
    "hledger": Tool("hledger", "the export for hledger", partial(_installed, "hledger")),
    "LibreOffice": Tool("libreoffice-calc", "workbooks recalculated", partial(_installed, "soffice")),
    "nginx": Tool("nginx-light", "the receiver behind a web server", partial(_installed, "nginx")),
    "Pango": Tool(
        "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
        "documents as PDF",
        lambda: _runs(sys.executable, "-c", "import weasyprint"),
    ),
    "Poppler": Tool("poppler-utils", "the text of printed pages", partial(_installed, "pdftotext")),
    "PostgreSQL": Tool("postgresql", "the ledger on PostgreSQL", lambda: postgresql_programs() is not None),
    "strace": Tool(
        "strace", "kills and full disks at each system call", lambda: _runs("strace", "-qq", "-o", os.devnull, "true")
    ),
    "systemd-analyze": Tool("systemd", "the services of deploy/", partial(_installed, "systemd-analyze")),
}


@cache
def works(name: str) -> bool:
    """Whether the tool is here; asked once in a process."""
    return TOOLS[name].works()


def require(name: str) -> None:
    """Leaves the test out where the tool is missing."""
    if not works(name):
        tool = TOOLS[name]
        pytest.skip(f"{name} is missing (apt-get install {tool.package}): {tool.tests}")
