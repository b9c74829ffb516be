"""Whom the outputs name: hidden and full participants, hosts' names, hostile text (docs/rules.md §15)."""

import csv
import gzip
import io
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.company import MONTH, Company, account, row, rows, secret

RUN = ("run", "--month", MONTH)
NUMBER = "ACME-201611-0001"
as_excel_reads_it = pytest.mark.filterwarnings("ignore:.*xtension is not supported")  # openpyxl's, of data bars
SENTINEL = "Zqxjpatient"  # begins every text here that must stay in the snapshot


def _hidden_rows() -> list[Any]:
    """Every place of a reply where a patient's name may stand, once."""
    text = f"Aaron Johnson Session #{{}} with {SENTINEL}Name, {SENTINEL}@example.test - Counted Session"
    return [
        *(row(number, UsageDescription=text.format(number)) for number in range(1, 10)),
        row(10, UsageDescription=f"{SENTINEL}Free text without a mark"),
        row(11, UsageDescription=f"{SENTINEL}Twice Session #11 with Session #11 Jr - Counted Session"),
        row(12, UsageDescription=f"{SENTINEL}Other Session #13 with nobody"),
        row(14, status="COMP", UsageDescription=f"A Session #14 with {SENTINEL} - Counted Session"),
        row(15) | {"Participants": [f"{SENTINEL}Unknown"], "Notes": {"deep": f"{SENTINEL}Deep"}},
        row(16, minutes=f"{SENTINEL}Minutes"),
        row(17, at=f"{SENTINEL}At"),
        row(18, host=f"{SENTINEL}Host"),
        row(19, ScheduleTs=f"{SENTINEL}Schedule"),
        row(20) | {"SessionId": f"{SENTINEL}Id"},
        row(21, UsageDescription=[f"{SENTINEL}List"]),
        row(22, status=f"{SENTINEL}Status"),
        row(23, UsageDescription=f"A Session #23 with {SENTINEL}1"),
        row(23, UsageDescription=f"A Session #23 with {SENTINEL}2"),
        f"{SENTINEL}NoObject",
    ]


def _unpacked(name: str, content: bytes) -> dict[str, bytes]:
    """`content` and whatever is packed in it, zip in zip and gzip too."""
    found = {name: content}
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            for part in package.namelist():
                found |= _unpacked(f"{name}/{part}", package.read(part))
    elif content.startswith(b"\x1f\x8b"):
        found |= _unpacked(f"{name}/unzipped", gzip.decompress(content))
    return found


def _everything(folder: Path) -> dict[str, bytes]:
    """Every byte below `folder` but the snapshots', and every value of the ledger, unpacked, by where it stands."""
    found: dict[str, bytes] = {}
    for path in folder.rglob("*"):
        if path.is_file() and "snapshots" not in path.parts:
            found |= _unpacked(str(path), path.read_bytes())
    with closing(sqlite3.connect(folder / "state" / "ledger.db")) as ledger:
        tables = [name for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for number, values in enumerate(ledger.execute(f"SELECT * FROM {table}")):  # noqa: S608  # its own name
                for place, value in enumerate(values):
                    content = value if isinstance(value, bytes) else str(value).encode()
                    found |= _unpacked(f"{table}.{number}.{place}", content)
    return found


def _where(found: dict[str, bytes], text: str) -> list[str]:
    forms = (text.encode(), text.encode("utf-16-le"), text.encode("utf-32-le"))
    return [place for place, content in found.items() if any(form in content for form in forms)]


def test_hidden_participants_are_in_the_snapshot_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    with Company(tmp_path, {"acme": {MONTH: _hidden_rows(), "2016-10": _hidden_rows()[:9]}}) as company:
        environ = {"TMPDIR": str(tmp_path / "tmp")}
        clean = rows(9)
        for sent, arguments in (
            (None, RUN),  # a draft
            (clean, RUN),  # an invoice
            (None, RUN),  # a restatement, parked
            ([*_hidden_rows()[:8], row(9, status="COMP")], (*RUN, "--adjust")),  # a credit note
            (None, ("history",)),
            (None, ("--log-format", "json", "history", "--json")),
            (None, ("check", "--online")),
        ):
            company.send({MONTH: sent or _hidden_rows()})
            done = company.run("-v", *arguments, environ=environ)
            assert SENTINEL not in done.stdout
            assert SENTINEL not in done.stderr
        assert f"{NUMBER}-CN1.xlsx" in company.names()
    found = _everything(tmp_path)
    assert len(found) > 100
    assert _where(found, "Zqxj") == []
    assert _where(found, "Aaron Johnson") != []  # hosts are shown: the search sees into every format
    in_snapshots = [SENTINEL.encode() in gzip.decompress(file.read_bytes()) for file in company.snapshots().values()]
    assert any(in_snapshots)


def test_a_reply_that_is_refused_is_not_quoted(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        for fault in (
            {"kind": "raw", "text": f'{{"Message": "{SENTINEL}"}}'},
            {"kind": "raw", "text": f'[{{"{SENTINEL}": 1, "{SENTINEL}": 2}}]'},
            {"kind": "raw", "text": f"<html>{SENTINEL}</html>"},
            {"kind": "status", "status": 404, "body": SENTINEL, "headers": {"X-Who": SENTINEL}},
            {"kind": "status", "status": 503, "body": SENTINEL, "retry_after": "99999"},
        ):
            company.vendor.clear_faults()
            company.vendor.add_fault(path="/history", **fault)
            done = company.run("-v", *RUN)
            assert done.exit_code == 1
            assert SENTINEL not in done.output
    assert _where(_everything(tmp_path), SENTINEL) == []


def test_credentials_reach_nothing_that_is_written(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        done = company.run("-v", *RUN)
        assert secret("acme") not in done.output
    found = {place: content for place, content in _everything(tmp_path).items() if "/secrets/" not in place}
    assert _where(found, secret("acme")) == []
    assert _where(found, "acme-api-identifier") == []


@as_excel_reads_it
def test_full_participants_are_in_sheet_and_file_and_the_titles_say_so(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9), participants="full") as company:
        assert company.run(*RUN).exit_code == 0
        workbook = openpyxl.load_workbook(company.unit() / f"{NUMBER}.xlsx", read_only=True)
        with closing(workbook):
            sheets = {
                name: [list(cells) for cells in workbook[name].iter_rows(values_only=True)]
                for name in workbook.sheetnames
            }
        sessions = next(sheet for name, sheet in sheets.items() if name.startswith("Sessions"))
        text = (company.unit() / f"{NUMBER}.csv").read_bytes().decode()
        page = (company.unit() / f"{NUMBER}.html").read_text()
        summary = json.dumps(company.summary())
    assert any("Trevor Stamp" in cells for cells in sessions)
    assert "names of participants" in str(sessions[0])
    header, first = list(csv.reader(io.StringIO(text)))[:2]
    assert header[-2:] == ["participants (names of patients)", "note (names of patients)"]
    assert first[-2] == "Trevor Stamp"
    assert "Trevor Stamp" not in page
    assert "Trevor Stamp" not in summary


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ({1: "Aaron Johnson Session #1 with X"}, "Aaron Johnson"),
        ({1: "Aaron JohnsonSession #1 with X"}, "Aaron Johnson"),
        ({1: " Session #1 with X"}, "Host 4"),
        ({1: "A Session #1 with B Session #1"}, "Host 4"),
        ({1: "A Session #2 with B"}, "Host 4"),
        ({1: "A Session #12 with B"}, "Host 4"),
        ({1: ""}, "Host 4"),
        ({1: None}, "Host 4"),
        ({1: "B Session #1", 2: "A Session #2", 3: "B Session #3"}, "B"),
        ({1: "B Session #1", 2: "A Session #2"}, "A"),
        ({1: "Session #9 Aaron Session #1 with X"}, "Host 4"),
    ],
)
def test_a_host_is_shown_under_the_name_read_most_often(
    tmp_path: Path, sent: dict[int, str | None], shown: str
) -> None:
    with Company(tmp_path, [row(number, UsageDescription=text) for number, text in sent.items()]) as company:
        assert company.run(*RUN).exit_code == 0
        with (company.unit() / f"{NUMBER}.csv").open(encoding="utf-8", newline="") as file:
            assert {one["host"] for one in csv.DictReader(file)} == {shown}


HOSTILE = (
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "+1",
    "-1",
    "\t=1+1",
    "\r=1+1",
    "a\x00\x07\x1b[2Jb",
    "a\u202eb\u2066c\ufffe",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}{% raw %}${7*7}",
    "_x0041_",
    "#N/A",
    "https://evil.example/",
    "L" * 40_000,
    "😀" * 20_000,
)


@as_excel_reads_it
@pytest.mark.parametrize("participants", ["hidden", "full"])
def test_hostile_text_stays_text_in_every_output(tmp_path: Path, participants: str) -> None:
    sent = [
        row(n, host=n, UsageDescription=f"{text} Session #{n} with {text} - {text}") | {f"k{n}{text}"[:200]: 1}
        for n, text in enumerate(HOSTILE, 1)
    ]
    with Company(tmp_path, sent, participants=participants) as company:
        done = company.run(*RUN)
        assert done.exit_code == 0, done.stderr
        unit, files = company.unit(), company.summary()["documents"][0]["files"]
    page = (unit / files["html"]).read_text(encoding="utf-8")
    assert "<script" not in page.lower()
    assert "<img" not in page.lower()
    assert "49" not in page.partition("raw %}")[2][:20]
    with (unit / files["csv"]).open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    hosts = {line[table[0].index("host")] for line in table[1:]}
    assert {"'=cmd|' /C calc'!A0", "'@SUM(1)", "'+1", "'-1", "_x0041_", "#N/A", "a[2Jb", "abc"} <= hosts
    cells = [cell for line in table[1:] for cell in line]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t", "\r") or (cell[:1] == "-" and cell != "-1")]
    with zipfile.ZipFile(unit / files["xlsx"]) as package:
        parts = {name: package.read(name).decode() for name in package.namelist() if name.endswith((".xml", ".rels"))}
    assert not any(
        "cmd|" in formula
        for part in parts.values()
        for formula in part.split("<f>")[1:]
        for formula in [formula.partition("</f>")[0]]
    )
    assert not any("evil.example" in part for name, part in parts.items() if name.endswith(".rels"))
    workbook = openpyxl.load_workbook(unit / files["xlsx"], read_only=True)
    with closing(workbook):
        shown = {value for sheet in workbook for cells in sheet.iter_rows(values_only=True) for value in cells}
    assert {"=cmd|' /C calc'!A0", "@SUM(1)", "#N/A", "<script>alert(1)</script>", "{{7*7}}{% raw %}${7*7}"} <= shown
    for control in "\x00\x07\x1b\u202e\u2066\ufffe":
        assert control not in page
        assert not any(control in part for part in parts.values())


def test_hostile_text_of_the_configuration_is_refused_or_stays_text(tmp_path: Path) -> None:
    name = "=cmd|' /C calc'!A0 <script>{{7*7}}"
    hostile = account("acme", bill_to={"name": name, "address": [name], "email": name, "tax_id": name})
    with Company(tmp_path, rows(9), accounts={"acme": hostile}) as company:
        assert company.run(*RUN).exit_code == 0
        page = (company.unit() / f"{NUMBER}.html").read_text()
        company.configure(issuer={"name": "a\u202eb"})
        assert company.run("check").exit_code == 2
    assert "<script" not in page
    assert "&lt;script&gt;{{7*7}}" in page


def test_a_lone_surrogate_is_refused(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        company.vendor.add_fault(path="/history", kind="lone-surrogate")
        assert company.run(*RUN).exit_code == 1
        assert "a lone surrogate" in company.summary()["error"]
