# ruff: noqa: S608  # the names in the statements are the schema's own
"""The rows of one account hold by themselves, whatever became of the others'."""

import shutil
from pathlib import Path

import pytest

from jobs.errors import LedgerDamaged
from tests.jobs.ledger.ledgers import asked, flip_in_index, opened, post, sql
from tests.usage import bills

TABLES = ("snapshots", "documents", "lines", "numbers", "events")  # what the example fills


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "ledger.db"
    for account in ("acme", "birch", "acme", "birch"):
        with opened(path) as ledger:
            post(ledger, bills(9 + len(list(ledger.issued()))), account)
    return path


@pytest.fixture
def path(filled: Path, tmp_path: Path) -> Path:
    """Two documents of each account, in turn."""
    return shutil.copy(filled, tmp_path / "ledger.db")


def broken(path: Path, account: str) -> list[str]:
    with opened(path, checked=False) as ledger:
        return [found.place for found in ledger.breaks(account)]


@pytest.mark.parametrize("table", TABLES)
def test_a_change_to_a_row_is_a_break_of_its_account_alone(path: Path, table: str) -> None:
    assert broken(path, "acme") == broken(path, "birch") == []
    own = "document_id = 3" if table in ("lines", "numbers", "events") else "id = 3"
    ((row_id,),) = asked(path, f"SELECT min(id) FROM {table} WHERE {own}")
    sql(path, f"UPDATE {table} SET digest = replace(digest, substr(digest, 1, 1), 'x') WHERE id = {row_id}")
    assert broken(path, "acme") == [f"row {row_id} of table {table}"]
    after = asked(path, f"SELECT id FROM {table} WHERE id = {row_id} + 1")
    assert broken(path, "birch") in ([f"row {row_id + 1} of table {table}"] if after else [], [])


def test_a_row_taken_off_the_end_is_seen_by_every_account(path: Path) -> None:
    sql(path, "DELETE FROM lines WHERE id = (SELECT max(id) FROM lines)")
    assert broken(path, "acme") == ["the end of table lines"]


@pytest.mark.parametrize("at", range(len("birch2016-11")))
def test_an_index_that_overlooks_a_document_is_seen_whichever_byte_is_damaged(path: Path, at: int) -> None:
    flip_in_index(path, "documents_by_month", b"birch2016-11", at)
    assert broken(path, "acme") == []
    with opened(path, checked=False) as ledger:
        ledger.refuse_other("acme", "ACME")
        with pytest.raises(LedgerDamaged, match="each table's index of accounts, but has none in that of documents;"):
            ledger.refuse_other("birch", "BIRCH")


def test_so_is_one_of_what_happened(path: Path) -> None:
    flip_in_index(path, "events_by_month", b"birch2016-11")
    assert broken(path, "birch")
    assert broken(path, "acme") == []
