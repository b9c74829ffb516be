"""`summary.json`: keys, types and values as docs/rules.md §11.4 has them, also where a plan is split or unlimited."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.output import summary as summaries
from reports.stored import to_builtins
from tests import usage
from tests.company import MONTH, PLUS, Company, Rows, account, row, rows

RUN = ("run", "--month", MONTH)
KEYS = [
    "schema",
    "account",
    "month",
    "status",
    "error",
    "snapshot",
    "rows",
    "counts",
    "minutes",
    "allowance",
    "documents",
    "changes",
    "findings",
]


def _summary(folder: Path, sent: Rows, **changes: Any) -> dict[str, Any]:
    with Company(folder, sent, accounts={"acme": account("acme", **changes)}) as company:
        company.run(*RUN, now="2016-12-04T06:00:01+00:00")
        summary = company.summary()
    assert summary["error"] is None
    return summary


def test_every_key_in_its_order_with_its_type(tmp_path: Path) -> None:
    sent = [
        *rows(9),
        row(10, minutes=None),
        row(11, status="COMP"),
        *rows(2, 12, status="DUPL"),
        row(14, status="SVCO"),
        row(15, status="odd"),
    ]
    found = _summary(tmp_path, sent)
    assert [name for name in found if name in KEYS] == KEYS
    assert (found["schema"], found["account"], found["month"]) == ("securevideo-billing/summary/1", "acme", "2016-11")
    assert found["status"] == "draft"
    assert list(found["snapshot"]) == ["sha256", "fetched_at", "rows"]
    assert found["snapshot"]["fetched_at"][:17] == "2016-12-04T06:00:"
    assert found["snapshot"]["fetched_at"].endswith("Z")
    assert found["snapshot"]["rows"] == 15
    assert found["rows"] == {"received": 15, "counted": 14, "set_aside": 1, "repeated": 0, "never_connected": 0}
    assert found["counts"] == {"BILL": 10, "COMP": 1, "DUPL": 2, "SVCO": 1}
    assert found["minutes"] == {
        "BILL": {"known": 225, "unknown_sessions": 1},
        "COMP": {"known": 25, "unknown_sessions": 0},
        "DUPL": {"known": 50, "unknown_sessions": 0},
        "SVCO": {"known": 25, "unknown_sessions": 0},
    }
    assert found["allowance"] == {"included": 8, "used": 8, "unused": 0, "overage": 2}
    (document,) = found["documents"]
    assert list(document) == ["kind", "number", "corrects", "currency", "net", "tax", "total", "lines", "files"]
    assert document["kind"] == "draft"
    assert document["number"] is document["corrects"] is None
    assert (document["net"], document["tax"], document["total"]) == ("35.00", "0.00", "35.00")
    assert document["lines"][2] == {
        "meter": "sessions",
        "description": "Sessions beyond the 8 included",
        "quantity": "2",
        "unit_price": "5.00",
        "amount": "10.00",
    }
    assert document["files"] == {name: f"draft.{name}" for name in ("xlsx", "html", "json", "csv")}
    assert found["changes"] == []
    assert list(found["findings"][0]) == ["code", "severity", "session_id", "message"]
    assert found["findings"][0]["code"] == "unknown-status"
    assert found["findings"][0]["session_id"] == 15


def test_a_month_without_sessions_costs_its_fee(tmp_path: Path) -> None:
    found = _summary(tmp_path, [])
    assert found["status"] == "issued"
    assert found["documents"][0]["total"] == "25.00"
    assert found["counts"] == dict.fromkeys(("BILL", "COMP", "DUPL", "SVCO"), 0)
    assert found["allowance"] == {"included": 8, "used": 0, "unused": 8, "overage": 0}


@pytest.mark.parametrize(
    ("currency", "fee", "price", "expected"),
    [
        ("USD", "25.00", "5.005", ("30.01", "2.10", "32.11")),
        ("JPY", "2500", "500.5", ("3001", "210", "3211")),
        ("KWD", "25.000", "5.0005", ("30.001", "2.100", "32.101")),
    ],
)
def test_money_has_the_currencys_digits_and_is_rounded_half_up(
    tmp_path: Path, currency: str, fee: str, price: str, expected: tuple[str, str, str]
) -> None:
    plan = PLUS | {"monthly_fee": fee, "sessions": {"included": 8, "overage": price}}
    found = _summary(tmp_path, rows(9), currency=currency, plans=[plan], tax={"name": "VAT", "rate": 7})
    (document,) = found["documents"]
    assert document["currency"] == currency
    assert (document["net"], document["tax"], document["total"]) == expected
    assert document["lines"][-1]["unit_price"] == price


_NO_METER = {"from": "2016-11-16", "name": "Flat", "monthly_fee": "10.00"}
_UNLIMITED = {"from": "2016-11-16", "name": "All", "monthly_fee": "50.00", "sessions": {"included": "unlimited"}}
_LATE = "2016-11-20T10:00:00"


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        ([_UNLIMITED | {"from": "2014-01-01"}], {"included": None, "used": 12, "unused": None, "overage": 0}),
        ([_NO_METER | {"from": "2014-01-01"}], {"included": None, "used": 0, "unused": None, "overage": 0}),
        ([PLUS, _UNLIMITED], {"included": None, "used": 7, "unused": None, "overage": 5}),
        ([PLUS, _NO_METER], {"included": None, "used": 4, "unused": None, "overage": 5}),
        (
            [PLUS, PLUS | {"from": "2016-11-16", "sessions": {"included": 5, "overage": "1"}}],
            {"included": 7, "used": 7, "unused": 0, "overage": 5},  # 4, and 2.5 rounded up
        ),
    ],
)
def test_the_allowance_adds_up_the_parts_and_is_null_where_one_has_none(
    tmp_path: Path, plans: list[dict[str, Any]], expected: dict[str, int | None]
) -> None:
    found = _summary(tmp_path, [*rows(9), *rows(3, 10, at=_LATE)], plans=plans)
    assert found["allowance"] == expected


def test_a_split_month_prorates_by_days_and_says_so(tmp_path: Path) -> None:
    found = _summary(tmp_path, [], plans=[PLUS, _UNLIMITED])
    first, second = (line for line in found["documents"][0]["lines"] if line["meter"] == "fee")
    assert (first["quantity"], first["unit_price"], first["amount"]) == ("1", "25.00", "12.50")
    assert (second["quantity"], second["unit_price"], second["amount"]) == ("1", "50.00", "25.00")
    assert "15 of 30 days" in first["description"]
    assert "15 of 30 days" in second["description"]


def test_an_unchanged_rerun_lists_all_documents_that_stand(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN)
        company.send([*rows(8), row(9, status="COMP")])
        company.run(*RUN, "--adjust")
        company.run(*RUN)
        found = company.summary()
    assert found["status"] == "unchanged"
    assert [one["kind"] for one in found["documents"]] == ["invoice", "credit_note"]
    assert found["changes"] == []


def test_the_changes_of_a_restatement_sum_to_its_net(tmp_path: Path) -> None:
    with Company(tmp_path, rows(10)) as company:
        company.run(*RUN)
        company.send([row(1, status="COMP"), *rows(8, 2), row(10, minutes=26)])
        assert company.run(*RUN).exit_code == 3
        found = company.summary()
    (document,) = found["documents"]
    assert (document["kind"], document["number"], document["corrects"]) == (
        "draft_credit_note",
        None,
        "ACME-201611-0001",
    )
    assert (document["net"], document["tax"], document["total"]) == ("-5.00", "0.00", "-5.00")
    assert sum(float(change["amount"]) for change in found["changes"]) == -5.00
    assert {"session_id", "kind", "before", "after", "amount"} <= set(found["changes"][0])
    own = {change["session_id"]: (change["kind"], change["before"], change["after"]) for change in found["changes"]}
    assert own[1] == ("status", "BILL", "COMP")
    assert own[10] == ("minutes", "25", "26")


def test_what_the_ledger_notes_of_a_decision_is_read_again_as_it_was() -> None:
    noted = summaries.for_ledger(usage.decided(usage.bills(3), draft_only=True))
    assert (noted.counted, [draft.kind for draft in noted.drafted]) == (3, ["draft"])
    stored = to_builtins(noted) | {"files": {"draft.json": "0" * 64}, "looked_at": "2016-12-04T06:00:01+00:00"}
    assert summaries.from_ledger(json.dumps(stored, sort_keys=True)) == noted


def test_what_an_earlier_version_did_not_note_is_unset() -> None:
    assert summaries.from_ledger('{"findings": 2, "snapshot": "ab"}') == summaries.Decided(findings=2)
