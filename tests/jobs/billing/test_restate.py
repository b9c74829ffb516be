from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jobs.billing import restate
from jobs.billing.decide import Decision
from jobs.billing.invoicing import Issued
from jobs.billing.terms import Terms
from reports.document import Change, Document, Line
from tests.usage import (
    BY_MINUTE,
    CODES,
    LARGEST_ID,
    PLUS,
    Row,
    any_terms,
    at,
    bills,
    decided,
    issue,
    meter,
    plan,
    post,
    terms,
    usage,
    usual_rows,
)


def adjusted(rows: Sequence[Row], later: Sequence[Row], some: Terms) -> Document:
    """The adjustment of a month issued with `rows` that now has the rows `later`."""
    decision = decided(later, terms=some, issued=issue(rows, terms=some), adjust=True)
    assert decision.post is not None
    return decision.post


def entries(document: Document) -> list[tuple[int | None, str, str | None, str | None, str]]:
    return [(one.session_id, one.kind, one.before, one.after, str(one.amount)) for one in document.changes]


def reordered(document: Document) -> dict[int | None, Change]:
    return {one.session_id: one for one in document.changes if one.kind == "reordered"}


def changed(rows: Sequence[Row], session_id: int, /, **values: object) -> list[Row]:
    return [replace(row, **values) if row.session_id == session_id else row for row in rows]  # type: ignore[arg-type]


# -- known answers -----------------------------------------------------------------------------------------------------


def test_a_comped_session_lets_the_next_one_into_the_allowance() -> None:
    document = adjusted(bills(10), changed(bills(10), 3, status="COMP"), terms(PLUS))
    assert entries(document) == [
        (3, "status", "BILL", "COMP", "0.00"),
        (9, "reordered", "overage", "included #8", "-5.00"),
    ]
    assert "because 3 left the allowance" in reordered(document)[9].why
    assert (document.kind, str(document.net)) == ("credit_note", "-5.00")


def test_a_session_that_joins_pushes_the_last_one_out() -> None:
    rows = changed(bills(9), 1, status="DUPL")
    document = adjusted(rows, bills(9), terms(PLUS))
    assert entries(document) == [
        (1, "status", "DUPL", "BILL", "0.00"),
        (9, "reordered", "included #8", "overage", "5.00"),
    ]
    assert "because 1 joined the allowance" in reordered(document)[9].why


def test_a_session_whose_ordinal_alone_shifted_is_not_listed() -> None:
    document = adjusted(bills(12), changed(bills(12), 12, status="COMP"), terms(PLUS))
    assert entries(document) == [(12, "status", "BILL", "COMP", "-5.00")]
    document = adjusted(bills(5), changed(bills(5), 1, status="COMP"), terms(PLUS))
    assert entries(document) == [(1, "status", "BILL", "COMP", "0.00")]


def test_a_class_that_changed_at_the_same_charge_is_not_listed() -> None:
    free = terms(plan("25.00", meter(2, "0")))
    assert entries(adjusted(bills(3), changed(bills(3), 1, status="COMP"), free)) == [
        (1, "status", "BILL", "COMP", "0.00")
    ]


def test_each_property_that_changed_has_an_entry_and_the_first_one_the_money() -> None:
    some = terms(plan("0", meter(0, "5.00"), minutes=meter(0, "0.10")))
    later = [Row(1, "COMP", at(11), minutes=None, host_id=LARGEST_ID)]
    document = adjusted([Row(1, minutes=30)], later, some)
    assert entries(document) == [
        (1, "status", "BILL", "COMP", "-8.00"),
        (1, "minutes", "30", "unknown", "0.00"),
        (1, "host", "4", str(LARGEST_ID), "0.00"),
        (1, "billable_at", "2016-11-10T00:00:00Z", "2016-11-11T00:00:00Z", "0.00"),
    ]


def test_sessions_that_come_and_go_are_added_and_removed() -> None:
    big = [Row(LARGEST_ID - 1), Row(LARGEST_ID)]
    document = adjusted(big[:1], big[1:], terms(plan("0", meter(0, "5.00"))))
    assert entries(document) == [
        (LARGEST_ID - 1, "removed", "BILL", None, "-5.00"),
        (LARGEST_ID, "added", None, "BILL", "5.00"),
    ]
    assert document.kind == "restatement"
    assert document.transitions["—"]["BILL"] == document.transitions["BILL"]["—"] == 1


def test_longer_minutes_move_the_sessions_behind_them() -> None:
    some = terms(plan("0", minutes=meter(60, "0.10")))
    rows = [replace(row, minutes=30) for row in bills(3)]
    document = adjusted(rows, changed(rows, 1, minutes=40), some)
    assert entries(document) == [
        (1, "minutes", "30", "40", "0.00"),
        (2, "reordered", "counted at 0.00", "counted at 1.00", "1.00"),
    ]
    assert "because 1 changed its minutes" in reordered(document)[2].why


def test_a_move_of_less_than_a_cent_is_shown_exactly() -> None:
    some = terms(plan("0", minutes=meter(30, "0.001")))
    rows = [replace(row, minutes=30) for row in bills(2)]
    document = adjusted(rows, changed(rows, 1, minutes=26), some)
    moved = reordered(document)[2]
    assert (moved.before, moved.after, str(moved.amount)) == ("counted at 0.03", "counted at 0.026", "0.00")


def test_only_sessions_that_move_a_charge_are_named_as_its_cause() -> None:
    """Not those that come later at the same instant, changed only their host, or only minutes that no meter charges."""
    rows = [Row(n) for n in range(1, 12)]  # all at one instant: in order of their ids
    later = changed(changed(rows, 1, host_id=5), 2, minutes=99)
    later = changed(changed(later, 4, status="COMP"), 11, status="COMP")
    document = adjusted(rows, later, terms(PLUS))
    assert reordered(document)[9].why == "because 4 left the allowance"


def test_a_cause_lies_in_the_same_part_of_the_month() -> None:
    some = terms(plan("0", meter(4, "5.00")), plan("0", meter(4, "5.00"), start=at(16).date()))
    rows = [Row(n, billable_at=at(day)) for n, day in enumerate([1, 2, 3, 16, 17, 18], start=1)]
    document = adjusted(rows, changed(changed(rows, 1, status="COMP"), 4, status="SVCO"), some)
    causes = {session: change.why for session, change in reordered(document).items()}
    assert causes == {3: "because 1 left the allowance", 6: "because 4 left the allowance"}


def test_a_session_moved_to_another_part_is_a_cause_in_both() -> None:
    some = terms(plan("0", meter(2, "5.00")), plan("0", meter(2, "5.00"), start=at(16).date()))
    rows = [Row(n, billable_at=at(day)) for n, day in enumerate([1, 2, 17], start=1)]
    document = adjusted(rows, changed(rows, 1, billable_at=at(16)), some)
    causes = {session: change.why for session, change in reordered(document).items()}
    assert causes == {2: "because 1 left the allowance", 3: "because 1 joined the allowance"}


def test_many_causes_are_summed_up() -> None:
    rows = bills(16)
    later = [replace(row, status="COMP") if row.session_id <= 5 else row for row in rows]
    assert reordered(adjusted(rows, later, terms(PLUS)))[13].why == "because 1, 2, 3 and 2 more left the allowance"


def test_thousands_of_changes_are_explained_in_time() -> None:
    """Naming the causes costs no more than a look at each change."""
    rows = bills(12_000)
    later = [replace(row, status="COMP") if row.session_id <= 4000 else row for row in rows]
    document = adjusted(rows, later, terms(plan("0", meter(8000, "0.01"))))
    assert len(document.changes) == 8000
    assert document.net == Decimal("-40.00")


# -- same --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [
    {"status": "COMP"}, {"minutes": 26}, {"minutes": None}, {"host_id": 5}, {"billable_at": at(10, microsecond=1)},
    {"session_id": LARGEST_ID - 1},
])  # fmt: skip
def test_any_of_five_properties_makes_a_month_another_one(other: dict[str, object]) -> None:
    rows = [Row(1), Row(LARGEST_ID)]
    one, two = (decided(these).month.sessions for these in (rows, changed(rows, LARGEST_ID, **other)))
    assert not restate.same(one, two)
    assert not restate.same(two, one)
    assert not restate.same(one, one.iloc[:1])


@given(usage(12, known_minutes=False), st.randoms())
@settings(max_examples=20, deadline=None)
def test_order_names_and_other_texts_do_not_make_a_month_another_one(rows: list[Row], random: object) -> None:
    issued = issue(rows)
    again = [replace(row, host_name="Somebody", note="other", scheduled_at=at(1)) for row in rows]
    random.shuffle(again)  # type: ignore[attr-defined]  # hypothesis' Random
    assert decided(again, issued=issued).status == "unchanged"


# -- any change --------------------------------------------------------------------------------------------------------

free_terms = any_terms() | st.sampled_from([terms(PLUS), terms(BY_MINUTE, tax="8.25")])


@st.composite
def months(draw: st.DrawFn, most: int = 4) -> list[list[Row]]:
    """A month as it was read again and again: sessions added, removed, changed, and back."""
    states = [draw(usage(15))]
    for _ in range(draw(st.integers(1, most))):
        rows = {row.session_id: row for row in states[-1]}
        for row in draw(st.lists(usual_rows(), max_size=4)):
            rows[row.session_id] = row
        for session_id in draw(st.sets(st.sampled_from(sorted(rows)), max_size=4)) if rows else ():
            if draw(st.booleans()):
                del rows[session_id]
            else:
                rows[session_id] = replace(rows[session_id], status=draw(st.sampled_from(CODES)))
        states.append(draw(st.sampled_from([*states[:-1], list(rows.values())])))
    return states


def chain(states: Sequence[Sequence[Row]], some: Terms) -> list[tuple[Decision, tuple[Issued, ...]]]:
    """Each rerun's decision, and what stood before it; every restatement is issued."""
    issued, steps = issue(states[0], terms=some), []
    for rows in states[1:]:
        decision = decided(rows, terms=some, issued=issued, adjust=True)
        steps.append((decision, issued))
        if decision.post:
            issued = post(decision, issued)
    return steps


def totals(lines: Sequence[Line]) -> dict[tuple[int, str, int], tuple[Decimal, Decimal]]:
    """Quantity and amount by part, meter and tier, without those that are zero."""
    sums: dict[tuple[int, str, int], tuple[Decimal, Decimal]] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for line in lines:
        quantity, amount = sums[line.part, line.meter, line.tier]
        sums[line.part, line.meter, line.tier] = quantity + line.quantity, amount + line.amount
    return {key: both for key, both in sums.items() if any(both)}


@settings(max_examples=20, deadline=None)
@given(months(), free_terms)
def test_documents_of_a_month_add_up_to_the_month_as_it_is(states: list[list[Row]], some: Terms) -> None:
    for rows, (decision, issued) in zip(states[1:], chain(states, some), strict=True):
        fresh = decided(rows, terms=some).month
        documents = [one.document for one in issued] + ([decision.post] if decision.post else [])
        assert sum((one.net for one in documents), Decimal(0)) == fresh.net
        assert sum((one.tax for one in documents), Decimal(0)) == fresh.tax
        assert sum((one.total for one in documents), Decimal(0)) == fresh.total
        assert totals([line for one in documents for line in one.lines]) == totals(fresh.rated.lines)


@settings(max_examples=20, deadline=None)
@given(months(), free_terms)
def test_changes_add_up_to_the_net_and_name_every_cause(states: list[list[Row]], some: Terms) -> None:
    for decision, issued in chain(states, some):
        document = decision.post
        if document is None:
            continue
        assert sum((one.amount for one in document.changes), Decimal(0)) == document.net
        assert document.net == sum((line.amount for line in document.lines), Decimal(0))
        amounts = [one.amount for one in document.changes] + [line.amount for line in document.lines]
        assert all(-int(amount.as_tuple().exponent) == some.digits for amount in amounts)
        assert not any(amount.is_signed() and not amount for amount in amounts)
        own = {one.session_id for one in document.changes if one.kind not in ("reordered", "rounding")}
        before, after = (
            {int(key): charge for key, charge in zip(sessions["session_id"], sessions["charge"], strict=True)}
            for sessions in (issued[-1].sessions, decision.month.sessions)
        )
        moved = {one for one in before.keys() & after.keys() if before[one] != after[one]}
        assert set(reordered(document)) == moved - own
        for change in reordered(document).values():
            assert change.before != change.after
            assert any(str(cause) in change.why for cause in own)


@settings(max_examples=20, deadline=None)
@given(months(1), free_terms)
def test_own_changes_are_just_what_differs(states: list[list[Row]], some: Terms) -> None:
    before, after = ({row.session_id: row for row in rows} for rows in (states[0], states[1]))
    expected = {(key, "added") for key in after.keys() - before.keys()}
    expected |= {(key, "removed") for key in before.keys() - after.keys()}
    for key in before.keys() & after.keys():
        for kind, name in (
            ("status", "status"),
            ("minutes", "minutes"),
            ("host", "host_id"),
            ("billable_at", "billable_at"),
        ):
            if getattr(before[key], name) != getattr(after[key], name):
                expected.add((key, kind))
    ((decision, _),) = chain(states, some)
    assert (decision.status == "unchanged") == (not expected)
    assume(decision.post is not None)
    assert decision.post is not None
    own = [(one.session_id, one.kind) for one in decision.post.changes if one.kind not in ("reordered", "rounding")]
    assert len(own) == len(set(own))
    assert set(own) == expected


@settings(max_examples=20, deadline=None)
@given(months(1))
def test_every_session_has_one_transition(states: list[list[Row]]) -> None:
    one, two = (decided(rows).month for rows in states[:2])
    found = restate.transitions(one.sessions, two.sessions)
    before, after = ({row.session_id for row in rows} for rows in states[:2])
    assert sum(map(sum, (line.values() for line in found.values()))) == len(before | after)
    for status in CODES:
        assert sum(found[status].values()) == one.counts[status]
        assert sum(line[status] for line in found.values()) == two.counts[status]
    assert sum(found["—"].values()) == len(after - before)
    assert found["—"]["—"] == 0


def test_adjustments_go_back_and_forth() -> None:
    there, back = bills(9), changed(bills(9), 9, status="COMP")
    steps = chain([there, back, there, back, back], terms(PLUS, tax="10"))
    found = [(step.status, step.post and step.post.kind, step.post and str(step.post.total)) for step, _ in steps]
    assert found == [
        ("adjusted", "credit_note", "-5.50"),
        ("adjusted", "supplementary_invoice", "5.50"),
        ("adjusted", "credit_note", "-5.50"),
        ("unchanged", None, None),
    ]
    last = steps[-1][1]
    assert [one.document.number for one in last][1:] == [
        "ACME-201611-0001-CN1",
        "ACME-201611-0001-SI1",
        "ACME-201611-0001-CN2",
    ]


def test_changes_are_against_the_last_issued_state() -> None:
    first, second, third = bills(9), changed(bills(9), 1, status="COMP"), changed(bills(9), 1, status="DUPL")
    (_, _), (decision, _) = chain([first, second, third], terms(PLUS))
    assert decision.post is not None
    assert entries(decision.post) == [(1, "status", "COMP", "DUPL", "0.00")]
    assert decision.post.kind == "restatement"


def test_rounding_closes_the_sum() -> None:
    some = terms(plan("0", meter(0, "0.004")))
    document = adjusted(bills(1, first_id=9), bills(4, first_id=9), some)
    assert entries(document)[-1] == (None, "rounding", None, None, "0.02")
