import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.billing.decide import Decision, decide, volume_anomaly
from jobs.billing.findings import finding
from jobs.errors import UnitError
from tests.usage import (
    BY_MINUTE,
    CLOSED,
    CODES,
    NOVEMBER,
    PLUS,
    Row,
    at,
    bills,
    codes,
    decided,
    frame,
    gathered,
    issue,
    past,
    plan,
    post,
    setting,
    terms,
    the,
)

NINE = bills(9)
EIGHT = [*bills(8), Row(9, "COMP", at(11))]  # one comped later
TEN = bills(10)
OTHER_COMP = [Row(9, "DUPL", at(11)) if row.session_id == 9 else row for row in EIGHT]
DOUBTFUL = [Row(99, "XXXX")]
SECOND = timedelta(seconds=1)


def kinds(decision: Decision) -> list[str]:
    return [one.kind for one in decision.drafts]


def stems(decision: Decision) -> list[str]:
    return [one.stem for one in decision.drafts]


# -- a month never issued ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("adjust", [False, True])
def test_a_closed_month_is_issued(adjust: bool) -> None:
    decision = decided(NINE, adjust=adjust)
    assert (decision.status, decision.drafts, decision.changes) == ("issued", (), None)
    assert decision.post is not None
    assert (decision.post.kind, str(decision.post.total), decision.needs_a_person) == ("invoice", "30.00", False)


@pytest.mark.parametrize(("close_day", "now", "status"), [
    (4, datetime(2016, 12, 3, 23, 59, 59, tzinfo=UTC), "draft"),
    (4, datetime(2016, 12, 4, tzinfo=UTC), "issued"),
    (1, datetime(2016, 11, 30, 23, 59, 59, 999999, tzinfo=UTC), "draft"),
    (1, datetime(2016, 12, 1, tzinfo=UTC), "issued"),
    (28, datetime(2016, 12, 27, 23, 59, 59, tzinfo=UTC), "draft"),
    (28, datetime(2016, 12, 28, tzinfo=UTC), "issued"),
    (4, datetime(2016, 11, 15, tzinfo=UTC), "draft"),
    (4, datetime(2030, 1, 1, tzinfo=UTC), "issued"),
])  # fmt: skip
def test_a_month_is_open_until_its_close_day(close_day: int, now: datetime, status: str) -> None:
    decision = decided(NINE, now=now, setting=setting(close_day=close_day))
    assert (decision.status, decision.needs_a_person) == (status, False)


@pytest.mark.parametrize(
    "values", [{"now": CLOSED - SECOND}, {"draft_only": True}, {"draft_only": True, "adjust": True}]
)
def test_a_draft_has_no_number_and_its_own_file_names(values: dict[str, Any]) -> None:
    decision = decided(NINE, **values)
    assert (decision.status, decision.post, decision.needs_a_person) == ("draft", None, False)
    (draft,) = decision.drafts
    assert (draft.kind, draft.number, draft.final, draft.issued_on) == ("draft", None, False, None)
    assert draft.files == {"xlsx": "draft.xlsx", "html": "draft.html", "json": "draft.json", "csv": "draft.csv"}
    assert str(draft.total) == "30.00"


def test_a_draft_knows_until_when_its_month_is_open_and_calls_no_session_final() -> None:
    final = "Sessions from 2016-11-01 to 2016-11-30 are final as of the snapshot; later changes are adjusted."
    (early,), (asked,) = decided(NINE, now=CLOSED - SECOND).drafts, decided(NINE, draft_only=True).drafts
    assert (early.open_until, asked.open_until) == (CLOSED, msgspec.UNSET)
    assert final not in (*early.rules, *asked.rules)
    issued = decided(NINE).post
    assert issued is not None
    assert (issued.open_until, issued.rules[-1]) == (msgspec.UNSET, final)
    assert issued.rules[:-1] == asked.rules


@pytest.mark.parametrize("values", [{}, {"adjust": True}, {"draft_only": True}, {"now": CLOSED - SECOND}])
def test_a_blocking_finding_parks_the_month(values: dict[str, Any]) -> None:
    decision = decided([*NINE, *DOUBTFUL], **values)
    assert (decision.status, decision.post, kinds(decision)) == ("draft", None, ["draft"])
    assert decision.needs_a_person
    assert codes(decision.drafts[0].findings) == ["unknown-status"]


def test_a_finding_of_the_reply_as_a_whole_blocks_too() -> None:
    decision = decided(NINE, findings=(finding("clock-skew", None, "the clock"),))
    assert (decision.status, decision.needs_a_person) == ("draft", True)


def test_warnings_do_not_block() -> None:
    decision = decided([Row(1), Row(1), Row(2, minutes=None), Row(3, minutes=-1), Row(4, None, None)])
    assert (decision.status, decision.needs_a_person) == ("issued", False)
    assert set(codes(decision.findings)) == {
        "repeated-row", "duration-unknown", "duration-implausible", "never-connected",
    }  # fmt: skip


def test_a_month_before_the_first_plan_fails() -> None:
    with pytest.raises(UnitError, match="no plan holds in 2016-11"):
        decided(NINE, terms=terms(plan(start=NOVEMBER.end.date())))


def test_a_session_billed_in_another_month_parks_this_one() -> None:
    decision = decided(NINE, billed_elsewhere={"2016-10": np.array([9], dtype=np.int64)})
    assert decision.status == "draft"
    assert the(decision.findings, "billed-elsewhere").session_id == 9
    assert str(decision.month.total) == "25.00"


# -- an issued month ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [{}, {"adjust": True}, {"draft_only": True}])
def test_the_same_result_changes_nothing(values: dict[str, Any]) -> None:
    decision = decided(NINE[::-1], issued=issue(NINE), **values)
    assert (decision.status, decision.post, decision.drafts, decision.changes) == ("unchanged", None, (), None)
    assert not decision.needs_a_person


@pytest.mark.parametrize(("later", "kind", "total"), [
    (EIGHT, "credit_note", "-5.00"), (TEN, "supplementary_invoice", "5.00"),
])  # fmt: skip
def test_a_different_result_is_drafted_beside_what_stands(later: Sequence[Row], kind: str, total: str) -> None:
    decision = decided(later, issued=issue(NINE))
    assert (decision.status, decision.post, decision.needs_a_person) == ("restated", None, True)
    assert (kinds(decision), stems(decision)) == ([f"draft_{kind}", "restatement"], ["draft", "restatement"])
    for draft in decision.drafts:
        assert (draft.number, draft.final, draft.corrects, str(draft.total)) == (None, False, "ACME-201611-0001", total)
    assert decision.changes == decision.drafts[0]


@pytest.mark.parametrize(("later", "kind", "total"), [
    (EIGHT, "credit_note", "-5.00"), (TEN, "supplementary_invoice", "5.00"),
])  # fmt: skip
def test_adjust_issues_the_difference(later: Sequence[Row], kind: str, total: str) -> None:
    decision = decided(later, issued=issue(NINE), adjust=True)
    assert (decision.status, decision.drafts, decision.needs_a_person) == ("adjusted", (), False)
    assert decision.post is not None
    assert (decision.post.kind, str(decision.post.total)) == (kind, total)
    assert decision.changes == decision.post


def test_a_change_without_money_is_a_restatement_without_number() -> None:
    standing = issue(EIGHT)
    drafted = decided(OTHER_COMP, issued=standing)
    assert (drafted.status, kinds(drafted), stems(drafted)) == ("restated", ["restatement"], ["restatement"])
    issued = decided(OTHER_COMP, issued=standing, adjust=True)
    assert issued.post is not None
    assert (issued.status, issued.post.kind, str(issued.post.total)) == ("adjusted", "restatement", "0.00")
    assert post(issued, standing)[-1].document.number is None


def test_draft_never_issues_an_adjustment() -> None:
    decision = decided(EIGHT, issued=issue(NINE), adjust=True, draft_only=True)
    assert (decision.status, decision.post) == ("restated", None)
    assert kinds(decision) == ["draft_credit_note", "restatement"]


@pytest.mark.parametrize("values", [{}, {"adjust": True}, {"draft_only": True}])
def test_a_blocking_finding_keeps_the_adjustment_a_draft(values: dict[str, Any]) -> None:
    standing = issue(NINE)
    decision = decided([*EIGHT, *DOUBTFUL], issued=standing, **values)
    assert (decision.status, decision.post, decision.needs_a_person) == ("restated", None, True)
    assert kinds(decision) == ["draft_credit_note", "restatement"]
    equal = decided([*NINE, *DOUBTFUL], issued=standing, **values)
    assert (equal.status, equal.post, kinds(equal)) == ("restated", None, ["restatement"])


def test_what_an_adjustment_takes_off_is_everything_issued() -> None:
    issued = issue(NINE, terms=terms(PLUS, tax="8.25"))
    for later, total in ((EIGHT, "-5.42"), (TEN, "10.83"), (NINE, "-5.41")):
        decision = decided(later, terms=terms(PLUS, tax="8.25"), issued=issued, adjust=True)
        assert decision.post is not None
        assert str(decision.post.total) == total
        issued = post(decision, issued)


# -- volume ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bill", "before", "odd"), [
    (60, (20, 20, 20), False), (61, (20, 20, 20), True),
    (7, (20, 20, 20), False), (6, (20, 20, 20), True),
    (10, (30, 30, 30), False), (9, (30, 30, 30), True),
    (0, (20, 20, 19), False), (999, (20, 20, 19), False),  # a mean below 20
    (0, (20, 20), False), (0, (), False),
    (100, (10**6, 20, 20, 61), False), (102, (0, 20, 20, 61), True),  # the newest three
    (101, (20, 20, 61), False),
])  # fmt: skip
def test_the_volume_is_odd_over_three_times_or_under_a_third_of_the_mean(
    bill: int, before: tuple[int, ...], odd: bool
) -> None:
    found = volume_anomaly(bill, past(*before))
    assert codes(found) == (["volume-anomaly"] if odd else [])
    assert all((one.severity, one.session_id) == ("warning", None) for one in found)


def test_an_odd_volume_is_told_of_and_issued() -> None:
    decision = decided(NINE, setting=setting(past=past(30, 30, 30)))
    assert decision.status == "issued"
    assert decision.post is not None
    assert codes(decision.post.findings) == ["volume-anomaly"]


# -- always ------------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    later=st.sampled_from([NINE, EIGHT, TEN, OTHER_COMP, []]),
    blocked=st.booleans(),
    standing=st.booleans(),
    seconds=st.integers(-5, 5),
    draft_only=st.booleans(),
    adjust=st.booleans(),
)
def test_nothing_is_posted_in_doubt(
    *, later: list[Row], blocked: bool, standing: bool, seconds: int, draft_only: bool, adjust: bool
) -> None:
    decision = decided(
        [*later, *(DOUBTFUL if blocked else [])],
        issued=issue(NINE) if standing else (),
        now=CLOSED + seconds * SECOND,
        draft_only=draft_only,
        adjust=adjust,
    )
    if blocked or draft_only or (not standing and seconds < 0) or (standing and not adjust):
        assert decision.post is None
    assert (decision.post is not None) == (decision.status in ("issued", "adjusted"))
    assert bool(decision.drafts) == (decision.status in ("draft", "restated"))
    assert decision.needs_a_person == (blocked or decision.status == "restated")
    assert not any(draft.final or draft.number for draft in decision.drafts)
    for draft in decision.drafts:
        assert set(draft.files.values()) == {f"{draft.stem}.{name}" for name in ("xlsx", "html", "json", "csv")}


def test_a_month_of_200_000_sessions_is_decided_at_once() -> None:
    rows = [
        Row(n + 1, CODES[n % 4], at(1 + n % 30, n % 86_400), minutes=n % 97, host_id=n % 300 + 1)
        for n in range(200_000)
    ]
    huge = gathered(frame(rows[::-1]), terms=terms(BY_MINUTE))
    started = time.perf_counter()
    decision = decide(huge)
    assert time.perf_counter() - started < 2  # a tenth of that, on an idle machine
    assert (decision.status, decision.month.counts["BILL"]) == ("issued", 50_000)
    started = time.perf_counter()
    again = decide(replace(huge, issued=post(decision), adjust=True))
    assert time.perf_counter() - started < 4
    assert again.status == "unchanged"
