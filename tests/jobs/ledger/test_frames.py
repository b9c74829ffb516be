import io
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
from hypothesis import given, settings

from jobs.billing import restate
from jobs.billing.month import Month
from jobs.billing.terms import Terms
from jobs.ledger import frames
from tests.usage import LARGEST_ID, PLUS, Row, any_terms, at, bills, decided, frame, plan, terms, usage


@settings(max_examples=30, deadline=None)
@given(usage(20, known_minutes=False), any_terms())
def test_a_rated_month_comes_back_exactly(rows: list[Row], some: Terms) -> None:
    month = decided(rows, terms=some).month
    packed = frames.pack(month.sessions)
    found = frames.unpack(packed, month.parts)
    pd.testing.assert_frame_equal(found, month.sessions)
    assert [str(one) for one in found["charge"]] == [str(one) for one in month.sessions["charge"]]
    assert frames.pack(found) == packed
    assert restate.same(found, month.sessions)
    assert frames.session_ids(packed).tolist() == [int(one) for one in month.sessions["session_id"]]


@settings(max_examples=20, deadline=None)
@given(usage(20, known_minutes=False))
def test_the_same_month_gives_the_same_bytes_in_any_order(rows: list[Row]) -> None:
    one, two = (frames.pack(decided(these).month.sessions) for these in (rows, rows[::-1]))
    assert one == two
    assert frames.sha256(one) == frames.sha256(two)


def test_a_month_without_sessions_comes_back() -> None:
    month = decided([]).month
    found = frames.unpack(frames.pack(month.sessions), month.parts)
    pd.testing.assert_frame_equal(found, month.sessions)


def test_the_largest_ids_and_the_longest_minutes_come_back() -> None:
    rows = [
        Row(LARGEST_ID, minutes=2**31 - 1, host_id=LARGEST_ID),
        Row(LARGEST_ID - 1, minutes=0, host_id=LARGEST_ID - 1),
    ]
    month = decided(rows).month
    found = frames.unpack(frames.pack(month.sessions), month.parts)
    assert found["session_id"].tolist() == [LARGEST_ID - 1, LARGEST_ID]
    assert found["host_id"].tolist() == [LARGEST_ID - 1, LARGEST_ID]
    assert found["minutes"].tolist() == [0, 2**31 - 1]


def test_the_ends_of_time_come_back() -> None:
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    for month, instants in ((Month(1, 1), [first]), (Month(9998, 12), [Month(9998, 12).start])):
        rows = [Row(n, billable_at=one, scheduled_at=last) for n, one in enumerate(instants, start=1)]
        rated = decided(rows, terms=terms(plan(start=date.min)), month=month).month
        found = frames.unpack(frames.pack(rated.sessions), rated.parts)
        pd.testing.assert_frame_equal(found, rated.sessions)
        assert len(found) == 1


def test_sessions_before_the_first_plan_come_back() -> None:
    rated = decided(bills(3), terms=terms(plan(start=at(30).date()))).month
    found = frames.unpack(frames.pack(rated.sessions), rated.parts)
    pd.testing.assert_frame_equal(found, rated.sessions)


def test_names_of_participants_are_kept_only_where_the_frame_holds_them() -> None:
    rows = [replace(row, host_name="Zoë 🎧 =1+1") for row in bills(2)]
    for digests in (False, True):
        month = decided(frame(rows, participants=digests), terms=terms(PLUS)).month
        packed = frames.pack(month.sessions)
        pd.testing.assert_frame_equal(frames.unpack(packed, month.parts), month.sessions)
        with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
            assert ("participants" in stored.files) == digests
