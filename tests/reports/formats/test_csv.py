"""The sessions as CSV: read back as any program would."""

import csv
import io
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest

from reports.formats import render
from reports.formats.csv.table import COLUMNS, money, neutral
from tests.documents import sample

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =cmd|' /C calc'!A0", "\u00a0@x", "＝1", "\x00=1")


def read(document, sessions) -> list[dict[str, str]]:
    text = render("csv", document, sessions).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("kind", ["invoice", "credit_note", "draft"])
def test_golden_csv(kind, golden: Callable[[str, bytes], None]) -> None:
    golden(f"{kind}.csv", render("csv", *sample(kind)))


def test_every_session_is_a_row_in_order_with_what_the_frame_says() -> None:
    document, sessions = sample(sessions=200, parts=2)
    rows = read(document, sessions)
    assert tuple(rows[0]) == COLUMNS
    assert [int(row["session_id"]) for row in rows] == sessions["session_id"].tolist()
    assert [row["allowance"] for row in rows] == sessions["allowance"].tolist()
    assert [pd.Timestamp(row["billable_at"]) for row in rows] == sessions["billable_at"].tolist()
    assert [row["minutes"] for row in rows] == ["" if value is pd.NA else str(value) for value in sessions["minutes"]]
    assert [row["ordinal"] for row in rows] == ["" if value is pd.NA else str(value) for value in sessions["ordinal"]]
    assert [Decimal(row["charge"]) for row in rows] == sessions["charge"].tolist()
    assert [row["counts_towards_limit"] for row in rows] == ["yes" if s == "BILL" else "no" for s in sessions["status"]]
    assert {row["plan"] for row in rows if row["part"] == "2"} == {"PLUS 2"}
    assert {row["currency"] for row in rows} == {"USD"}


def test_a_month_without_sessions_has_its_header() -> None:
    assert render("csv", *sample(sessions=0)).decode() == ",".join(COLUMNS) + "\r\n"


def test_lines_end_in_crlf_and_nothing_stands_before_the_header() -> None:
    content = render("csv", *sample(sessions=20))
    assert content.startswith(b"session_id,")
    assert content.count(b"\r\n") == content.count(b"\n") == 21


def test_times_have_as_many_fraction_digits_as_they_need() -> None:
    document, sessions = sample(sessions=4)
    texts = ["2016-11-03T21:46:16.1", "2016-11-03T21:46:16.467", "2016-11-03T21:46:16.000001", "2016-11-03T21:46:10"]
    times = pd.Series(pd.to_datetime(texts, format="ISO8601", utc=True)).astype("datetime64[us, UTC]")
    rows = read(document, sessions.assign(billable_at=times, scheduled_at=times.mask(times.index == 0)))
    assert [row["billable_at"] for row in rows] == [f"{text}Z" for text in texts]
    assert [row["scheduled_at"] for row in rows] == ["", *(f"{text}Z" for text in texts[1:])]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_stays_text(text) -> None:
    assert neutral(text).startswith("'")


@pytest.mark.parametrize("text", ["", "Ada", "a=b", "#N/A", "3 - 4", "'x", "د. أحمد"])
def test_what_no_spreadsheet_runs_stays_as_it_is(text) -> None:
    assert neutral(text) == text


def test_hostile_text_stays_in_its_own_cell() -> None:
    hosts = ('=HYPERLINK("http://x.example","a")', 'say "hi",\r\nthere', "\u202eabc\x07", "plain")
    document, sessions = sample(sessions=80, host_names=hosts)
    document = replace(document, parts=tuple(replace(part, plan='@plan,"x"') for part in document.parts))
    rows = read(document, sessions)
    assert len(rows) == 80
    assert {row["host"] for row in rows} == {"'" + hosts[0], 'say "hi", there', "abc", "plain"}
    assert {row["plan"] for row in rows} == {'\'@plan,"x"'}


def test_names_of_patients_come_only_with_full_and_their_columns_say_so() -> None:
    hidden, full = sample(sessions=30), sample(sessions=30, participants="full")
    assert "participants" not in render("csv", *hidden).decode()
    named = full[1].assign(participants=["=1+1, Kim", *full[1]["participants"][1:]])
    rows = read(full[0], named)
    assert list(rows[0])[-2:] == ["participants (names of patients)", "note (names of patients)"]
    assert rows[0]["participants (names of patients)"] == "'=1+1, Kim"
    assert [row["note (names of patients)"] for row in rows] == named["note"].tolist()


@pytest.mark.parametrize(
    ("amount", "digits", "text"),
    [("5", 2, "5.00"), ("4.125", 2, "4.125"), ("4.1250", 2, "4.125"), ("5.000", 0, "5"), ("1E+3", 2, "1000.00")],
)
def test_a_charge_has_the_digits_of_the_currency_or_more(amount, digits, text) -> None:
    assert money(Decimal(amount), digits) == text


def test_a_large_month_takes_little_memory() -> None:
    document, sessions = sample(sessions=100_000)
    render("csv", document, sessions)
    tracemalloc.start()
    size = len(render("csv", document, sessions))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * size + 80 * 2**20
