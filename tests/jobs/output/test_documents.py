"""The files of a unit: names, modes, what a rerun does to them, links planted among them (docs/rules.md §10)."""

import csv
import gzip
import hashlib
import io
import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.company import MONTH, Company, account, row, rows

RUN = ("run", "--month", MONTH)
NUMBER = "ACME-201611-0001"
ISSUED = {f"{NUMBER}.{suffix}" for suffix in ("xlsx", "html", "json", "csv")}
DRAFT = {f"draft.{suffix}" for suffix in ("xlsx", "html", "json", "csv")}


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _contents(company: Company) -> dict[str, bytes]:
    return {name: (company.unit() / name).read_bytes() for name in company.names() - {"summary.json"}}


def test_an_invoice_has_four_files_and_a_summary(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN)
        assert company.names() == ISSUED | {"summary.json"}
        assert company.summary()["documents"][0]["files"] == {
            suffix: f"{NUMBER}.{suffix}" for suffix in ("xlsx", "html", "json", "csv")
        }


def test_the_document_has_all_that_its_entry_in_the_summary_has(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN)
        document = json.loads((company.unit() / f"{NUMBER}.json").read_bytes())
        (entry,) = company.summary()["documents"]
    assert document["schema"] == "securevideo-billing/document/1"
    assert {name: document[name] for name in entry if name != "lines"} == {
        k: v for k, v in entry.items() if k != "lines"
    }
    assert [{name: line[name] for name in entry["lines"][0]} for line in document["lines"]] == entry["lines"]


def test_the_csv_has_a_row_for_each_session_that_counts(tmp_path: Path) -> None:
    sent = [row(2, at="2016-11-05T10:00:00"), row(1), row(3, status="COMP", minutes=None)]
    with Company(tmp_path, sent) as company:
        company.run(*RUN)
        text = (company.unit() / f"{NUMBER}.csv").read_bytes().decode()
    table = list(csv.DictReader(io.StringIO(text)))
    assert [(one["session_id"], one["status"], one["minutes"]) for one in table] == [
        ("1", "BILL", "25"),
        ("3", "COMP", ""),
        ("2", "BILL", "25"),
    ]
    assert [one["allowance"] for one in table] == ["included #1 of 8", "", "included #2 of 8"]
    assert table[0]["billable_at"] == "2016-11-03T21:46:16.1Z"


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_folders_are_0700_and_files_0600_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    with Company(tmp_path, rows(9)) as company:
        before = os.umask(umask)
        try:
            assert company.run(*RUN).exit_code == 0
        finally:
            os.umask(before)
    made = [path for folder in ("out", "state") for path in [tmp_path / folder, *(tmp_path / folder).rglob("*")]]
    assert {_mode(path) for path in made if path.is_dir()} == {0o700}
    assert {_mode(path) for path in made if path.is_file()} == {0o600}
    assert {path.name for path in (tmp_path / "state").iterdir()} == {"ledger.db", "snapshots"}


def test_file_mode_is_that_of_outputs_and_of_nothing_else(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9), file_mode="0640") as company:
        company.run(*RUN)
        assert {_mode(path) for path in company.unit().iterdir()} == {0o640}
    assert {_mode(path) for path in (tmp_path / "state").rglob("*") if path.is_file()} == {0o600}


def test_a_snapshot_is_named_by_the_digest_of_the_replys_exact_bytes(tmp_path: Path) -> None:
    body = b'[\r\n  {"SessionId": 1,   "Odd": null}\r\n]\r\n  '
    with Company(tmp_path) as company:
        company.vendor.add_fault(path="/history", kind="raw", text=body.decode())
        assert company.run(*RUN).exit_code == 3
        digest = hashlib.sha256(body).hexdigest()
        assert company.summary()["snapshot"]["sha256"] == digest
    assert gzip.decompress((tmp_path / "state" / "snapshots" / digest[:2] / f"{digest}.json.gz").read_bytes()) == body


def test_a_draft_is_replaced_by_the_next_and_removed_by_the_invoice(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN, "--draft")
        assert company.names() == DRAFT | {"summary.json"}
        company.run(*RUN)
        assert company.names() == ISSUED | {"summary.json"}


def test_an_unchanged_rerun_restores_missing_files_byte_for_byte(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN)
        before = _contents(company)
        for name in ISSUED:
            (company.unit() / name).unlink()
        done = company.run(*RUN)
        assert done.exit_code == 0
        assert _contents(company) == before
        shutil.rmtree(tmp_path / "out")
        assert company.run(*RUN).exit_code == 0
        assert _contents(company) == before
    assert done.stderr.count("was missing and is written again") == 4


def test_the_order_of_rows_and_other_texts_do_not_change_a_month(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN)
        before = _contents(company)
        company.send([one | {"UsageDescription": "", "ScheduleTs": "2016-11-01T00:00:00"} for one in rows(9)[::-1]])
        assert company.run(*RUN).exit_code == 0
        assert company.summary()["status"] == "unchanged"
        assert _contents(company) == before


def test_a_change_of_the_configuration_never_changes_an_issued_month(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN)
        before = _contents(company)
        dearer = {"from": "2014-01-01", "name": "Dear", "monthly_fee": "99.00"}
        changed = account("acme", plans=[dearer], currency="EUR", invoice_prefix="NEW", bill_to={"name": "Other"})
        company.configure(accounts={"acme": changed})
        (company.unit() / f"{NUMBER}.html").unlink()
        assert company.run(*RUN).exit_code == 0
        assert company.summary()["documents"][0]["total"] == "30.00"
        assert _contents(company) == before


def test_an_altered_final_file_is_told_and_never_overwritten(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN)
        (company.unit() / f"{NUMBER}.html").write_text("by hand")
        done = company.run(*RUN)
        assert done.exit_code == 0
        assert f"{NUMBER}.html was altered; to restore it: securevideo-billing render" in done.stderr
        assert (company.unit() / f"{NUMBER}.html").read_text() == "by hand"


def test_two_companies_with_the_same_snapshot_get_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with Company(tmp_path / name, rows(9)) as company:
            company.run(*RUN, now="2017-01-05T06:00:00+00:00")
            made.append(_contents(company))
    strays = [name for name in made[0] if made[0][name] != made[1][name]]
    assert strays == []


@pytest.mark.parametrize("link", ["acme", f"acme/{MONTH}"])
def test_a_link_in_place_of_a_folder_is_refused(tmp_path: Path, link: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / link).parent.mkdir(parents=True)
    (tmp_path / "out" / link).symlink_to(tmp_path / "elsewhere")
    with Company(tmp_path, rows(9)) as company:
        done = company.run(*RUN)
    assert done.exit_code == 1
    assert f"{tmp_path}/out/{link} is a symbolic link; it is not followed" in done.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", ["summary.json", f"{NUMBER}.xlsx", f"{NUMBER}.html"])
def test_a_link_in_place_of_a_file_is_refused(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    with Company(tmp_path, rows(9)) as company:
        company.unit().mkdir(parents=True)
        (company.unit() / name).symlink_to(victim)
        done = company.run(*RUN)
        assert done.exit_code == 1
        assert f"{company.unit() / name} is not a plain file; it is not followed: move it out of the way" in done.stderr
        assert victim.read_text() == "precious"
        (company.unit() / name).unlink()
        assert company.run(*RUN).exit_code == 0  # heals: the number that was taken is used
        assert company.names() == ISSUED | {"summary.json"}


def test_a_link_in_place_of_a_draft_is_replaced_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    with Company(tmp_path, rows(9)) as company:
        company.unit().mkdir(parents=True)
        (company.unit() / "draft.html").symlink_to(victim)
        done = company.run(*RUN, "--draft")
    assert done.exit_code == 1
    assert victim.read_text() == "precious"


def test_a_folder_that_cannot_be_made_fails_that_account_alone(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(1), "bravo": rows(1)}) as company:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "acme").write_text("a file")
        done = company.run(*RUN)
        assert done.exit_code == 1
        assert company.summary(account="bravo")["status"] == "issued"
    reason = "not a directory; correct that, then run the same command again"
    assert f"acme 2016-11: {tmp_path}/out/acme: {reason}" in done.stderr


def test_what_a_killed_run_left_is_swept_away(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.unit().mkdir(parents=True)
        (company.unit() / f".{NUMBER}.xlsx.4711.tmp").write_text("half")
        company.run(*RUN)
        assert company.names() == ISSUED | {"summary.json"}


def test_only_the_configured_formats_are_written(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9), formats=["html", "json"]) as company:
        company.run(*RUN)
        assert company.names() == {f"{NUMBER}.html", f"{NUMBER}.json", "summary.json"}
