"""The wheel holds the tree: templates and migrations too, which no import would miss."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_holds_every_file_of_both_packages(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as built:
        packed = {name for name in built.namelist() if ".dist-info/" not in name}
    files = (path for package in ("jobs", "reports") for path in (ROOT / package).rglob("*"))
    tree = {str(path.relative_to(ROOT)) for path in files if path.is_file() and "__pycache__" not in path.parts}
    assert packed == tree
    assert {"reports/templates/invoice.html.j2", "jobs/ledger/migrations/versions/0001_ledger.py"} <= packed


def test_the_lock_file_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    assert not any(word in lock for word in ("--index-url", "--extra-index-url", "--find-links", "://"))
