from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from jobs import config
from jobs.billing.centres import AllocationTerms, MapRow, Named
from jobs.errors import ConfigError

GOOD = """\
issuer: {name: Example Billing LLC}
accounts:
  acme:
    credentials: {identifier: {env: ACME_ID}, secret: {env: ACME_SECRET}}
    bill_to: {name: Acme}
    currency: USD
    invoice_prefix: ACME
    plans: [{from: 2014-01-01, name: PLUS, monthly_fee: 25.00, sessions: {included: 8, overage: 5.00}}]
"""
MAP = "by,value,centre,from,to\nhost,4,CARDIO,,2016-11-14\nhost,4,NEURO,2016-11-15,\nexternal_id,x 7,IT/Ops,,\n"

Load = Callable[..., config.Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(rules: str, centres: str | bytes | None = MAP, text: str = GOOD) -> config.Config:
        if centres is not None:
            (tmp_path / "centres.csv").write_bytes(centres if isinstance(centres, bytes) else centres.encode())
        (tmp_path / "config.yaml").write_text(f"{text}    allocation: {rules}\n" if rules else text)
        return config.load(tmp_path / "config.yaml")

    return loaded


def mistakes(load: Load, rules: str, centres: str | bytes | None = MAP, text: str = GOOD) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(rules, centres, text)
    lines = str(caught.value).splitlines()
    return [line.partition("config.yaml:")[2].partition(": ")[2] or line for line in lines]


def test_every_key_is_read(load: Load) -> None:
    rules = (
        "{by: [map, group], map: centres.csv, groups: [Cardiology], policy: reserved, quotas: {CARDIO: 5, NEURO: 3}, "
        'fee_by: {IT: 1.5}, hosts_by: equal, centres: {CARDIO: {name: Heart, code: "6400-100"}, IT: {name: Computers}}}'
    )
    account = load(rules).accounts["acme"]
    assert isinstance(account.terms.allocation, AllocationTerms)
    assert account.terms.allocation == AllocationTerms(
        by=("map", "group"),
        policy="reserved",
        fee_by={"IT": Decimal("1.5")},
        hosts_by="equal",
        groups=("Cardiology",),
        quotas={"CARDIO": 5, "NEURO": 3},
        centres={"CARDIO": Named("Heart", "6400-100"), "IT": Named("Computers", "IT")},
        map_sha256=account.terms.allocation.map_sha256,
    )
    assert account.centre_map == (
        MapRow("host", "4", "CARDIO", last=date(2016, 11, 14)),
        MapRow("host", "4", "NEURO", date(2016, 11, 15)),
        MapRow("external_id", "x 7", "IT/Ops"),
    )


@pytest.mark.parametrize(("policy", "fee_by"), [
    ("first-come", "included"), ("proportional", "sessions"), ("reserved, quotas: {A: 8}", "quotas")
])  # fmt: skip
def test_the_fee_goes_by_what_the_policy_suggests(load: Load, policy: str, fee_by: str) -> None:
    terms = load(f"{{by: [host], policy: {policy}}}").accounts["acme"].terms.allocation
    assert isinstance(terms, AllocationTerms)
    assert (terms.fee_by, terms.hosts_by, terms.map_sha256) == (fee_by, "hosts", None)


@pytest.mark.parametrize(("rules", "place", "text"), [
    ("{by: [host]}", "policy", "first-come or proportional or reserved"),
    ("{policy: first-come}", "by", "expected a list of map, external_id, group, host"),
    ("{by: [hosts], policy: first-come}", "by", "another name"),
    ("{by: [map], policy: first-come}", "map", "the key is missing"),
    ("{by: [host], map: centres.csv, policy: first-come}", "map", "not used"),
    ("{by: [group], policy: first-come}", "groups", "the key is missing"),
    ("{by: [group], groups: [unallocated], policy: first-come}", "groups.0", "cost centre's key"),
    ("{by: [host], policy: reserved}", "quotas", "the key is missing"),
    ("{by: [host], policy: reserved, quotas: {A: 5, B: 4}}", "quotas", "9 sessions are reserved, but"),
    ("{by: [host], policy: first-come, quotas: {A: 5}}", "quotas", "only policy reserved has quotas"),
    ("{by: [host], policy: first-come, fee_by: quotas}", "fee_by", "only policy reserved has quotas"),
    ("{by: [host], policy: first-come, fee_by: {A: 0}}", "fee_by", "not over 0"),
    ("{by: [host], policy: first-come, hosts_by: quotas}", "hosts_by", "expected hosts, sessions, equal"),
    ("{by: [host], policy: first-come, centres: {-x: {name: X}}}", "centres", "cost centre's key"),
    ("{by: [host], policy: first-come, colour: red}", "colour", "unknown key"),
])  # fmt: skip
def test_mistakes(load: Load, rules: str, place: str, text: str) -> None:
    found = mistakes(load, rules)
    assert any(f"allocation.{place}" in line and text in line for line in found), found


@pytest.mark.parametrize("sessions", ["", ", sessions: {included: unlimited}"])
def test_nothing_can_be_reserved_of_a_plan_without_a_limit(load: Load, sessions: str) -> None:
    text = GOOD.replace(", sessions: {included: 8, overage: 5.00}", sessions)
    (line,) = mistakes(load, "{by: [host], policy: reserved, quotas: {A: 5}}", text=text)
    assert "nothing of it can be reserved" in line


def test_all_mistakes_of_a_map_are_shown_with_those_of_the_file(load: Load) -> None:
    centres = (
        "by,value,centre,from,to\nhost,4,A,,2016-11-15\nhost,04,B,2016-11-15,\nperson,4,A,,\nhost,x,A,,\n"
        "host,5,unallocated,,\nhost,6,A,2016-02-30,\nhost,7,A,2016-12-01,2016-11-01\nexternal_id,,A,,\nhost,8,A\n"
    )
    found = mistakes(load, "{by: [map], map: centres.csv, policy: first}", centres)
    starts = ["accounts.acme.allocation.policy", *(f"centres.csv:{line}: " for line in range(3, 11))]
    assert [line.startswith(start) for line, start in zip(found, starts, strict=True)] == [True] * 9, found
    assert "line 2" in found[1]


@pytest.mark.parametrize(("centres", "text"), [
    (None, "centres.csv: no such file"), ("", "centres.csv:1: expected the header"),
    ("by,value,center\n", "centres.csv:1: unknown column 'center'"), ("by,value\n", "the column centre is missing"),
    (b"by,value,centre\nhost,1,\xff\n", "centres.csv:2: not UTF-8"), ('by,value,centre\nhost,1,"A\n', "not CSV"),
])  # fmt: skip
def test_a_map_that_cannot_be_read(load: Load, centres: str | bytes | None, text: str) -> None:
    assert any(text in line for line in mistakes(load, "{by: [map], map: centres.csv, policy: first-come}", centres))


def test_a_map_may_begin_with_a_byte_order_mark_and_leave_out_the_days(load: Load) -> None:
    account = load("{by: [map], map: centres.csv, policy: first-come}", "\ufeffcentre,by,value\r\nA,host,4\r\n\r\n")
    assert account.accounts["acme"].centre_map == (MapRow("host", "4", "A"),)


def test_accounts_of_the_books_and_hooks_are_read(load: Load) -> None:
    spread = 'allocation: {expense: "6400", clearing: "6499"}'
    books = f'    accounting: {{receivable: "1200", revenue: {{fee: "4000"}}, {spread}}}\n'
    hooks = "hooks: [{on: [attention, failed], command: [/usr/local/bin/notify, --team, billing]}]\n"
    loaded = load("", text=GOOD + books + hooks)
    accounting = loaded.accounts["acme"].accounting
    assert accounting is not None
    assert (accounting.customer, accounting.receivable, accounting.tax, accounting.tax_code) == (
        "Acme",
        "1200",
        None,
        "",
    )
    assert (accounting.revenue, accounting.expense, accounting.clearing) == ({"fee": "4000"}, "6400", "6499")
    (hook,) = loaded.hooks
    assert (hook.on, hook.command) == ({"attention", "failed"}, ("/usr/local/bin/notify", "--team", "billing"))


@pytest.mark.parametrize(("text", "place"), [
    ("    accounting: {receivable: 1200, revenue: {}}\n", "accounting.receivable: expected text"),
    ('    accounting: {receivable: "1200", revenue: {}, allocation: {expense: "1"}}\n', "allocation.clearing"),
    ("hooks: [{on: [done], command: [x]}]\n", "hooks.0.on.0: expected issued or adjusted"),
    ("hooks: [{on: [failed], command: notify}]\n", "hooks.0.command: expected a list"),
])  # fmt: skip
def test_mistakes_of_books_and_hooks(load: Load, text: str, place: str) -> None:
    assert any(place in line for line in mistakes(load, "", text=GOOD + text))
