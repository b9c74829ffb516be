"""An account under another key: nobody is billed twice, and after `rename` everything goes on as one account."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.company import Company, account, row, rows
from tests.jobs.ledger.ledgers import as_of_revision, asked, sql

SEP, OCT, NOV = "2016-09", "2016-10", "2016-11"
DECEMBER = "2016-12-05T00:00:00+00:00"


def month_of(month: str, count: int = 10, **changes: Any) -> list[dict[str, Any]]:
    return rows(count, int(month[-2:]) * 1000, at=f"{month}-03T10:00:00", **changes)


ALL = [*month_of(SEP), *month_of(OCT), *month_of(NOV)]


def renamed(company: Company, key: str = "alpha", prefix: str = "ACME", **changes: Any) -> None:
    """The key in the configuration is another one by now; the credentials and the customer are the same."""
    section = company.settings["accounts"].get("acme") or account("acme")
    company.configure(accounts={key: {**section, "invoice_prefix": prefix, **changes}})


def bill(company: Company, month: str, *arguments: str, now: str = DECEMBER):
    return company.run("run", "--month", month, *arguments, now=now)


def documents(company: Company) -> list[tuple[str, ...]]:
    return asked(company.folder / "state" / "ledger.db", "SELECT account, month, number FROM documents ORDER BY id")


@pytest.fixture
def company(tmp_path: Path):
    """September and October are issued under `acme`."""
    with Company(tmp_path, {"acme": ALL}) as made:
        assert bill(made, f"{SEP}..{OCT}").exit_code == 0
        yield made


@pytest.mark.parametrize("month", [OCT, NOV])
def test_another_key_with_the_same_prefix_is_refused_whatever_the_month(company: Company, month: str) -> None:
    before = documents(company)
    renamed(company)
    done = bill(company, month)
    assert done.exit_code == 1
    assert re.search(rf"alpha {month}: .*prefix ACME .*account acme.*rename acme alpha", done.stderr)
    assert "UNIQUE" not in done.stderr
    assert documents(company) == before


def test_a_prefix_is_the_same_in_small_letters_and_another_one_if_it_only_begins_alike(company: Company) -> None:
    renamed(company, prefix="acme")
    assert "prefix acme" in bill(company, NOV).stderr
    renamed(company, prefix="ACM")
    assert bill(company, NOV).exit_code == 0
    renamed(company, key="beta", prefix="ACME-2016")
    assert "prefix" not in bill(company, NOV).stderr


@pytest.mark.parametrize("arguments", [(), ("--draft",)])
def test_sessions_billed_under_another_key_with_these_credentials_are_refused(
    company: Company, arguments: tuple[str, ...]
) -> None:
    before = documents(company)
    renamed(company, prefix="ALPHA", bill_to={"name": "Alpha Telehealth LLC"})
    done = bill(company, OCT, *arguments)
    assert done.exit_code == 1
    assert re.search(r"alpha 2016-10: .*10 sessions of 2016-10, .*10000, .*account acme, in 2016-10", done.stderr)
    assert "securevideo-billing rename acme alpha" in done.stderr
    assert documents(company) == before
    assert bill(company, NOV).exit_code == 0, "what nobody has billed can be billed"


def test_so_are_they_with_each_key_pair_that_the_account_was_ever_billed_with(company: Company) -> None:
    (company.folder / "secrets" / "acme").write_text("renewed-secret")
    company.also_has(secret="renewed-secret")
    assert bill(company, OCT).exit_code == 0
    renamed(company, prefix="ALPHA")
    assert "were billed under the account acme" in bill(company, OCT).stderr


def test_so_is_one_that_moved_to_the_next_month(company: Company) -> None:
    renamed(company, prefix="ALPHA")
    company.send([*month_of(NOV), row(10_000, at="2016-11-01T00:00:00")])
    done = bill(company, NOV)
    assert done.exit_code == 1
    assert "session 10000 of 2016-11 was billed under the account acme, in 2016-10" in done.stderr


def test_two_customers_with_keys_of_their_own_are_billed_whatever_their_session_ids(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": ALL, "zeta": ALL}) as company:
        assert bill(company, OCT).exit_code == 0
        assert [key for key, *_ in documents(company)] == ["acme", "zeta"]


def test_the_ledger_holds_nothing_that_the_identifier_could_be_read_from(company: Company) -> None:
    stored = (company.folder / "state" / "ledger.db").read_bytes()
    for name in ("acme", "acme-identifier"):
        assert (company.folder / "secrets" / name).read_bytes() not in stored
    ((pair,),) = asked(company.folder / "state" / "ledger.db", "SELECT fingerprint FROM credentials")
    assert re.fullmatch("[0-9a-f]{64}", pair), "once, not with every document"


def test_after_rename_everything_goes_on_under_the_new_key(company: Company) -> None:
    renamed(company)
    assert bill(company, f"{OCT}..{NOV}").exit_code == 1
    done = company.run("rename", "acme", "alpha")
    assert (done.exit_code, done.stdout) == (0, "account acme is called alpha from now on\n")
    assert bill(company, f"{OCT}..{NOV}").exit_code == 0
    assert documents(company) == [
        ("acme", SEP, "ACME-201609-0001"),
        ("acme", OCT, "ACME-201610-0002"),
        ("alpha", NOV, "ACME-201611-0003"),
    ]
    issued = company.folder / "out" / "alpha" / NOV / "ACME-201611-0003.json"
    assert [one["month"] for one in json.loads(issued.read_text())["trend"]] == [SEP, OCT, NOV]
    months = json.loads(company.run("history", "--json").stdout)
    assert [(one["account"], one["month"], one["status"]) for one in months] == [
        ("alpha", month, "issued") for month in (SEP, OCT, NOV)
    ]
    page = (company.folder / "out" / "alpha" / "index.html").read_text()
    assert 'href="../acme/2016-10/ACME-201610-0002.html"' in page
    assert 'href="2016-11/ACME-201611-0003.html"' in page
    assert "Nothing needs attention." in page
    for command in (("verify",), ("verify", "--account", "alpha"), ("render", "--account", "alpha"), ("verify",)):
        assert company.run(*command).exit_code == 0, command
    assert "documents 3" in company.run("verify", "--account", "alpha").stdout
    assert company.run("diff", "--account", "alpha", "--month", OCT).exit_code == 0


def test_an_adjustment_lies_where_its_invoice_does_and_the_watch_goes_on(company: Company) -> None:
    renamed(company)
    company.run("rename", "acme", "alpha")
    company.send([row(10_000, at=f"{OCT}-03T10:00:00", status="COMP"), *ALL[:10], *ALL[11:]])
    assert company.run("run", now=DECEMBER).exit_code == 3
    assert bill(company, OCT, "--adjust").exit_code == 0
    folder = company.folder / "out" / "acme" / OCT
    assert (folder / "ACME-201610-0002-CN1.xlsx").is_file()
    assert json.loads((folder / "summary.json").read_text())["account"] == "alpha"
    assert not (company.folder / "out" / "alpha" / OCT).exists()
    assert bill(company, OCT).exit_code == 0
    assert company.run("verify").exit_code == 0


def test_the_former_key_is_refused_until_it_is_taken_back(company: Company) -> None:
    assert company.run("rename", "acme", "alpha").exit_code == 0
    done = bill(company, NOV)
    assert done.exit_code == 1
    assert "acme was renamed to alpha" in done.stderr
    assert company.run("rename", "alpha", "acme").exit_code == 0
    assert bill(company, NOV).exit_code == 0
    assert documents(company)[-1] == ("acme", NOV, "ACME-201611-0003")
    assert company.run("verify").exit_code == 0


def test_what_cannot_be_renamed_is_refused_with_a_reason(company: Company) -> None:
    for old, new, reason in (
        ("acme", "Alpha!", "cannot be an account's key"),
        ("nobody", "alpha", "holds nothing of nobody"),
        ("acme", "acme", "already has that key"),
    ):
        done = company.run("rename", old, new)
        assert (done.exit_code, reason in done.stderr) == (2, True), done.stderr
    renamed(company, key="zeta", prefix="ZETA", bill_to={"name": "Zeta"})
    bill(company, NOV)
    assert "two series of numbers" in company.run("rename", "acme", "zeta").stderr
    company.run("rename", "acme", "beta")
    assert "is called beta now" in company.run("rename", "acme", "gamma").stderr
    assert "once the key of the account beta" in company.run("rename", "zeta", "acme").stderr


def test_both_keys_in_the_configuration_are_two_accounts(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": ALL, "zeta": []}) as company:
        bill(company, OCT, "--account", "acme")
        done = company.run("rename", "acme", "zeta")
        assert (done.exit_code, "two accounts" in done.stderr) == (2, True)


def test_a_ledger_of_an_older_version_knows_its_prefixes_at_once_and_its_credentials_after_a_run(
    company: Company,
) -> None:
    ledger = company.folder / "state" / "ledger.db"
    sql(ledger, "DELETE FROM heads WHERE name IN ('credentials', 'checks')")
    as_of_revision(ledger, "0004", without=("credentials", "renames", "checks"))
    section = company.settings["accounts"]["acme"]
    renamed(company)
    assert "prefix ACME" in bill(company, NOV).stderr
    company.configure(accounts={"acme": section})
    assert bill(company, OCT).exit_code == 0
    renamed(company, prefix="ALPHA")
    assert "were billed under the account acme" in bill(company, OCT).stderr
    assert company.run("verify", "--account", "acme").exit_code == 0
