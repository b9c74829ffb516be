"""A kind of finding is its row: with it alone the core, the page, the workbook and the command line know it."""

import os
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook

import jobs
import reports

ROW = '    "held-at-night": Kind("warning", "Ask who works at night.", what="was held at night"),\n'
LEDGER = Path(__file__).parents[1] / "ledgers/0.1.0"
SHOWN = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))
from jobs.billing.findings import blocks, in_order, of_session
from jobs.commands.console import tell_findings
from jobs.ledger.store import Ledger
from reports.formats import html, xlsx
from reports.stored import to_builtins

with Ledger(Path("state/ledger.db"), now=lambda: datetime.now(UTC), program_version="1", command="test") as ledger:
    issued = next(ledger.issued())
findings = in_order([of_session("held-at-night", 5), of_session("never-connected", 7)])
assert not blocks(findings)
tell_findings("lakeside", to_builtins(findings), {})
document = replace(issued.document, findings=findings)
for form in (html, xlsx):
    Path(form.__name__).write_bytes(form.render(document, issued.sessions))
"""


def test_one_row_is_all_that_a_finding_takes_beside_the_place_that_detects_it(tmp_path: Path) -> None:
    shutil.copytree(LEDGER, tmp_path, dirs_exist_ok=True)
    for package in (jobs, reports):
        source = Path(package.__path__[0])
        shutil.copytree(source, tmp_path / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    table = tmp_path / "reports/findings.py"
    begin = "KINDS: dict[str, Kind] = {\n"
    table.write_text(table.read_text().replace(begin, begin + ROW))

    done = subprocess.run(
        [sys.executable, "-c", SHOWN], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "lakeside: warning: held-at-night: session 5 was held at night" in done.stderr
    page = (tmp_path / "reports.formats.html").read_text()
    assert "session 5 was held at night" in page
    assert "Ask who works at night." in page
    book = load_workbook(BytesIO((tmp_path / "reports.formats.xlsx").read_bytes()), read_only=True)
    (first,) = book["Findings"].iter_rows(min_row=4, max_row=4, values_only=True)
    assert first == ("▲ warning", "held-at-night", "5", "session 5 was held at night", "Ask who works at night.")
