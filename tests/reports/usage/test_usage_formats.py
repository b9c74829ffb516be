"""The files of a usage report: the same figures in each, live in the workbook, inert whatever the text."""

import csv
import io
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook

from jobs.billing.month import Month
from reports.document import STATUSES
from reports.formats.xlsx.reading import read_figures
from reports.usage import NAMES, render, xlsx
from reports.usage.report import UsageReport
from tests import hostile
from tests.reports.formats.libreoffice import recalculated
from tests.usage import LARGEST_ID, Row
from tests.usage_reports import FIRST, report, rows

MONEY = re.compile(r"\$|\bUSD\b|\bEUR\b|amount|price|charges?\b|net\b|tax\b|total|\bdue\b|payable", re.IGNORECASE)


def sheets(content: bytes, *, formulas: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    workbook = load_workbook(io.BytesIO(content), data_only=not formulas)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in workbook}


def fields(page: bytes) -> dict[str, str]:
    return dict(re.findall(r'data-field="([^"]*)" data-value="([^"]*)"', page.decode()))


def test_all_files_have_the_same_figures() -> None:
    made, sessions = report()
    figures = read_figures(render("xlsx", made, sessions))
    shown = fields(render("html", made, sessions))
    table = list(csv.DictReader(io.StringIO(render("csv", made, sessions).decode(), newline="")))
    assert figures["session_count"] == int(shown["session_count"]) == len(table) == made.rows.counted == 40
    for status in STATUSES:
        name = f"{status.lower()}_count"
        own = made.counts[status]
        assert figures[name] == int(shown[name]) == own == sum(row["status"] == status for row in table) > 0
    known = sum(int(row["minutes"] or 0) for row in table)
    assert int(shown["known_minutes"]) == made.known_minutes == known
    assert figures["all_checks"] == "OK"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("host_id", [None, 4])
def test_nothing_in_it_looks_like_money(name: str, host_id: int | None) -> None:
    made, sessions = report(host_id=host_id)
    content = render(name, made, sessions)
    if name == "xlsx":
        text = " ".join(str(cell) for sheet in sheets(content).values() for row in sheet for cell in row if cell)
    else:
        text = re.sub(r"(?s)<style>.*</style>|<[^>]*>", " ", content.decode())
    assert MONEY.findall(text) == []
    if name != "csv":
        assert "not an invoice" in text.lower()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    assert render(name, *report()) == render(name, *report())


def test_the_workbooks_figures_are_formulas_over_the_sessions_table() -> None:
    usage = sheets(render("xlsx", *report()), formulas=True)["Usage"]
    live = [cell for row in usage for cell in row if str(cell).startswith("=")]
    assert sum("Sessions!" in formula for formula in live) > 30


@pytest.mark.needs("LibreOffice")
def test_a_changed_status_turns_the_check_to_error(tmp_path: Path) -> None:
    packages = {"two": render("xlsx", *report()), "host": render("xlsx", *report(host_id=4))}
    packages["empty"] = render("xlsx", *report([]))
    changed = load_workbook(io.BytesIO(packages["two"]))
    changed["Sessions"]["D2"] = "COMP" if changed["Sessions"]["D2"].value == "BILL" else "BILL"
    changed.save(tmp_path / "changed.xlsx")
    packages["changed"] = (tmp_path / "changed.xlsx").read_bytes()
    done = recalculated(packages, tmp_path / "calc")
    for name in ("two", "host", "empty"):
        assert sheets(done[name].read_bytes()) == sheets(packages[name])
    assert read_figures(done["changed"])["all_checks"] == "ERROR"


def test_the_sessions_go_on_in_a_second_sheet_past_the_end_of_one() -> None:
    made, sessions = report()
    content = xlsx.render(made, sessions, sheet_rows=30)
    found = sheets(content)
    assert [len(found[name]) for name in ("Sessions", "Sessions 2")] == [30, 12]
    assert read_figures(content)["session_count"] == 40
    assert "'Sessions 2'!" in str(sheets(content, formulas=True)["Usage"])


def test_an_instant_before_midnight_and_a_long_id_stay_what_they_are() -> None:
    late = FIRST.replace(day=31, hour=23, minute=59, second=59, microsecond=999_999)
    content = render("xlsx", *report([Row(LARGEST_ID, billable_at=late)], months=[Month(2016, 10)]))
    session, billable = sheets(content)["Sessions"][1][:2]
    assert session == str(LARGEST_ID)
    assert billable == pd.Timestamp("2016-10-31 23:59:59.999")


@pytest.mark.parametrize("name", NAMES)
def test_names_of_participants_are_shown_only_where_the_title_says_so(name: str) -> None:
    full = render(name, *report(participants="full"))
    if name == "xlsx":
        table = sheets(full)["Sessions"]
        assert "names of participants" in str(table[0])
        assert "Patient 5000" in str(table)
    else:
        assert (b"Patient 5000" in full) == (name == "csv")
        assert (b"names of patients" in full) == (name == "csv")
    assert "Patient" not in str(sheets(render("xlsx", *report())))


def hostile_report(text: str) -> tuple[UsageReport, pd.DataFrame]:
    made, sessions = report(participants="full")
    findings = tuple(replace(one, code=text, message=text) for one in made.findings)
    hosts = tuple(replace(host, name=text) for host in made.hosts)
    named = replace(
        made, account=text, customer=text, issuer=text, about=text, findings=findings, hosts=hosts, rules=(text, text)
    )
    return replace(named, program_version=text), hostile.sessions(sessions, text)


@pytest.mark.parametrize(
    "text", [hostile.MARKUP, hostile.FORMULA, hostile.AT, hostile.ESCAPE, hostile.LONG, "\t-1", ""]
)
def test_hostile_text_stays_text(text: str) -> None:
    made = hostile_report(text)
    page = render("html", *made).decode()
    assert not re.search(r"<(script|img|iframe|link|form)\b", page)
    assert not re.search("[\x00-\x08\u202a-\u202e\ufffe]", page)
    cells = [
        cell for row in csv.reader(io.StringIO(render("csv", *made).decode(), newline=""), strict=True) for cell in row
    ]
    assert not [cell for cell in cells if re.match(r"\s*[=+\-@]|[\t\r\n]", cell)]
    content = render("xlsx", *made)
    workbook = load_workbook(io.BytesIO(content))
    formulas = [cell.value for sheet in workbook for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    tame = load_workbook(io.BytesIO(render("xlsx", *hostile_report("tame"))))
    expected = [cell.value for sheet in tame for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert [re.sub(r"\d+", "#", str(one)) for one in formulas] == [re.sub(r"\d+", "#", str(one)) for one in expected]


def test_a_long_list_is_cut_on_the_page_and_says_where_the_rest_is() -> None:
    made, sessions = report(rows(700))
    page = render("html", made, sessions).decode()
    assert "200 more of 700 are in report-1.xlsx and report-1.csv." in page


def test_an_open_period_says_so() -> None:
    made, sessions = report(is_open=True)
    assert "The period is not over" in render("html", made, sessions).decode()
    assert "it is not over" in str(sheets(render("xlsx", made, sessions))["Usage"])


def test_figures_of_the_workbook_are_numbers() -> None:
    assert all(isinstance(value, int | str | Decimal) for value in read_figures(render("xlsx", *report())).values())
