"""Cost centres through the command line: issued, adjusted, kept, proven."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.company import MONTH, Company, account, row

LETTERS = {"C": 1, "N": 2, "U": 3}
MAP = "by,value,centre,from,to\nhost,1,CARDIO,,\nhost,2,NEURO,,\n"
RULES = {"by": ["map"], "map": "centres.csv", "policy": "first-come"}
INVOICE, NOTE = "ACME-201611-0001", "ACME-201611-0001-CN1"


def in_turn(letters: str, *comped: int) -> list[dict[str, Any]]:
    return [
        row(n, host=LETTERS[letter], at=f"2016-11-03T10:{n:02}:00", status="COMP" if n in comped else "BILL")
        for n, letter in enumerate(letters, 1)
    ]


EXAMPLE = in_turn("CCCNCCNCNNNU")
COMPED = in_turn("CCCNCCNCNNNU", 2)


def company(folder: Path, rules: dict[str, Any] | None = None, rows: Any = EXAMPLE, centres: str = MAP) -> Company:
    (folder / "centres.csv").write_text(centres)
    section = account("acme", tax={"name": "Sales tax", "rate": 6})
    if rules != {}:
        section["allocation"] = dict(rules or RULES)
    return Company(folder, rows, accounts={"acme": section})


def table(company: Company, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((company.unit() / name).read_text())))


def totals(allocation: dict[str, Any]) -> dict[str, str]:
    return {one["centre"]: one["total"] for one in allocation["centres"]}


def sums(rows: list[dict[str, str]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for one in rows:
        found[one["centre"]] = found.get(one["centre"], Decimal(0)) + Decimal(one["amount"])
    return found


def test_a_month_is_issued_with_what_each_centre_pays(tmp_path: Path) -> None:
    with company(tmp_path) as acme:
        done = acme.run("run", "--month", MONTH)
        assert done.exit_code == 0, done.output
        summary = acme.summary()
        assert totals(summary["allocation"]) == {"CARDIO": "19.87", "NEURO": "22.53", "unallocated": "5.30"}
        assert [one["code"] for one in summary["findings"]] == ["unmapped-host"]
        files = summary["documents"][0]["files"]
        assert files["allocation"] == f"{INVOICE}-allocation.csv"
        rows = table(acme, files["allocation"])
        assert [(one["centre"], one["meter"], one["tier"], one["sessions"], one["amount"]) for one in rows] == [
            ("CARDIO", "fee", "0", "", "18.75"), ("CARDIO", "sessions", "0", "6", "0.00"),
            ("CARDIO", "tax", "", "", "1.12"),
            ("NEURO", "fee", "0", "", "6.25"), ("NEURO", "sessions", "0", "2", "0.00"),
            ("NEURO", "sessions", "1", "3", "15.00"), ("NEURO", "tax", "", "", "1.28"),
            ("unallocated", "sessions", "1", "1", "5.00"), ("unallocated", "tax", "", "", "0.30"),
        ]  # fmt: skip
        document = json.loads((acme.unit() / f"{INVOICE}.json").read_bytes())
        assert document["allocation"] == summary["allocation"]
        assigned = document["allocation"]["assigned"]
        assert assigned[2] == {
            "host_id": 3,
            "centre": "unallocated",
            "from": "2016-11-01",
            "to": "2016-11-30",
            "by": None,
        }
        assert {path.name for path in (acme.unit() / "centres").iterdir()} == {
            f"{INVOICE}-{centre}.{ending}"
            for centre in ("CARDIO", "NEURO", "unallocated")
            for ending in ("html", "xlsx")
        }
        verified = acme.run("verify")
        assert verified.exit_code == 0, verified.output


def test_a_credit_note_carries_the_moves_and_all_documents_add_up(tmp_path: Path) -> None:
    with company(tmp_path) as acme:
        acme.run("run", "--month", MONTH, now="2016-12-05T06:00:00")
        acme.send(COMPED)
        drafted = acme.run("run", "--month", MONTH, now="2016-12-06T06:00:00")
        assert drafted.exit_code == 3
        assert (acme.unit() / "draft-allocation.csv").is_file()
        assert (acme.unit() / "centres/draft-CARDIO.html").is_file()
        assert acme.run("run", "--month", MONTH, "--adjust", now="2016-12-07T06:00:00").exit_code == 0
        assert not list(acme.unit().rglob("draft*"))
        assert sums(table(acme, f"{NOTE}-allocation.csv")) == {"CARDIO": Decimal("-3.30"), "NEURO": Decimal("-2.00")}
        assert totals(acme.summary()["allocation"]) == {"CARDIO": "16.57", "NEURO": "20.53", "unallocated": "5.30"}
        again = acme.run("run", "--month", MONTH, now="2016-12-08T06:00:00")
        assert again.exit_code == 0
        assert totals(acme.summary()["allocation"]) == {"CARDIO": "16.57", "NEURO": "20.53", "unallocated": "5.30"}
        page = (acme.unit() / f"centres/{NOTE}-CARDIO.html").read_text()
        assert "Adjustment" in page
        verified = acme.run("verify")
        assert verified.exit_code == 0, verified.output


def test_a_changed_map_or_policy_changes_no_issued_month(tmp_path: Path) -> None:
    with company(tmp_path) as acme:
        acme.run("run", "--month", MONTH, now="2016-12-05T06:00:00")
        before = {path: path.read_bytes() for path in acme.unit().rglob("*") if path.is_file()}
        (tmp_path / "centres.csv").write_text("by,value,centre\nhost,1,OTHER\nhost,2,OTHER\nhost,3,OTHER\nhost,9,NEW\n")
        acme.settings["accounts"]["acme"]["allocation"]["policy"] = "proportional"
        acme.configure()
        acme.send([*EXAMPLE[:6], {**EXAMPLE[6], "UsageDescription": "Reworded"}, *EXAMPLE[7:]])
        assert acme.run("run", "--month", MONTH, now="2016-12-06T06:00:00").exit_code == 0
        after = {path: path.read_bytes() for path in acme.unit().rglob("*") if path.is_file()}
        assert acme.summary()["status"] == "unchanged"
        assert {name for name in after if after[name] != before[name]} == {acme.unit() / "summary.json"}
        acme.send([*COMPED, row(13, host=9, at="2016-11-20T10:00:00")])
        assert acme.run("run", "--month", MONTH, "--adjust", now="2016-12-07T06:00:00").exit_code == 0
        allocation = acme.summary()["allocation"]
        assert allocation["policy"] == "first-come"
        assert [one["centre"] for one in allocation["centres"]] == ["CARDIO", "NEURO", "NEW", "unallocated"]
        verified = acme.run("verify")
        assert verified.exit_code == 0, verified.output


def test_groups_are_asked_once_an_account_and_run_and_kept(tmp_path: Path) -> None:
    rules = {"by": ["group"], "groups": ["Neurology", "Cardiology"], "policy": "proportional"}
    with company(tmp_path, rules) as acme:
        acme.also_has(
            users=[{"SystemUserId": str(n), "FullName": f"Host {n}", "SystemRoles": "H,P"} for n in (1, 2, 3)],
            groups=[
                {"GroupId": 7, "GroupName": "Cardiology", "Users": ["1", "2"]},
                {"GroupId": 8, "GroupName": "Neurology", "Users": ["2"]},
                {"GroupId": 9, "GroupName": "All staff", "Users": ["1", "2", "3"]},
            ],
        )
        done = acme.run("run", "--month", "2016-10..2016-11", now="2016-12-05T06:00:00")
        assert done.exit_code == 0, done.output
        asked = [one.path for one in acme.vendor.requests if one.path.startswith("/group")]
        assert sorted(asked) == ["/group", "/groupuser/7", "/groupuser/8"]
        summary = acme.summary()
        assert [one["centre"] for one in summary["allocation"]["centres"]] == ["Cardiology", "Neurology", "unallocated"]
        assert [one["code"] for one in summary["findings"]] == ["host-in-several-groups", "unmapped-host"]
        (months,) = [one for one in json.loads(acme.run("history", "--json").output) if one["month"] == MONTH]
        assert set(months["snapshots"][0]["attached"]) == {"groups", "hosts"}
        assert "present membership only" in (acme.unit() / f"centres/{INVOICE[:-1]}2-Neurology.html").read_text()
        verified = acme.run("verify")
        assert verified.exit_code == 0, verified.output


def test_groups_that_cannot_be_had_keep_the_month_a_draft(tmp_path: Path) -> None:
    rules = {"by": ["group"], "groups": ["Cardiology"], "policy": "proportional"}
    with company(tmp_path, rules) as acme:
        acme.vendor.add_fault(path="/group", kind="status", status=404, times=9)
        assert acme.run("run", "--month", MONTH).exit_code == 3
        summary = acme.summary()
        assert summary["status"] == "draft"
        blocking = [one["code"] for one in summary["findings"] if one["severity"] == "blocking"]
        assert blocking == ["groups-unavailable"]


def test_without_the_key_not_one_byte_is_otherwise(tmp_path: Path) -> None:
    with company(tmp_path, {}) as acme:
        assert acme.run("run", "--month", MONTH).exit_code == 0
        assert "allocation" not in acme.summary()
        assert "allocation" not in (acme.unit() / f"{INVOICE}.json").read_text()
        assert acme.names() == {f"{INVOICE}.{ending}" for ending in ("xlsx", "html", "json", "csv")} | {"summary.json"}


def test_a_deleted_statement_is_written_again_and_an_altered_one_is_found(tmp_path: Path) -> None:
    with company(tmp_path) as acme:
        acme.run("run", "--month", MONTH)
        statement = acme.unit() / f"centres/{INVOICE}-NEURO.html"
        content = statement.read_bytes()
        statement.unlink()
        assert acme.run("verify").exit_code == 3
        assert acme.run("run", "--month", MONTH).exit_code == 0
        assert statement.read_bytes() == content
        sheet = acme.unit() / f"{INVOICE}-allocation.csv"
        sheet.write_bytes(sheet.read_bytes().replace(b"15.00", b"14.00"))
        found = acme.run("verify")
        assert found.exit_code == 3
        assert "amount: expected 15.00, found 14.00" in found.output
        assert acme.run("render").exit_code == 0
        assert acme.run("verify").exit_code == 0


@pytest.mark.parametrize("policy", ["proportional", "reserved"])
def test_every_policy_goes_the_whole_way(tmp_path: Path, policy: str) -> None:
    rules = {**RULES, "policy": policy} | ({"quotas": {"CARDIO": 4, "NEURO": 4}} if policy == "reserved" else {})
    with company(tmp_path, rules) as acme:
        assert acme.run("run", "--month", MONTH).exit_code == 0
        acme.send(COMPED)
        assert acme.run("run", "--month", MONTH, "--adjust").exit_code == 0
        verified = acme.run("verify")
        assert verified.exit_code == 0, verified.output
