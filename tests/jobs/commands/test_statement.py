"""`statement`: what was issued to an account, from the ledger alone (docs/operating.md)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.company import Company, account, row, rows

NOW = "2017-02-05T06:00:00+00:00"


@pytest.fixture
def company(tmp_path: Path):
    """Invoices for October to December, a credit note for November, a draft for January."""
    with Company(tmp_path, {"acme": {"2016-10": [], "2016-11": rows(10), "2016-12": [], "2017-01": []}}) as made:
        made.run("run", "--month", "2016-10..2016-12", now=NOW)
        made.send({"2016-10": [], "2016-11": [*rows(9), row(10, status="COMP")], "2016-12": [], "2017-01": []})
        made.run("run", "--month", "2016-11", "--adjust", now=NOW)
        made.run("run", "--month", "2017-01", "--draft", now=NOW)
        yield made


def page(folder: Path, name: str) -> str:
    text = (folder / "out/acme/statements" / f"{name}.html").read_text()
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL).split())


def test_it_lists_every_document_with_what_is_issued_so_far(company: Company, tmp_path: Path) -> None:
    done = company.run("statement", "--account", "acme")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "acme 2016-10 to 2016-12: issued USD 80.00 (4 documents); payments are not known" in done.stdout
    name = "account-statement-2016-10-to-2016-12-1"
    assert {path.name for path in (tmp_path / "out/acme/statements").iterdir()} == {f"{name}.xlsx", f"{name}.html"}
    text = page(tmp_path, name)
    assert "Invoice ACME-201611-0002 November 2016 35.00 0.00 35.00 60.00" in text
    assert "Credit note ACME-201611-0002-CN1 November 2016 \N{MINUS SIGN}5.00 0.00 \N{MINUS SIGN}5.00 55.00" in text
    assert "January 2017" not in text, "a draft is no part of it"
    assert company.run("verify").exit_code == 0


def test_the_year_to_date_counts_from_january_where_the_statement_begins_later(
    company: Company, tmp_path: Path
) -> None:
    assert company.run("statement", "--account", "acme", "--from", "2016-12", "--to", "2016-12").exit_code == 0
    text = page(tmp_path, "account-statement-2016-12-1")
    assert "December 2016 1 25.00 80.00" in text
    assert "Issued in USD USD 25.00 1 document, tax included" in text


def test_one_that_was_made_before_is_never_overwritten(company: Company, tmp_path: Path) -> None:
    for number in (1, 2):
        done = company.run("statement", "--account", "acme", "--to", "2016-10")
        assert f"account-statement-2016-10-{number}.html" in done.stdout
    assert len([*(tmp_path / "out/acme/statements").iterdir()]) == 4


def test_currencies_are_never_added_together(company: Company, tmp_path: Path) -> None:
    company.configure(accounts={"acme": account("acme", currency="EUR")})
    company.run("run", "--month", "2017-01", now=NOW)
    done = company.run("statement", "--account", "acme")
    assert "issued EUR 25.00 (1 document)" in done.stdout
    assert "issued USD 80.00 (4 documents)" in done.stdout
    assert "105.00" not in page(tmp_path, "account-statement-2016-10-to-2017-01-1")


def test_a_renamed_account_has_all_its_documents_under_either_key(company: Company) -> None:
    company.run("rename", "acme", "apex")
    company.configure(accounts={"apex": company.settings["accounts"]["acme"]})
    for key in ("acme", "apex"):
        assert "apex 2016-10 to 2016-12: issued USD 80.00" in company.run("statement", "--account", key).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--account", "acne"), "the ledger holds nothing of acne"),
        (("--account", "acme", "--from", "2018-01"), "nothing was issued to acme for 2018-01 to now"),
        (("--account", "acme", "--from", "2016-12", "--to", "2016-11"), "--to 2016-11 lies before --from 2016-12"),
    ],
)
def test_what_cannot_be_listed_is_said_in_one_line(company: Company, tmp_path: Path, arguments, says) -> None:
    done = company.run("statement", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert not (tmp_path / "out/acme/statements").exists()


def test_it_is_loaded_only_where_it_is_asked_for() -> None:
    code = "import sys, jobs.commands.run; sys.exit('jobs.statement' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
