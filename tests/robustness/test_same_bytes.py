"""The same snapshot, configuration and version: byte-identical files, workbook included (docs/rules.md §8.4)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.simulator.simulator import Simulator
from tests.robustness.installation import Ground, Installation
from tests.robustness.site import NOVEMBER, contents
from tests.robustness.test_killed import ADJUST, RUN, changed_month, data_set

PROGRAM = Path(sys.executable).with_name("securevideo-billing")
ELSEWHERE = [
    {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LANG": "C", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "4294967295", "TZ": "America/New_York", "LANG": "de_DE.UTF-8", "LC_ALL": "tr_TR.UTF-8"},
]


def documents(place: Installation) -> dict[str, bytes]:
    return {name: content for name, content in contents(place.output).items() if "ACME" in name}


@pytest.fixture
def adjusted(on_sqlite: Ground, vendor: Simulator) -> Installation:
    """November issued, and a credit note on it."""
    place = on_sqlite.install(vendor.url)
    assert place.run(*RUN).status == 0
    vendor.data = data_set(changed_month())
    assert place.run(*ADJUST).status == 0
    assert len(documents(place)) == 8
    return place


def empty(place: Installation) -> None:
    for file in place.output.rglob("*.*"):
        file.unlink()


@pytest.mark.parametrize("command", [RUN, ("render",)], ids=["run", "render"])
def test_deleted_files_come_back_as_they_were(adjusted: Installation, command: tuple[str, ...]) -> None:
    before = documents(adjusted)
    empty(adjusted)
    assert adjusted.run(*command).status == 0
    assert documents(adjusted) == before


@pytest.mark.parametrize("environ", ELSEWHERE, ids=["kiritimati", "new-york"])
def test_another_process_elsewhere_renders_the_same_bytes(
    adjusted: Installation, environ: dict[str, str], tmp_path: Path
) -> None:
    """A cold process with another hash seed, time zone, language, current folder and day."""
    before = documents(adjusted)
    empty(adjusted)
    command = [PROGRAM, "--config", adjusted.folder / "config.yaml", "render"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert documents(adjusted) == before


def test_a_ledger_from_scratch_issues_the_same_bytes(ground: Ground, vendor: Simulator) -> None:
    """On either engine, in another folder: neither leaves a trace in the documents."""
    one, two = (ground.install(vendor.url) for _ in range(2))
    for place in (one, two):
        assert place.run("run", "--month", NOVEMBER).status == 0
    assert documents(one) == documents(two)
    assert len(documents(one)) == 4


def test_drafts_are_the_same_bytes_too(on_sqlite: Ground, vendor: Simulator) -> None:
    place = on_sqlite.install(vendor.url)
    found = []
    for _ in range(2):
        assert place.run(*RUN, "--draft").status == 0
        (place.output / "acme" / "index.html").unlink()  # made from a ledger that has grown
        found.append(contents(place.output))
        empty(place)
    assert found[0] == found[1]
