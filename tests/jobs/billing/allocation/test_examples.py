"""The worked examples of docs/allocation.md, to the cent."""

from typing import Any

import pytest

from jobs.billing.centres import AllocationTerms
from reports.allocation import Allocation
from tests.allocations import EXAMPLE, allocation_of, asked, in_turn, line_amounts, mapped, spread, totals
from tests.usage import decided, issue, plan, post
from tests.usage import meter as metered


def invoice(rules: AllocationTerms, letters: str = EXAMPLE, **values: Any) -> Allocation:
    decision = decided(in_turn(letters), terms=spread(rules, **values), sources=mapped())
    assert decision.post is not None
    return allocation_of(decision.post)


def credit_note(rules: AllocationTerms) -> tuple[Allocation, Allocation]:
    """The month after session 2 was comped, and the credit note's own."""
    known: dict[str, Any] = {"terms": spread(rules), "sources": mapped()}
    issued = issue(in_turn(EXAMPLE), **known)
    decision = decided(in_turn(EXAMPLE, comped=[2]), **known, issued=issued, adjust=True)
    assert decision.post is not None
    assert decision.allocated is not None
    assert (decision.post.kind, str(decision.post.total)) == ("credit_note", "-5.30")
    return decision.allocated.allocation, allocation_of(decision.post)


FIRST_COME = asked()
FEE_BY_SESSIONS = asked(fee_by="sessions")
PROPORTIONAL = asked("proportional")
RESERVED = asked("reserved")


@pytest.mark.parametrize(
    ("rules", "c", "n", "u"),
    [
        (FIRST_COME, "19.87", "22.53", "5.30"),
        (PROPORTIONAL, "23.85", "19.88", "3.97"),
        (RESERVED, "23.85", "18.55", "5.30"),
        (FEE_BY_SESSIONS, "13.25", "26.95", "7.50"),
    ],
)
def test_one_month_under_three_policies(rules: AllocationTerms, c: str, n: str, u: str) -> None:
    assert totals(invoice(rules)) == {"CARDIO": c, "NEURO": n, "unallocated": u}


def test_first_come_line_by_line() -> None:
    found = invoice(FIRST_COME)
    assert {key: str(amount) for key, amount in line_amounts(found).items()} == {
        ("CARDIO", 1, "fee", 0): "18.75",
        ("CARDIO", 1, "sessions", 0): "0.00",
        ("NEURO", 1, "fee", 0): "6.25",
        ("NEURO", 1, "sessions", 0): "0.00",
        ("NEURO", 1, "sessions", 1): "15.00",
        ("unallocated", 1, "sessions", 1): "5.00",
    }
    assert [str(one.tax) for one in found.centres] == ["1.12", "1.28", "0.30"]
    assert [(one.included, one.overage, one.sessions["BILL"]) for one in found.centres] == [
        (6, 0, 6),
        (2, 3, 5),
        (0, 1, 1),
    ]
    assert [str(line.quantity) for line in found.centres[1].lines] == ["1", "2", "3"]


@pytest.mark.parametrize(("rules", "quantities"), [(PROPORTIONAL, ["1", "6", "6"]), (RESERVED, ["1", "4", "2"])])
def test_quantities_follow_the_policy(rules: AllocationTerms, quantities: list[str]) -> None:
    assert [str(line.quantity) for line in invoice(rules).centres[0].lines] == quantities


@pytest.mark.parametrize(
    ("rules", "month", "note"),
    [
        (FIRST_COME, ("16.57", "20.53", "5.30"), ("-3.30", "-2.00", "0.00")),
        (FEE_BY_SESSIONS, ("12.05", "22.64", "7.71"), ("-1.20", "-4.31", "0.21")),
        (PROPORTIONAL, ("19.28", "19.27", "3.85"), ("-4.57", "-0.61", "-0.12")),
        (RESERVED, ("18.55", "18.55", "5.30"), ("-5.30", "0.00", "0.00")),
    ],
)
def test_a_credit_note_moves_a_free_session(rules: AllocationTerms, month: tuple[str], note: tuple[str]) -> None:
    now, own = credit_note(rules)
    assert tuple(totals(now).values()) == month
    assert tuple(totals(own).values()) == note


def test_the_credit_note_line_by_line() -> None:
    _, own = credit_note(FIRST_COME)
    cardio, neuro, _ = own.centres
    assert (str(cardio.tax), str(neuro.tax)) == ("-0.18", "-0.12")
    amounts = {key: str(amount) for key, amount in line_amounts(own).items() if amount}
    assert amounts == {
        ("CARDIO", 1, "fee", 0): "-3.12",
        ("NEURO", 1, "fee", 0): "3.12",
        ("NEURO", 1, "sessions", 1): "-5.00",
    }
    assert [one.sessions["BILL"] for one in own.centres] == [5, 5, 1]  # of the restated month


@pytest.mark.parametrize(
    ("rules", "nets"),
    [
        (FEE_BY_SESSIONS, ("12.50", "52.50")),
        (FIRST_COME, ("25.00", "40.00")),
        (PROPORTIONAL, ("32.50", "32.50")),
    ],
)
def test_the_order_decides_who_pays_the_overage(rules: AllocationTerms, nets: tuple[str, str]) -> None:
    for letters, expected in (("C" * 8 + "N" * 8, nets), ("N" * 8 + "C" * 8, nets[::-1])):
        assert tuple(str(one.net) for one in invoice(rules, letters).centres) == expected


def test_graduated_tiers_turn_the_order_around() -> None:
    cheap_later = plan("0.00", metered(0, (4, "5.00"), "1.00"))
    decision = decided(in_turn("CCCCNNNN"), terms=spread(FIRST_COME, cheap_later, tax="0"), sources=mapped())
    assert decision.post is not None
    assert totals(allocation_of(decision.post)) == {"CARDIO": "20.00", "NEURO": "4.00"}


def test_a_zero_money_restatement_still_moves_centres() -> None:
    known: dict[str, Any] = {"terms": spread(asked("proportional")), "sources": mapped()}
    issued = issue(in_turn("CCCCNNNN"), **known)
    decision = decided(in_turn("CCCNNNNN"), **known, issued=issued, adjust=True)
    assert decision.post is not None
    assert decision.post.kind == "restatement"
    assert totals(allocation_of(decision.post)) == {"CARDIO": "-3.32", "NEURO": "3.32"}
    (restated,) = post(decision, issued)[1:]
    assert restated.document.files["allocation"] == "restatement-1-allocation.csv"
