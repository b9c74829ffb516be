"""Getting paid, through the command line: what the customer pays by is issued, kept, restated and proven."""

import json
import warnings
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from tests import paying
from tests.company import MONTH, Company, account, row, rows

NUMBER = "ACME-201611-0001"
ISSUER: dict[str, Any] = {
    "name": "Example Billing LLC",
    "payment": {"iban": "DE89 3704 0044 0532 0130 00", "bic": "COBADEFFXXX", "lines": ["Pay in USD"]},
    "logo": "logo.svg",
    "footer": paying.FOOTER,
}
BILL_TO = {"name": "Acme", "reference": "4500012345", "fields": [{"label": "Cost unit", "value": "0815"}]}
SHOWN = "DE89 3704 0044 0532 0130 00"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    (tmp_path / "logo.svg").write_bytes(paying.SVG)
    accounts = {"acme": account("acme", bill_to=BILL_TO)}
    with Company(tmp_path, rows(10), accounts=accounts, issuer=ISSUER) as company:
        assert company.run("run", "--month", MONTH).exit_code == 0
        yield company


def page(company: Company, number: str = NUMBER) -> str:
    return (company.unit() / f"{number}.html").read_text()


def document(company: Company, number: str = NUMBER) -> dict[str, Any]:
    return dict(json.loads((company.unit() / f"{number}.json").read_bytes()))


def test_an_invoice_says_how_it_is_paid(company: Company) -> None:
    for text in ("How to pay", SHOWN, "COBADEFFXXX", "Pay in USD", paying.FOOTER, "4500012345", "Cost unit"):
        assert text in page(company)
    stored = document(company)
    assert stored["issuer"]["payment"]["iban"] == paying.IBAN
    assert stored["bill_to"]["reference"] == "4500012345"
    assert b"<path" in b64decode(stored["issuer"]["logo"]["data"])
    assert "logo" not in stored["terms"]["issuer"]  # it stands once
    assert stored["terms"]["issuer"]["payment"] == stored["issuer"]["payment"]


def test_a_later_configuration_changes_nothing_that_is_issued(company: Company) -> None:
    before = {path.name: path.read_bytes() for path in company.unit().glob(f"{NUMBER}.*")}
    (company.folder / "logo.svg").unlink()
    company.configure(issuer={"name": "Another LLC", "payment": {"iban": "NO93 8601 1117 947"}})
    for path in company.unit().glob(f"{NUMBER}.*"):
        path.unlink()
    assert company.run("render").exit_code == 0
    assert {path.name: path.read_bytes() for path in company.unit().glob(f"{NUMBER}.*")} == before
    assert company.run("verify").exit_code == 0
    company.send([row(1, status="COMP"), *rows(9, first=2)])
    assert company.run("run", "--month", MONTH, "--adjust").exit_code == 0
    note = f"{NUMBER}-CN1"
    assert document(company, note)["issuer"] == document(company)["issuer"]
    assert document(company, note)["bill_to"] == document(company)["bill_to"]
    assert "Nothing to pay: this credit note reduces what is owed." in page(company, note)
    assert SHOWN not in page(company, note)
    left = f"Owed on invoice {NUMBER} with its adjustments: USD 30.00, less what was paid."
    assert left in page(company, note)
    assert company.run("verify").exit_code == 0


@pytest.mark.parametrize(
    ("ending", "place", "old", "new"),
    [
        ("html", "line ", SHOWN, "DE89 3704 0044 0532 0130 01"),
        ("json", "issuer.payment.iban", paying.IBAN, "DE89370400440532013001"),
        ("json", "issuer.logo.data", "data", "dat"),
    ],
)
def test_an_altered_account_number_is_found(company: Company, ending: str, place: str, old: str, new: str) -> None:
    file = company.unit() / f"{NUMBER}.{ending}"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    done = company.run("verify")
    assert done.exit_code == 3
    told = [line for line in done.stdout.splitlines() if str(file) in line]
    assert any("SHA-256 of the file" in line for line in told)
    assert any(f": {place}" in line and "expected" in line for line in told)


def test_so_is_one_in_the_workbook(company: Company) -> None:
    file = company.unit() / f"{NUMBER}.xlsx"
    with warnings.catch_warnings(action="ignore"):  # openpyxl warns of what it would not write again
        book = load_workbook(file)
    [cell] = [cell for line in book["Invoice"].iter_rows() for cell in line if cell.value == SHOWN]
    cell.value = "DE89 3704 0044 0532 0130 01"
    book.save(file)
    done = company.run("verify")
    assert done.exit_code == 3
    assert f"Invoice!{cell.coordinate}: expected {SHOWN}, found DE89 3704 0044 0532 0130 01" in done.stdout


def test_a_draft_gives_no_account_to_pay_to(company: Company) -> None:
    company.send([*rows(9), row(11, status="WHAT")])
    assert company.run("run", "--month", "2016-10", "--draft").exit_code == 0
    draft = (company.folder / "out/acme/2016-10/draft.html").read_text()
    assert "Nothing to pay yet: this is a draft." in draft
    assert SHOWN not in draft
