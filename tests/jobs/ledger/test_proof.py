"""What a start proves: what is new, in turn what is older, and that the notes of earlier starts hold."""

import shutil
from pathlib import Path

import pytest

from jobs.errors import LedgerDamaged
from jobs.ledger import engine, proof
from jobs.ledger.proof import AGAIN
from tests.jobs.ledger.ledgers import asked, opened, post, rechain, sql
from tests.usage import bills


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three runs, each with a document: the first two were proven at the start of the third."""
    path = tmp_path / "ledger.db"
    for count in (10, 9, 12):
        with opened(path) as ledger:
            post(ledger, bills(count))
    return path


def start(path: Path, again: int = AGAIN) -> None:
    ledger = engine.open_engine(path)
    try:
        with engine.reading(ledger) as connection:
            proof.at_start(connection, again=again)
    finally:
        ledger.dispose()


def spoil(path: Path, row_id: int) -> None:
    sql(path, f"UPDATE documents SET total_minor = total_minor + 1 WHERE id = {row_id}")  # noqa: S608  # a number


def broken(path: Path) -> list[str]:
    with opened(path, checked=False) as ledger:
        return [found.place for found in ledger.breaks()]


def test_a_run_that_adds_notes_what_its_start_proved_and_others_note_nothing(path: Path) -> None:
    notes = asked(path, "SELECT run_id, ends FROM checks")
    assert [run for run, _ in notes] == [2, 3]
    with opened(path) as ledger:
        assert ledger.history()
    assert asked(path, "SELECT run_id, ends FROM checks") == notes
    assert broken(path) == []


def test_a_start_proves_what_was_added_since_the_last_one_and_not_again_all_before(path: Path) -> None:
    spoil(path, 1)
    start(path, again=0)
    spoil(path, 3)
    with pytest.raises(LedgerDamaged, match="row 3 of table documents should have the digest"):
        start(path, again=0)
    assert broken(path) == ["row 1 of table documents"]


def test_of_what_is_older_a_start_proves_a_part_in_turn(path: Path) -> None:
    found = []
    for _ in range(3):  # as many as there are documents, one of which each start proves again
        with opened(path) as ledger:
            ledger.add_event("acme", "2016-11", "unchanged", detail={})
        spoiled = shutil.copy(path, path.with_name("spoiled.db"))
        spoil(spoiled, 2)
        try:
            start(spoiled, again=1)
        except LedgerDamaged as damaged:
            found.append(str(damaged))
    assert len(found) == 1
    assert found[0].startswith("the ledger is damaged: row 2 of table documents should have the digest")


@pytest.mark.parametrize(
    ("harm", "place"),
    [
        ("UPDATE checks SET ends = replace(ends, '2', '3') WHERE id = 2", "row 2 of table checks"),
        ("DELETE FROM checks WHERE id = 2", "the end of table checks"),
        ("DELETE FROM checks", "the end of table checks"),
        ("UPDATE heads SET length = 1 WHERE name = 'checks'", "the end of table checks"),
    ],
)
def test_a_note_that_was_moved_or_removed_is_found(path: Path, harm: str, place: str) -> None:
    sql(path, harm)
    with pytest.raises(LedgerDamaged, match=place):
        start(path, again=1)
    assert broken(path) == [place]


def test_chains_made_anew_do_not_fit_the_notes(path: Path) -> None:
    notes = asked(path, "SELECT id, ends FROM checks")
    spoil(path, 1)
    rechain(path)
    start(path)
    for row_id, ends in notes:
        sql(path, f"UPDATE checks SET ends = '{ends}' WHERE id = {row_id}")  # noqa: S608  # our own
    rechain(path, notes=False)
    with pytest.raises(LedgerDamaged, match="row 2 of table documents should have the digest"):
        start(path, again=0)
    assert "row 1 of table documents" in broken(path)
