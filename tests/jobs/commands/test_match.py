"""`match` through the command line: the worked example, to the cent; exit statuses; notes; files."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests import activity
from tests.activity import line, local
from tests.company import Company, row

NOVEMBER, DECEMBER = "2016-11", "2016-12"
FEE, SESSIONS = "{kind: fee, amount: 25.00}", "{kind: sessions, quantity: 4, unit_price: 5.00, amount: 20.00}"
CALLING = "{kind: other, description: Masked calling, amount: 12.40}"


def ours() -> list[dict[str, Any]]:
    """Ten BILL, one COMP, two DUPL, one SVCO; and one of December."""
    bill = [row(105_101 + number) for number in range(9)]
    others = [
        row(105_111, status="COMP"),
        *(row(n, status="DUPL") for n in (105_112, 105_113)),
        row(105_114, status="SVCO"),
    ]
    edges = [row(105_110, at="2016-11-01T02:15:00"), row(105_120, at="2016-12-01T03:20:00")]
    return [*bill, *others, *edges]


def theirs() -> list[list[Any]]:
    counted = [*range(105_101, 105_110), 105_111, 105_113]
    rows = [line(number, "BILL", 31 if number == 105_105 else 25) for number in counted]
    return [
        *rows,
        line(105_120, at=local(30, 19, 20)),
        line(105_112, "DUPL"),
        line(105_114, "SVCO"),
    ]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with Company(tmp_path_factory.mktemp("match"), ours()) as company:
        assert company.run("run", "--month", f"{NOVEMBER}..{DECEMBER}", now="2017-01-05T06:00:00").exit_code == 0
        activity.write(company.folder / "activity.xlsx", theirs())
        activity.invoice(company.folder / "invoice.yaml", [FEE, SESSIONS, CALLING], total="57.40")
        yield company


def match(company: Company, *arguments: str, activity: str | None = "activity.xlsx", bill: str | None = "invoice.yaml",
          now: str = "2017-01-05T06:00:00") -> Result:  # fmt: skip
    files = [f"--activity={company.folder / activity}"] if activity else []
    files += [f"--invoice={company.folder / bill}"] if bill else []
    return company.run("match", "--account", "acme", "--month", NOVEMBER, *files, *arguments, now=now)


def told(company: Company, *arguments: str, **options: Any) -> dict[str, Any]:
    done = match(company, *arguments, "--json", **options)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (3 if found["open_items"] else 0), done.output
    amounts = {sum(Decimal(one["amount"]) for one in found[name]) for name in ("items", "bridge")}
    assert amounts == {Decimal(found["difference"])}
    assert Decimal(found["theirs_total"]) - Decimal(found["ours_total"]) == Decimal(found["difference"])
    assert found["unexplained"] == "0.00"
    return found


def short(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(one["code"], one["session_id"], one["count"], one["amount"], one["open"]) for one in found["items"]]


def test_the_worked_example_to_the_cent(example: Company) -> None:
    found = told(example)
    assert short(found) == [
        ("status-differs", 105_111, 1, "5.00", True),
        ("status-differs", 105_113, 1, "5.00", True),
        ("minutes-differ", 105_105, 0, "0.00", False),
        ("month-boundary", 105_110, -1, "-5.00", False),
        ("month-boundary", 105_120, 1, "5.00", False),
        ("other-charge", None, 0, "12.40", False),
    ]
    assert [(one["ours"], one["theirs"]) for one in found["items"]] == [
        ("COMP", "BILL"), ("DUPL", "BILL"), ("25", "31"), ("BILL", None), (None, "BILL"), (None, "Masked calling"),
    ]  # fmt: skip
    assert {key: found[key] for key in ("ours_total", "theirs_total", "difference", "open_items", "currency")} == {
        "ours_total": "35.00",
        "theirs_total": "57.40",
        "difference": "22.40",
        "open_items": 2,
        "currency": "USD",
    }
    assert found["bridge"] == [{"step": "sessions-quantity", "amount": "10.00"}, {"step": "other", "amount": "12.40"}]
    assert found["columns"] == {"description": "C", "session_id": "A", "status": "D", "at": "B", "minutes": "E"}
    assert [(one["name"], one["rows"]) for one in found["files"]] == [("activity.xlsx", 14), ("invoice.yaml", 3)]
    assert list(found) == [
        "schema", "account", "month", "currency", "ours_total", "theirs_total", "difference", "unexplained",
        "open_items", "items", "bridge", "columns", "files",
    ]  # fmt: skip


def test_the_worked_example_at_another_price(example: Company) -> None:
    lines = [FEE, "{kind: sessions, quantity: 4, unit_price: 5.50, amount: 22.00}", CALLING]
    activity.invoice(example.folder / "dearer.yaml", lines, total="59.40")
    found = told(example, bill="dearer.yaml")
    assert found["theirs_total"] == "59.40"
    assert [(one["step"], one["amount"]) for one in found["bridge"]] == [
        ("sessions-quantity", "10.00"),
        ("sessions-price", "2.00"),
        ("other", "12.40"),
    ]
    assert ("amount-sessions-price", None, 0, "2.00", True) in short(found)


def test_the_letter_asks_for_what_is_in_dispute_and_nothing_else(example: Company) -> None:
    done = match(example)
    (path,) = [Path(text.strip()) for text in done.stdout.splitlines() if text.endswith("-letter.txt")]
    assert path.read_text() == (
        "Account acme, your invoice SV-88213 of 2016-12-03, month 2016-11 (UTC, by BillableTs).\n"
        "We count 10 billable sessions, you charge 12. Please correct or explain:\n\n"
        "105111: your API says COMP (read 2017-01-05 06:00 UTC), your activity file says Counted Session — 5.00.\n"
        "105113: your API says DUPL (read 2017-01-05 06:00 UTC), your activity file says Counted Session — 5.00.\n\n"
        "Amount in dispute: USD 10.00.\n"
        "Not disputed: Masked calling 12.40 (please send the list behind it).\n"
    )
