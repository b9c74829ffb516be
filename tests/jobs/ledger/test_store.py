# ruff: noqa: S608  # the names in the statements are the schema's own
"""What the ledger takes in, gives back and refuses."""

import os
import stat
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from jobs.errors import ClockSetBack, LedgerDamaged
from jobs.ledger import frames
from jobs.ledger.posting import Stale
from jobs.ledger.snapshots import Digests
from jobs.ledger.store import ALL, Ledger, NewDocument, View
from tests.jobs.ledger.ledgers import NOW, asked, opened, post, sql
from tests.usage import bills


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/ledger.db"


def test_a_new_ledger_is_private_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        with opened(path):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_is_posted_comes_back_whole(path: Path) -> None:
    with opened(path) as ledger:
        posted = post(ledger, bills(10))
    with opened(path) as ledger:
        (stored,) = ledger.issued("acme", "2016-11")
    assert stored.document == posted.document
    assert stored.document.number == "ACME-201611-0001"
    assert (stored.document.issued_on, stored.document.due_on) == (date(2016, 12, 5), date(2017, 1, 4))
    assert frames.pack(stored.sessions) == frames.pack(posted.sessions)


def test_looking_leaves_no_trace(path: Path) -> None:
    with opened(path) as ledger:
        post(ledger, bills(3))
    before = path.read_bytes()
    with opened(path, NOW + timedelta(days=9)) as ledger:
        assert next(ledger.history())
        assert list(ledger.issued())
        assert not list(ledger.breaks())
    assert path.read_bytes() == before


def test_a_run_that_adds_nothing_is_not_noted_and_one_that_does_is_noted_once(path: Path) -> None:
    with opened(path):
        pass
    assert asked(path, "SELECT count(*) FROM runs") == [(0,)]
    with opened(path) as ledger:
        post(ledger, bills(3))
        ledger.add_event("acme", "2016-11", "issued", detail={})
    assert asked(path, "SELECT program_version, command FROM runs") == [("0.1.0", "test")]


def test_each_kind_of_adjustment_counts_its_own_numbers_for_each_invoice(path: Path) -> None:
    with opened(path) as ledger:
        numbers = [post(ledger, bills(count)).document.number for count in (10, 9, 12, 9, 10)]
    invoice = "ACME-201611-0001"
    assert numbers == [invoice, f"{invoice}-CN1", f"{invoice}-SI1", f"{invoice}-CN2", f"{invoice}-SI2"]
    assert asked(path, "SELECT nth FROM numbers WHERE series = 'invoice'") == [(1,)]


def test_a_number_and_date_are_known_before_they_are_taken_and_looking_takes_none(path: Path) -> None:
    with opened(path) as ledger:
        first = post(ledger, bills(3))
        unnumbered = [replace(first.document, number=None, month=month) for month in ("2016-10", "2016-12")]
        numbers = [document.number for document in ledger.numbered(unnumbered)]
        assert numbers == ["ACME-201610-0002", "ACME-201612-0003"] == [d.number for d in ledger.numbered(unnumbered)]
    assert asked(path, "SELECT count(*) FROM numbers") == [(1,)]


def test_a_document_made_yesterday_is_not_posted_today(path: Path) -> None:
    days = [NOW]
    with Ledger(path, now=lambda: days[-1], program_version="0.1.0", command="test") as ledger:
        first = post(ledger, bills(3))
        (made,) = ledger.numbered([replace(first.document, month="2016-10")])
        days.append(NOW + timedelta(days=1))
        with pytest.raises(Stale):
            ledger.post([NewDocument(made, first.sessions, 1)], newest=first.id)
        (again,) = ledger.numbered([made])
        assert ledger.post([NewDocument(again, first.sessions, 1)], newest=first.id)[0].document == again
    assert asked(path, "SELECT number FROM numbers ORDER BY id") == [("ACME-201611-0001",), ("ACME-201610-0002",)]


def test_a_restatement_without_money_takes_no_number_but_a_name(path: Path) -> None:
    with opened(path) as ledger:
        rows = bills(3)
        names = []
        for minutes in (25, 26, 27):
            rows[0] = replace(rows[0], minutes=minutes)
            names.append(post(ledger, rows).document.stem)
    assert names == ["ACME-201611-0001", "restatement-1", "restatement-2"]
    assert asked(path, "SELECT count(*) FROM numbers") == [(1,)]


def test_a_decision_on_what_is_no_longer_the_newest_is_stale(path: Path) -> None:
    with opened(path) as ledger:
        posted = post(ledger, bills(3))
        with pytest.raises(Stale):
            ledger.post([NewDocument(posted.document, posted.sessions, 1)], newest=0)
    assert asked(path, "SELECT count(*) FROM documents") == [(1,)]


def test_a_document_dated_before_the_newest_is_refused_and_takes_no_number(path: Path) -> None:
    with opened(path) as ledger:
        post(ledger, bills(3))
    with opened(path, NOW - timedelta(days=1)) as ledger, pytest.raises(ClockSetBack) as refused:
        post(ledger, bills(9), "bravo")
    assert str(refused.value) == (
        "the clock says 2016-12-04, but the ledger's newest document is dated 2016-12-05; nothing is issued with an "
        "earlier date: set this machine's clock right, then run again"
    )
    assert asked(path, "SELECT count(*) FROM numbers") == [(1,)]
    with opened(path, NOW.replace(hour=0)) as ledger:  # earlier on the same day is no earlier date
        post(ledger, bills(9), "bravo")
    with opened(path) as ledger:
        assert not list(ledger.breaks())


def test_the_same_bytes_again_are_the_same_snapshot_but_not_after_others(path: Path) -> None:
    one, two = Digests("1" * 64, "a" * 64), Digests("2" * 64, "b" * 64)
    with opened(path) as ledger:
        ids = []
        for number, digests in enumerate((one, one, two, one)):
            snapshot_id, snapshot = ledger.add_snapshot(
                "acme", "2016-11", digests=digests, rows=3, fetched_at=NOW + timedelta(hours=number)
            )
            ids.append((snapshot_id, snapshot.fetched_at))
    hours = [NOW, NOW, NOW + timedelta(hours=2), NOW + timedelta(hours=3)]
    assert ids == list(zip((1, 1, 2, 3), hours, strict=True))


def test_a_view_sees_the_ledger_as_it_was(path: Path) -> None:
    with opened(path) as ledger:
        first = post(ledger, bills(10))
    with opened(path, NOW + timedelta(days=30)) as ledger:
        second = post(ledger, bills(9))
        assert ledger.view("acme", "2016-11") == View(second.id, 2, event_id=2)
        assert ledger.view("acme", "2016-11", as_of=date(2016, 12, 5)) == View(first.id, 2, event_id=1)
        assert ledger.view("acme", "2016-11", as_of=date(2016, 12, 4)) == View(0, 0, event_id=0)
        known = ledger.known("acme", "2016-11", View(first.id, ALL))
        assert [issued.id for issued in known.issued] == [first.id]


def test_sessions_that_do_not_fit_their_digest_are_refused(path: Path) -> None:
    with opened(path) as ledger:
        post(ledger, bills(3))
    sql(path, "UPDATE documents SET sessions = zeroblob(10)")
    with opened(path) as ledger, pytest.raises(LedgerDamaged, match="sessions of document ACME-201611-0001 do not fit"):
        list(ledger.issued())


def test_nothing_of_a_posting_stands_where_it_is_broken_off(path: Path) -> None:
    """Document, lines, number and event come in one transaction."""
    with opened(path) as ledger:
        post(ledger, bills(3))
    sql(path, "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(FAIL, 'disk is full'); END")
    with opened(path) as ledger, pytest.raises(Exception, match="disk is full"):
        post(ledger, bills(9))
    sql(path, "DROP TRIGGER full")
    for table, count in (("documents", 1), ("numbers", 1), ("events", 1)):
        assert asked(path, f"SELECT count(*) FROM {table}") == [(count,)]
    with opened(path) as ledger:
        assert post(ledger, bills(9)).document.number == "ACME-201611-0001-SI1"
        assert not list(ledger.breaks())


def test_accounts_count_their_numbers_apart(path: Path) -> None:
    with opened(path) as ledger:
        post(ledger, bills(3), "acme")
        posted = post(ledger, bills(3), "bravo")
    assert posted.document.number == "BRAVO-201611-0001"
