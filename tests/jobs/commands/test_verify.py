# ruff: noqa: S608  # the names in the statements are the schema's own
"""`verify` finds every single change to ledger, snapshots and files, and says where and what."""

import gzip
import io
import json
import random
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from jobs.ledger import frames, schema
from tests.company import Company, row
from tests.jobs.ledger import ledgers

NUMBER = "ACME-201611-0001"
CREDIT = f"{NUMBER}-CN1"
PARTICIPANTS = ("Trevor Stamp", "Dewey Gladstone")
LATER = "2017-06-01T06:00:00"


def sessions(count: int, month: str = "2016-11", first: int = 1, **changes: Any) -> list[dict[str, Any]]:
    text = "Jonathan Vernon Session #{} with Trevor Stamp, Dewey Gladstone - Counted Session"
    return [
        row(first + n, at=f"{month}-{n + 1:02}T12:00:00", UsageDescription=text.format(first + n), **changes)
        for n in range(count)
    ]


def bill(company: Company, month: str, *options: str, now: str) -> int:
    return company.run("run", "--month", month, *options, now=now).exit_code


def fill(company: Company) -> None:
    """An invoice and its credit note in one month, an invoice with a drafted adjustment in the next, a draft month."""
    november, december = sessions(10), sessions(9, "2016-12", first=101)
    company.send([*november, *december])
    assert bill(company, "2016-11..2016-12", now="2017-01-05T06:00:00") == 0
    november[2]["BillableStatusCd"] = "COMP"
    company.send([*november, *december])
    assert bill(company, "2016-11", "--adjust", now="2017-01-06T06:00:00") == 0
    december[8]["BillableStatusCd"] = "DUPL"
    company.send([*november, *december, *sessions(2, "2017-01", first=201)])
    assert bill(company, "2016-12..2017-01", now="2017-01-30T06:00:00") == 3


@pytest.fixture(scope="module", params=["hidden", "full"])
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with Company(tmp_path_factory.mktemp(request.param), participants=request.param) as company:
        fill(company)
        yield company


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with Company(tmp_path_factory.mktemp("hidden")) as company:
        fill(company)
        yield company


class Harm:
    """Something done to the company's folder, undone afterwards."""

    def __init__(self, company: Company, folder: Path) -> None:
        self.company = company
        self._kept = folder / "kept"
        shutil.copytree(company.folder, self._kept, symlinks=True)

    def undo(self) -> None:
        for name in ("state", "out"):
            shutil.rmtree(self.company.folder / name)
            shutil.copytree(self._kept / name, self.company.folder / name, symlinks=True)


@pytest.fixture
def company(hidden: Company, tmp_path: Path) -> Iterator[Company]:
    """Each test harms it as it likes."""
    harm = Harm(hidden, tmp_path)
    yield hidden
    harm.undo()


def verify(company: Company, *options: str) -> Result:
    done = company.run("verify", *options, now=LATER)
    assert "Traceback" not in done.output
    for name in PARTICIPANTS:
        assert name not in done.output
    return done


def found(company: Company, *wanted: str, month: str | None = None) -> str:
    """The line that holds all of `wanted`; every line is one difference, the last one their sum."""
    done = verify(company, *(["--month", month] if month else []))
    assert done.exit_code == 3, done.output
    *differences, closing_line = done.stdout.splitlines()
    assert all(re.fullmatch(r".+: .+: expected .*, found .*", line) for line in differences), differences
    count = f"{len(differences)} difference{'' if len(differences) == 1 else 's'}. "
    assert closing_line.startswith(count)
    matching = [line for line in differences if all(text in line for text in wanted)]
    assert matching, f"no line has all of {wanted}:\n{done.stdout}"
    return matching[0]


def change_bytes(file: Path, old: bytes, new: bytes) -> None:
    content = file.read_bytes()
    assert old in content, f"{old!r} is not in {file.name}"
    file.write_bytes(content.replace(old, new, 1))


def change_member(workbook: Path, member: str, old: str, new: str) -> None:
    """As an office program would leave it: the package written anew with one part changed."""
    with zipfile.ZipFile(workbook) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    changed = re.sub(old, new, parts[member].decode(), count=1)
    assert changed != parts[member].decode(), f"{old} is not in {member}"
    with zipfile.ZipFile(workbook, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in (parts | {member: changed.encode()}).items():
            package.writestr(name, content)


def ledger(company: Company) -> Path:
    return company.folder / "state/ledger.db"


def sql(company: Company, *statements: str) -> None:
    ledgers.sql(ledger(company), *statements)


def query(company: Company, statement: str) -> list[tuple[Any, ...]]:
    return ledgers.asked(ledger(company), statement)


# -- nothing wrong -----------------------------------------------------------------------------------------------------


def test_an_unharmed_tree_is_proven(original: Company) -> None:
    done = original.run("verify", now=LATER)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "proven: documents 3, all of their files, snapshots 5; no difference\n"


def test_proof_needs_no_vendor_no_secret_and_no_account_in_the_configuration(original: Company) -> None:
    accounts = original.settings["accounts"]
    original.configure(accounts={"other": accounts["acme"] | {"invoice_prefix": "OTHER"}})
    try:
        asked = len(original.vendor.requests)
        assert original.run("verify", now=LATER).exit_code == 0
        assert original.run("verify", "--account", "acme", "--month", "2016-11", now=LATER).exit_code == 0
        assert len(original.vendor.requests) == asked
    finally:
        original.configure(accounts=accounts)


def test_another_configuration_proves_the_same(original: Company) -> None:
    settings = dict(original.settings)
    try:
        original.configure(participants="full", locale="de_DE", timezone="Asia/Tokyo", close_day=28, paper="A4")
        assert original.run("verify", now=LATER).exit_code == 0
    finally:
        original.settings = settings
        original.configure()


def test_a_moved_tree_is_proven_where_it_is(company: Company, tmp_path: Path) -> None:
    shutil.copytree(company.folder / "out", tmp_path / "copy")
    assert verify(company, "--output", str(tmp_path / "copy")).exit_code == 0
    change_bytes(tmp_path / "copy/acme/2016-12/draft.csv", b"DUPL", b"BILL")
    done = verify(company, "--output", str(tmp_path / "copy"))
    assert done.exit_code == 3
    assert "draft.csv: SHA-256 of the file: expected" in done.stdout


def test_what_a_run_left_in_another_folder_is_proven_there(company: Company, tmp_path: Path) -> None:
    other = str(tmp_path / "other")
    assert bill(company, "2016-12", "--output", other, now="2017-02-05T06:00:00") == 3
    assert verify(company, "--month", "2016-12").exit_code == 0
    assert verify(company, "--month", "2016-12", "--output", other).exit_code == 0
    change_bytes(tmp_path / "other/acme/2016-12/draft.html", b"DRAFT", b"DROFT")
    assert verify(company, "--month", "2016-12", "--output", other).exit_code == 3


@pytest.mark.parametrize("scope", [("--account", "nobody"), ("--month", "2015-01")])
def test_nothing_to_prove_is_wrong_usage(company: Company, scope: Sequence[str]) -> None:
    done = verify(company, *scope)
    assert done.exit_code == 2
    assert f"the ledger holds nothing of {scope[1]}; `securevideo-billing history` shows what it holds" in done.stderr


def test_no_ledger_is_wrong_usage_and_none_is_made(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        for command in (["verify"], ["render"], ["diff", "--account", "acme", "--month", "2016-11"]):
            done = company.run(*command)
            assert done.exit_code == 2
            assert "there is no ledger at" in done.stderr
        assert not (tmp_path / "state").exists()


def test_the_scope_leaves_other_months_alone(company: Company) -> None:
    (company.unit("2016-12") / "summary.json").unlink()
    assert verify(company, "--month", "2016-11").exit_code == 0
    assert verify(company, "--month", "2016-12").exit_code == 3


# -- files -------------------------------------------------------------------------------------------------------------


FILES: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "a cell's stored value": (
        lambda unit: change_member(unit / f"{NUMBER}.xlsx", "xl/worksheets/sheet1.xml", r"<v>35</v>", "<v>36</v>"),
        (f"{NUMBER}.xlsx: Invoice!", "expected 35, found 36"),
    ),
    "a formula": (
        lambda unit: change_member(unit / f"{NUMBER}.xlsx", "xl/worksheets/sheet2.xml", r"<f>COUNTIFS?\(", "<f>SUM("),
        (f"{NUMBER}.xlsx: Reconciliation!", "(formula): expected =COUNTIF", "found =SUM("),
    ),
    "a row of Sessions": (
        lambda unit: change_member(unit / f"{NUMBER}.xlsx", "xl/worksheets/sheet3.xml", ">BILL<", ">COMP<"),
        (f"{NUMBER}.xlsx: Sessions!E2", "expected BILL, found COMP"),
    ),
    "a workbook's property": (
        lambda unit: change_member(unit / f"{NUMBER}.xlsx", "docProps/core.xml", "Example Billing", "Another Billing"),
        (f"{NUMBER}.xlsx: SHA-256 of the file",),
    ),
    "a value of the page": (
        lambda unit: change_bytes(
            unit / f"{NUMBER}.html",
            b'data-field="grand_total" data-value="35.00"',
            b'data-field="grand_total" data-value="35.01"',
        ),
        (f"{NUMBER}.html: data-field grand_total", "expected 35.00, found 35.01"),
    ),
    "a line of the page": (
        lambda unit: change_bytes(unit / f"{NUMBER}.html", b"Example Billing LLC", b"Example Billing LLD"),
        (f"{NUMBER}.html: line ", "LLD"),
    ),
    "a cell of the CSV": (
        lambda unit: change_bytes(unit / f"{NUMBER}.csv", b",BILL,", b",COMP,"),
        (f"{NUMBER}.csv: row 2, status", "expected BILL, found COMP"),
    ),
    "a total of the JSON": (
        lambda unit: change_bytes(unit / f"{NUMBER}.json", b'"total": "35.00"', b'"total": "34.00"'),
        (f"{NUMBER}.json: total", "expected 35.00, found 34.00"),
    ),
    "white space in the JSON": (
        lambda unit: change_bytes(unit / f"{NUMBER}.json", b"\n  ", b"\n\t "),
        (f"{NUMBER}.json: SHA-256 of the file",),
    ),
    "a credit note": (
        lambda unit: change_bytes(unit / f"{CREDIT}.csv", b",COMP,", b",BILL,"),
        (f"{CREDIT}.csv: row 4, status", "expected COMP, found BILL"),
    ),
    "a credit note's reason": (
        lambda unit: change_bytes(unit / f"{CREDIT}.json", b"because 3 left", b"because 4 left"),
        (f"{CREDIT}.json: changes.1.why", "expected because 3 left the allowance"),
    ),
    "no workbook any more": (
        lambda unit: (unit / f"{NUMBER}.xlsx").write_bytes(b"PK\x03\x04 no more"),
        (f"{NUMBER}.xlsx: the whole file", "expected readable xlsx, found unreadable (BadZipFile)"),
    ),
    "control characters": (
        lambda unit: change_bytes(unit / f"{NUMBER}.csv", b",BILL,", b",\x1b[31m,"),
        (f"{NUMBER}.csv: row 2, status", "expected BILL, found [31m"),
    ),
    "the summary": (
        lambda unit: change_bytes(unit / "summary.json", b'"-5.00"', b'"-6.00"'),
        ("summary.json: SHA-256 of the file",),
    ),
    "a deleted file": (
        lambda unit: (unit / f"{CREDIT}.html").unlink(),
        (f"{CREDIT}.html: the file: expected there, found missing",),
    ),
    "a deleted summary": (lambda unit: (unit / "summary.json").unlink(), ("summary.json", "found missing")),
    "a symbolic link to the same contents": (
        lambda unit: (
            (unit / f"{NUMBER}.csv").rename(unit / "moved.csv"),
            (unit / f"{NUMBER}.csv").symlink_to(unit / "moved.csv"),
        ),
        (f"{NUMBER}.csv: the file: expected there, found a symbolic link",),
    ),
    "an invoice that was never issued": (
        lambda unit: shutil.copy(unit / f"{NUMBER}.html", unit / "ACME-201611-0009.html"),
        ("ACME-201611-0009.html: the file: expected nothing, found one whose document was never issued",),
    ),
    "a folder in a file's place": (
        lambda unit: ((unit / f"{NUMBER}.csv").unlink(), (unit / f"{NUMBER}.csv").mkdir()),
        (f"{NUMBER}.csv: the file: expected there, found something else",),
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_named_with_place_expected_and_found(company: Company, name: str) -> None:
    change, wanted = FILES[name]
    change(company.unit())
    found(company, str(company.unit()), *wanted)


@pytest.mark.parametrize("name", ["draft", "restatement"])
@pytest.mark.parametrize("kind", ["csv", "html", "json", "xlsx"])
def test_a_changed_byte_of_a_draft_is_found(company: Company, name: str, kind: str) -> None:
    file = company.unit("2016-12") / f"{name}.{kind}"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    found(company, f"{file}: SHA-256 of the file")


def test_drafts_are_still_watched_after_a_unit_failed(company: Company) -> None:
    company.vendor.add_fault(path="/history", kind="status", status=404, times=1)
    assert bill(company, "2016-12", now="2017-02-01T06:00:00") == 1
    assert verify(company).exit_code == 0
    (company.unit("2016-12") / "draft.csv").unlink()
    found(company, "draft.csv", "found missing")


def test_every_flipped_byte_of_a_workbook_is_found(company: Company) -> None:
    """Whatever part of the package it hits, and whatever openpyxl then makes of it."""
    file = company.unit() / f"{NUMBER}.xlsx"
    content = file.read_bytes()
    for offset in random.Random(3).sample(range(len(content)), 6):
        file.write_bytes(content[:offset] + bytes([content[offset] ^ 0x55]) + content[offset + 1 :])
        found(company, f"{file}: SHA-256 of the file")


def test_differences_are_counted_beyond_the_first_ones(company: Company) -> None:
    file = company.unit() / f"{NUMBER}.csv"
    file.write_text("\n".join(["x"] * 100))
    found(company, f"{file}: further places: expected no difference, found more than the 20 shown")


def test_a_name_in_a_full_file_is_not_repeated(tmp_path: Path) -> None:
    with Company(tmp_path, participants="full") as company:
        fill(company)
        for kind, change in {
            "csv": lambda file: change_bytes(file, b"Trevor Stamp", b"Trevor Stomp"),
            "xlsx": lambda file: change_member(file, "xl/worksheets/sheet3.xml", "Trevor Stamp", "Trevor Stomp"),
        }.items():
            change(company.unit() / f"{NUMBER}.{kind}")
            line = found(company, f"{NUMBER}.{kind}", "expected the participants' text as issued, found another text")
            assert "Trevor" not in line


# -- snapshots ---------------------------------------------------------------------------------------------------------


def snapshot(company: Company) -> Path:
    (name,) = query(company, "SELECT sha256 FROM snapshots WHERE id = 1")[0]
    return company.snapshots()[f"{name}.json.gz"]


@pytest.mark.parametrize("offset", [0, 3, 4, 8, 9, 10, 60, -9, -8, -4, -1])  # gzip's header, body and trailer
def test_a_flipped_byte_of_a_snapshot_is_found(company: Company, offset: int) -> None:
    file = snapshot(company)
    content = bytearray(file.read_bytes())
    content[offset] ^= 1
    file.write_bytes(content)
    found(company, f"{file}: SHA-256 of the file")


def test_bytes_after_a_snapshot_are_found(company: Company) -> None:
    file = snapshot(company)
    file.write_bytes(file.read_bytes() + gzip.compress(b"", mtime=0))
    found(company, f"{file}: SHA-256 of the file")


def test_a_deleted_snapshot_is_found_and_nothing_is_made_in_its_place(company: Company) -> None:
    shutil.rmtree(company.folder / "state/snapshots")
    found(company, ".json.gz: the file: expected there, found missing")
    found(company, f"document {NUMBER}, computed again: expected as issued, found the snapshot", "is missing")


def test_a_snapshot_behind_a_symbolic_link_is_not_followed(company: Company) -> None:
    file = snapshot(company)
    file.rename(file.with_name("moved"))
    file.symlink_to(file.with_name("moved"))
    found(company, f"{file}: the file: expected there, found a symbolic link")


# -- the ledger --------------------------------------------------------------------------------------------------------

TABLES = ("runs", "snapshots", "documents", "lines", "numbers", "events")  # what the example fills
FILLED = [table for table in schema.metadata.sorted_tables if table.name in (*TABLES, "heads")]
COLUMNS = [(table.name, column.name) for table in FILLED for column in table.columns]
DRAFTED = "2017-01"  # nothing is issued: little to compare beside the ledger itself, which is always proven whole


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda value: value)
def test_a_change_to_any_column_of_the_ledger_is_found(company: Company, table: str, column: str) -> None:
    ((row_id, before),) = query(company, f"SELECT rowid, {column} FROM {table} ORDER BY rowid DESC LIMIT 1")
    after = {int: before + 7 if isinstance(before, int) else 0, type(None): "1"}.get(type(before))
    if isinstance(before, str):
        after = before[:-1] + chr(ord(before[-1]) ^ 1) if before else "x"
    if isinstance(before, bytes):
        after = before[:-1] + bytes([before[-1] ^ 1])
    with closing(sqlite3.connect(ledger(company))) as connection, connection:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (after, row_id))
    found(company, str(ledger(company)), month=None if table == "documents" else DRAFTED)


@pytest.mark.parametrize("value", ["X'FF'", "1.5", "NULL", "'text'", "-1", "''"])
@pytest.mark.parametrize(
    ("table", "column"),
    [("documents", "total_minor"), ("documents", "issued_at"), ("snapshots", "sha256"), ("events", "detail")],
)
def test_values_of_another_type_are_found(company: Company, table: str, column: str, value: str) -> None:
    with closing(sqlite3.connect(ledger(company))) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        try:
            connection.execute(f"UPDATE {table} SET {column} = {value} WHERE id = 1")
        except sqlite3.IntegrityError:
            return  # SQLite itself refuses it
    found(company, f"row 1 of table {table}: expected the digest ")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("which", ["max", "min"])
def test_a_deleted_row_is_found(company: Company, table: str, which: str) -> None:
    """The last one too: nothing comes after it, whose digest could tell."""
    sql(company, f"DELETE FROM {table} WHERE id = (SELECT {which}(id) FROM {table})")
    found(company, "ledger.db: ", f" of table {table}: expected ", month=DRAFTED)


@pytest.mark.parametrize("table", TABLES)
def test_swapped_rows_are_found(company: Company, table: str) -> None:
    swap = "CASE id WHEN 1 THEN -2 WHEN 2 THEN -1 END"
    if len(query(company, f"SELECT 1 FROM {table}")) < 2:
        pytest.fail(f"the example needs two rows in {table}")
    sql(
        company,
        f"UPDATE {table} SET id = {swap} WHERE id IN (1, 2)",
        f"UPDATE {table} SET id = -id WHERE id < 0",
    )
    found(company, f"ledger.db: row 1 of table {table}: expected the digest ", month=DRAFTED)


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        (
            "UPDATE documents SET total_minor = 3400 WHERE id = 1",
            (f"document {NUMBER}, total_minor", "expected 3500, found 3400"),
        ),
        (
            "UPDATE lines SET amount_minor = 900 WHERE id = 3",
            (f"document {NUMBER}, lines.2.amount_minor: expected 1000, found 900",),
        ),
        (
            "UPDATE lines SET meter = 'minutes' WHERE id = 3",
            (f"document {NUMBER}, lines.2.meter: expected sessions, found minutes",),
        ),
        (
            'UPDATE documents SET body = replace(body, \'"net": "35.00"\', \'"net": "34.00"\') WHERE id = 1',
            (f"document {NUMBER}, net: expected 35.00, found 34.00",),
        ),
        (
            "UPDATE numbers SET nth = 7 WHERE id = 2",
            ("numbers of acme, series invoice: expected 1 to 2 without a gap, found 1, 7",),
        ),
        (
            "UPDATE numbers SET number = 'ACME-201612-0009' WHERE id = 2",
            ("number of document 2: expected ACME-201612-0009, found ACME-201612-0002",),
        ),
        (
            "UPDATE snapshots SET rows = 11 WHERE id = 1",
            (f"document {NUMBER}, snapshot.rows: expected 11, found 10",),
        ),
        (
            "UPDATE events SET kind = 'seen' WHERE kind = 'written' AND document_id = 1",
            (f"files of {NUMBER}: expected written, found not written yet",),
        ),
    ],
)
def test_a_forged_chain_does_not_hide_a_change(company: Company, statement: str, wanted: tuple[str, ...]) -> None:
    sql(company, statement)
    ledgers.rechain(ledger(company))
    found(company, *wanted)


def test_sessions_changed_with_all_their_digests_are_found(company: Company) -> None:
    ((packed,),) = query(company, "SELECT sessions FROM documents WHERE id = 1")
    with np.load(io.BytesIO(packed)) as stored:
        arrays = {name: stored[name].copy() for name in stored.files}
    arrays["minutes"][4] = 26
    changed = io.BytesIO()
    np.savez_compressed(changed, **arrays)
    with closing(sqlite3.connect(ledger(company))) as connection, connection:
        values = (changed.getvalue(), frames.sha256(changed.getvalue()))
        connection.execute("UPDATE documents SET sessions = ?, sessions_sha256 = ? WHERE id = 1", values)
    ledgers.rechain(ledger(company))
    found(company, f"document {NUMBER}, session 5, minutes: expected 25, found 26")


def dump(file: Path) -> list[str] | None:
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.text_factory = bytes
            return [repr(connection.execute(f"SELECT * FROM {table.name} ORDER BY 1").fetchall()) for table in FILLED]
    except sqlite3.Error:
        return None


@pytest.mark.parametrize("seed", range(3))
def test_a_flipped_bit_of_the_database_file_is_found_or_without_effect(company: Company, seed: int) -> None:
    """At any offset, the file's header and its schema too; never a traceback."""
    file = ledger(company)
    content = file.read_bytes()
    before = dump(file)
    rng = random.Random(seed)
    offsets = [rng.randrange(100), rng.randrange(100, 8192), *(rng.randrange(len(content)) for _ in range(6))]
    for offset in offsets:
        file.write_bytes(content[:offset] + bytes([content[offset] ^ (1 << rng.randrange(8))]) + content[offset + 1 :])
        done = verify(company)
        if done.exit_code == 0:
            assert dump(file) == before, f"the flip at {offset} was not found"
        else:
            assert done.exit_code in (1, 3)
            assert (done.stdout or done.stderr).strip()
    file.write_bytes(content)


@pytest.mark.parametrize("harm", ["no database", "an empty file", "half of it", "another program's"])
def test_a_ledger_that_cannot_be_read_is_one_readable_line(company: Company, harm: str) -> None:
    file = ledger(company)
    content = file.read_bytes()
    if harm == "another program's":
        file.unlink()
        sql(company, "CREATE TABLE runs (id INTEGER)", "CREATE TABLE notes (id INTEGER)")
    else:
        cut = {"no database": b"x" * 5000, "an empty file": b"", "half of it": content[: len(content) // 2]}
        file.write_bytes(cut[harm])
    done = verify(company)
    assert done.exit_code in (1, 3), done.output
    if harm == "an empty file":
        assert "the file: expected nothing, found one whose document was never issued" in done.stdout
    else:
        assert "the ledger " in done.output.splitlines()[0]


def test_a_removed_last_document_with_all_that_belongs_to_it_is_found(company: Company) -> None:
    for table in ("numbers", "lines", "events"):
        sql(company, f"DELETE FROM {table} WHERE document_id = 3")
    sql(company, "DELETE FROM documents WHERE id = 3")
    done = verify(company)
    assert done.exit_code == 3
    for table in ("documents", "lines", "numbers", "events"):
        assert f"of table {table}: expected" in done.stdout


def test_a_run_on_a_broken_chain_issues_nothing_and_says_what_to_do(company: Company) -> None:
    sql(company, "UPDATE lines SET amount_minor = amount_minor + 1 WHERE id = 2")
    asked = len(company.vendor.requests)
    done = company.run("run", "--month", "2017-01", now="2017-02-05T06:00:00")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "the ledger is damaged: row 2 of table lines" in done.stderr
    assert "Restore the ledger from a backup, then run `securevideo-billing verify`" in done.stderr
    assert len(company.vendor.requests) == asked
    for command in (["history"], ["render"], ["diff", "--account", "acme", "--month", "2016-11"]):
        assert company.run(*command, now=LATER).exit_code == 1


@pytest.mark.parametrize("depth", ["acme", "acme/2016-11"])
def test_a_folder_that_is_a_link_is_named_and_nothing_is_proven_through_it(
    company: Company, tmp_path: Path, depth: str
) -> None:
    folder = company.folder / "out" / depth
    shutil.move(folder, tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert found(company, f"out/{depth}: the folder: expected a real one, found a symbolic link", month="2016-11")
    folder.unlink()
    shutil.move(tmp_path / "elsewhere", folder)
    assert verify(company).exit_code == 0


def test_what_was_asked_beside_a_snapshot_is_proven_to_the_byte(company: Company) -> None:
    ((sha256,),) = query(company, "SELECT DISTINCT sha256 FROM attachments WHERE kind = 'hosts'")
    file = company.snapshots()[f"{sha256}.json.gz"]
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()), 9, mtime=7))
    assert found(company, f"{sha256}.json.gz: SHA-256 of the file")
    file.unlink()
    assert found(company, f"{sha256}.json.gz: the file: expected there, found missing", month="2017-01")


def test_a_run_does_not_overlook_an_issued_month_because_an_index_is_damaged(company: Company) -> None:
    ledgers.flip_in_index(ledger(company), "documents_by_month", b"acme2016-12")
    files = company.names("2016-12")
    done = company.run("run", "--month", "2016-12", now=LATER)
    assert done.exit_code == 1
    said = "the ledger is damaged: document 2 of account acme should have an entry in each table's index of accounts"
    assert f"{said}, but has none in that of documents; nothing is issued on it" in done.stderr
    assert company.names("2016-12") == files
    assert query(company, "SELECT count(*) FROM documents") == [(3,)]
    assert "index documents_by_month" in verify(company).stdout
    assert "document 2 of account acme" in verify(company, "--account", "acme").stdout


def test_as_json_the_document_of_the_ledger_is_what_is_in_its_file(company: Company) -> None:
    ((body,),) = query(company, "SELECT body FROM documents WHERE id = 1")
    assert json.loads(body) == json.loads((company.unit() / f"{NUMBER}.json").read_bytes())


@pytest.mark.parametrize(
    ("folder", "harm"),
    [
        (".", "a figure"),
        (".", "its end"),
        (".", "all of it"),
        (".", "a link"),
        ("acme", "a figure"),
        ("acme", "a link"),
    ],
)
def test_an_altered_overview_is_found_and_written_anew(
    company: Company, folder: str, harm: str, tmp_path: Path
) -> None:
    file = company.folder / "out" / folder / "index.html"
    content = file.read_bytes()
    assert content.endswith(b"</html>\n")
    if harm == "a link":
        (tmp_path / "index.html").write_bytes(content)
        file.unlink()
        file.symlink_to(tmp_path / "index.html")
    else:
        changed = {"a figure": re.sub(rb"\.00", b".01", content, count=1), "its end": content + b" ", "all of it": b"x"}
        assert changed[harm] != content
        file.write_bytes(changed[harm])
    found(company, f"{file}: the overview: expected as it was written, found ")
    assert verify(company, "--account", "acme").exit_code == (3 if folder == "acme" else 0)
    assert verify(company, "--month", "2016-11").exit_code == 0, "it is no month's"
    if harm == "a link":
        file.unlink()
    assert company.run("render", now=LATER).exit_code == 0
    assert verify(company).exit_code == 0
