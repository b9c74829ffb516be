"""`match` through the command line: the worked example, to the cent; exit statuses; notes; files."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import Result

from tests import activity
from tests.activity import line, local
from tests.company import PLUS, Company, account, row

NOVEMBER, DECEMBER = "2016-11", "2016-12"
FEE, SESSIONS = "{kind: fee, amount: 25.00}", "{kind: sessions, quantity: 4, unit_price: 5.00, amount: 20.00}"
CALLING = "{kind: other, description: Masked calling, amount: 12.40}"


def ours() -> list[dict[str, Any]]:
    """Ten BILL, one COMP, two DUPL, one SVCO; and one of December."""
    bill = [row(105_101 + number) for number in range(9)]
    others = [
        row(105_111, status="COMP"),
        *(row(n, status="DUPL") for n in (105_112, 105_113)),
        row(105_114, status="SVCO"),
    ]
    edges = [row(105_110, at="2016-11-01T02:15:00"), row(105_120, at="2016-12-01T03:20:00")]
    return [*bill, *others, *edges]


def theirs() -> list[list[Any]]:
    counted = [*range(105_101, 105_110), 105_111, 105_113]
    rows = [line(number, "BILL", 31 if number == 105_105 else 25) for number in counted]
    return [
        *rows,
        line(105_120, at=local(30, 19, 20)),
        line(105_112, "DUPL"),
        line(105_114, "SVCO"),
    ]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with Company(tmp_path_factory.mktemp("match"), ours()) as company:
        assert company.run("run", "--month", f"{NOVEMBER}..{DECEMBER}", now="2017-01-05T06:00:00").exit_code == 0
        activity.write(company.folder / "activity.xlsx", theirs())
        activity.invoice(company.folder / "invoice.yaml", [FEE, SESSIONS, CALLING], total="57.40")
        yield company


def match(company: Company, *arguments: str, activity: str | None = "activity.xlsx", bill: str | None = "invoice.yaml",
          now: str = "2017-01-05T06:00:00") -> Result:  # fmt: skip
    files = [f"--activity={company.folder / activity}"] if activity else []
    files += [f"--invoice={company.folder / bill}"] if bill else []
    return company.run("match", "--account", "acme", "--month", NOVEMBER, *files, *arguments, now=now)


def matched(company: Company, *arguments: str, **options: Any) -> dict[str, Any]:
    done = match(company, *arguments, "--json", **options)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (3 if found["open_items"] else 0), done.output
    amounts = {sum(Decimal(one["amount"]) for one in found[name]) for name in ("items", "bridge")}
    assert amounts == {Decimal(found["difference"])}
    assert Decimal(found["theirs_total"]) - Decimal(found["ours_total"]) == Decimal(found["difference"])
    assert found["unexplained"] == "0.00"
    return found


def short(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(one["code"], one["session_id"], one["count"], one["amount"], one["open"]) for one in found["items"]]


def test_the_worked_example_to_the_cent(example: Company) -> None:
    found = matched(example)
    assert short(found) == [
        ("status-differs", 105_111, 1, "5.00", True),
        ("status-differs", 105_113, 1, "5.00", True),
        ("minutes-differ", 105_105, 0, "0.00", False),
        ("month-boundary", 105_110, -1, "-5.00", False),
        ("month-boundary", 105_120, 1, "5.00", False),
        ("other-charge", None, 0, "12.40", False),
    ]
    assert [(one["ours"], one["theirs"]) for one in found["items"]] == [
        ("COMP", "BILL"), ("DUPL", "BILL"), ("25", "31"), ("BILL", None), (None, "BILL"), (None, "Masked calling"),
    ]  # fmt: skip
    assert {key: found[key] for key in ("ours_total", "theirs_total", "difference", "open_items", "currency")} == {
        "ours_total": "35.00",
        "theirs_total": "57.40",
        "difference": "22.40",
        "open_items": 2,
        "currency": "USD",
    }
    assert found["bridge"] == [{"step": "sessions-quantity", "amount": "10.00"}, {"step": "other", "amount": "12.40"}]
    assert found["columns"] == {"description": "C", "session_id": "A", "status": "D", "at": "B", "minutes": "E"}
    assert [(one["name"], one["rows"]) for one in found["files"]] == [("activity.xlsx", 14), ("invoice.yaml", 3)]
    assert list(found) == [
        "schema", "account", "month", "currency", "ours_total", "theirs_total", "difference", "unexplained",
        "open_items", "items", "bridge", "columns", "files",
    ]  # fmt: skip


def test_the_worked_example_at_another_price(example: Company) -> None:
    lines = [FEE, "{kind: sessions, quantity: 4, unit_price: 5.50, amount: 22.00}", CALLING]
    activity.invoice(example.folder / "dearer.yaml", lines, total="59.40")
    found = matched(example, bill="dearer.yaml")
    assert found["theirs_total"] == "59.40"
    assert [(one["step"], one["amount"]) for one in found["bridge"]] == [
        ("sessions-quantity", "10.00"),
        ("sessions-price", "2.00"),
        ("other", "12.40"),
    ]
    assert ("amount-sessions-price", None, 0, "2.00", True) in short(found)


def test_the_letter_asks_for_what_is_in_dispute_and_nothing_else(example: Company) -> None:
    done = match(example)
    (path,) = [Path(text.strip()) for text in done.stdout.splitlines() if text.endswith("-letter.txt")]
    assert path.read_text() == (
        "Account acme, your invoice SV-88213 of 2016-12-03, month 2016-11 (UTC, by BillableTs).\n"
        "We count 10 billable sessions, you charge 12. Please correct or explain:\n\n"
        "105111: your API says COMP (read 2017-01-05 06:00 UTC), your activity file says Counted Session — 5.00.\n"
        "105113: your API says DUPL (read 2017-01-05 06:00 UTC), your activity file says Counted Session — 5.00.\n\n"
        "Amount in dispute: USD 10.00.\n"
        "Not disputed: Masked calling 12.40 (please send the list behind it).\n"
    )


# -- notes ---------------------------------------------------------------------------------------------------------


def test_notes_close_differences_for_good_until_they_change(tmp_path: Path) -> None:
    with Company(tmp_path, ours()) as company:
        company.run("run", "--month", NOVEMBER, now="2017-01-05T06:00:00")
        activity.write(tmp_path / "activity.xlsx", theirs())
        first = matched(company, "--note", "105111:credited:their mail of 9 January", bill=None)
        assert {one["session_id"]: one["open"] for one in first["items"]}[105_111] is False
        assert first["open_items"] == 2  # December is not known, so 105120 is no matter of the month's edge
        assert matched(company, bill=None)["open_items"] == 2
        assert (
            matched(company, "--note", "status-differs:agreed-theirs", "--note", "only-theirs:accepted", bill=None)[
                "open_items"
            ]
            == 0
        )
        changed = [line(105_111, "SVCO") if one[0] == 105_111 else one for one in theirs()]
        activity.write(tmp_path / "activity.xlsx", changed)
        again = matched(company, bill=None)
        assert [one["session_id"] for one in again["items"] if one["open"]] == [105_111]
        assert company.run("verify").exit_code == 0
        month = json.loads(company.run("history", "--json").stdout)[0]
        assert (month["status"], month["match"]["number"], month["match"]["open"]) == ("issued", 4, 1)
        assert company.run("run", "--month", NOVEMBER, now="2017-01-06T06:00:00").exit_code == 0


@pytest.mark.parametrize(("note", "reason"), [
    ("105111:because", "one of the reasons"), ("105111:credited", "needs the vendor's reference"),
    ("1:accepted", "is not a difference of this match"), ("patient:accepted", "a session's number or a code"),
])  # fmt: skip
def test_a_note_about_nothing_is_refused(example: Company, note: str, reason: str) -> None:
    done = match(example, "--note", note)
    assert (done.exit_code, done.stdout) == (2, "")
    assert reason in done.stderr


# -- exit statuses -------------------------------------------------------------------------------------------------


def test_ours_as_a_file_matches(example: Company) -> None:
    rows = [[one["SessionId"], one["BillableStatusCd"], one["DurationMinutes"]] for one in ours()[:-1]]
    activity.write(example.folder / "own.xlsx", rows, headers=("Session ID", "Status", "Minutes"))
    lines = [FEE, "{kind: sessions, quantity: 2, amount: 10.00}"]
    activity.invoice(example.folder / "own.yaml", lines, total="35.00")
    done = match(example, activity="own.xlsx", bill="own.yaml")
    assert done.exit_code == 0
    assert "nothing is open" in done.stdout
    assert not any(name.endswith("letter.txt") for name in done.stdout.split())


def test_the_invoice_alone_is_compared_by_its_amounts(example: Company) -> None:
    found = matched(example, activity=None)
    assert short(found) == [
        ("amount-sessions-quantity", None, 2, "10.00", True),
        ("other-charge", None, 0, "12.40", False),
    ]
    assert found["columns"] == {}


@pytest.mark.parametrize(("arguments", "status", "reason"), [
    ((), 2, "name the vendor's files"),
    (("--detect", "--invoice=x.yaml"), 2, "--activity FILE.xlsx"),
    (("--activity=nowhere.xlsx",), 1, "no such file"),
    (("--invoice=nowhere.yaml",), 1, "no such file"),
    (("--month=2016-09", "--invoice=x.yaml"), 2, "nothing was issued for acme 2016-09"),
    (("--account=other", "--invoice=x.yaml"), 2, "no account 'other'"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(
    example: Company, arguments: tuple[str, ...], status: int, reason: str
) -> None:
    done = example.run("match", "--account", "acme", "--month", NOVEMBER, *arguments)
    assert (done.exit_code, done.stdout) == (status, "")
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_all_mistakes_of_an_invoice_are_named_with_their_lines(example: Company) -> None:
    lines = ["{kind: fees, amount: 25.00}", "{kind: sessions, amount: 1}", "{kind: fee, amount: 25, note: x}"]
    path = activity.invoice(example.folder / "wrong.yaml", lines, total="1e2")
    done = match(example, bill="wrong.yaml")
    assert done.exit_code == 2
    assert [one.removeprefix(f"{path}:").split(":")[0] for one in done.stderr.splitlines()] == ["5", "7", "9"]
    activity.invoice(path, [FEE, "{kind: sessions, quantity: 4, unit_price: 5.00, amount: 21.00}"], total="45.00")
    done = match(example, bill="wrong.yaml")
    assert "4 × 5.00 = 20.00, the amount says 21.00" in done.stderr
    assert "the lines add up to 46.00 with tax, the total says 45.00" in done.stderr
    assert done.exit_code == 2


# -- what else happens at the vendor -------------------------------------------------------------------------------


def test_what_the_vendor_changed_since_we_issued_is_ours_to_adjust(tmp_path: Path) -> None:
    with Company(tmp_path, ours()) as company:
        company.run("run", "--month", NOVEMBER, now="2017-01-05T06:00:00")
        later = [one | {"BillableStatusCd": "COMP"} if one["SessionId"] == 105_101 else one for one in ours()]
        company.send([*later, row(105_130, status="LATE")])
        assert company.run("run", "--month", NOVEMBER, now="2017-01-06T06:00:00").exit_code == 3
        own = [line(one["SessionId"], one["BillableStatusCd"], one["DurationMinutes"]) for one in later[:-1]]
        activity.write(tmp_path / "activity.xlsx", [*own, line(105_130)])
        found = matched(company, bill=None)
        assert short(found) == [
            ("stale-ours", 105_101, -1, "0.00", True),
            ("set-aside-ours", 105_130, 1, "0.00", True),
        ]
        assert found["items"][1]["ours"] == "unknown-status"


def test_a_month_in_two_parts_is_matched_part_by_part(tmp_path: Path) -> None:
    plans = [PLUS, PLUS | {"from": "2016-11-16", "sessions": {"included": 0, "overage": "4.00"}}]
    sent = [row(number) for number in range(1, 7)] + [row(number, at="2016-11-20T10:00:00") for number in (10, 11)]
    with Company(tmp_path, sent, accounts={"acme": account("acme", plans=plans)}) as company:
        company.run("run", "--month", NOVEMBER, now="2017-01-05T06:00:00")
        rows = [line(number) for number in range(1, 6)] + [line(number, at=local(20, 10)) for number in (10, 11, 12)]
        activity.write(tmp_path / "activity.xlsx", rows)
        first, second = ("{kind: sessions, quantity: 1, amount: 5.00", "{kind: sessions, quantity: 3, amount: 12.00")
        activity.invoice(tmp_path / "invoice.yaml", [FEE, first + "}", second + "}"], total="42.00")
        done = match(company)
        assert done.exit_code == 2
        assert "lines.1.part: expected the part of the month that is charged (1: 2016-11-01" in done.stderr
        activity.invoice(tmp_path / "invoice.yaml", [FEE, first + ", part: 1}", second + ", part: 2}"], total="42.00")
        assert short(matched(company)) == [
            ("only-ours", 6, -1, "-5.00", True),
            ("only-theirs", 12, 1, "4.00", True),
        ]


def test_no_name_of_the_activity_file_is_in_any_output(tmp_path: Path) -> None:
    with Company(tmp_path, ours()) as company:
        company.run("run", "--month", NOVEMBER, now="2017-01-05T06:00:00")
        named = [[*one, f"{activity.NAME} Column", None] for one in theirs()]
        named += [[None, None, f"{activity.NAME} Fee", None, None, f"{activity.NAME}", 7.5]]
        named += [[105_140, None, f"{activity.NAME} no number", f"{activity.NAME} status", 25, activity.NAME, None]]
        headers = (*activity.HEADERS, f"{activity.NAME} Header", "Amount")
        others = {f"{activity.NAME} sheet": [headers, named[0]]}
        vendor = tmp_path / "vendor"
        vendor.mkdir()
        path = activity.write(vendor / "activity.xlsx", named, headers=headers, above=[[activity.NAME]], others=others)
        for more in ((), ("--json",), ("--detect",), ("--note", "status-unknown:accepted")):
            done = company.run("match", "--account", "acme", "--month", NOVEMBER, f"--activity={path}", *more)
            assert done.exit_code == (0 if "--detect" in more else 3)
            assert activity.NAME not in done.output
        written = {file: everything for file, everything in unpacked(tmp_path) if vendor not in file.parents}
        assert any("match-1.xlsx" in str(file) for file in written)
        assert [file for file, content in written.items() if activity.NAME.encode() in content] == []


def unpacked(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below but the snapshots, and the parts of packages."""
    for path in folder.rglob("*"):
        if path.is_file() and "snapshots" not in path.parts:
            yield path, path.read_bytes()
            if path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as package:
                    for name in package.namelist():
                        yield path / name, package.read(name)


def test_the_workbook_and_the_page_say_what_the_json_says(example: Company) -> None:
    done = match(example)
    paths = [Path(text.strip()) for text in done.stdout.splitlines() if text.startswith("  /")]
    book = openpyxl.load_workbook(paths[0], data_only=True)
    assert book.sheetnames == ["Summary", "Sessions", "Differences", "Amounts", "Columns", "About"]
    named = {}
    for name, defined in book.defined_names.items():
        ((sheet, cell),) = defined.destinations
        named[name] = book[sheet][cell].value
    expected = {"ours_total": 35, "theirs_total": 57.4, "difference": 22.4, "unexplained": 0, "open_items": 2}
    assert named == expected
    assert book["Sessions"].max_row == 16
    page = paths[1].read_text()
    fields = dict(re.findall(r'data-field="(\w+)" data-value="([^"]+)"', page))
    assert {name: float(fields[name]) for name in expected} == expected
    assert paths[0].stat().st_mode & 0o777 == 0o600
    assert json.loads(paths[2].read_text()) == json.loads(match(example, "--json").stdout)


def test_who_never_matches_sees_nothing_of_it(tmp_path: Path) -> None:
    with Company(tmp_path, ours()) as company:
        company.run("run", "--month", NOVEMBER, now="2017-01-05T06:00:00")
        assert "endor's bill" not in company.run("history").stdout
        assert "endor's bill" not in (tmp_path / "out" / "acme" / "index.html").read_text()
        assert "match" not in json.loads(company.run("history", "--json").stdout)[0]
        code = "import sys, jobs.commands.run; sys.exit(any(name.startswith('jobs.matching') for name in sys.modules))"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_renamed_account_is_matched_where_its_month_is_kept(tmp_path: Path) -> None:
    with Company(tmp_path, ours()) as company:
        company.run("run", "--month", NOVEMBER, now="2017-01-05T06:00:00")
        activity.write(tmp_path / "activity.xlsx", theirs())
        matched(company, "--note", "105111:credited:their mail of 9 January", bill=None)
        assert company.run("rename", "acme", "alpha", now="2017-01-06T06:00:00").exit_code == 0
        company.configure(accounts={"alpha": company.settings["accounts"]["acme"]})
        named = ("match", "--account", "alpha", "--month", NOVEMBER, f"--activity={tmp_path / 'activity.xlsx'}")
        again = json.loads(company.run(*named, "--json", now="2017-01-07T06:00:00").stdout)
        assert {one["session_id"]: one["open"] for one in again["items"]}[105_111] is False, "the note still holds"
        assert {"match-1.html", "match-2.html"} <= company.names(NOVEMBER)
        (month,) = json.loads(company.run("history", "--json").stdout)
        assert (month["account"], month["match"]["number"]) == ("alpha", 2)
        assert company.run("verify").exit_code == 0
