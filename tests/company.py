"""A made-up company for tests through the command line: its configuration, its secrets, its simulated vendor.

with Company(tmp_path, [row(1), row(2, status="COMP")]) as company:
    done = company.run("run", "--month", "2016-11")
    assert done.exit_code == 0
    assert company.summary()["status"] == "issued"
"""

import gc
import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import time_machine
from click.testing import CliRunner, Result

from jobs.commands import group
from jobs.simulator.simulator import Simulator

PROGRAM = Path(sys.executable).with_name("securevideo-billing")
MONTH = "2016-11"  # of `row`, and of whatever names no month
PLUS = {"from": "2014-01-01", "name": "PLUS", "monthly_fee": "25.00", "sessions": {"included": 8, "overage": "5.00"}}

Rows = Sequence[Any] | Mapping[str, Sequence[Any]]


def row(session_id: int, **changes: Any) -> dict[str, Any]:
    """A History row with nothing odd about it; `changes` by property name, or by `status`, `minutes`, `at`, `host`."""
    short = {"status": "BillableStatusCd", "minutes": "DurationMinutes", "at": "BillableTs", "host": "UserId"}
    text = f"Aaron Johnson Session #{session_id} with Trevor Stamp"
    whole = {
        "SessionId": session_id,
        "ScheduleTs": "2016-11-03T21:45:09.467",
        "BillableTs": "2016-11-03T21:46:16.1",
        "DurationMinutes": 25,
        "BillableStatusCd": "BILL",
        "UserId": 4,
        "UsageDescription": text,
    }
    return whole | {short.get(name, name): value for name, value in changes.items()}


def rows(count: int, first: int = 1, **changes: Any) -> list[dict[str, Any]]:
    return [row(first + number, **changes) for number in range(count)]


def account(key: str, **changes: Any) -> dict[str, Any]:
    """An account's section of the configuration, on plan PLUS."""
    return {
        "credentials": {"identifier": {"file": f"secrets/{key}-identifier"}, "secret": {"file": f"secrets/{key}"}},
        "bill_to": {"name": f"{key.capitalize()} Telehealth LLC"},
        "currency": "USD",
        "invoice_prefix": key.upper(),
        "plans": [PLUS],
    } | changes


class Company:
    """Lives in `folder`, from `with` to its end. `settings` are keys of the configuration.

    `rows`: what the vendor has for the account `acme`, or, as a mapping, for each account. A list of rows is selected
    by BillableTs as the vendor does it; a mapping of months to rows is sent for these months whatever is in the rows.
    `accounts`: sections of the configuration by key (`account`); default: `acme`, and each account that has rows.
    """

    def __init__(
        self,
        folder: Path,
        rows: Rows | Mapping[str, Rows] = (),
        *,
        accounts: Mapping[str, Mapping[str, Any]] | None = None,
        **settings: Any,
    ) -> None:
        self.folder = folder
        by_account = rows if isinstance(rows, Mapping) else {"acme": rows}
        sections = accounts or {key: account(key) for key in by_account}
        of_accounts = {key: _vendor_account(key, by_account.get(key, ())) for key in sections}
        self.vendor = Simulator({"accounts": of_accounts})
        self.settings: dict[str, Any] = {
            "issuer": {"name": "Example Billing LLC"},
            "vendor": {"base_url": self.vendor.url, "timeout_seconds": 10, "budget_seconds": 20},
            "workers": {"jobs": 1},  # in this process, whose clock a test may set
            "accounts": dict(sections),
        } | settings
        self.config_file = folder / "config.yaml"
        self.configure()
        secrets = folder / "secrets"
        secrets.mkdir(exist_ok=True)
        for key in sections:
            for name, value in ((f"{key}-identifier", identifier(key)), (key, secret(key))):
                (secrets / name).touch(mode=0o600)
                (secrets / name).write_text(value)

    def __enter__(self) -> Self:
        self.vendor.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.vendor.__exit__(None, None, None)

    def configure(self, **settings: Any) -> None:
        """Writes config.yaml anew, `settings` changed (those of `vendor` one by one)."""
        vendor = self.settings["vendor"] | settings.pop("vendor", {})
        self.settings |= settings | {"vendor": vendor}
        self.config_file.write_text(json.dumps(self.settings, indent=1))  # JSON is YAML

    def send(self, rows: Rows, account: str = "acme") -> None:
        """From now on the vendor has these rows of the account."""
        accounts = {**self.vendor.data["accounts"], account: _vendor_account(account, rows)}
        self.vendor.data = {**self.vendor.data, "accounts": accounts}

    def also_has(self, account: str = "acme", **known: Any) -> None:
        """From now on the vendor knows this too of the account: `users`, `statuses`, `participants` …"""
        accounts = self.vendor.data["accounts"]
        self.vendor.data = {**self.vendor.data, "accounts": {**accounts, account: {**accounts[account], **known}}}

    def run(
        self, *arguments: str, now: str | None = None, environ: Mapping[str, str] | None = None, typed: str = ""
    ) -> Result:
        """A command in this process, at `now` (ISO 8601, UTC) or at present; `typed` is its stdin. A bug raises."""
        with _clock(now), logging_kept():
            runner = CliRunner()
            line = ["--config", str(self.config_file), *arguments]
            try:
                return runner.invoke(group.main, line, typed, env=dict(environ or {}), catch_exceptions=False)
            finally:  # a command sets the collector for a process that ends with it; this one goes on
                gc.unfreeze()
                gc.enable()

    def process(
        self, *arguments: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The same in a process of its own, at present and without a terminal."""
        return subprocess.run(
            [PROGRAM, "--config", self.config_file, *arguments],
            env=os.environ | dict(environ or {}),
            cwd=cwd or self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """The same, not waited for."""
        return subprocess.Popen(
            [PROGRAM, "--config", self.config_file, *arguments],
            **{
                "stdin": subprocess.DEVNULL,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "text": True,
                "cwd": self.folder,
                **options,
            },
        )

    def asked(self, account: str | None = None) -> int:
        """How often History was asked for, by an account or by all; hosts are asked for besides."""
        return sum(one.path.startswith("/history") and account in (None, one.account) for one in self.vendor.requests)

    def unit(self, month: str = MONTH, account: str = "acme") -> Path:
        """The folder of an account-month."""
        return self.folder / "out" / account / month

    def snapshots(self) -> dict[str, Path]:
        """The files of all snapshots by name."""
        return {file.name: file for file in sorted((self.folder / "state" / "snapshots").rglob("*.json.gz"))}

    def names(self, month: str = MONTH, account: str = "acme") -> set[str]:
        return {path.name for path in self.unit(month, account).iterdir()}

    def summary(self, month: str = MONTH, account: str = "acme") -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.unit(month, account) / "summary.json").read_bytes())
        return found


def identifier(key: str) -> str:
    return f"{key}-api-identifier"


def secret(key: str) -> str:
    return f"{key}-Secret/Key+9f3a"


def _vendor_account(key: str, rows: Rows) -> dict[str, Any]:
    answers = {"history": rows} if isinstance(rows, Mapping) else {"sessions": list(rows)}
    return {"identifier": identifier(key), "secret": secret(key), **answers}


@contextmanager
def _clock(now: str | None) -> Iterator[None]:
    if now is None:
        yield
    else:
        with time_machine.travel(datetime.fromisoformat(now)):
            yield


@contextmanager
def logging_kept() -> Iterator[None]:
    """A command sets the process's log up; afterwards it is as it was."""
    loggers = [logging.getLogger(), logging.getLogger("jobs")]
    levels = [logger.level for logger in loggers]
    handlers = loggers[0].handlers[:]
    showing = warnings.showwarning
    try:
        yield
    finally:
        logging.captureWarnings(False)
        warnings.showwarning = showing
        loggers[0].handlers[:] = handlers
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
