"""Two configurations that share a ledger, each with folders of its own; and one whose folders were moved."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.company import MONTH, Company, rows

FOLDERS = {"a": ("out", "state/snapshots"), "b": ("out-b", "state/snapshots-b")}


def under(company: Company, which: str, *arguments: str) -> Result:
    """A command under the configuration that bills acme (a) or the one that bills bravo (b)."""
    output, snapshots = FOLDERS[which]
    key = {"a": "acme", "b": "bravo"}[which]
    accounts = {key: company.settings["accounts"][key]}
    settings = company.settings | {"output": output, "snapshots": snapshots, "accounts": accounts}
    file = company.folder / f"{which}.yaml"
    file.write_text(json.dumps(settings))
    return company.run("--config", str(file), *arguments)


def billed(tmp_path: Path) -> Company:
    return Company(tmp_path, {"acme": rows(9), "bravo": rows(3, first=100)})


@pytest.mark.parametrize(("which", "other"), [("a", "b"), ("b", "a")])
def test_each_configuration_proves_its_own_and_says_whose_the_rest_is(tmp_path: Path, which: str, other: str) -> None:
    with billed(tmp_path) as company:
        for each in FOLDERS:
            assert under(company, each, "run", "--month", MONTH).exit_code == 0
        done = under(company, which, "verify")
        key = {"a": "acme", "b": "bravo"}
        assert done.exit_code == 0, done.stdout
        output, snapshots = (tmp_path / folder for folder in FOLDERS[other])
        unit = output / key[other] / MONTH
        begin, end = f"{key[other]} {MONTH}: its", "by another configuration: left out here, prove them with that one"
        assert done.stdout.splitlines() == [
            f"{begin} files are in {unit}, {end}",
            f"{begin} snapshots are in {snapshots}, {end}",
            "proven: documents 2, all of their files, snapshots 2, except for what is named above; no difference",
        ]
        done = under(company, which, "render")
        assert done.exit_code == 0
        own = tmp_path / FOLDERS[which][0]
        assert done.stderr.count(f"{key[other]} {MONTH}: its files are in {unit}, by another configuration") == 1
        assert {Path(line).parent for line in done.stdout.splitlines()} == {own / key[which] / MONTH}
        assert not (own / key[other]).exists()
        next(unit.glob("*.csv")).unlink()
        assert (under(company, which, "verify").exit_code, under(company, other, "verify").exit_code) == (0, 3)
        assert under(company, which, "render", "--output", str(own)).exit_code == 0
        assert len([*own.glob(f"{key[other]}/*/*")]) == 4
        assert under(company, which, "verify").exit_code == 0
        next(own.glob(f"{key[other]}/*/*.csv")).write_text("altered")
        assert under(company, which, "verify").exit_code == 3


def test_what_one_configuration_lost_is_still_missing(tmp_path: Path) -> None:
    with billed(tmp_path) as company:
        for each in FOLDERS:
            under(company, each, "run", "--month", MONTH)
        for file in company.snapshots().values():
            file.unlink()
        for file in company.unit().iterdir():
            file.unlink()
        company.unit().rmdir()
        done = under(company, "a", "verify")
        assert done.exit_code == 3
        assert "ACME-201611-0001.csv: the file: expected there, found missing" in done.stdout
        assert ".json.gz: the file: expected there, found missing" in done.stdout
        assert under(company, "a", "render").exit_code == 0
        assert "ACME-201611-0001.csv" in company.names()


def test_moved_folders_are_proven_and_rendered_where_they_are(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run("run", "--month", MONTH)
        (tmp_path / "out").rename(tmp_path / "moved")
        (tmp_path / "state" / "snapshots").rename(tmp_path / "kept")
        company.configure(output="moved", snapshots="kept")
        done = company.run("verify")
        assert (done.exit_code, "no difference" in done.stdout, "another" in done.stdout) == (0, True, False)
        (tmp_path / "moved" / "acme" / MONTH / "summary.json").unlink()
        assert company.run("verify").exit_code == 3
        assert company.run("render").exit_code == 0
