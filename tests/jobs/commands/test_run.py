"""`run`: which months and accounts it bills, how it ends, what it says where (docs/rules.md §2, §8.1 and §17)."""

import errno
import json
import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest
from click import Context, Option
from click.testing import Result

from jobs.commands import group
from tests.company import MONTH, PLUS, PROGRAM, Company, account, row, rows

RUN = ("run", "--month", MONTH)
LAST_DAY_OPEN, FIRST_MOMENT_CLOSED = "2016-12-03T23:59:58+00:00", "2016-12-04T00:00:00+00:00"


def _billed(done: Result) -> list[tuple[str, str, str]]:
    return [(unit["account"], unit["month"], unit["status"]) for unit in json.loads(done.stdout)]


def test_all_done_is_exit_status_0(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        done = company.run(*RUN)
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [
            "acme 2016-11: issued: ACME-201611-0001 USD 30.00 (BILL 9 COMP 0 DUPL 0 SVCO 0)",
            f"Open {company.folder / 'out' / 'index.html'}",
        ]


def test_the_vendors_published_rows_give_one_bill_and_one_svco(tmp_path: Path) -> None:
    published = [row(105236, minutes=25), row(105022, status="SVCO", minutes=31, host=1)]
    with Company(tmp_path, published) as company:
        assert company.run(*RUN).exit_code == 0
        summary = company.summary()
    assert summary["counts"] == {"BILL": 1, "COMP": 0, "DUPL": 0, "SVCO": 1}
    assert summary["minutes"]["BILL"] == {"known": 25, "unknown_sessions": 0}
    assert summary["minutes"]["SVCO"] == {"known": 31, "unknown_sessions": 0}


def test_a_failed_unit_is_exit_status_1_and_stops_no_other_account(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(1), "bravo": rows(2), "charlie": rows(3)}) as company:
        company.vendor.add_fault(path="/history", kind="status", status=404, account="acme")
        done = company.run(*RUN, "--json")
        assert done.exit_code == 1
        assert _billed(done) == [
            ("acme", MONTH, "failed"),
            ("bravo", MONTH, "issued"),
            ("charlie", MONTH, "issued"),
        ]


def test_a_blocking_finding_is_exit_status_3_with_a_draft(tmp_path: Path) -> None:
    with Company(tmp_path, [row(1), row(2, status="NEW")]) as company:
        done = company.run(*RUN)
        assert done.exit_code == 3
        assert "acme 2016-11: blocking: unknown-status: session 2 " in done.stderr
        assert company.names() == {"draft.xlsx", "draft.html", "draft.json", "draft.csv", "summary.json"}


def test_a_failed_unit_comes_before_a_blocking_finding(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": [row(1, status="NEW")], "bravo": rows(2)}) as company:
        company.vendor.add_fault(path="/history", kind="status", status=404, account="bravo")
        assert company.run(*RUN).exit_code == 1


def test_wrong_usage_comes_before_everything_and_bills_nothing(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        done = company.run(*RUN, "--account", "acme", "--account", "nope")
        assert done.exit_code == 2
        assert done.stderr == f"securevideo-billing: no account 'nope' in {company.config_file}; there are: acme\n"
        assert company.vendor.requests == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--month", "2016-13"), "'2016-13' is not a month; write it as YYYY-MM"),
        (("run", "--month", "November"), "'November' is not a month"),
        (("run", "--month", "2016-1"), "'2016-1' is not a month"),
        (("run", "--month", "2016-11.."), "'' is not a month"),
        (("run", "--month", "2017-01..2016-11"), "ends before it begins"),
        (("run", "--month"), "requires an argument"),
        (("run", "--nope"), "--nope"),
        (("nope",), "nope"),
    ],
)
def test_wrong_usage_is_one_line_that_says_where_to_look(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    with Company(tmp_path) as company:
        done = company.run(*arguments)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("securevideo-billing: ")
    assert said in line
    assert line.endswith("--help")
    assert done.stdout == ""


def test_a_wrong_configuration_is_exit_status_2_with_file_line_and_key(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        company.configure(close_day=29, participants="some")
        done = company.run(*RUN)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 2
    assert all(line.startswith(f"{company.config_file}:") for line in done.stderr.splitlines())
    assert "close_day: " in done.stderr
    assert "participants: " in done.stderr


def test_a_missing_configuration_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run([PROGRAM, "run"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "config.yaml: no such file; `securevideo-billing init` writes a commented one to change\n"


def test_the_configuration_may_be_named_in_the_environment(tmp_path: Path) -> None:
    (elsewhere := tmp_path / "elsewhere").mkdir()
    with Company(tmp_path, rows(1)) as company:
        environ = os.environ | {"SECUREVIDEO_BILLING_CONFIG": str(company.config_file)}
        done = subprocess.run([PROGRAM, *RUN], cwd=elsewhere, env=environ, capture_output=True, check=False)
        assert done.returncode == 0
        assert company.summary()["status"] == "issued"  # paths count from the configuration's folder
        assert (tmp_path / "state" / "ledger.db").is_file()
    assert list(elsewhere.iterdir()) == []


def test_output_counts_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere)
    with Company(tmp_path, rows(1)) as company:
        assert company.run(*RUN, "--output", "mine").exit_code == 0
    assert (elsewhere / "mine" / "acme" / MONTH / "ACME-201611-0001.html").is_file()
    assert not (tmp_path / "out").exists()


def test_without_a_month_it_bills_the_last_whole_one_in_utc(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        done = company.run("run", "--json", now="2016-12-31T23:59:50+00:00")
        assert _billed(done) == [("acme", "2016-11", "issued")]
        done = company.run("run", "--json", now="2017-01-01T00:00:00+00:00")  # and looks again at the issued one
        assert _billed(done) == [("acme", "2016-11", "unchanged"), ("acme", "2016-12", "draft")]


def test_months_come_once_each_and_ascending_whatever_the_order(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        asked = (
            "--month",
            "2017-01",
            "--month",
            "2016-11..2016-12",
            "--month",
            "2016-12",
            "--month",
            "2016-12..2017-01",
        )
        done = company.run("run", *asked, "--json")
    assert [month for _, month, _ in _billed(done)] == ["2016-11", "2016-12", "2017-01"]
    assert company.asked() == 3


def test_accounts_come_once_each_in_the_files_order(tmp_path: Path) -> None:
    with Company(tmp_path, {"bravo": rows(1), "acme": rows(1), "charlie": rows(1)}) as company:
        done = company.run(*RUN, "--account", "acme", "--account", "bravo", "--account", "acme", "--json")
    assert [key for key, _, _ in _billed(done)] == ["bravo", "acme"]


def test_a_future_month_is_refused_though_others_are_asked_for_too(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        done = company.run("run", "--month", "2016-11..2016-12", now="2016-11-30T23:59:00+00:00")
        assert done.exit_code == 2
        assert "2016-12 lies in the future; the current month, 2016-11, can be drafted" in done.stderr
        assert company.vendor.requests == []


def test_the_current_month_is_a_draft_and_exit_status_0(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        done = company.run(*RUN, now="2016-11-30T23:59:00+00:00")
        assert done.exit_code == 0
        summary = company.summary()
    assert summary["status"] == "draft"
    assert [(one["kind"], one["number"], one["total"]) for one in summary["documents"]] == [("draft", None, "30.00")]


def test_a_month_closes_at_midnight_utc_of_the_close_day(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        assert company.run(*RUN, now=LAST_DAY_OPEN).exit_code == 0
        assert company.summary()["status"] == "draft"
        assert company.run(*RUN, now=FIRST_MOMENT_CLOSED).exit_code == 0
        assert company.summary()["status"] == "issued"


def test_the_close_day_may_be_the_first(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1), close_day=1) as company:
        company.run(*RUN, now="2016-12-01T00:00:00+00:00")
        assert company.summary()["status"] == "issued"


def test_draft_issues_nothing_and_leaves_the_series_alone(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        assert company.run(*RUN, "--draft").exit_code == 0
        assert company.summary()["status"] == "draft"
        assert company.run(*RUN, "--draft", "--adjust").exit_code == 0
        assert company.summary()["status"] == "draft"
        company.run(*RUN)
        assert company.summary()["documents"][0]["number"] == "ACME-201611-0001"


def test_adjust_on_a_month_never_issued_issues_its_invoice(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        assert company.run(*RUN, "--adjust").exit_code == 0
        assert company.summary()["documents"][0]["kind"] == "invoice"


def test_a_month_that_changed_is_restated_and_exit_status_3(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN)
        company.send([*rows(8), row(9, status="COMP")])
        done = company.run(*RUN)
        assert done.exit_code == 3
        assert company.summary()["status"] == "restated"
        assert {"ACME-201611-0001.xlsx", "draft.xlsx", "restatement.xlsx"} <= company.names()
        assert company.run(*RUN, "--draft", "--adjust").exit_code == 3  # --draft never issues
        assert company.run(*RUN, "--adjust").exit_code == 0
        summary = company.summary()
    assert summary["status"] == "adjusted"
    assert [(one["number"], one["total"]) for one in summary["documents"]] == [("ACME-201611-0001-CN1", "-5.00")]
    assert company.names() & {"draft.xlsx", "restatement.xlsx"} == set()


def test_a_month_before_the_first_plan_fails_alone(tmp_path: Path) -> None:
    with Company(
        tmp_path, rows(1), accounts={"acme": account("acme", plans=[PLUS | {"from": "2016-11-01"}])}
    ) as company:
        done = company.run("run", "--month", "2016-10..2016-11")
        assert done.exit_code == 1
        assert company.summary("2016-10")["status"] == "failed"
        error = "no plan holds in 2016-10: the first one starts on 2016-11-01; add one with an earlier `from`"
        assert company.summary("2016-10")["error"] == error
        assert company.summary("2016-11")["status"] == "issued"


def test_credentials_that_cannot_be_read_fail_that_account_alone(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(1), "bravo": rows(2)}) as company:
        (tmp_path / "secrets" / "acme").unlink()
        done = company.run(*RUN)
        assert done.exit_code == 1
        assert company.summary(account="bravo")["status"] == "issued"
        failed = company.summary(account="acme")
    assert failed["status"] == "failed"
    assert (
        failed["error"]
        == f"account acme: secret from file {tmp_path}/secrets/acme: cannot be read: No such file or directory"
    )
    assert failed["error"] in done.stderr


def test_credentials_from_the_environment_and_from_a_credentials_directory(tmp_path: Path) -> None:
    credentials = {"identifier": {"env": "ACME_ID"}, "secret": {"credential": "acme"}}
    with Company(tmp_path, rows(1), accounts={"acme": account("acme", credentials=credentials)}) as company:
        environ = {"ACME_ID": "acme-api-identifier", "CREDENTIALS_DIRECTORY": str(tmp_path / "secrets")}
        assert company.run(*RUN, environ=environ).exit_code == 0
        failed = company.run(*RUN)
        assert failed.exit_code == 1
        assert "environment variable ACME_ID: is not set" in failed.stderr


def test_json_is_one_array_on_stdout_and_nothing_else(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": [row(1, status="NEW")], "bravo": rows(2), "charlie": ()}) as company:
        company.vendor.add_fault(path="/history", kind="status", status=404, account="charlie")
        done = company.run(*RUN, "--json")
        assert json.loads(done.stdout) == [company.summary(account=key) for key in ("acme", "bravo", "charlie")]
        assert done.exit_code == 1


def test_without_a_terminal_a_good_run_says_nothing_on_stderr(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        done = company.process(*RUN)
    assert (done.returncode, done.stderr) == (0, "")


def test_on_a_terminal_it_shows_progress_on_stderr(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with (
        Company(tmp_path, {"acme": rows(1), "bravo": [row(1, status="NEW")]}) as company,
        company.start(*RUN, stderr=theirs) as process,
    ):
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError as end:
            assert end.errno == errno.EIO  # noqa: PT017  # how a terminal ends
        stdout, _ = process.communicate(timeout=60)
        os.close(ours)
    assert b"billing" in shown
    assert b"100%" in shown
    assert "billing" not in stdout
    assert b"\r\x1b[K\x1b[33mbravo 2016-11: blocking: " in shown  # not behind the bar


def test_a_reader_of_stdout_that_goes_away_does_not_stop_the_billing(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(1), "bravo": rows(1)}) as company, company.start(*RUN) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(60) == 1
        assert company.summary(account="bravo")["status"] == "issued"
    assert "Traceback" not in errors
    assert len(errors.splitlines()) == 1


def test_a_full_disk_behind_stdout_is_said_and_does_not_stop_the_billing(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(1), "bravo": rows(1)}) as company:
        with Path("/dev/full").open("w") as full, company.start(*RUN, stdout=full) as process:
            _, errors = process.communicate(timeout=60)
        assert process.returncode == 1
        assert company.summary(account="bravo")["status"] == "issued"
    assert errors == "standard output: no space left on device; only what is printed here is lost\n"


def test_without_a_usable_ledger_json_says_that_every_unit_failed_and_why(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(1), "bravo": rows(1)}) as company:
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "ledger.db").write_text("no ledger" * 1000)
        done = company.run("run", "--month", "2016-10..2016-11", "--json")
        assert done.exit_code == 1
        months = ("2016-10", MONTH)
        assert _billed(done) == [(key, month, "failed") for key in ("acme", "bravo") for month in months]
        (error,) = {unit["error"] for unit in json.loads(done.stdout)}
        assert error == done.stderr.removesuffix("\n")
        assert company.run("run", "--month", MONTH).stdout == ""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_in_one_line_and_the_next_run_finishes(tmp_path: Path, sent: signal.Signals) -> None:
    with Company(tmp_path, {"acme": rows(1), "bravo": rows(1)}) as company:
        company.vendor.add_fault(path="/history", kind="hang", account="bravo", times=1)
        process = company.start(*RUN)
        while not company.asked("bravo"):
            time.sleep(0.02)
        process.send_signal(sent)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 1
        assert errors == "securevideo-billing: interrupted; the same command again does what is left\n"
        assert company.run(*RUN).exit_code == 0
        assert company.summary(account="acme")["status"] == "unchanged"
        assert company.summary(account="bravo")["status"] == "issued"
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_name_that_the_terminals_encoding_lacks_stops_nothing(tmp_path: Path) -> None:
    odd = account("acme", bill_to={"name": "範例 診所"})
    with Company(tmp_path, [row(1) | {"ünknown €": 1}], accounts={"acme": odd}) as company:
        latin = {"PYTHONIOENCODING": "latin-1"}
        assert company.process("check", environ=latin).returncode == 0
        done = company.process(*RUN, "--json", environ=latin | {"PYTHONIOENCODING": ""})
        assert done.returncode == 0
        assert "ünknown €" in done.stdout


def test_an_error_nobody_expected_shows_where_it_was_and_no_row(tmp_path: Path) -> None:
    with Company(
        tmp_path, {"acme": [row(1, UsageDescription="Sentinel Session #1 with Patient Zero")], "bravo": rows(1)}
    ) as company:
        script = (
            "import sys\n"
            "from jobs.billing import together\n"
            "def broken(gathered):\n"
            "    if gathered.setting.account == 'acme':\n"
            "        raise KeyError(gathered.rows['host_name'][0], 'Patient Zero')\n"
            "    return right(gathered)\n"
            "right, together.decide = together.decide, broken\n"
            "from jobs.commands.group import main\n"
            "main()\n"
        )
        command = ["-c", script, "--config", str(company.config_file), "-v", *RUN, "--json"]
        done = subprocess.run([PROGRAM.with_name("python"), *command], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        error = company.summary()["error"]
        assert company.summary(account="bravo")["status"] == "issued"
    assert error.startswith("internal error KeyError in broken ")
    for text in (done.stdout, done.stderr, error):
        assert "Patient Zero" not in text
        assert "Sentinel" not in text
        assert "Traceback" not in text


def test_a_ledger_that_cannot_be_opened_is_one_line_and_exit_status_1(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "ledger.db").write_bytes(b"no database at all" * 100)
        done = company.run(*RUN)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert str(tmp_path / "state" / "ledger.db") in line
    assert "restore it from a backup" in line


COMMANDS = group.main.list_commands(Context(group.main))


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_the_help_of_every_command_says_what_it_does_and_what_each_option_means(tmp_path: Path, name: str) -> None:
    with Company(tmp_path) as company:
        done = company.run(*([name] if name else []), "--help")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "..." not in done.stdout.replace("[ARGS]...", "")  # nothing is cut off
    command = group.main.get_command(Context(group.main), name) if name else group.main
    assert command is not None
    assert command.help
    options = command.params
    assert [one.name for one in options if isinstance(one, Option) and not one.help and one.metavar is None] == []
