"""A format is its module plus nothing: one file dropped among the others is configured, written, linked and proven."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jobs
import reports

TEXT = '''
"""One line of text."""

from reports.formats import Place

ORDER = 6
FOR_PEOPLE = True
NEEDS = ()


def render(document, sessions):
    return f"{document.number}: {document.total} for {len(sessions)} sessions\\n".encode()


def places(content):
    for number, word in enumerate(content.decode().split(), 1):
        yield Place(f"word {number}", word)
'''
LEDGER = Path(__file__).parents[2] / "ledgers/0.1.0"
STEM = "lakeside/2016-12/LAKE-201612-0002"


def program(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program that lies in `folder`, in a process of its own."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); from jobs.start import main; main()"
    line = [sys.executable, "-c", code, "--config", str(folder / "config.yaml"), *arguments]
    return subprocess.run(line, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)


def test_one_file_is_all_that_a_format_takes(tmp_path: Path) -> None:
    shutil.copytree(LEDGER, tmp_path, dirs_exist_ok=True)
    for package in (jobs, reports):
        source = Path(package.__path__[0])
        shutil.copytree(source, tmp_path / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "reports/formats/text.py").write_text(TEXT)

    done = program(tmp_path, "render", "--format", "text")
    assert (done.returncode, done.stderr) == (0, "")
    file = tmp_path / "out" / f"{STEM}.text"
    assert file.read_text().startswith("LAKE-201612-0002: ")
    assert program(tmp_path, "verify").returncode == 0
    file.write_text("LAKE-201612-0002: 0.01")
    assert f"{file}: the copy" in program(tmp_path, "verify").stdout

    config = (tmp_path / "config.yaml").read_text()
    (tmp_path / "config.yaml").write_text(f"formats: [text, json, xlsx]\n{config}")
    assert program(tmp_path, "check").returncode == 2  # for want of the secrets alone
    assert "formats" not in program(tmp_path, "check").stderr
    asked = "from reports import formats as f; print(*f.by_default(), *f.in_order(f.names(), people_first=True))"
    found = subprocess.run([sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["xlsx", "html", "json", "csv", "text", "xlsx", "html", "pdf", "text", "json", "csv"]


def test_asking_every_format_for_its_order_loads_nothing_slow() -> None:
    code = "import sys; from jobs.commands import group; from reports import formats; formats.by_default(); "
    code += "import json; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    slow = {"pandas", "numpy", "xlsxwriter", "openpyxl", "jinja2", "weasyprint", "babel", "reports.document"}
    assert not slow & set(json.loads(done.stdout))
