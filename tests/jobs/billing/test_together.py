"""Months decided together: however sessions move between them, none is ever counted in two."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.billing.decide import Decision, Gathered
from jobs.billing.invoicing import Issued
from jobs.billing.month import Month
from jobs.billing.together import decide_together, groups
from tests.usage import PLUS, Row, codes, frame, gathered, post, terms

MONTHS = [Month(2016, number) for number in (8, 9, 10)]
NOW = datetime(2016, 12, 5, tzinfo=UTC)
FEE = PLUS.monthly_fee

Ids = Mapping[Month, set[int]]
Ledger = dict[Month, tuple[Issued, ...]]


def rows(month: Month, ids: Sequence[int], *, waits: bool = False) -> list[Row]:
    counted = [Row(one, billable_at=month.start, scheduled_at=month.start) for one in ids]
    return [*counted, Row(999, "NEW", month.start)] if waits else counted


def billed(ledger: Ledger) -> dict[Month, set[int]]:
    return {month: set(issued[-1].sessions["session_id"].tolist()) for month, issued in ledger.items() if issued}


def months_gathered(ledger: Ledger, sent: Ids, waiting: set[Month]) -> list[Gathered]:
    """As a run with --adjust gathers them; rows that are gone are another matter (`guarded`)."""
    known = {month: np.array(sorted(ids), dtype=np.int64) for month, ids in billed(ledger).items()}
    return [
        gathered(
            frame(rows(month, sorted(sent[month]), waits=month in waiting)),
            month=month,
            now=NOW,
            adjust=True,
            guarded=False,
            terms=terms(PLUS),
            issued=ledger.get(month, ()),
            billed_elsewhere={str(other): ids for other, ids in known.items() if other != month},
        )
        for month in MONTHS
    ]


def run(ledger: Ledger, sent: Ids, waiting: set[Month]) -> Ledger:
    """What stands after a run; checked after each of its transactions, at each of which it may be killed."""
    after = dict(ledger)
    whole = months_gathered(ledger, sent, waiting)
    for group in groups(whole):
        fresh = months_gathered(after, sent, waiting)  # a run asks the ledger again for each group
        outcomes = decide_together([fresh[index] for index in group])
        for index, outcome in zip(group, outcomes, strict=True):
            assert isinstance(outcome, Decision)
            if outcome.post is not None:
                after[MONTHS[index]] = post(outcome, after.get(MONTHS[index], ()))
        every = [one for ids in billed(after).values() for one in ids]
        assert len(every) == len(set(every)), "billed twice"
    return after


def total(ledger: Ledger) -> Decimal:
    return sum((one.document.total for issued in ledger.values() for one in issued), Decimal(0))


ids = st.integers(1, 30)
places = st.dictionaries(ids, st.sampled_from(MONTHS), max_size=24)  # where each session is


def by_month(where: Mapping[int, Month]) -> dict[Month, set[int]]:
    return {month: {one for one, place in where.items() if place == month} for month in MONTHS}


@settings(max_examples=25, deadline=None)
@given(
    before=places,
    moves=st.lists(places, min_size=1, max_size=3),
    waiting=st.lists(st.sets(st.sampled_from(MONTHS)), min_size=3, max_size=3),
    first=st.sets(st.sampled_from(MONTHS)),
)
def test_however_sessions_move_none_is_billed_twice_and_the_money_adds_up(
    before: dict[int, Month], moves: list[dict[int, Month]], waiting: list[set[Month]], first: set[Month]
) -> None:
    """`first`: the months issued at first; `waiting`: those that cannot be issued in a turn."""
    ledger = run({}, by_month(before), set(MONTHS) - first)
    where = dict(before)
    for move, stuck in zip(moves, waiting, strict=False):
        where |= move
        ledger = run(ledger, by_month(where), stuck)
    ledger = run(ledger, by_month(where), set())
    assert billed(ledger) == by_month(where), "one run puts all right once nothing waits"
    over = sum(max(0, len(found) - 8) for found in by_month(where).values())
    assert total(ledger) == FEE * len(MONTHS) + 5 * over


@settings(max_examples=15, deadline=None)
@given(
    before=places,
    sent=st.fixed_dictionaries({month: st.sets(ids, max_size=12) for month in MONTHS}),
    stuck=st.sets(st.sampled_from(MONTHS)),
)
def test_a_session_that_the_vendor_sends_for_two_months_is_counted_in_one(
    before: dict[int, Month], sent: dict[Month, set[int]], stuck: set[Month]
) -> None:
    ledger = run({}, by_month(before), set())
    for waiting in (stuck, set[Month](), set[Month]()):
        ledger = run(ledger, sent, waiting)  # asserts it


def test_only_months_that_sessions_moved_between_are_decided_together() -> None:
    ledger = run({}, {MONTHS[0]: {1, 2}, MONTHS[1]: {3}, MONTHS[2]: {5}}, set())
    same = months_gathered(ledger, {MONTHS[0]: {1, 2}, MONTHS[1]: {3}, MONTHS[2]: {5}}, set())
    assert groups(same) == [[0], [1], [2]]
    moved = months_gathered(ledger, {MONTHS[0]: {1, 5}, MONTHS[1]: {3}, MONTHS[2]: {2}}, set())
    assert groups(moved) == [[0, 2], [1]]


def test_a_month_that_waits_keeps_its_sessions_and_the_others_wait_for_it() -> None:
    """1 → 2 → 3 in a row: the last lets nothing go, so nobody moves up."""
    ledger = run({}, {MONTHS[0]: {1}, MONTHS[1]: {2}, MONTHS[2]: {3}}, set())
    sent = {MONTHS[0]: {2}, MONTHS[1]: {3}, MONTHS[2]: {4}}
    outcomes = decide_together(months_gathered(ledger, sent, {MONTHS[2]}))
    assert [outcome.status for outcome in outcomes if isinstance(outcome, Decision)] == ["restated"] * 3
    last = outcomes[0]
    assert isinstance(last, Decision)
    assert codes(last.findings) == ["billed-elsewhere", "half-moved"]
    assert all(isinstance(outcome, Decision) and outcome.post for outcome in decide_together(
        months_gathered(ledger, sent, set())
    ))  # fmt: skip


def test_the_trend_of_a_later_month_shows_what_is_issued_with_it() -> None:
    ledger = run({}, {MONTHS[0]: {1, 2}, MONTHS[1]: {3}, MONTHS[2]: {5}}, set())
    both = months_gathered(ledger, {MONTHS[0]: {1, 3, 4}, MONTHS[1]: {2}, MONTHS[2]: {5}}, set())[:2]
    later = decide_together(both)[1]
    assert isinstance(later, Decision)
    assert later.post is not None
    assert [(one.month, one.counts["BILL"]) for one in later.post.trend] == [("2016-08", 3), ("2016-09", 1)]
