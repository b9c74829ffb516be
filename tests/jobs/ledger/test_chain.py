# ruff: noqa: S608  # the names in the statements are the schema's own
"""The chain of digests: any change to any row is seen, and where."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.errors import LedgerDamaged
from jobs.ledger import schema
from tests.jobs.ledger.ledgers import asked, opened, post, sql
from tests.usage import bills

TABLES = ("runs", "snapshots", "documents", "lines", "numbers", "events")  # what the example fills


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "ledger.db"
    for count in (10, 9, 12):
        with opened(path) as ledger:
            post(ledger, bills(count))
    return path


@pytest.fixture
def path(filled: Path, tmp_path: Path) -> Path:
    """A ledger with three rows at least in every table."""
    return shutil.copy(filled, tmp_path / "ledger.db")


def broken(path: Path) -> dict[str, tuple[str, str]]:
    with opened(path, checked=False) as ledger:
        return {found.place: (found.expected, found.found) for found in ledger.breaks()}


def test_an_unharmed_chain_holds(path: Path) -> None:
    assert broken(path) == {}
    for table in TABLES:
        assert asked(path, f"SELECT count(*), max(id) FROM {table}")[0][0] >= 3
        assert asked(path, f"SELECT length, digest FROM heads WHERE name = '{table}'") == asked(
            path, f"SELECT id, digest FROM {table} ORDER BY id DESC LIMIT 1"
        )


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda table: f"UPDATE {table} SET digest = replace(digest, substr(digest, 1, 1), 'x') WHERE id = 2", "row 2"),
        (lambda table: f"DELETE FROM {table} WHERE id = 1", "row 1"),
        (lambda table: f"DELETE FROM {table} WHERE id = 2", "row 2"),
        (lambda table: f"DELETE FROM {table} WHERE id = (SELECT max(id) FROM {table})", "the end"),
        (lambda table: f"DELETE FROM {table}", "the end"),
        (lambda table: f"UPDATE {table} SET id = 99 WHERE id = (SELECT max(id) FROM {table})", "row "),
        (lambda table: f"UPDATE heads SET length = length + 1 WHERE name = '{table}'", "the end"),
        (lambda table: f"DELETE FROM heads WHERE name = '{table}'", "the end"),
    ],
)
def test_a_break_is_named_by_table_and_row(path: Path, table: str, change: Callable[[str], str], place: str) -> None:
    sql(path, change(table))
    (broken_link,) = broken(path)
    assert broken_link.startswith(place)
    assert broken_link.endswith(f" of table {table}")


def test_each_table_tells_of_its_own_break(path: Path) -> None:
    sql(path, "UPDATE lines SET meter = 'x' WHERE id = 1", "UPDATE events SET kind = 'x' WHERE id = 2")
    assert list(broken(path)) == ["row 1 of table lines", "row 2 of table events"]


def test_a_copied_row_at_the_end_is_seen(path: Path) -> None:
    columns = ", ".join(column.name for column in schema.lines.columns if column.name != "id")
    sql(path, f"INSERT INTO lines (id, {columns}) SELECT (SELECT max(id) + 1 FROM lines), {columns} FROM lines LIMIT 1")
    (place,) = broken(path)
    assert place.startswith("row ")


@pytest.mark.parametrize("value", ["X'00FF'", "1.5", "''"])
def test_a_value_of_another_type_is_a_break_and_no_crash(path: Path, value: str) -> None:
    sql(path, f"UPDATE lines SET quantity = {value} WHERE id = 1")
    assert "row 1 of table lines" in broken(path)


def test_a_text_that_is_no_utf8_is_damage_and_is_not_repeated(path: Path) -> None:
    sql(path, "UPDATE lines SET description = CAST(X'53656372657420FF' AS TEXT) WHERE id = 1")
    with opened(path, checked=False) as ledger, pytest.raises(LedgerDamaged) as refused:
        list(ledger.breaks())
    assert "is damaged" in str(refused.value)
    assert "Secret" not in str(refused.value)


def test_nothing_is_added_to_a_broken_chain(path: Path) -> None:
    sql(path, "UPDATE documents SET total_minor = total_minor + 1 WHERE id = 2")
    before = path.read_bytes()
    with pytest.raises(LedgerDamaged) as refused:
        opened(path)
    assert str(refused.value).startswith("the ledger is damaged: row 2 of table documents should have the digest ")
    assert str(refused.value).endswith("from a backup, then run `securevideo-billing verify`")
    assert path.read_bytes() == before


def test_a_row_removed_behind_the_back_of_an_open_ledger_is_seen_by_the_next_one(path: Path) -> None:
    with opened(path) as ledger:
        sql(path, "DELETE FROM events WHERE id = (SELECT max(id) FROM events)")
        ledger.add_event("acme", "2016-11", "unchanged", detail={})
    with pytest.raises(LedgerDamaged, match="row 3 of table events"):
        opened(path)
