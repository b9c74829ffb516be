"""`compare`: what issued months would have cost under other plans, end to end."""

import json
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from tests.company import PLUS, Company, account, row, rows

PLANS = """\
- name: PLUS
  monthly_fee: 25.00
  sessions: {included: 8, overage: 5.00}
- name: Unlimited
  monthly_fee: 50.00
  sessions: {included: unlimited}
  hosts: {included: 1, licensed: 1, extra: 50.00}
"""
NOW = "2017-01-05T06:00:00+00:00"


def company(folder: Path, plans: str = PLANS) -> Company:
    """Ten sessions in November, fifteen in December."""
    (folder / "plans.yaml").write_text(plans)
    history = [*rows(10), *rows(15, 100, at="2016-12-03T10:00:00")]
    return Company(folder, history, accounts={"acme": account("acme", tax={"rate": 10})})


def compare(acme: Company, *more: str, months: str = "2016-11..2016-12") -> tuple[int, str, str]:
    file = str(acme.folder / "plans.yaml")
    done = acme.run("compare", "--account", "acme", "--month", months, "--plans", file, *more, now=NOW)
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Both months are issued; each test has an output folder of its own."""
    with company(tmp_path_factory.mktemp("acme")) as made:
        assert made.run("run", "--month", "2016-11..2016-12", now=NOW).exit_code == 0
        yield made


def test_it_says_what_each_plan_would_have_cost_and_leaves_the_ledger_alone(acme: Company, tmp_path: Path) -> None:
    ledger = (acme.folder / "state/ledger.db").read_bytes()
    status, said, errors = compare(acme, "--output", str(tmp_path))
    assert (status, errors) == (0, "")
    folder = tmp_path / "acme/reports"
    assert said == (
        "acme 2016-11 to 2016-12: net in USD\n"
        "month    sessions  as billed   PLUS  Unlimited  cheapest plan\n"
        "2016-11        10      35.00  35.00      50.00  PLUS\n"
        "2016-12        15      60.00  60.00      50.00  Unlimited\n"
        "all            25      95.00  95.00     100.00  PLUS\n"
        "PLUS would have cost the same as billed: USD 95.00\n"
        "as billed (PLUS) and PLUS cost the same\n"
        "From 13 sessions a month on, Unlimited costs no more than as billed (PLUS)\n"
        "From 13 sessions a month on, Unlimited costs no more than PLUS\n"
        "The same usage is assumed under each plan. Statuses are as last known. Tax is left out. "
        "A plan is taken to hold in every month from its first to its last day.\n"
        f"  {folder}/compare-2016-11-to-2016-12-1.xlsx\n"
        f"  {folder}/compare-2016-11-to-2016-12-1.html\n"
    )
    assert (acme.folder / "state/ledger.db").read_bytes() == ledger
    assert acme.run("verify", now=NOW).exit_code == 0


def test_json_has_exactly_what_is_promised(acme: Company, tmp_path: Path) -> None:
    status, said, _ = compare(acme, "--json", "--output", str(tmp_path))
    assert status == 0
    assert json.loads(said) == {
        "account": "acme",
        "months": ["2016-11", "2016-12"],
        "billed": {"net": {"2016-11": "35.00", "2016-12": "60.00"}, "total": "95.00"},
        "plans": [
            {"name": "PLUS", "net": {"2016-11": "35.00", "2016-12": "60.00"}, "total": "95.00"},
            {"name": "Unlimited", "net": {"2016-11": "50.00", "2016-12": "50.00"}, "total": "100.00"},
        ],
        "cheapest": {"2016-11": "PLUS", "2016-12": "Unlimited"},
        "cheapest_overall": "PLUS",
    }


def test_workbook_and_page_are_numbered_and_say_the_same(acme: Company, tmp_path: Path) -> None:
    for _ in range(2):
        compare(acme, "--output", str(tmp_path))
    folder = tmp_path / "acme/reports"
    one, two = (folder / f"compare-2016-11-to-2016-12-{number}.xlsx" for number in (1, 2))
    assert one.read_bytes() == two.read_bytes()
    book = openpyxl.load_workbook(one, data_only=True)
    cells = [[cell.value for cell in line] for line in book["Plans"].iter_rows(min_row=5, max_row=8)]
    assert cells == [
        ["Month", "Sessions", "as billed (USD)", "PLUS (USD)", "Unlimited (USD)", "Cheapest plan"],
        ["2016-11", 10, 35, 35, 50, "PLUS"],
        ["2016-12", 15, 60, 60, 50, "Unlimited"],
        ["All", 25, 95, 95, 100, "PLUS"],
    ]
    assert set(book.defined_names) == {"billed_total", "cheapest_total"}
    page = (folder / "compare-2016-11-to-2016-12-2.html").read_text()
    for said in ("Tax is left out", "Statuses are as last known", "same usage is assumed", "From 13 sessions", "95.00"):
        assert said in page
    assert "<script" not in page


def test_what_counts_is_the_last_issued_state(tmp_path: Path) -> None:
    with company(tmp_path) as acme:
        assert acme.run("run", "--month", "2016-11", now=NOW).exit_code == 0
        acme.send([*rows(9), row(10, status="COMP")])
        assert acme.run("run", "--month", "2016-11", now=NOW).exit_code == 3
        assert json.loads(compare(acme, "--json", months="2016-11")[1])["plans"][0]["net"] == {"2016-11": "35.00"}
        assert acme.run("run", "--month", "2016-11", "--adjust", now=NOW).exit_code == 0
        later = json.loads(compare(acme, "--json", months="2016-11")[1])
    assert (later["billed"]["total"], later["plans"][0]["total"]) == ("30.00", "30.00")


@pytest.mark.parametrize(("months", "named"), [
    ("2016-10..2016-12", "acme: no invoice for 2016-10; leave it out, or bill it first"),
    ("2016-10..this", "acme: no invoice for 2016-10, 2017-01, still open; leave them out"),
])  # fmt: skip
def test_a_month_without_an_invoice_is_refused_by_name(acme: Company, tmp_path: Path, months: str, named: str) -> None:
    status, said, errors = compare(acme, "--output", str(tmp_path), months=months)
    assert (status, said) == (2, "")
    assert named in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("plans", "said"), [
    ("- name: A\n  monthly_fe: 1\n", ":2: plans.0.monthly_fe: unknown key; did you mean monthly_fee? "),
    ("- {name: A, monthly_fee: 1.001}\n", ":1: plans.0.monthly_fee: expected at most 2 decimals, as USD has; found 3"),
    ("- {name: A, monthly_fee: 1}\n- {name: A, monthly_fee: 2}\n", ":2: plans.1.name: another plan above"),
    ("- {name: A, monthly_fee: 1, from: 2014-01-01}\n", ":1: plans.0.from: unknown key"),
    ("- name: A\n  monthly_fee: 1\n  sessions: {included: 8}\n", ":3: plans.0.sessions.overage: expected a price"),
    ("- name: A\n  name: B\n  monthly_fee: 1\n", ":2: plans.0.name: "),
    ("- name:\n  monthly_fee: 1\n", ":1: plans.0.name: "),
    ("[]\n", ":1: plans: expected at least one entry; found none"),
    ("name: A\n", ":1: expected a list of plans; docs/ahead.md shows one"),
    ("- {name: A\n", "a comma or a closing bracket is missing"),
])  # fmt: skip
def test_what_is_wrong_with_the_plans_is_said_with_file_and_line(tmp_path: Path, plans: str, said: str) -> None:
    with company(tmp_path, plans) as acme:
        status, _, errors = compare(acme)
    assert status == 2
    assert f"{tmp_path}/plans.yaml" in errors
    assert said in errors


def test_a_month_in_another_currency_is_refused(tmp_path: Path) -> None:
    with company(tmp_path) as acme:
        acme.run("run", "--month", "2016-11", now=NOW)
        acme.configure(accounts={"acme": account("acme", currency="EUR", plans=[PLUS])})
        acme.run("run", "--month", "2016-12", now=NOW)
        status, _, errors = compare(acme)
    assert status == 2
    assert "acme 2016-11 is billed in USD, the plans are in EUR: leave that month out" in errors
