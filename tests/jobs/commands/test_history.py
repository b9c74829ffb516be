"""`history`: what the ledger holds, for people and as JSON (docs/rules.md §11.5)."""

import json
from datetime import UTC, datetime
from pathlib import Path

from jobs.ledger.store import Ledger
from reports.stored import pretty
from tests.company import MONTH, Company, row, rows

RUN = ("run", "--month", MONTH)
NOW = datetime(2017, 1, 5, 6, tzinfo=UTC)


def test_before_the_first_run_it_holds_nothing_and_makes_no_ledger(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        assert company.run("history").stdout == "the ledger holds nothing yet\n"
        assert company.run("history", "--json").stdout == "[]\n"
    assert not (tmp_path / "state").exists()


def test_json_is_an_array_of_months_by_account_and_month(tmp_path: Path) -> None:
    with Company(tmp_path, {"bravo": rows(9), "acme": [row(1, status="ODD")]}) as company:
        company.run("run", "--month", "2016-11..2016-12", now="2017-01-05T06:00:00+00:00")
        done = company.run("history", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert [(one["account"], one["month"], one["status"]) for one in found] == [
        ("acme", "2016-11", "draft"),
        ("acme", "2016-12", "issued"),
        ("bravo", "2016-11", "issued"),
        ("bravo", "2016-12", "issued"),
    ]
    keys = {"account", "month", "status", "total", "currency", "documents", "snapshots"}
    assert all(keys <= set(one) for one in found)
    draft, _, issued, _ = found
    assert (draft["total"], draft["currency"], draft["documents"]) == (None, None, [])
    assert (issued["total"], issued["currency"]) == ("30.00", "USD")
    (document,) = issued["documents"]
    assert (document["kind"], document["number"]) == ("invoice", "BRAVO-201611-0001")
    (snapshot,) = issued["snapshots"]
    name = snapshot["sha256"]
    assert (tmp_path / "state" / "snapshots" / name[:2] / f"{name}.json.gz").is_file()
    assert snapshot["rows"] == 9


def test_the_total_is_that_of_all_documents_of_the_month(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN)
        company.send([*rows(8), row(9, status="COMP")])
        company.run(*RUN)
        (restated,) = json.loads(company.run("history", "--json").stdout)
        assert (restated["status"], restated["total"], len(restated["snapshots"])) == ("restated", "30.00", 2)
        company.run(*RUN, "--adjust")
        (adjusted,) = json.loads(company.run("history", "--json").stdout)
        said = company.run("history").stdout
    assert (adjusted["status"], adjusted["total"]) == ("adjusted", "25.00")
    assert [one["number"] for one in adjusted["documents"]] == ["ACME-201611-0001", "ACME-201611-0001-CN1"]
    assert said.startswith("acme 2016-11: adjusted, USD 25.00 ")
    assert "ACME-201611-0001-CN1  credit note  -5.00" in said


def test_a_failed_month_is_in_the_history(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        company.vendor.add_fault(path="/history", kind="status", status=404)
        company.run(*RUN)
        (found,) = json.loads(company.run("history", "--json").stdout)
        assert (found["status"], found["documents"], found["snapshots"]) == ("failed", [], [])
        assert company.run("history").stdout.startswith("acme 2016-11: failed, nothing issued")


def test_it_needs_neither_vendor_nor_credentials(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        company.run(*RUN)
        (tmp_path / "secrets" / "acme").unlink()
    assert company.run("history").exit_code == 0


def test_a_ledger_that_cannot_be_reached_is_not_taken_for_none(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        (tmp_path / "state").write_text("a file where a folder should be")
        done = company.run("history")
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"{tmp_path}/state" in done.stderr
    assert "the ledger cannot be kept there" in done.stderr


def test_accounts_and_months_can_be_chosen(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(1), "bravo": rows(1), "zeta": rows(1)}) as company:
        company.run("run", "--month", "2016-11..2016-12", now="2017-01-05T06:00:00+00:00")
        chosen = ("--account", "zeta", "--account", "acme", "--month", "2016-12")
        found = json.loads(company.run("history", *chosen, "--json").stdout)
        assert [(one["account"], one["month"]) for one in found] == [("acme", "2016-12"), ("zeta", "2016-12")]
        said = company.run("history", *chosen).stdout.splitlines()
        assert [line.split(":")[0] for line in said if not line.startswith(" ")] == ["acme 2016-12", "zeta 2016-12"]
        assert company.run("history", "--month", "2015-01").stdout == "the ledger holds nothing of these months\n"
        unknown = company.run("history", "--account", "acne")
        assert (unknown.exit_code, unknown.stdout) == (2, "")
        assert "the ledger holds nothing of acne; `securevideo-billing history` shows what it holds" in unknown.stderr


def test_json_is_the_array_that_it_would_be_in_one_piece(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(1), "bravo": rows(1)}) as company:
        company.run(*RUN)
        printed = company.run("history", "--json").stdout
    assert printed.encode() == pretty(json.loads(printed))


def test_a_month_added_while_it_is_read_is_not_in_it(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(1), "zeta": rows(1)}) as company:
        company.run(*RUN, "--account", "acme")
        with Ledger(tmp_path / "state/ledger.db", now=lambda: NOW, program_version="1", command="test") as ledger:
            reading = ledger.history()
            first = next(reading)
            assert company.run("run", "--month", "2016-12", "--account", "acme").exit_code == 0, "nobody waits for it"
            assert [(one["account"], one["month"]) for one in (first, *reading)] == [("acme", MONTH)]
