"""`demo`: the main job with nothing to set up."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.company import PROGRAM


def _demo(folder: Path, *arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = {"HOME": str(home or folder), "PATH": "/usr/bin:/bin"}
    command = [PROGRAM, "demo", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False)


def _command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [PROGRAM, "--config", "demo/config.yaml", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo has run twice into the same folder; said.txt holds what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    for _ in range(2):
        done = _demo(folder)
        assert (done.returncode, done.stderr) == (0, "")
        (folder / "said.txt").write_text(done.stdout)
    return folder


def test_it_names_files_to_open_and_they_are_there(demo_folder: Path) -> None:
    said = (demo_folder / "said.txt").read_text()
    opened = [Path(line.split()[0]) for line in said.splitlines() if line.startswith("  /")]
    assert len(opened) >= 4
    assert all(path.is_file() for path in opened)
    assert {path.suffix for path in opened} == {".xlsx", ".html", ".yaml"}


def test_one_month_was_restated_after_it_was_issued(demo_folder: Path) -> None:
    done = _command(demo_folder, "history", "--json")
    months = json.loads(done.stdout)
    assert sum(one["account"] == "lakeside" for one in months) == 6
    (adjusted,) = (one for one in months if one["status"] == "adjusted")
    assert [one["kind"] for one in adjusted["documents"]] == ["invoice", "credit_note"]


def test_what_it_says_to_try_next_works(demo_folder: Path) -> None:
    said = (demo_folder / "said.txt").read_text()
    hint = said.splitlines()[-1].removeprefix("Then try: ")
    assert hint == f"{PROGRAM} --config demo/config.yaml history"
    done = subprocess.run(hint, shell=True, cwd=demo_folder, capture_output=True, text=True, check=False)  # noqa: S602  # as typed
    assert (done.returncode, done.stderr) == (0, "")
    assert _command(demo_folder, "verify").returncode == 0


def test_what_it_says_to_try_next_is_the_bare_name_where_the_path_leads_to_it(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": f"{PROGRAM.parent}:/usr/bin:/bin"}
    done = subprocess.run(
        [PROGRAM.name, "demo"], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.endswith("Then try: securevideo-billing --config demo/config.yaml history\n")


def test_it_refuses_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    done = _demo(tmp_path, "--output", "mine")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "securevideo-billing: mine already exists and was not made by the demo; "
        "name an empty or new folder: --output DIR\n"
    )
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_it_refuses_a_place_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = _demo(tmp_path, "--output", "file/demo")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line == "file/demo: not a directory; name another folder: --output DIR"


def test_the_vendors_bill_of_one_month_is_checked(demo_folder: Path) -> None:
    found = json.loads((demo_folder / "demo/out/lakeside/2016-11/match-1.json").read_text())
    assert {one["code"] for one in found["items"]} == {"status-differs", "month-boundary", "amount-tax", "other-charge"}
    assert found["open_items"] == 2
    assert "matched (1): 2 open since 2016-12-03" in _command(demo_folder, "history").stdout
    page = (demo_folder / "demo/out/lakeside/index.html").read_text()
    assert 'href="2016-11/match-1.html"' in page
    assert page.count("not matched yet") == 5
