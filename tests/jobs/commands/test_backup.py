"""`backup`, and what can be made of a ledger that was restored from it."""

import shutil
from pathlib import Path

import pytest

from tests.company import MONTH, Company, row, rows
from tests.jobs.ledger import ledgers

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
        went_out = issued_files(company)
        shutil.copy(copy, ledger)
        done = company.run(*RUN, now="2016-12-09T00:00:00+00:00")
        assert done.exit_code == 1
        assert f"{company.unit() / 'ACME-201611-0002.csv'} bears the name of a document that the ledger " in done.stderr
        assert "restore its newest backup" in done.stderr
        assert company.run("render").exit_code == 0
        assert issued_files(company) == went_out
        assert "ACME-201611-0002" not in company.run("history").stdout


@pytest.mark.parametrize("options", [(), ("--output", "other")])
def test_a_number_that_went_out_with_another_month_is_not_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    ledger, copy = tmp_path / "state" / "ledger.db", tmp_path / "copy.db"
    monkeypatch.chdir(tmp_path)
    with Company(tmp_path, rows(10)) as company:
        company.run("run", "--month", "2016-10", now="2017-01-05T00:00:00+00:00")
        company.run("backup", str(copy))
        company.run(*RUN, now="2017-01-05T00:00:00+00:00")
        newest = ledger.read_bytes()
        shutil.copy(copy, ledger)
        done = company.run("run", "--month", "2016-12", *options, now="2017-01-09T00:00:00+00:00")
        assert done.exit_code == 1
        assert f"{company.unit() / 'ACME-201611-0002.csv'} bears the name of a document" in done.stderr
        ledger.write_bytes(newest)
        assert company.run("run", "--month", "2016-12", now="2017-01-09T00:00:00+00:00").exit_code == 0
        assert company.summary("2016-12")["documents"][0]["number"] == "ACME-201612-0003"


@pytest.mark.parametrize("rises", [True, False])
def test_a_month_whose_adjustment_the_ledger_forgot_is_not_adjusted_again(tmp_path: Path, rises: bool) -> None:
    """Neither under the same number nor by another kind of document."""
    ledger, copy = tmp_path / "state" / "ledger.db", tmp_path / "copy.db"
    with Company(tmp_path, rows(10)) as company:
        company.run(*RUN)
        company.run("backup", str(copy))
        company.send([*rows(9), row(10, status="COMP")])
        assert company.run(*RUN, "--adjust").exit_code == 0
        shutil.copy(copy, ledger)
        company.send(rows(12) if rises else [*rows(8), row(9, status="COMP"), row(10, status="COMP")])
        done = company.run(*RUN, "--adjust")
        assert (done.exit_code, company.summary()["status"]) == (1, "failed")
        assert "ACME-201611-0001-CN1.csv bears the name of a document that the ledger does not know" in done.stderr


def test_a_restatement_that_the_ledger_forgot_is_not_recorded_again(tmp_path: Path) -> None:
    ledger, copy = tmp_path / "state" / "ledger.db", tmp_path / "copy.db"
    with Company(tmp_path, rows(5)) as company:
        company.run(*RUN)
        company.run("backup", str(copy))
        company.send([*rows(4), row(5, status="COMP")])
        assert company.run(*RUN, "--adjust").exit_code == 0
        company.send([*rows(3), row(4, status="COMP"), row(5, status="COMP")])
        assert company.run(*RUN, "--adjust").exit_code == 0
        assert {"restatement-1.html", "restatement-2.html"} <= company.names()
        shutil.copy(copy, ledger)
        done = company.run(*RUN, "--adjust")
        assert done.exit_code == 1
        assert "restatement-1.csv bears the name of a document that the ledger does not know" in done.stderr
        assert "(also restatement-2)" in done.stderr


def issued_files(company: Company) -> dict[str, bytes]:
    return {name: (company.unit() / name).read_bytes() for name in company.names() if name.startswith("ACME-")}


@pytest.mark.parametrize("recorded", [True, False])
def test_an_invoice_that_went_out_is_not_overwritten_by_another_of_its_number(tmp_path: Path, recorded: bool) -> None:
    """The older copy gave the number again while the output was elsewhere; then that came back."""
    ledger, copy, out = tmp_path / "state" / "ledger.db", tmp_path / "copy.db", tmp_path / "out"
    with Company(tmp_path, rows(10)) as company:
        company.run("run", "--month", "2016-10", now="2016-12-05T00:00:00+00:00")
        company.run("backup", str(copy))
        company.run(*RUN, now="2016-12-05T00:00:00+00:00")
        went_out = issued_files(company)
        shutil.copy(copy, ledger)
        out.rename(tmp_path / "away")
        company.send(rows(9))
        company.run(*RUN, now="2016-12-09T00:00:00+00:00")
        shutil.rmtree(out)
        (tmp_path / "away").rename(out)
        if not recorded:
            ledgers.sql(ledger, "UPDATE events SET kind = 'seen' WHERE kind = 'written' AND document_id = 2")
            ledgers.rechain(ledger)
        (company.unit() / "ACME-201611-0002.html").unlink()
        assert company.run("verify").exit_code == 3
        done = company.run("render", now="2016-12-09T00:00:00+00:00")
        assert done.exit_code == 1
        for kind in ("xlsx", "json", "csv"):
            assert f"{company.unit() / 'ACME-201611-0002'}.{kind} is not a file of the document that" in done.stderr
        del went_out["ACME-201611-0002.html"]
        assert issued_files(company) == went_out
        for name in went_out:
            (company.unit() / name).rename(tmp_path / name)
        assert company.run("render", now="2016-12-09T00:00:00+00:00").exit_code == 0
        assert "ACME-201611-0002" not in company.run("verify", "--month", MONTH).stdout


def test_files_of_a_run_that_was_stopped_are_finished_by_render_too(tmp_path: Path) -> None:
    with Company(tmp_path, rows(10)) as company:
        company.run(*RUN)
        whole = issued_files(company)
        ledger = tmp_path / "state" / "ledger.db"
        ledgers.sql(ledger, "UPDATE events SET kind = 'seen' WHERE kind = 'written'")
        ledgers.rechain(ledger)
        (company.unit() / "ACME-201611-0001.html").unlink()
        assert company.run("render").exit_code == 0
        assert issued_files(company) == whole
        assert company.run("verify").exit_code == 0


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
        assert "already exists and is never overwritten" in done.stderr
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
