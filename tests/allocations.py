"""Made-up cost centres for tests: terms that ask for them, rows whose hosts belong to them, tables of what they pay."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from jobs.billing.centres import AllocationTerms, MapRow, Sources
from jobs.billing.plan import Plan
from jobs.billing.terms import Terms
from reports.allocation import Allocation
from reports.document import Document
from tests.usage import FREE_DAY, PLUS, Row, terms

HOSTS = {"CARDIO": 1, "NEURO": 2, "unallocated": 3}
MAP = (MapRow("host", "1", "CARDIO"), MapRow("host", "2", "NEURO"))
LETTERS = {"C": 1, "N": 2, "U": 3}
DEFAULTS = {"first-come": "included", "proportional": "sessions", "reserved": "quotas"}
EXAMPLE = "CCCNCCNCNNNU"  # docs/allocation.md, example 1


def asked(policy: str = "first-come", **values: Any) -> AllocationTerms:
    usual: dict[str, Any] = {"by": ("map",), "policy": policy, "fee_by": DEFAULTS[policy], "map_sha256": "ab" * 32}
    if policy == "reserved":
        usual["quotas"] = {"CARDIO": 4, "NEURO": 4}
    return AllocationTerms(**usual | values)


def spread(rules: AllocationTerms, *plans: Plan, tax: str = "6") -> Terms:
    return replace(terms(*(plans or (PLUS,)), tax=tax), allocation=rules)


def mapped(*rows: MapRow, **values: Any) -> Sources:
    return Sources(rows=rows or MAP, **values)


def in_turn(letters: str, comped: Sequence[int] = ()) -> list[Row]:
    """BILL sessions in order, each of the host of its letter; those in `comped`, counted from 1, are COMP."""
    return [
        Row(n, "COMP" if n in comped else "BILL", FREE_DAY + timedelta(seconds=n), host_id=LETTERS[letter])
        for n, letter in enumerate(letters, 1)
    ]


def allocation_of(document: Document) -> Allocation:
    assert isinstance(document.allocation, Allocation)
    return document.allocation


def totals(allocation: Allocation) -> dict[str, str]:
    return {one.centre: str(one.total) for one in allocation.centres}


def line_amounts(allocation: Allocation) -> Mapping[tuple[str, int, str, int], Decimal]:
    return {(one.centre, *line.key): line.amount for one in allocation.centres for line in one.lines}
