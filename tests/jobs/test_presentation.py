"""Documents whose files cannot be made, or not as they were meant to look: no number is lost and no month stuck."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from jobs import config as configuration
from jobs import monthly
from jobs.billing.month import Month
from jobs.commands.opening import open_ledger
from jobs.commands.program import now
from jobs.program import version
from tests.company import MONTH, Company, rows

NUMBER = "ACME-201611-0001"
LATER = "2017-01-05T00:00:00+00:00"
UNKNOWN = {"locale": "cz_CZ", "timezone": "Mars/Olympus"}
INSTEAD = (
    "The time zone Mars/Olympus is not known: local times are shown in UTC.",
    "The locale cz_CZ is not known: dates and numbers are written as in en_US.",
)


def billed(company: Company, settings: Mapping[str, Any]) -> monthly.Outcome:
    """A month run with `settings` that the configuration's own checks would refuse, as older versions let them pass."""
    config = replace(configuration.load(company.config_file), **settings)
    with time_machine.travel(datetime(2017, 1, 4, tzinfo=UTC)), open_ledger(config) as ledger:
        job = monthly.Job(config, ledger, config.output, os.environ, now, version())
        (outcome,) = monthly.run(job, [(config.accounts["acme"], Month.parse(MONTH))])
    return outcome


def test_a_document_that_cannot_be_made_takes_no_number_and_leaves_no_file(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        failed = billed(company, {"formats": ("xlsx", "json", "papyrus")})
        assert (failed.exit_status, failed.summary.status) == (1, "failed")
        assert company.names() == {"summary.json"}
        done = company.run("run", "--month", MONTH, now=LATER)
        assert done.exit_code == 0
        assert company.summary()["documents"][0]["number"] == NUMBER
        assert company.run("verify", now=LATER).exit_code == 0


def test_a_document_of_an_unknown_locale_and_time_zone_is_written_in_others_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Company(tmp_path, rows(9)) as company:
        assert billed(company, UNKNOWN).exit_status == 0
        assert [f"acme {MONTH}: {NUMBER}: {sentence}" for sentence in INSTEAD] == caplog.messages
        page = (company.unit() / f"{NUMBER}.html").read_text()
        assert all(sentence in page for sentence in INSTEAD)
        assert "November 2016" in page
        assert '"locale": "cz_CZ"' in (company.unit() / f"{NUMBER}.json").read_text()


def test_an_issued_document_of_an_unknown_locale_keeps_no_command_from_its_work(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        billed(company, UNKNOWN)
        for command in (["run", "--month", MONTH], ["verify"]):
            done = company.run(*command, now=LATER)
            assert (done.exit_code, done.stderr) == (0, ""), command
        (company.unit() / f"{NUMBER}.html").unlink()
        for command in (["run", "--month", MONTH], ["render"]):
            done = company.run(*command, now=LATER)
            assert done.exit_code == 0
            assert all(f"{NUMBER}: {sentence}" in done.stderr for sentence in INSTEAD)
        company.send(rows(10))
        done = company.run("run", "--month", MONTH, "--adjust", now=LATER)
        assert (done.exit_code, done.stderr) == (0, "")
        assert company.run("verify", now=LATER).exit_code == 0


def test_a_month_that_was_left_half_written_for_its_locale_is_finished(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.unit().mkdir(parents=True)
        (company.unit() / f"{NUMBER}.html").symlink_to(tmp_path / "elsewhere")
        assert billed(company, {"locale": "cz_CZ"}).exit_status == 1
        (company.unit() / f"{NUMBER}.html").unlink()
        done = company.run("run", "--month", MONTH, now=LATER)
        assert done.exit_code == 0
        assert INSTEAD[1] in done.stderr
        assert {f"{NUMBER}.html", f"{NUMBER}.xlsx"} <= company.names()
        assert company.run("verify", now=LATER).exit_code == 0
