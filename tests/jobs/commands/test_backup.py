"""`backup`, and what can be made of a ledger that was restored from it."""

import shutil
from pathlib import Path

from tests.company import MONTH, Company, row, rows

RUN = ("run", "--month", MONTH)


def test_a_copy_in_the_ledgers_place_goes_on_where_it_was_made(tmp_path: Path) -> None:
    ledger, copy = tmp_path / "state" / "ledger.db", tmp_path / "copy.db"
    with Company(tmp_path, rows(10)) as company:
        assert company.run(*RUN).exit_code == 0
        done = company.run("backup", str(copy))
        assert (done.exit_code, copy.stat().st_mode & 0o777) == (0, 0o600)
        ledger.write_bytes(b"no ledger at all" * 500)
        assert company.run(*RUN).exit_code == 1
        shutil.copy(copy, ledger)
        assert company.run("verify").exit_code == 0
        assert company.run(*RUN).exit_code == 0
        assert company.summary()["status"] == "unchanged"
        company.send([*rows(9), row(10, status="COMP")])
        assert company.run(*RUN, "--adjust").exit_code == 0
        assert company.summary()["documents"][0]["number"] == "ACME-201611-0001-CN1"
        assert company.run("verify").exit_code == 0


def test_a_ledger_older_than_what_went_out_overwrites_none_of_it(tmp_path: Path) -> None:
    ledger, copy = tmp_path / "state" / "ledger.db", tmp_path / "copy.db"
    with Company(tmp_path, rows(10)) as company:
        company.run("run", "--month", "2016-10", now="2016-12-05T00:00:00+00:00")
        company.run("backup", str(copy))
        company.run(*RUN, now="2016-12-05T00:00:00+00:00")
        went_out = {name: (company.unit() / name).read_bytes() for name in company.names() - {"summary.json"}}
        shutil.copy(copy, ledger)
        done = company.run(*RUN, now="2016-12-09T00:00:00+00:00")
        assert done.exit_code == 1
        assert "is there with other contents and is never overwritten; move it away" in done.stderr
        assert {name: (company.unit() / name).read_bytes() for name in went_out} == went_out


def test_nothing_is_overwritten_and_without_a_ledger_there_is_nothing_to_copy(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with Company(tmp_path, rows(1)) as company:
        done = company.run("backup", str(copy))
        assert done.exit_code == 1
        assert "there is no ledger" in done.stderr
        assert not copy.exists()
        company.run(*RUN)
        copy.write_text("mine")
        done = company.run("backup", str(copy))
        assert done.exit_code == 1
        assert "is there already and is never overwritten" in done.stderr
        assert copy.read_text() == "mine"


def test_a_damaged_ledger_is_not_copied(tmp_path: Path) -> None:
    ledger, copy = tmp_path / "state" / "ledger.db", tmp_path / "copy.db"
    with Company(tmp_path, rows(1)) as company:
        company.run(*RUN)
        content = ledger.read_bytes()
        ledger.write_bytes(content.replace(b"ACME-201611-0001", b"ACME-201611-0007", 1))
        done = company.run("backup", str(copy))
    assert done.exit_code == 1
    assert "the ledger is damaged" in done.stderr
