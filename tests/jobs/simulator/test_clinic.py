import json
import re
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from jobs.billing.month import Month
from jobs.simulator import clinic
from jobs.simulator.answers import answer
from jobs.simulator.data import read

LONG_AFTER = datetime(2017, 6, 1, tzinfo=UTC)
PROPERTIES = [
    "SessionId",
    "ScheduleTs",
    "BillableTs",
    "DurationMinutes",
    "BillableStatusCd",
    "UserId",
    "UsageDescription",
]


def shown(path="/history", query="", now=LONG_AFTER, account="lakeside", data=None):
    reply = answer(read(data or clinic.clinic(), "clinic").accounts[account], path, query, now)
    return json.loads(reply.body)


def counts(month, now=LONG_AFTER):
    return Counter(row["BillableStatusCd"] for row in shown(query=f"month={month}-01", now=now))


def test_it_is_the_same_each_time():
    assert json.dumps(clinic.clinic()) == json.dumps(clinic.clinic())
    assert clinic.sessions(50, "2016-11") == clinic.sessions(50, "2016-11")


@pytest.mark.parametrize("number", range(9))
def test_each_month_has_every_status_and_is_larger_than_the_one_before(number):
    month = clinic.FIRST_MONTH.plus(number)
    found = counts(month, now=month.end)
    assert set(found) == {"BILL", "COMP", "DUPL", "SVCO"}
    assert abs(found["BILL"] - clinic.COUNTED[number]) <= 1
    assert not number or sum(found.values()) > sum(counts(month.plus(-1), now=month.end).values())


def test_a_november_session_is_comped_after_november_was_billed():
    assert counts("2016-11", now=datetime(2016, 12, 5, tzinfo=UTC))["BILL"] == 29
    assert counts("2016-11", now=datetime(2017, 1, 16, tzinfo=UTC))["BILL"] == 29
    assert counts("2016-11", now=datetime(2017, 1, 18, tzinfo=UTC))["BILL"] == 28
    assert counts("2016-11")["COMP"] == 3


def test_a_length_becomes_known_later_and_one_in_each_month_never_does():
    def unknown(now):
        return [row["SessionId"] for row in shown(query="month=2016-11-01", now=now) if row["DurationMinutes"] is None]

    before, after = unknown(datetime(2016, 12, 5, tzinfo=UTC)), unknown(LONG_AFTER)
    assert len(before) == 2
    assert len(after) == 1
    assert set(after) < set(before)


def test_a_duplicate_is_found_after_february_was_billed():
    billed = counts("2017-02", now=datetime(2017, 3, 4, tzinfo=UTC))
    assert counts("2017-02") - billed == Counter(DUPL=1)
    assert billed - counts("2017-02") == Counter(BILL=1)


def test_neighbouring_months_meet_to_the_millisecond():
    times = {row["BillableTs"] for row in shown()}
    assert {"2016-11-30T23:59:59.997", "2016-12-01T00:00:00"} <= times
    assert any(row["BillableTs"] == "2016-11-30T23:59:59.997" for row in shown(query="month=2016-11-01"))
    assert any(row["BillableTs"] == "2016-12-01T00:00:00" for row in shown(query="month=2016-12-01"))


def test_rows_look_like_the_vendors():
    rows = shown()
    assert all(list(row) == PROPERTIES for row in rows)
    assert len({row["SessionId"] for row in rows}) == len(rows)
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,2}[1-9])?"
    assert all(re.fullmatch(pattern, row["ScheduleTs"]) for row in rows)
    assert all((row["BillableTs"] is None) == (row["BillableStatusCd"] is None) for row in rows)
    assert any(row["BillableTs"] and row["BillableTs"] < row["ScheduleTs"] for row in rows)
    assert any(not row["ScheduleTs"].endswith(":00") for row in rows)


def test_never_connected_rows_are_only_in_the_whole_history():
    assert any(row["BillableTs"] is None for row in shown())
    months = [Month(2016, 7).plus(number) for number in range(9)]
    assert all(row["BillableTs"] for month in months for row in shown(query=f"month={month}-01"))


def test_the_host_who_left_is_only_named_in_descriptions():
    name = clinic.HOSTS[clinic.LEFT]
    assert name not in {user["FullName"] for user in shown("/user")}
    assert name in {user["FullName"] for user in shown("/user", now=datetime(2016, 12, 5, tzinfo=UTC))}
    assert shown(f"/user/{clinic.LEFT}") == {"Message": "User not found"}
    theirs = shown(f"/history/{clinic.LEFT}")
    assert theirs
    assert all(row["UsageDescription"].startswith(f"{name} Session #{row['SessionId']}") for row in theirs)
    assert max(row["ScheduleTs"] for row in theirs) < clinic.stamp(clinic.LEFT_AT)


def test_every_participant_can_be_asked_for():
    for number, name in enumerate(clinic.PARTICIPANTS, 1):
        rows = shown(query=f"participantEmail=participant{number}@example.test")
        assert rows
        assert all(name in row["UsageDescription"] or row["BillableTs"] is None for row in rows)


def test_published_holds_the_articles_two_rows():
    first, second = shown(query="month=2016-11-01", account="published")
    assert list(first.values()) == [
        105236,
        "2016-11-03T21:45:09.467",
        "2016-11-03T21:46:16.1",
        25,
        "BILL",
        4,
        "Aaron Johnson Session #105236 with Trevor Stamp - Counted Session",
    ]
    assert list(second.values()) == [
        105022,
        "2016-11-03T22:00:00",
        "2016-11-03T21:56:30.72",
        31,
        "SVCO",
        1,
        (
            "Jonathan Vernon Session #105022 with Dewey Gladstone, Xiao Chu, Marisa Zendejas"
            " - Session with SecureVideo.com - does not count towards billable limits"
        ),
    ]


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2016, 11, 3, 22, tzinfo=UTC), "2016-11-03T22:00:00"),
        (datetime(2016, 11, 3, 20, 0, 10, 100_000, UTC), "2016-11-03T20:00:10.1"),
        (datetime(2016, 11, 3, 20, 0, 10, 720_000, UTC), "2016-11-03T20:00:10.72"),
        (datetime(2016, 11, 3, 20, 0, 10, 7_000, UTC), "2016-11-03T20:00:10.007"),
    ],
)
def test_trailing_zeros_of_a_fraction_are_dropped(instant, text):
    assert clinic.stamp(instant) == text


def test_a_large_month_is_made_quickly_and_all_of_it_counts_there():
    start = time.process_time()
    data = clinic.sessions(100_000, "2016-02")
    assert time.process_time() - start < 2
    rows = shown(query="month=2016-02-01", account="large", data=data)
    assert len(rows) == 100_000
    found = Counter(row["BillableStatusCd"] for row in rows)
    assert 0.88 < found["BILL"] / 100_000 < 0.92
    assert set(found) == {"BILL", "COMP", "DUPL", "SVCO"}
    assert 0.01 < sum(row["DurationMinutes"] is None for row in rows) / 100_000 < 0.03
    assert len({row["UserId"] for row in rows}) == 300
