"""`render` makes the files of issued documents again from the ledger alone."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.company import Company, row
from tests.jobs.ledger import ledgers

NUMBER = "ACME-201611-0001"
LATER = "2017-06-01T06:00:00"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """Two issued months, the first one with a credit note."""
    rows = [row(number, at=f"2016-11-{number:02}T12:00:00") for number in range(1, 11)]
    december = row(20, at="2016-12-01T12:00:00")
    with Company(tmp_path, [*rows, december]) as company:
        assert company.run("run", "--month", "2016-11..2016-12", now="2017-01-05T06:00:00").exit_code == 0
        rows[2]["BillableStatusCd"] = "COMP"
        company.send([*rows, december])
        assert company.run("run", "--month", "2016-11", "--adjust", now="2017-01-06T06:00:00").exit_code == 0
        yield company


def files(company: Company) -> dict[str, bytes]:
    """The files of documents; summaries and what else a run leaves are not rendered."""
    found = sorted((company.folder / "out").glob("acme/*/ACME-*"))
    return {str(path.relative_to(company.folder / "out")): path.read_bytes() for path in found}


def test_files_come_back_byte_for_byte_from_the_ledger_alone(company: Company) -> None:
    before = files(company)
    assert len(before) == 12
    shutil.rmtree(company.folder / "out")
    shutil.rmtree(company.folder / "state/snapshots")
    asked = len(company.vendor.requests)
    done = company.run("render", now=LATER)
    assert (done.exit_code, done.stderr) == (0, "")
    assert files(company) == before
    assert sorted(done.stdout.splitlines()) == [str(company.folder / "out" / name) for name in before]
    assert len(company.vendor.requests) == asked


def test_an_altered_file_is_restored_and_then_proven(company: Company) -> None:
    before = files(company)
    (company.unit() / f"{NUMBER}.html").write_text("altered")
    assert company.run("verify", now=LATER).exit_code == 3
    assert company.run("render", "--account", "acme", "--month", "2016-11", now=LATER).exit_code == 0
    assert files(company) == before
    assert company.run("verify", now=LATER).exit_code == 0


def test_a_folder_that_cannot_be_written_keeps_no_other_files_back(company: Company) -> None:
    before = files(company)
    november = company.unit()
    shutil.rmtree(company.folder / "out")
    november.parent.mkdir(parents=True)
    november.write_text("no folder")
    done = company.run("render", now=LATER)
    assert done.exit_code == 1
    assert done.stderr == f"{november}: not a directory; correct that, then run the same command again\n"
    assert files(company) == {name: content for name, content in before.items() if "2016-12" in name}


def test_run_tells_of_an_altered_file_and_leaves_it(company: Company) -> None:
    file = company.unit("2016-12") / "ACME-201612-0002.html"
    file.write_text("altered")
    done = company.run("run", "--month", "2016-12", now=LATER)
    assert done.exit_code == 0
    assert f"{file} was altered; to restore it: securevideo-billing render" in done.stderr
    assert file.read_text() == "altered"


def test_only_the_named_month_is_written(company: Company) -> None:
    shutil.rmtree(company.folder / "out")
    assert company.run("render", "--month", "2016-12", now=LATER).exit_code == 0
    assert {name.rpartition(".")[0] for name in files(company)} == {"acme/2016-12/ACME-201612-0002"}


def test_another_folder_can_be_named(company: Company, tmp_path: Path) -> None:
    before = files(company)
    done = company.run("render", "--output", str(tmp_path / "elsewhere"), now=LATER)
    assert done.exit_code == 0
    for name, content in before.items():
        assert (tmp_path / "elsewhere" / name).read_bytes() == content
    assert company.run("verify", now=LATER).exit_code == 0


def test_an_account_that_is_configured_no_more_is_still_rendered_proven_and_told_of(company: Company) -> None:
    accounts = company.settings["accounts"]
    company.configure(accounts={"other": accounts["acme"] | {"invoice_prefix": "OTHER"}})
    before = files(company)
    shutil.rmtree(company.unit())
    assert company.run("render", now=LATER).exit_code == 0
    assert files(company) == before
    assert NUMBER in company.run("history", now=LATER).stdout
    assert company.run("diff", "--account", "acme", "--month", "2016-11", now=LATER).exit_code == 0
    done = company.run("run", "--account", "acme", now=LATER)
    assert done.exit_code == 2
    assert "no account 'acme'" in done.stderr


@pytest.mark.parametrize("scope", [("--account", "acne"), ("--month", "2014-02")])
def test_nothing_issued_is_wrong_usage(company: Company, scope: tuple[str, str]) -> None:
    done = company.run("render", *scope, now=LATER)
    assert done.exit_code == 2
    assert f"nothing was issued for {scope[1]}; `securevideo-billing history` shows what was" in done.stderr


def test_a_symbolic_link_in_a_files_place_is_refused(company: Company, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("keep me")
    file = company.unit() / f"{NUMBER}.csv"
    file.unlink()
    file.symlink_to(target)
    done = company.run("render", now=LATER)
    assert done.exit_code == 1
    assert f"{file} is not a plain file" in done.stderr
    assert target.read_text() == "keep me"


def test_files_that_another_version_made_are_written_anew_and_noted(company: Company) -> None:
    """The digests on record are not those of the files that this version makes."""
    with closing(sqlite3.connect(company.folder / "state/ledger.db")) as ledger, ledger:
        ((detail,),) = ledger.execute("SELECT detail FROM events WHERE kind = 'written' AND document_id = 1").fetchall()
        changed = json.dumps(json.loads(detail) | {f"{NUMBER}.csv": "0" * 64}, sort_keys=True)
        ledger.execute("UPDATE events SET detail = ? WHERE kind = 'written' AND document_id = 1", (changed,))
    ledgers.rechain(company.folder / "state/ledger.db")
    assert company.run("verify", now=LATER).exit_code == 3
    done = company.run("render", "--month", "2016-11", now=LATER)
    assert done.exit_code == 0
    assert f"{NUMBER}: the files are not as they were: another version made them" in done.stderr
    assert company.run("verify", now=LATER).exit_code == 0
