"""How the issuer is paid and what the customer looks for: what is accepted, and what each mistake says."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jobs import config
from jobs.errors import ConfigError
from reports.parties import Customer, Issuer

ACCOUNT: dict[str, Any] = {
    "credentials": {"identifier": {"env": "A"}, "secret": {"env": "B"}},
    "bill_to": {"name": "Acme"},
    "currency": "USD",
    "invoice_prefix": "ACME",
    "plans": [{"from": "2014-01-01", "name": "PLUS", "monthly_fee": "25.00"}],
}


def loaded(folder: Path, payment: object = None, **bill_to: Any) -> config.Config:
    issuer = {"name": "Example"} if payment is None else {"name": "Example", "payment": payment}
    account = ACCOUNT | {"bill_to": {"name": "Acme"} | bill_to}
    file = folder / "config.yaml"
    file.write_text(json.dumps({"issuer": issuer, "accounts": {"acme": account}}, indent=1))
    return config.load(file)


def test_what_is_not_configured_is_in_no_document(tmp_path: Path) -> None:
    terms = loaded(tmp_path).accounts["acme"].terms
    assert (terms.issuer, terms.bill_to) == (Issuer("Example"), Customer("Acme"))
    plain = {"name": "Example", "address": (), "email": "", "tax_id": ""}
    assert msgspec.to_builtins(terms.issuer) == plain
    assert msgspec.to_builtins(terms.bill_to) == plain | {"name": "Acme"}


@pytest.mark.parametrize(
    ("key", "written", "stored"),
    [
        ("iban", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("iban", "gb82 west 1234 5698 7654 32", "GB82WEST12345698765432"),
        ("iban", "NO9386011117947", "NO9386011117947"),
        ("account", "12-3456 78", "12-3456 78"),
        (
            "link",
            "https://pay.example.com/i/{number}?for={account}",
            "https://pay.example.com/i/{number}?for={account}",
        ),
        ("link", "https://pay.example.com:8443", "https://pay.example.com:8443"),
    ],
)
def test_a_way_to_pay_is_read(tmp_path: Path, key: str, written: str, stored: str) -> None:
    payment = loaded(tmp_path, {key: written}).issuer.payment
    assert payment
    assert (getattr(payment, key), payment.reference) == (stored, "{number}")


@pytest.mark.parametrize(
    ("payment", "key", "words"),
    [
        ({"iban": "DE88370400440532013000"}, ".iban", "check digits do not fit"),
        ({"iban": "DE89370400440532013001"}, ".iban", "check digits do not fit"),
        ({"iban": "89370400440532013000"}, ".iban", "expected an IBAN such as"),
        ({"iban": 5}, ".iban", "found 5"),
        ({"account": "1", "bic": "COBADEFFXX"}, ".bic", "a BIC of 8 or 11"),
        ({"account": "1", "bic": "cobadeff"}, ".bic", "a BIC of 8 or 11"),
        ({"account": "1", "routing_number": "021000022"}, ".routing_number", "check digit does not fit"),
        ({"account": "1", "routing_number": 121000021}, ".routing_number", "put it in quotes"),
        ({"account": "1", "routing_number": "21000021"}, ".routing_number", "9 digits"),
        ({"account": 12345}, ".account", "put it in quotes"),
        ({"account": "=1+1"}, ".account", "an account number"),
        ({"link": "http://pay.example.com/"}, ".link", "does not begin with https://"),
        ({"link": "javascript:alert(1)"}, ".link", "does not begin with https://"),
        ({"link": "https://user:pw@pay.example.com/"}, ".link", "hold a user or password"),
        ({"link": "https://pay.example.com/{total}"}, ".link", "a brace of anything else"),
        ({"link": "https://{account}.example.com/"}, ".link", "not such a link"),
        ({"link": "https://pay.example.com:99999/"}, ".link", "not such a link"),
        ({"link": 'https://pay.example.com/"><script>'}, ".link", "not such a link"),
        ({"account": "1", "reference": "{month}"}, ".reference", "a brace of anything else"),
        ({"account": "1", "reference": "x" * 141}, ".reference", "at most 140 characters"),
        ({"account": "1", "reference": "one\ntwo"}, ".reference", "U+000A"),
        ({"bank": "Example Bank"}, "", "at least one of account, iban, lines, link"),
        ({"lines": ["x"] * 11}, ".lines", "at most 10 entries"),
        ({"ibn": "x"}, ".ibn", "did you mean iban?"),
        ([], "", "expected a mapping of keys to values (bank, account, iban"),
    ],
)
def test_a_mistake_names_its_line_and_what_is_allowed(tmp_path: Path, payment: Any, key: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, payment)
    [line] = str(caught.value).splitlines()
    number = 1 + (tmp_path / "config.yaml").read_text().splitlines().index(
        next(
            one
            for one in (tmp_path / "config.yaml").read_text().splitlines()
            if f'"{(key or "payment").strip(".")}"' in one
        )
    )
    assert line.startswith(f"{tmp_path}/config.yaml:{number}: issuer.payment{key}: ")
    assert words in line


@pytest.mark.parametrize(
    ("bill_to", "words"),
    [
        (
            {"fields": [{"label": "A", "value": "1"}] * 5},
            "accounts.acme.bill_to.fields: expected at most 4 entries; found 5",
        ),
        ({"fields": []}, "accounts.acme.bill_to.fields: expected at least one entry"),
        (
            {"fields": [{"label": "x" * 41, "value": "1"}]},
            "fields.0.label: expected text that is not blank, at most 40",
        ),
        (
            {"fields": [{"label": "A"}]},
            "fields.0.value: expected text that is not blank, at most 200 characters; the key",
        ),
        (
            {"reference": 4500012345},
            "bill_to.reference: expected text that is not blank, at most 200 characters; found a num",
        ),
    ],
)
def test_so_does_one_in_what_the_customer_looks_for(tmp_path: Path, bill_to: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, **bill_to)
    assert words in str(caught.value)
