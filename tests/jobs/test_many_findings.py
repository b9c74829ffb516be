"""Thousands of findings alike: one line for people and programs, all of them in the workbook (docs/rules.md §4.3)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.company import MONTH, Company, row, rows

MANY = 60


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Company(tmp_path, [row(1), *rows(MANY, first=100, minutes=None)]) as company:
        company.configure(vendor={"status_lookups": 0})
        yield company


def sheet(path: Path) -> list[tuple[object, ...]]:
    book = load_workbook(path, read_only=True)
    cells = [*book["Findings"].iter_rows(min_row=4, max_col=3, values_only=True)]
    book.close()
    return cells


def test_many_findings_alike_are_one_line_with_their_number(company: Company) -> None:
    assert company.run("run", "--month", MONTH).exit_code == 0
    (finding,) = company.summary()["findings"]
    assert (finding["code"], finding["session_id"], finding["count"]) == ("duration-unknown", None, MANY)
    assert finding["message"] == (
        "session 100 has no DurationMinutes; no money depends on it; and 59 more like it: "
        "the workbook's Findings sheet lists them all"
    )
    document = company.unit() / "ACME-201611-0001"
    assert json.loads(document.with_suffix(".json").read_text())["findings"] == [finding]
    assert document.with_suffix(".html").read_text().count("duration-unknown") == 1
    assert [line[2] for line in sheet(document.with_suffix(".xlsx"))] == [str(100 + n) for n in range(MANY)]


def test_they_are_proven_and_found_unchanged(company: Company) -> None:
    assert company.run("run", "--month", MONTH).exit_code == 0
    issued = company.summary()
    proven = company.run("verify")
    assert (proven.exit_code, proven.stdout) == (
        0,
        "proven: documents 1, all of their files, snapshots 1; no difference\n",
    )
    assert company.run("run", "--month", MONTH).exit_code == 0
    assert company.summary()["status"] == "unchanged"
    assert company.summary()["findings"] == issued["findings"]


def test_the_ledger_keeps_each_of_them(company: Company) -> None:
    assert company.run("run", "--month", MONTH).exit_code == 0
    workbook = company.unit() / "ACME-201611-0001.xlsx"
    before = sheet(workbook)
    workbook.unlink()
    assert company.run("render").exit_code == 0
    assert sheet(workbook) == before


def test_hooks_are_given_how_many_there_are(company: Company, tmp_path: Path) -> None:
    hook = tmp_path / "hook.sh"
    hook.write_text("#!/bin/sh\ncat > said\n")
    hook.chmod(0o700)
    company.configure(hooks=[{"on": ["issued"], "command": [str(hook)]}])
    assert company.run("run", "--month", MONTH).exit_code == 0
    (unit,) = json.loads((company.folder / "said").read_text())["units"]
    assert unit["findings"] == {"duration-unknown": MANY}
