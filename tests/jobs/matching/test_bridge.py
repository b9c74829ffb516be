"""The bridge always adds up, whatever differs; the graduated example, to the cent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.matching.bridge import bridge, charge, spread
from jobs.matching.invoice import Invoice, InvoiceLine
from jobs.matching.sessions import Ours, compared
from reports.document import STATUSES, Document
from tests.usage import Row, bills, issue, meter, plan, terms

SESSIONS = ["session_id", "status", "minutes", "billable_at", "part"]
TIERS = plan("25.00", meter(8, (20, "5.00"), "4.00"))


def document_of(count: int) -> Document:
    return issue(bills(count), terms=terms(TIERS))[0].document


def test_the_graduated_example_to_the_cent() -> None:
    document = document_of(29)
    assert [charge(document, document.parts[0], q) for q in (21, 19)] == [Decimal("104.00"), Decimal("95.00")]
    lines = (InvoiceLine("fee", Decimal("25.00"), None, "", 1), InvoiceLine("sessions", Decimal("99.75"), 19, "", 1))
    bill = Invoice("SV-1", date(2016, 12, 3), lines, Decimal("0.00"), Decimal("124.75"))
    made = bridge(document, (), None, bill, Decimal(0))
    assert [(one.step, str(one.amount)) for one in made.steps] == [
        ("sessions-quantity", "-9.00"),
        ("sessions-price", "4.75"),
    ]
    assert made.theirs_total - document.month_total == Decimal("-4.25")


@pytest.mark.parametrize(("step", "signs", "expected"), [
    ("10.00", [1, 1, 1], ["3.34", "3.33", "3.33"]), ("-10.00", [-1, -1, -1], ["-3.34", "-3.33", "-3.33"]),
    ("20.00", [1, -1, 1, 1, 1], ["6.66", "-6.67", "6.67", "6.67", "6.67"]), ("0.00", [1, -1], ["0.00", "0.00"]),
    ("5.00", [0, 1], ["0.00", "5.00"]),
])  # fmt: skip
def test_the_quantity_step_is_spread_evenly_and_exactly(step: str, signs: list[int], expected: list[str]) -> None:
    found = spread(Decimal(step), signs, 2)
    assert [str(amount) for amount in found] == expected
    assert sum(found) == Decimal(step)


Side = dict[int, tuple[str, int | None]]
sides = st.dictionaries(
    st.integers(1, 40), st.tuples(st.sampled_from(STATUSES), st.none() | st.integers(0, 90)), max_size=30
)


def frame(side: Side) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "session_id": pd.array(list(side), dtype="Int64"),
            "status": pd.Categorical([status for status, _ in side.values()], categories=list(STATUSES)),
            "minutes": pd.array([minutes for _, minutes in side.values()], dtype="Int32"),
            "billable_at": pd.Series([datetime(2016, 11, 15, tzinfo=UTC)] * len(side), dtype="datetime64[us, UTC]"),
            "part": pd.array([1] * len(side), dtype="Int32"),
        }
    )


def file(side: Side, order: Sequence[int] | None = None) -> pd.DataFrame:
    made = frame(side)
    made = made.assign(
        read=pd.Series([""] * len(side), dtype=object),
        status=made["status"].astype(object),
        bills=(made["status"] == "BILL").astype(np.int64),
        at=made["billable_at"],
    )
    return made if order is None else made.iloc[list(order)].reset_index(drop=True)


def ours_of(side: Side) -> Ours:
    rows = [Row(number, status, minutes=minutes) for number, (status, minutes) in side.items()]
    document = replace(issue(rows, terms=terms(TIERS))[0].document)
    known = frame(side)
    return Ours(document, ("N",), known, known, datetime(2016, 12, 4, tzinfo=UTC), "0" * 64, {}, {})


def matched(ours: Side, theirs: Side, order: Sequence[int] | None = None):
    side = ours_of(ours)
    found = compared(side, file(theirs, order), 0, 1)
    return side.document, found, bridge(side.document, found.differences, found.counts, None, Decimal(0))


@settings(max_examples=60, deadline=None)
@given(ours=sides, theirs=sides, data=st.data())
def test_the_steps_and_the_items_add_up_to_the_difference(ours: Side, theirs: Side, data: st.DataObject) -> None:
    document, found, made = matched(ours, theirs)
    difference = made.theirs_total - document.month_total
    assert sum(step.amount for step in made.steps) == difference
    assert sum(item.amount for item in made.items) == difference
    counts = [sum(status == "BILL" for status, _ in side.values()) for side in (ours, theirs)]
    assert sum(item.count for item in made.items) == counts[1] - counts[0]
    assert found.counts[1] == counts[1]
    order = data.draw(st.permutations(range(len(theirs))))
    assert matched(ours, theirs, order)[2] == made


@settings(max_examples=40, deadline=None)
@given(ours=sides, theirs=sides)
def test_swapping_the_sides_negates_every_amount(ours: Side, theirs: Side) -> None:
    there, back = matched(ours, theirs)[2], matched(theirs, ours)[2]
    assert {one.session_id: -one.amount for one in there.items} == {one.session_id: one.amount for one in back.items}


@settings(max_examples=20, deadline=None)
@given(side=sides)
def test_the_same_on_both_sides_matches(side: Side) -> None:
    assert matched(side, side)[2].items == ()


def test_a_tolerance_holds_for_each_amount_and_for_all_together() -> None:
    document = document_of(8)
    lines = (InvoiceLine("fee", Decimal("25.03"), None, "", 1),)
    bill = Invoice("SV-1", date(2016, 12, 3), lines, Decimal("0.03"), Decimal("25.06"))
    assert [one.open for one in bridge(document, (), None, bill, Decimal("0.06")).items] == [False, False]
    assert [one.open for one in bridge(document, (), None, bill, Decimal("0.03")).items] == [True, True]
