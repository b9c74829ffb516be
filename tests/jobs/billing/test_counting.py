from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.billing.counting import count
from jobs.billing.findings import finding
from jobs.billing.month import Month
from jobs.billing.plan import Plan, parts_of
from jobs.billing.sessions import NORMALISED, Usage
from reports.counts import Rows
from reports.document import Finding
from reports.findings import KINDS
from tests.usage import (
    BY_MINUTE,
    FREE_DAY,
    LARGEST_ID,
    NOVEMBER,
    PLUS,
    Row,
    at,
    codes,
    frame,
    meter,
    odd_rows,
    plan,
    the,
)

MICROSECOND = timedelta(microseconds=1)


def counted(
    rows: Sequence[Row],
    *plans: Plan,
    month: Month = NOVEMBER,
    billed_elsewhere: dict[str, list[int]] | None = None,
    unreadable: int = 0,
    unreadable_ids: Sequence[int] = (),
) -> Usage:
    """`unreadable`, `unreadable_ids`: rows that came beside `rows` and the reader reported."""
    reported = [finding("unreadable-row", one, "row") for one in (*[None] * unreadable, *unreadable_ids)]
    return count(
        frame(rows),
        received=len(rows) + len(reported),
        findings=reported,
        month=month,
        parts=parts_of(month, plans or (PLUS,)),
        billed_elsewhere={key: np.array(ids, dtype=np.int64) for key, ids in (billed_elsewhere or {}).items()},
    )


def ids(usage: Usage) -> list[int]:
    return [int(one) for one in usage.sessions["session_id"]]


def severities(findings: Sequence[Finding]) -> dict[str, str]:
    return {one.code: one.severity for one in findings}


# -- what is set aside -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["bill", "BILL ", "", "Bill", "XXXX", "COMP\n"])
def test_any_other_code_is_an_unknown_status(status: str) -> None:
    usage = counted([Row(1), Row(2, status)])
    reported = the(usage.findings, "unknown-status")
    assert (reported.severity, reported.session_id, ids(usage), usage.rows.set_aside) == ("blocking", 2, [1], 1)


def test_the_four_codes_count_and_nothing_is_found() -> None:
    usage = counted([Row(n, code) for n, code in enumerate(("BILL", "COMP", "DUPL", "SVCO"), start=1)])
    assert (ids(usage), usage.findings) == ([1, 2, 3, 4], ())


def test_a_billable_session_without_status_blocks() -> None:
    usage = counted([Row(7, None)])
    reported = the(usage.findings, "missing-status")
    assert (reported.severity, reported.session_id, usage.rows) == ("blocking", 7, Rows(1, 0, 1, 0, 0))


def test_a_status_without_billable_ts_blocks() -> None:
    usage = counted([Row(7, "COMP", None)])
    reported = the(usage.findings, "missing-billable-ts")
    assert (reported.severity, reported.session_id, usage.rows) == ("blocking", 7, Rows(1, 0, 1, 0, 0))


def test_a_session_that_never_connected_is_not_counted_and_does_not_block() -> None:
    usage = counted([Row(7, None, None)])
    reported = the(usage.findings, "never-connected")
    assert (reported.severity, reported.session_id, usage.rows) == ("info", 7, Rows(1, 0, 0, 0, 1))


@pytest.mark.parametrize(("instant", "inside"), [
    (NOVEMBER.start - MICROSECOND, False),
    (NOVEMBER.start, True),
    (NOVEMBER.end - MICROSECOND, True),
    (NOVEMBER.end, False),
    (datetime(1, 1, 1, tzinfo=UTC), False),
    (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), False),
])  # fmt: skip
def test_the_month_is_bounded_to_the_microsecond(instant: datetime, inside: bool) -> None:
    usage = counted([Row(3, billable_at=instant)])
    assert ids(usage) == ([3] if inside else [])
    assert codes(usage.findings) == ([] if inside else ["outside-month"])


def test_only_billable_ts_decides_the_month() -> None:
    assert ids(counted([Row(3, scheduled_at=NOVEMBER.start - timedelta(days=90))])) == [3]


@pytest.mark.parametrize("month", [Month(1, 1), Month(9998, 12)])
def test_the_ends_of_time_can_be_billed(month: Month) -> None:
    rows = [Row(1, billable_at=month.start), Row(2, billable_at=month.end - MICROSECOND)]
    assert ids(counted(rows, plan(start=month.first), month=month)) == [1, 2]


# -- more than once ----------------------------------------------------------------------------------------------------


def test_identical_rows_are_counted_once() -> None:
    usage = counted([Row(5), Row(6), Row(5), Row(5)])
    assert (ids(usage), usage.rows) == ([5, 6], Rows(4, 2, 0, 2, 0))
    assert {(one.code, one.severity, one.session_id) for one in usage.findings} == {("repeated-row", "warning", 5)}


@pytest.mark.parametrize("other", [
    Row(5, "COMP"), Row(5, minutes=26), Row(5, minutes=None), Row(5, host_id=5), Row(5, billable_at=at(2)),
    Row(5, scheduled_at=at(2)), Row(5, note="other text"), Row(5, None, None),
])  # fmt: skip
def test_rows_of_one_session_that_differ_are_all_set_aside(other: Row) -> None:
    usage = counted([Row(5), other, Row(5), Row(6)])
    reported = the(usage.findings, "conflicting-duplicate")  # once a session, not once a row
    assert (reported.severity, reported.session_id, ids(usage)) == ("blocking", 5, [6])
    assert usage.rows == Rows(received=4, counted=1, set_aside=3, repeated=0, never_connected=0)
    assert codes(usage.findings) == ["conflicting-duplicate"]


def test_conflicting_goes_before_every_finding_of_its_rows() -> None:
    rows = [Row(5, "bill"), Row(5, None), Row(5, "BILL", None), Row(5, None, None), Row(5, billable_at=NOVEMBER.end)]
    assert codes(counted(rows).findings) == ["conflicting-duplicate"]


def test_a_row_beside_an_unreadable_one_of_its_session_is_set_aside() -> None:
    """Nobody knows which of the two is right: to count the one that can be read would be a guess."""
    usage = counted([Row(5), Row(5), Row(6), Row(LARGEST_ID)], unreadable=1, unreadable_ids=[5, 5, LARGEST_ID])
    assert (ids(usage), usage.rows) == ([6], Rows(received=8, counted=1, set_aside=7, repeated=0, never_connected=0))
    assert [one.session_id for one in usage.findings if one.code == "conflicting-duplicate"] == [5, LARGEST_ID]


def test_a_repeated_row_is_set_aside_once_and_repeated_otherwise() -> None:
    usage = counted([Row(5, "bill"), Row(5, "bill")])
    assert sorted(codes(usage.findings)) == ["repeated-row", "unknown-status"]
    assert usage.rows == Rows(2, 0, 1, 1, 0)


@pytest.mark.parametrize(("row", "code"), [
    (Row(1, "bill", None), "unknown-status"),
    (Row(1, "bill", NOVEMBER.end), "unknown-status"),
    (Row(1, None, NOVEMBER.end), "missing-status"),
    (Row(1, "BILL", None), "missing-billable-ts"),
    (Row(1, None, None), "never-connected"),
])  # fmt: skip
def test_a_row_gets_the_first_finding_that_applies(row: Row, code: str) -> None:
    assert codes(counted([row]).findings) == [code]


def test_a_session_counted_in_another_issued_month_is_set_aside() -> None:
    usage = counted(
        [Row(1), Row(LARGEST_ID), Row(LARGEST_ID - 1)], billed_elsewhere={"2016-09": [9], "2016-10": [LARGEST_ID]}
    )
    reported = the(usage.findings, "billed-elsewhere")
    assert (reported.severity, reported.session_id) == ("blocking", LARGEST_ID)
    assert (ids(usage), usage.rows.set_aside) == ([1, LARGEST_ID - 1], 1)


def test_unreadable_rows_are_set_aside_in_the_sum() -> None:
    usage = counted([Row(1)], unreadable=2)
    assert usage.rows == Rows(received=3, counted=1, set_aside=2, repeated=0, never_connected=0)
    assert codes(usage.findings) == ["unreadable-row", "unreadable-row"]


# -- what is odd but counts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["BILL", "COMP"])
def test_unknown_minutes_are_worth_a_note(status: str) -> None:
    usage = counted([Row(1, status, minutes=None)])
    assert (ids(usage), severities(usage.findings)) == ([1], {"duration-unknown": "info"})


def test_negative_minutes_are_taken_as_unknown() -> None:
    usage = counted([Row(1, minutes=-5)])
    assert severities(usage.findings) == {"duration-implausible": "warning"}  # and not duration-unknown as well
    assert usage.sessions["minutes"].isna().tolist() == [True]


@pytest.mark.parametrize(("status", "severity"), [("BILL", "blocking"), ("COMP", None), ("DUPL", None), ("SVCO", None)])
@pytest.mark.parametrize(("minutes", "code"), [(None, "duration-unknown"), (-1, "duration-implausible")])
def test_minutes_that_are_charged_must_be_known(minutes: int, code: str, status: str, severity: str | None) -> None:
    usage = counted([Row(1, status, minutes=minutes)], BY_MINUTE)
    assert severities(usage.findings) == {code: severity or KINDS[code].severity}
    assert ids(usage) == [1]


def test_in_a_split_month_the_sessions_own_part_decides_about_its_minutes() -> None:
    rows = [Row(1, billable_at=at(15, 86_399), minutes=None), Row(2, billable_at=at(16), minutes=None)]
    usage = counted(rows, PLUS, replace(BY_MINUTE, start=at(16).date()))
    assert {one.session_id: one.severity for one in usage.findings} == {1: "info", 2: "blocking"}


@pytest.mark.parametrize(("minutes", "odd"), [(0, False), (1440, False), (1441, True), (2**31 - 1, True)])
def test_more_than_a_day_is_implausible_and_kept(minutes: int, odd: bool) -> None:
    usage = counted([Row(1, minutes=minutes)], BY_MINUTE)
    assert severities(usage.findings) == ({"duration-implausible": "warning"} if odd else {})
    assert usage.sessions["minutes"].tolist() == [minutes]


@pytest.mark.parametrize("contradiction", ["session-number", "counted-wording", "svco-wording"])
def test_a_description_that_contradicts_its_row_is_a_warning(contradiction: str) -> None:
    usage = counted([Row(LARGEST_ID, contradiction=contradiction)])
    reported = the(usage.findings, "description-mismatch")
    assert (reported.severity, reported.session_id, ids(usage)) == ("warning", LARGEST_ID, [LARGEST_ID])


def test_a_bill_session_before_the_first_plan_blocks() -> None:
    rows = [Row(1, billable_at=at(9)), Row(2, "COMP", at(9)), Row(3, billable_at=at(10))]
    usage = counted(rows, plan(start=at(10).date()))
    reported = the(usage.findings, "before-first-plan")
    assert (reported.severity, reported.session_id, ids(usage)) == ("blocking", 1, [1, 2, 3])


def test_findings_of_the_reader_stay() -> None:
    reported = [finding("coerced-type", None, "UserId came as text"), finding("unknown-field", None, "a field")]
    parts = parts_of(NOVEMBER, (PLUS,))
    usage = count(frame([]), received=0, findings=reported, month=NOVEMBER, parts=parts, billed_elsewhere={})
    assert usage.findings == tuple(reported)
    assert usage.rows == Rows(0, 0, 0, 0, 0)


def test_findings_never_show_a_name_or_a_status() -> None:
    rows = [Row(1, "PATIENT"), Row(2, contradiction="svco-wording", host_name="PATIENT", note="PATIENT")]
    assert not any("PATIENT" in one.message for one in counted(rows).findings)


# -- any rows ----------------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.lists(odd_rows, max_size=25), st.integers(0, 3), st.sampled_from([PLUS, BY_MINUTE]), st.randoms())
def test_rows_in_any_order_give_the_same_usage(rows: list[Row], unreadable: int, some: Plan, random: object) -> None:
    billed_elsewhere = {"2016-10": [1, 2]}
    usage = counted(rows, some, billed_elsewhere=billed_elsewhere, unreadable=unreadable)
    random.shuffle(rows)  # type: ignore[attr-defined]  # hypothesis' Random
    again = counted(rows, some, billed_elsewhere=billed_elsewhere, unreadable=unreadable)
    pd.testing.assert_frame_equal(usage.sessions, again.sessions)
    assert (usage.rows, usage.findings) == (again.rows, again.findings)


@settings(max_examples=20, deadline=None)
@given(st.lists(odd_rows, max_size=25), st.integers(0, 3), st.sampled_from([PLUS, BY_MINUTE]))
def test_every_row_ends_in_exactly_one_place(rows: list[Row], unreadable: int, some: Plan) -> None:
    """Against the order of docs/rules.md §4.1, a row at a time."""
    usage = counted(rows, some, billed_elsewhere={"2016-10": [1, 2]}, unreadable=unreadable)
    sums = usage.rows
    assert sums.received == len(rows) + unreadable
    assert sums.received == sums.counted + sums.set_aside + sums.repeated + sums.never_connected
    fates = {"set_aside": unreadable, "repeated": 0, "never_connected": 0, "counted": 0}
    seen: set[int] = set()
    for row in rows:
        fate = naive_fate(row, rows, row.session_id in seen)
        seen.add(row.session_id)
        fates[fate] += 1
        assert (row.session_id in ids(usage)) == (naive_fate(row, rows, False) == "counted")
    assert fates == {name: getattr(sums, name) for name in fates}


def naive_fate(row: Row, rows: Sequence[Row], seen: bool) -> str:
    if any(other.session_id == row.session_id and other != row for other in rows):
        return "set_aside"
    if seen:
        return "repeated"
    if row.status is None and row.billable_at is None:
        return "never_connected"
    sound = row.status in ("BILL", "COMP", "DUPL", "SVCO") and row.billable_at is not None
    inside = row.billable_at is not None and NOVEMBER.start <= row.billable_at < NOVEMBER.end
    return "counted" if sound and inside and row.session_id not in (1, 2) else "set_aside"


@given(st.lists(odd_rows, max_size=10))
@settings(max_examples=20, deadline=None)
def test_the_frame_is_typed_whatever_came(rows: list[Row]) -> None:
    sessions = counted(rows, plan("0", meter(0, "1"))).sessions
    expected = {name: dtype for name, dtype in NORMALISED.items() if name in sessions}
    assert {name: str(dtype) for name, dtype in sessions.dtypes.items()} == expected
    assert sessions.index.equals(pd.RangeIndex(len(sessions)))
    order = list(zip(sessions["billable_at"], sessions["session_id"], strict=True))
    assert order == sorted(order)
    assert not (sessions["minutes"] < 0).any()


def test_equal_instants_are_ordered_by_session() -> None:
    rows = [Row(one, billable_at=FREE_DAY) for one in (LARGEST_ID, 3, LARGEST_ID - 1, 12)]
    assert ids(counted(rows)) == [3, 12, LARGEST_ID - 1, LARGEST_ID]
