"""`docs/rules.md`: what the code cites is there, and what it lists and computes is what the code has and computes."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from jobs.billing.plan import Hosts
from jobs.billing.reconcile import Reconciliation
from jobs.output import summary
from reports.findings import KINDS
from reports.formats import csv, html, json, xlsx
from reports.stored import to_builtins
from tests import documents
from tests.usage import PLUS, Row, at, billed, bills, decided, issue, meter, plan, terms

ROOT = Path(__file__).parents[2]
RULES = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
HEADING = re.compile(r"^###? §([0-9.]+) (.+)$", re.MULTILINE)
CITED = re.compile(r"docs/rules\.md((?:(?:, | and | to )?[ (]?§[0-9]+(?:\.[0-9]+)?)+)")
NUMBER = re.compile(r"§([0-9]+(?:\.[0-9]+)?)")


def section(number: str) -> str:
    """Its text, up to the next heading."""
    (begin,) = (found.end() for found in HEADING.finditer(RULES) if found[1] == number)
    return re.split(r"^##", RULES[begin:], maxsplit=1, flags=re.MULTILINE)[0]


def rows(number: str) -> Iterator[list[str]]:
    """The cells of a section's tables, heads left out."""
    lines = [line for line in section(number).splitlines() if line.startswith("|")]
    for line, following in pairwise([*lines, ""]):
        if not line.startswith("|---") and not following.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def names(number: str) -> list[str]:
    return [cells[0].strip("`") for cells in rows(number)]


def sources() -> Iterator[tuple[str, str]]:
    """(path, text) of all that may cite the rules."""
    for folder in ("jobs", "reports", "tests", "benchmarks", "docs", "deploy"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".j2", ".md"} and path != Path(__file__):
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in sorted(ROOT.glob("*.md")):
        yield path.name, path.read_text(encoding="utf-8")


# -- what is cited -----------------------------------------------------------------------------------------------------


def test_sections_count_up_without_a_gap() -> None:
    found = [tuple(map(int, heading[1].split("."))) for heading in HEADING.finditer(RULES)]
    for before, after in pairwise([(0,), *found]):
        follows = [(before[0] + 1,), (*before[:1], before[1] + 1 if len(before) > 1 else 1)]
        assert after in follows, after


def test_every_citation_names_a_section_that_exists() -> None:
    known = {heading[1] for heading in HEADING.finditer(RULES)}
    cited = {
        (path, number) for path, text in sources() for run in CITED.findall(text) for number in NUMBER.findall(run)
    }
    assert {number for path, number in cited if path.startswith("jobs/billing/")} >= {"4.3", "9"}
    assert {(path, number) for path, number in cited if number not in known} == set()
    assert set(NUMBER.findall(RULES)) <= known


def test_nothing_but_the_rules_and_public_standards_is_cited_by_section() -> None:
    """A reader of the repository has no other page with numbered rules."""
    stray = [
        f"{path}: {line.strip()}"
        for path, text in sources()
        if path != "docs/rules.md"
        for line in text.splitlines()
        if "§" in CITED.sub("", line) and "https://" not in line
    ]
    assert stray == []


def test_every_page_that_is_cited_is_there() -> None:
    for path, text in sources():
        for page in re.findall(r"[\w./-]+\.md\b", text):
            assert (ROOT / page).exists() or ((ROOT / path).parent / page).exists(), f"{path} cites {page}"


# -- what is listed ----------------------------------------------------------------------------------------------------


def test_the_table_of_findings_has_the_codes_and_severities_of_the_code() -> None:
    listed = [(cells[0].strip("`"), re.split(r"\W", cells[1])[0]) for cells in rows("4.3")]
    assert Counter(code for code, _ in listed).most_common(1)[0][1] == 1
    assert dict(listed) == {code: kind.severity for code, kind in KINDS.items()}


def test_what_becomes_of_a_row_names_findings_that_exist() -> None:
    named = [cells[2].strip("`") for cells in rows("4.1")]
    assert set(named[:-1]) < KINDS.keys()


def test_the_figures_are_the_defined_names_of_the_workbook_and_the_fields_of_the_page() -> None:
    document, sessions = documents.sample("credit_note")
    assert set(names("11.1")) == xlsx.figures(xlsx.render(document, sessions)).keys()
    fields = re.findall(r'data-field="(\w+)"', html.render(document, sessions).decode())
    assert {*names("11.1"), "number", "month"} == set(fields)


def test_the_columns_of_the_csv_are_those_of_the_file() -> None:
    document, sessions = documents.sample(participants="full")
    head = csv.render(document, sessions).decode().splitlines()[0].split(",")
    optional = re.findall(
        r"`([a-z_]+(?: \(names of patients\))?)`", " ".join(section("11.2").split("After these:")[1].split())
    )
    assert head == [*names("11.2"), *optional[1:]]


def test_the_keys_of_the_summary_and_of_the_document_are_those_of_the_files() -> None:
    assert names("11.4") == list(to_builtins(summary.of_failure("acme", "2016-11", "no reply")))
    keys = re.findall(r'^  "(\w+)":', json.render(*documents.sample()).decode(), re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", section("11.3")))
    assert set(keys) - {"schema"} <= named


# -- what is computed --------------------------------------------------------------------------------------------------

TIERS = plan("100.00", meter(50, (100, "5.00"), "4.00"))
LATER = plan("50.00", meter(25, "4.00"), start=date(2016, 11, 11), hosts=Hosts(1, 4, Decimal("50.00")))
IN_TWO_PARTS = [
    *(Row(number, billable_at=at(3, number)) for number in range(5)),
    *(Row(number, billable_at=at(20, number)) for number in range(10, 22)),
]
BY_MINUTE = plan("0", meter(0, "0.125"), minutes=meter(100, "0.0125"))
TWO = [Row(1, minutes=166, billable_at=at(3)), Row(2, minutes=300, billable_at=at(4))]


@pytest.mark.parametrize(("number", "month", "said"), [
    ("6.2", billed(bills(185), TIERS, tax="19"), ("740.00", "140.60", "880.60")),
    ("6.4", billed(IN_TWO_PARTS, PLUS, LATER), ("151.66",)),
    ("7.1", billed(TWO, BY_MINUTE, tax="8.25"), ()),
])  # fmt: skip
def test_the_examples_are_what_the_program_charges(number: str, month: Reconciliation, said: tuple[str, ...]) -> None:
    charged = [(line.quantity, line.unit_price, line.amount) for line in month.rated.lines]
    assert [tuple(map(Decimal, cells[1:])) for cells in rows(number)] == charged
    assert [str(amount) for amount in (month.net, month.tax, month.total)][: len(said)] == list(said)
    assert all(amount in section(number) for amount in said)


def test_the_example_of_tax_is_what_the_program_charges() -> None:
    month = billed(TWO, BY_MINUTE, tax="8.25")
    assert f"{month.net} × 8.25 % = 0.398475, so {month.tax}" in " ".join(section("7.2").split())


def test_the_example_of_an_adjustment_is_what_the_program_issues() -> None:
    sessions, some = bills(10, first_id=101), terms(PLUS, tax="7.75")
    issued = issue(sessions, terms=some)
    later = [replace(row, status="COMP") if row.session_id == 103 else row for row in sessions]
    credit_note = decided(later, terms=some, issued=issued, adjust=True).post
    assert credit_note is not None
    table = [tuple(Decimal(cell.replace("−", "-")) for cell in cells[1:]) for cells in rows("9.4")]
    invoice = issued[0].document
    assert table == [
        (invoice.net, invoice.tax, invoice.total),
        (credit_note.month_net, credit_note.month_tax, credit_note.month_total),
        (credit_note.net, credit_note.tax, credit_note.total),
    ]
    listed = [(one.session_id, f"{one.before} → {one.after}", str(one.amount)) for one in credit_note.changes]
    assert listed == [(103, "BILL → COMP", "0.00"), (109, "overage → included #8", "-5.00")]
    text = " ".join(section("9.4").split()).replace("−", "-")
    assert all(f"{number}, `{change}`, {amount}" in text for number, change, amount in listed)
    assert credit_note.changes[1].why == "because 103 left the allowance"
