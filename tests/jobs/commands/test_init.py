"""`init`: a configuration to begin with, never over another (docs/rules.md §16)."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jobs import config
from jobs.commands import group
from tests.company import logging_kept

EXAMPLE = Path(__file__).parents[3] / "config.example.yaml"


def invoked(*arguments: str) -> Result:
    with logging_kept():
        return CliRunner().invoke(group.main, arguments, catch_exceptions=False)


def test_it_writes_the_example_and_says_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoked("init")
    assert (done.exit_code, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first == "wrote config.yaml"
    assert second.endswith("then run: securevideo-billing check")
    assert Path("config.yaml").read_bytes() == EXAMPLE.read_bytes()
    assert config.load(Path("config.yaml")).accounts


def test_it_writes_where_config_says(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    done = invoked("--config", str(path), "init")
    assert done.stdout.endswith(f"then run: securevideo-billing --config {path} check\n")
    assert path.read_bytes() == EXAMPLE.read_bytes()


@pytest.mark.parametrize("there", ["a file", "a folder", "a link to nothing"])
def test_it_overwrites_nothing(tmp_path: Path, there: str) -> None:
    path = tmp_path / "config.yaml"
    if there == "a file":
        path.write_text("mine")
    elif there == "a folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    done = invoked("--config", str(path), "init")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{path} already exists and is not overwritten" in done.stderr
    assert there != "a file" or path.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = invoked("--config", str(tmp_path / "none" / "config.yaml"), "init")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"{tmp_path}/none/config.yaml: no such file or directory; ")
