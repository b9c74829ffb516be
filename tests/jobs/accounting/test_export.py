"""`export`: the known answer, the strict checkers' word, the same bytes again."""

import csv
import io
import json
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core import data

from tests.company import MONTH, Company, account, row

NUMBERS = {"receivable": "1200", "tax": "2200", "tax_code": "TAX",
           "revenue": {"fee": "4000", "sessions": "4010", "minutes": "4020", "hosts": "4030"},
           "allocation": {"expense": "6400", "clearing": "6499"}}  # fmt: skip
NAMES = {"receivable": "Assets:Receivable", "tax": "Liabilities:Tax",
         "revenue": {"fee": "Income:Fees", "sessions": "Income:Sessions", "hosts": "Income:Hosts"},
         "allocation": {"expense": "Expenses:Telehealth", "clearing": "Expenses:Clearing"}}  # fmt: skip
PLAN = {"from": "2014-01-01", "name": "PLUS", "monthly_fee": "25.00",
        "sessions": {"included": 8, "overage": [{"up_to": 20, "price": "5.00"}, {"price": "4.00"}]},
        "hosts": {"included": 10, "licensed": 12, "extra": "7.50"}}  # fmt: skip
SPREAD = {"by": ["host"], "policy": "first-come"}
INVOICE = "LAKE-201611-0001"


def rows(comped: int = 0) -> list[dict[str, Any]]:
    """29 BILL sessions: 8 included, 20 at 5.00, 1 at 4.00; `comped` of them later are not."""
    return [
        row(n, host=n % 3 + 1, at=f"2016-11-{n:02}T10:00:00", status="COMP" if n <= comped else "BILL")
        for n in range(1, 30)
    ]


def lake(folder: Path, books: dict[str, Any] | None = NUMBERS, **section: Any) -> Company:  # not changed
    whole = account("lake", tax={"name": "Sales tax", "rate": 6}, plans=[PLAN], **section)
    whole["bill_to"] = {"name": "Lakeside Telehealth Group"}
    if books is not None:
        whole["accounting"] = books
    return Company(folder, {"lake": rows()}, accounts={"lake": whole})


def issued_and_credited(company: Company) -> None:
    assert company.run("run", "--month", MONTH, now="2016-12-05T06:00:00").exit_code == 0
    company.send(rows(comped=1), "lake")
    assert company.run("run", "--month", MONTH, "--adjust", now="2017-01-10T06:00:00").exit_code == 0


def exported(company: Company, form: str, *more: str) -> str:
    done = company.run("export", "--format", form, "--output", "-", *more)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_known_answer(tmp_path: Path) -> None:
    with lake(tmp_path) as company:
        issued_and_credited(company)
        found = exported(company, "journal").splitlines()
        head = f"USD,Lakeside Telehealth Group,{INVOICE} 2016-11,{INVOICE},invoice,,2016-11,,,"
        assert found[1] == f"{INVOICE},1,2016-12-05,1200,152.64,,{head}"
        fee = f'USD,Lakeside Telehealth Group,"PLUS, monthly fee",{INVOICE},invoice,,2016-11,fee,,TAX'
        assert found[2] == f"{INVOICE},2,2016-12-05,4000,,25.00,{fee}"
        table = list(csv.reader(io.StringIO("\n".join(found))))
        assert [(one[0], one[3], one[4], one[5]) for one in table[3:]] == [
            (INVOICE, "4010", "", "100.00"), (INVOICE, "4010", "", "4.00"), (INVOICE, "4030", "", "15.00"),
            (INVOICE, "2200", "", "8.64"), (f"{INVOICE}-CN1", "1200", "", "4.24"),
            (f"{INVOICE}-CN1", "4010", "4.00", ""),
            (f"{INVOICE}-CN1", "2200", "0.24", ""),
        ]  # fmt: skip
        note = next(one for one in csv.DictReader(io.StringIO("\n".join(found))) if one["kind"] == "credit_note")
        assert (note["corrects"], note["date"], note["tax_code"]) == (INVOICE, "2017-01-10", "")


def test_shares_of_cost_centres_are_a_second_entry(tmp_path: Path) -> None:
    with lake(tmp_path, allocation=SPREAD) as company:
        issued_and_credited(company)
        entries = defaultdict(list)
        for one in csv.DictReader(io.StringIO(exported(company, "journal", "--allocation"))):
            entries[one["entry"]].append(one)
        assert list(entries) == [INVOICE, f"{INVOICE}-ALLOC", f"{INVOICE}-CN1", f"{INVOICE}-CN1-ALLOC"]
        shares = entries[f"{INVOICE}-ALLOC"]
        assert [one["cost_centre"] for one in shares] == ["host-1", "host-2", "host-3", ""]
        assert (shares[-1]["account"], shares[-1]["credit"]) == ("6499", "152.64")
        for of_entry in entries.values():
            debit, credit = (sum(Decimal(one[side] or 0) for one in of_entry) for side in ("debit", "credit"))
            assert debit == credit
            assert all(bool(one["debit"]) != bool(one["credit"]) for one in of_entry)


def test_beancount_accepts_and_agrees(tmp_path: Path) -> None:
    with lake(tmp_path, NAMES, allocation=SPREAD) as company:
        issued_and_credited(company)
        file = tmp_path / "books.beancount"
        assert company.run("export", "--format", "beancount", "--allocation", "--output", str(file)).exit_code == 0
        checked = subprocess.run([Path(sys.executable).with_name("bean-check"), file], check=False, capture_output=True)
        assert checked.returncode == 0, checked.stderr
        entries, errors, _ = loader.load_file(str(file))
        assert not errors
        balances: dict[str, Decimal] = defaultdict(Decimal)
        transactions = [one for one in entries if isinstance(one, data.Transaction)]
        for one in transactions:
            for posting in one.postings:
                assert posting.units is not None
                balances[posting.account] += Decimal(str(posting.units.number))
        assert balances == {
            "Assets:Receivable": Decimal("148.40"), "Income:Fees": Decimal("-25.00"), "Income:Hosts": Decimal("-15.00"),
            "Income:Sessions": Decimal("-100.00"), "Liabilities:Tax": Decimal("-8.40"),
            "Expenses:Telehealth": Decimal("148.40"), "Expenses:Clearing": Decimal("-148.40"),
        }  # fmt: skip
        assert transactions[-1].links == {f"{INVOICE}-CN1", INVOICE}


@pytest.mark.needs("hledger")
def test_hledger_accepts_and_agrees(tmp_path: Path) -> None:
    with lake(tmp_path, allocation=SPREAD) as company:
        issued_and_credited(company)
        file = tmp_path / "books.journal"
        assert company.run("export", "--format", "hledger", "--allocation", "--output", str(file)).exit_code == 0
        subprocess.run(["hledger", "-f", file, "check", "--strict"], check=True)
        found = subprocess.run(
            ["hledger", "-f", file, "balance", "--output-format", "csv", "--flat"],
            check=True,
            capture_output=True,
            text=True,
        )
        balances = {one["account"]: one["balance"] for one in csv.DictReader(io.StringIO(found.stdout))}
        assert balances["1200"] == "148.40 USD"
        assert balances["4010"] == "-100.00 USD"
        assert balances["6499"] == "-148.40 USD"
        assert [*balances.values()][-1] == "0"


def test_quickbooks_has_its_own_layout(tmp_path: Path) -> None:
    with lake(tmp_path, allocation=SPREAD) as company:
        issued_and_credited(company)
        found = list(csv.DictReader(io.StringIO(exported(company, "quickbooks", "--allocation"))))
        assert list(found[0]) == [
            "JournalNo", "JournalDate", "AccountName", "Debits", "Credits", "Description", "Name", "Currency", "Class"
        ]  # fmt: skip
        assert (found[0]["JournalDate"], found[0]["Name"], found[1]["Name"]) == (
            "12/05/2016",
            "Lakeside Telehealth Group",
            "",
        )
        assert [*dict.fromkeys(one["JournalNo"] for one in found)] == [
            INVOICE, f"{INVOICE}A", f"{INVOICE}-CN1", f"{INVOICE}-CN1A"
        ]  # fmt: skip
        assert max(len(one["JournalNo"]) for one in found) == 21
        assert "Class" not in exported(company, "quickbooks").splitlines()[0]


def test_a_number_that_quickbooks_cannot_hold_is_refused_with_the_prefix_that_fits(tmp_path: Path) -> None:
    with lake(tmp_path, invoice_prefix="LAKESIDE-TELE") as company:
        assert company.run("run", "--month", MONTH).exit_code == 0
        done = company.run("export", "--format", "quickbooks", "--output", "-")
        assert done.exit_code == 2
        assert "an invoice_prefix of at most 9 characters fits" in done.output


def test_a_second_export_is_the_same_and_no_other_file_is_overwritten(tmp_path: Path) -> None:
    with lake(tmp_path) as company:
        issued_and_credited(company)
        file = tmp_path / "books.csv"
        line = ("export", "--format", "journal", "--output", str(file))
        assert company.run(*line).exit_code == 0
        content = file.read_bytes()
        assert company.run(*line).exit_code == 0
        refused = company.run(*line, "--since", "2017-01-01")
        assert refused.exit_code == 2
        assert "never overwritten" in refused.output
        assert file.read_bytes() == content


@pytest.mark.parametrize(("more", "numbers"), [
    ((), {INVOICE, f"{INVOICE}-CN1"}), (("--since", "2017-01-10"), {f"{INVOICE}-CN1"}),
    (("--since", "2017-01-11"), set()), (("--month", "2016-10"), set()),
    (("--month", "2016-10..2016-12"), {INVOICE, f"{INVOICE}-CN1"}),
])  # fmt: skip
def test_what_is_chosen(tmp_path: Path, more: tuple[str, ...], numbers: set[str]) -> None:
    with lake(tmp_path) as company:
        issued_and_credited(company)
        assert {one["document"] for one in csv.DictReader(io.StringIO(exported(company, "journal", *more)))} == numbers


def test_nothing_to_export_is_the_header_alone(tmp_path: Path) -> None:
    with lake(tmp_path, NAMES) as company:
        assert company.run("run", "--month", MONTH, "--draft").exit_code == 0
        assert exported(company, "journal").startswith("entry,line,date,")
        assert exported(company, "journal").count("\n") == 1
        assert exported(company, "beancount") == 'option "operating_currency" "USD"\n'


@pytest.mark.parametrize(("books", "form", "text"), [
    (None, "journal", "accounts.lake.accounting is missing"),
    ({**NUMBERS, "revenue": {"fee": "4000"}}, "journal", f"accounting.revenue.sessions is missing: {INVOICE}"),
    ({"receivable": "1200", "revenue": NUMBERS["revenue"]}, "journal", f"accounting.tax is missing: {INVOICE}"),
    (NUMBERS, "beancount", "Beancount cannot hold the account '1200'"),
    ({**NUMBERS, "receivable": "(x)"}, "hledger", "hledger cannot hold the account '(x)'"),
    ({**NUMBERS, "receivable": 'a"b'}, "quickbooks", "QuickBooks takes account names"),
])  # fmt: skip
def test_accounts_that_are_missing_or_impossible(
    tmp_path: Path, books: dict[str, Any] | None, form: str, text: str
) -> None:
    with lake(tmp_path, books) as company:
        assert company.run("run", "--month", MONTH).exit_code == 0
        done = company.run("export", "--format", form, "--output", str(tmp_path / "out.txt"))
        assert (done.exit_code, (tmp_path / "out.txt").exists()) == (2, False)
        assert text in done.output


def test_texts_stay_texts(tmp_path: Path) -> None:
    books = {**NUMBERS, "customer": '=cmd|"x"!A1'}
    with lake(tmp_path, books) as company:
        assert company.run("run", "--month", MONTH).exit_code == 0
        found = list(csv.DictReader(io.StringIO(exported(company, "journal"))))
        assert found[0]["customer"] == "'" + books["customer"]
        json.dumps(found)


def test_documents_of_a_renamed_account_are_still_its_own(tmp_path: Path) -> None:
    with lake(tmp_path) as company:
        issued_and_credited(company)
        before = exported(company, "journal")
        assert company.run("rename", "lake", "lakeside").exit_code == 0
        company.configure(accounts={"lakeside": company.settings["accounts"]["lake"]})
        assert exported(company, "journal", "--account", "lakeside") == before
