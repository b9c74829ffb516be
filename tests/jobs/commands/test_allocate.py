import csv
import hashlib
import io
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from tests.company import MONTH
from tests.jobs.test_allocation import COMPED, MAP, RULES, company, sums, table, totals

LINE = ("allocate", "--account", "acme", "--month", MONTH)


def test_a_month_issued_before_there_were_cost_centres(tmp_path: Path) -> None:
    with company(tmp_path, {}) as acme:
        acme.run("run", "--month", MONTH)
        refused = acme.run(*LINE)
        assert refused.exit_code == 2
        assert "accounts.acme.allocation is missing" in refused.output
        acme.settings["accounts"]["acme"]["allocation"] = dict(RULES)
        acme.configure()
        shown = acme.run(*LINE)
        assert shown.exit_code == 3  # unallocated is not 0
        assert [line.split() for line in shown.stdout.splitlines()[1:]] == [
            ["cost", "centre", "BILL", "first-come"], ["CARDIO", "6", "19.87"], ["NEURO", "5", "22.53"],
            ["unallocated", "1", "5.30"], ["all", "12", "47.70"],
        ]  # fmt: skip
        refused = acme.run(*LINE, "--reallocate")
        assert refused.exit_code == 2
        assert "without cost centres" in refused.output
        again = acme.run("run", "--month", MONTH)
        assert again.exit_code == 0
        assert "allocation" not in acme.summary()


def test_policies_side_by_side(tmp_path: Path) -> None:
    rules = {**RULES, "policy": "reserved", "quotas": {"CARDIO": 4, "NEURO": 4}}
    with company(tmp_path, rules) as acme:
        acme.run("run", "--month", MONTH)
        before = json.loads(acme.run("history", "--json").stdout)
        shown = json.loads(acme.run(*LINE, "--compare", "--json").stdout)
        assert {policy: list(totals(found).values()) for policy, found in shown.items()} == {
            "first-come": ["19.87", "22.53", "5.30"],
            "proportional": ["23.85", "19.88", "3.97"],
            "reserved": ["23.85", "18.55", "5.30"],
        }
        assert json.loads(acme.run("history", "--json").stdout) == before


def test_reserved_is_left_out_of_the_comparison_without_quotas(tmp_path: Path) -> None:
    with company(tmp_path) as acme:
        acme.run("run", "--month", MONTH)
        assert list(json.loads(acme.run(*LINE, "--compare", "--json").stdout)) == ["first-come", "proportional"]
        refused = acme.run(*LINE, "--policy", "reserved")
        assert refused.exit_code == 2
        assert "quotas" in refused.output
        assert totals(json.loads(acme.run(*LINE, "--policy", "proportional", "--json").stdout))["CARDIO"] == "23.85"


def test_nothing_unallocated_ends_with_0(tmp_path: Path) -> None:
    with company(tmp_path, centres=f"{MAP}host,3,IT,,\n") as acme:
        acme.run("run", "--month", MONTH)
        assert acme.run(*LINE).exit_code == 0


@pytest.mark.parametrize(("more", "text"), [
    (("--policy", "reserved", "--compare"), "exclude each other"), (("--account", "beta"), "no account"),
    (("--month", "2016-10"), "nothing was issued for acme 2016-10"),
])  # fmt: skip
def test_wrong_usage(tmp_path: Path, more: tuple[str, ...], text: str) -> None:
    with company(tmp_path) as acme:
        acme.run("run", "--month", MONTH)
        done = acme.run(*LINE, *more)
        assert (done.exit_code, text in done.output) == (2, True)


def test_a_wrong_mapping_is_corrected_by_a_transfer_of_no_money(tmp_path: Path) -> None:
    with company(tmp_path) as acme:
        acme.run("run", "--month", MONTH, now="2016-12-05T06:00:00")
        before = {path: path.read_bytes() for path in acme.unit().rglob("*") if path.is_file()}
        assert "moves nothing" in acme.run(*LINE, "--reallocate", now="2016-12-06T06:00:00").output
        (tmp_path / "centres.csv").write_text(f"{MAP}host,3,NEURO,,\n")
        done = acme.run(*LINE, "--reallocate", now="2016-12-06T06:00:00")
        assert done.exit_code == 0, done.output
        after = {path: path.read_bytes() for path in acme.unit().rglob("*") if path.is_file()}
        sheet = acme.unit() / "reallocation-1.csv"
        assert {path: content for path, content in after.items() if path != sheet} == before
        rows = list(csv.DictReader(io.StringIO(sheet.read_text())))
        assert sums(rows) == {"NEURO": Decimal("5.30"), "unallocated": Decimal("-5.30")}
        assert {(one["document"], one["kind"], one["corrects"]) for one in rows} == {
            ("", "reallocation", "ACME-201611-0001")
        }  # fmt: skip
        assert acme.run("verify").exit_code == 0
        acme.run("run", "--month", MONTH, now="2016-12-07T06:00:00")
        assert acme.summary()["status"] == "unchanged"
        assert totals(acme.summary()["allocation"]) == {"CARDIO": "19.87", "NEURO": "27.83"}
        acme.send(COMPED)
        assert acme.run("run", "--month", MONTH, "--adjust", now="2016-12-08T06:00:00").exit_code == 0
        assert totals(acme.summary()["allocation"]) == {"CARDIO": "16.57", "NEURO": "25.83"}
        assert sums(table(acme, "ACME-201611-0001-CN1-allocation.csv")) == {
            "CARDIO": Decimal("-3.30"), "NEURO": Decimal("-2.00")
        }  # fmt: skip
        verified = acme.run("verify")
        assert verified.exit_code == 0, verified.output
        sheet.write_bytes(sheet.read_bytes().replace(b"5.00", b"5.01"))
        assert "reallocation-1.csv" in acme.run("verify").output


def test_verify_computes_a_transfer_again(tmp_path: Path) -> None:
    """A sheet and a ledger event that agree with each other prove nothing if the mapping makes something else."""
    with company(tmp_path) as acme:
        acme.run("run", "--month", MONTH, now="2016-12-05T06:00:00")
        for day, centre in ((6, "NEURO"), (7, "CARDIO")):
            (tmp_path / "centres.csv").write_text(f"{MAP}host,3,{centre},,\n")
            acme.run(*LINE, "--reallocate", now=f"2016-12-0{day}T06:00:00")
        verified = acme.run("verify")
        assert verified.exit_code == 0, verified.output
        second = acme.unit() / "reallocation-2.csv"
        assert sums(list(csv.DictReader(io.StringIO(second.read_text())))) == {
            "CARDIO": Decimal("5.31"), "NEURO": Decimal("-5.31")
        }  # fmt: skip
        altered = second.read_bytes().replace(b"5.00", b"7.00")
        second.write_bytes(altered)
        with closing(sqlite3.connect(acme.folder / "state/ledger.db")) as connection, connection as ledger:
            (row,) = ledger.execute("SELECT max(id) FROM events WHERE kind = 'reallocated'")
            (detail,) = ledger.execute("SELECT detail FROM events WHERE id = ?", row).fetchone()
            found = json.loads(detail)
            found["files"]["reallocation-2.csv"] = hashlib.sha256(altered).hexdigest()
            found["allocation"]["centres"][0]["total"] = "7.30"
            ledger.execute("UPDATE events SET detail = ? WHERE id = ?", (json.dumps(found), *row))
        output = acme.run("verify").output
        assert "moved between centres, centres.0.total: expected 5.31, found 7.30" in output
        assert f"{second}: " in output
        second.unlink()
        assert f"{second}: the file: expected there, found missing" in acme.run("verify").output
