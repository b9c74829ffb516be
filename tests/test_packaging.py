"""The wheel holds the tree: templates and migrations too, which no import would miss."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def _wheel(folder: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_the_wheel_holds_every_file_of_both_packages(tmp_path: Path) -> None:
    with zipfile.ZipFile(_wheel(tmp_path)) as built:
        packed = {name for name in built.namelist() if ".dist-info/" not in name}
    files = (path for package in ("jobs", "reports") for path in (ROOT / package).rglob("*"))
    tree = {str(path.relative_to(ROOT)) for path in files if path.is_file() and "__pycache__" not in path.parts}
    assert packed == tree | {"jobs/config.example.yaml"}
    assert {"reports/templates/invoice.html.j2", "jobs/ledger/migrations/versions/0001_ledger.py"} <= packed


def test_init_of_an_installed_wheel_writes_the_example(tmp_path: Path) -> None:
    with zipfile.ZipFile(_wheel(tmp_path)) as built:
        built.extractall(tmp_path / "installed")
    command = [sys.executable, "-c", "import jobs.start; print(jobs.__file__); jobs.start.main()", "init"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.startswith(f"{tmp_path}/installed/jobs/")
    assert (tmp_path / "config.yaml").read_bytes() == (ROOT / "config.example.yaml").read_bytes()


def pinned(name: str) -> dict[str, str]:
    """The version of each library that a lock file names."""
    lock = (ROOT / name).read_text()
    assert not any(word in lock for word in ("--index-url", "--extra-index-url", "--find-links", "://"))
    pins = re.findall(r"^([a-z0-9._-]+)==(\S+)(?:.*)\\\n    --hash=sha256:", lock, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z]", lock, re.MULTILINE)), "each with its hashes"
    assert len(dict(pins)) == len(pins), "one version for every Python"
    return dict(pins)


def test_the_lock_files_name_one_version_of_each_library_with_hashes_and_no_index() -> None:
    product, everything = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert {"pandas", "hatchling"} <= set(product)
    assert not {"pytest", "mypy", "weasyprint"} & set(product)
    assert product.items() < everything.items()
