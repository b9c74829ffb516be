"""`report`: the use of one host or one participant, counted and not billed; an address reaches nothing that stays."""

import csv
import gzip
import hashlib
import io
import json
import stat
import subprocess
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from jobs.simulator.simulator import Simulator
from tests.company import Company, account, row, secret

NOW = "2016-12-05T06:00:00+00:00"
ADDRESS = "zqxj.patient+one@example.test"
REPORT = ("report", "--account", "acme")
OF_HOST = (*REPORT, "--host", "4")
OF_PARTICIPANT = (*REPORT, "--participant", ADDRESS)


def sessions() -> list[dict[str, Any]]:
    """Of hosts 4 and 5, in October and November 2016."""
    text = "Aaron Johnson Session #{} with Zqxjname"
    return [
        row(
            month * 100 + number,
            at=f"2016-{month}-{number:02}T12:00:00",
            status=("BILL", "BILL", "COMP", "DUPL", "SVCO")[number % 5],
            host=4 if number % 2 else 5,
            minutes=None if number == 7 else 30,
            UsageDescription=text.format(month * 100 + number) if number % 2 else None,
        )
        for month in (10, 11)
        for number in range(1, 11)
    ]


def company(folder: Path, **settings: Any) -> Company:
    made = Company(folder, sessions(), **settings)
    made.also_has(participants={ADDRESS: [1001, 1101, 1102, 1103], "other@example.test": [1104]})
    return made


def folder(tmp_path: Path) -> Path:
    return tmp_path / "out" / "acme" / "reports"


def names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in folder(tmp_path).iterdir())


def listed(tmp_path: Path, name: str) -> list[int]:
    with (folder(tmp_path) / name).open(encoding="utf-8", newline="") as file:
        return [int(one["session_id"]) for one in csv.DictReader(file)]


def test_a_hosts_last_whole_month_by_default(tmp_path: Path) -> None:
    with company(tmp_path) as running:
        done = running.run(*OF_HOST, now=NOW)
        (asked,) = running.vendor.requests
    assert (done.exit_code, done.stderr) == (0, "")
    first, *files = done.stdout.splitlines()
    counts = "5 sessions (BILL 2 COMP 1 DUPL 1 SVCO 1), 120 known minutes, 1 of unknown duration"
    assert first == f"acme 2016-11: usage report, not an invoice: Aaron Johnson (host 4): {counts}"
    assert [Path(path.strip()).name for path in files] == [
        f"2016-11-host-4-1.{kind}" for kind in ("xlsx", "html", "csv")
    ]
    assert (asked.path, asked.query) == ("/history/4", "month=2016-11-01")
    assert listed(tmp_path, "2016-11-host-4-1.csv") == [1101, 1103, 1105, 1107, 1109]


def test_a_participants_months_in_one_report(tmp_path: Path) -> None:
    with company(tmp_path) as running:
        done = running.run(*OF_PARTICIPANT, "--month", "2016-10..2016-11", "--json", now=NOW)
        assert [one.path for one in running.vendor.requests] == ["/history", "/history"]
    assert (done.exit_code, done.stderr) == (0, "")
    summary = json.loads(done.stdout)
    assert summary["schema"] == "securevideo-billing/usage-report/1"
    assert (summary["account"], summary["about"], summary["host_id"]) == ("acme", "One participant", None)
    assert [(one["month"], sum(one["sessions"].values())) for one in summary["months"]] == [
        ("2016-10", 1),
        ("2016-11", 3),
    ]
    assert summary["rows"]["received"] == summary["rows"]["counted"] == 4
    assert Path(summary["files"]["csv"]).name == "2016-10-to-2016-11-participant-1.csv"
    assert listed(tmp_path, "2016-10-to-2016-11-participant-1.csv") == [1001, 1101, 1102, 1103]


def test_nothing_is_billed_and_no_ledger_or_snapshot_is_made(tmp_path: Path) -> None:
    with company(tmp_path) as running:
        assert running.run(*OF_HOST, now=NOW).exit_code == 0
        assert not (tmp_path / "state").exists()
        assert running.run("run", "--month", "2016-11", now=NOW).exit_code == 0
        state = {path: path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()}
        running.run(*OF_PARTICIPANT, now=NOW)
        assert state == {path: path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()}
        assert running.run("verify", now=NOW).exit_code == 0


def unpacked(content: bytes) -> list[bytes]:
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return [part for name in package.namelist() for part in unpacked(package.read(name))]
    return [gzip.decompress(content)] if content.startswith(b"\x1f\x8b") else [content]


def traces(address: str) -> list[bytes]:
    """What would give an address away: its parts, as they are and in a query, and every plain hash of it."""
    hashes = [hashlib.new(name, address.encode()).hexdigest() for name in ("md5", "sha1", "sha256", "sha512")]
    return [part.encode() for part in (address, address.partition("@")[0], "zqxj", "Zqxj", "example.test", *hashes)]


@pytest.mark.parametrize("participants", ["hidden", "full"])
@pytest.mark.parametrize("given", ["argument", "stdin", "stdin after a byte order mark"])
def test_the_address_reaches_no_output_log_file_or_file_name(tmp_path: Path, given: str, participants: str) -> None:
    with company(tmp_path, participants=participants) as running:
        running.vendor.add_fault(path="/history", kind="status", status=503, retry_after="0", times=2)
        mark = "\ufeff" if given.endswith("mark") else ""
        typed = {} if given == "argument" else {"typed": f"{mark}{ADDRESS}\n"}
        command = OF_PARTICIPANT if given == "argument" else (*REPORT, "--participant", "-")
        done = running.run("-v", "--log-format", "json", *command, now=NOW, **typed)
        assert done.exit_code == 0
        assert "try 2 of 5 failed" in done.stderr
        assert any("zqxj" in asked.query for asked in running.vendor.requests)
        running.vendor.add_fault(path="/history", kind="status", status=400, body=f'{{"Message": "{ADDRESS}"}}')
        failed = running.run("-v", *command, now=NOW, **typed)
        assert failed.exit_code == 1
    kept = [part for part in traces(ADDRESS) if participants == "hidden" or part != b"Zqxj"]
    summary = "".join((done.output, done.stderr, failed.output, failed.stderr)).encode()
    assert [part for part in kept if part in summary] == []
    files = [path for path in tmp_path.rglob("*") if path.is_file() and "secrets" not in path.parts]
    assert len(files) == 4
    for path in files:
        assert [part for part in kept if part in str(path.relative_to(tmp_path)).encode()] == []
        for content in unpacked(path.read_bytes()):
            assert [part for part in kept if part in content] == [], path


def test_an_output_that_cannot_be_written_is_one_line_without_the_address(tmp_path: Path) -> None:
    with company(tmp_path) as running:
        (tmp_path / "out").write_text("no folder")
        done = running.run("-v", *OF_PARTICIPANT, now=NOW)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert str(tmp_path / "out") in line
    assert "zqxj" not in done.output


@pytest.mark.parametrize(
    "address",
    ["", "-", "zqxj", "@example.test", "zqxj@", "zq xj@example.test", "zqxj\x1b@x.test", "a@b@zqxj", "z" * 300 + "@x"],
)
def test_what_is_no_address_is_wrong_usage_and_not_repeated(tmp_path: Path, address: str) -> None:
    with company(tmp_path) as running:
        done = running.run(*REPORT, "--participant", address, now=NOW)
        assert running.vendor.requests == []
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("securevideo-billing: --participant: expected an e-mail address")
    assert "zqxj" not in line.lower()


@pytest.mark.parametrize("arguments", [(), ("--host", "4", "--participant", ADDRESS), ("--host", "0"), ("--host", "x")])
def test_one_host_or_one_participant_is_asked_for(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with company(tmp_path) as running:
        done = running.run(*REPORT, *arguments, now=NOW)
        assert running.vendor.requests == []
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert "zqxj" not in done.output


def test_a_future_month_and_an_unknown_account_are_wrong_usage(tmp_path: Path) -> None:
    with company(tmp_path) as running:
        future = running.run(*OF_HOST, "--month", "2017-01", now=NOW)
        unknown = running.run("report", "--account", "bravo", "--host", "4", now=NOW)
    assert (future.exit_code, unknown.exit_code) == (2, 2)
    assert "2017-01 lies in the future" in future.stderr
    assert "no account 'bravo'" in unknown.stderr


def test_the_current_month_is_reported_as_not_over(tmp_path: Path) -> None:
    with company(tmp_path) as running:
        done = running.run(*OF_HOST, "--month", "2016-11", "--format", "html", now="2016-11-20T00:00:00+00:00")
    assert done.exit_code == 0
    assert names(tmp_path) == ["2016-11-host-4-1.html"]
    assert "The period is not over" in (folder(tmp_path) / "2016-11-host-4-1.html").read_text()


def test_a_report_never_overwrites_another(tmp_path: Path) -> None:
    with company(tmp_path) as running:
        for address in (ADDRESS, "other@example.test", ADDRESS):
            assert running.run(*REPORT, "--participant", address, "--format", "csv", now=NOW).exit_code == 0
        assert running.run(*OF_HOST, "--format", "csv", now=NOW).exit_code == 0
        assert running.run(*REPORT, "--host", "44", "--format", "csv", now=NOW).exit_code == 0
        assert running.run(*OF_HOST, "--format", "html", now=NOW).exit_code == 0
    assert names(tmp_path) == [
        "2016-11-host-4-1.csv",
        "2016-11-host-4-2.html",
        "2016-11-host-44-1.csv",
        "2016-11-participant-1.csv",
        "2016-11-participant-2.csv",
        "2016-11-participant-3.csv",
    ]
    assert listed(tmp_path, "2016-11-participant-2.csv") == [1104]


def test_files_and_folders_are_private_or_as_configured(tmp_path: Path) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    with company(tmp_path) as running:
        running.run(*OF_HOST, now=NOW)
        assert mode(folder(tmp_path)) == 0o700
        assert {mode(path) for path in folder(tmp_path).iterdir()} == {0o600}
        running.configure(file_mode="0640")
        running.run(*OF_HOST, "--output", str(tmp_path / "elsewhere"), now=NOW)
        moved = tmp_path / "elsewhere" / "acme" / "reports"
        assert {mode(path) for path in moved.iterdir()} == {0o640}
        assert len(names(tmp_path)) == 3


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    with company(tmp_path) as running:
        (tmp_path / "out" / "acme").mkdir(parents=True)
        (tmp_path / "elsewhere").mkdir()
        folder(tmp_path).symlink_to(tmp_path / "elsewhere")
        done = running.run(*OF_HOST, now=NOW)
    assert done.exit_code == 1
    assert "is a symbolic link" in done.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_blocking_findings_are_told_and_end_with_exit_status_3(tmp_path: Path) -> None:
    odd = [row(1), row(2, status="XXXX"), row(3, minutes="x"), row(4, host=5), row(5, at="2016-10-31T23:59:59.999")]
    with Company(tmp_path, {"acme": {"2016-11": odd}}) as running:
        running.vendor.add_fault(path="/history/4", kind="raw", text=json.dumps(odd))
        done = running.run(*OF_HOST, now=NOW)
    assert done.exit_code == 3
    assert done.stdout.startswith("acme 2016-11: usage report, not an invoice: Aaron Johnson (host 4): 1 session (")
    for code, session_id in (("unknown-status", 2), ("unreadable-row", 3), ("other-host", 4), ("outside-month", 5)):
        assert f"acme 2016-11: blocking: {code}: " in done.stderr, code
        assert f"session {session_id}" in done.stderr or code == "unreadable-row"
    assert "■ Blocking" in (folder(tmp_path) / "2016-11-host-4-1.html").read_text().replace("</span>", "").replace(
        '<span class="mark" aria-hidden="true">', ""
    )


def test_a_session_that_comes_in_two_months_is_counted_once(tmp_path: Path) -> None:
    history = {"2016-10": [row(1, at="2016-10-31T12:00:00")], "2016-11": [row(1, at="2016-10-31T12:00:00"), row(2)]}
    with Company(tmp_path, {"acme": history}) as running:
        running.also_has(participants={ADDRESS: [1, 2]})
        done = running.run(*OF_PARTICIPANT, "--month", "2016-10..2016-11", "--json", now=NOW)
    summary = json.loads(done.stdout)
    assert (summary["rows"]["counted"], summary["rows"]["repeated"]) == (2, 1)


def test_the_vendors_errors_are_one_line_and_leave_no_file(tmp_path: Path) -> None:
    sections = {"acme": account("acme", credentials={"identifier": {"env": "NOT_SET"}, "secret": {"env": "NOT_SET"}})}
    with company(tmp_path) as running:
        running.vendor.add_fault(path="/history/4", kind="status", status=404)
        unknown = running.run(*OF_HOST, now=NOW)
        running.vendor.clear_faults()
        (tmp_path / "secrets" / "acme").write_text("WrongSecret4711")
        refused = running.run(*OF_HOST, now=NOW)
        running.configure(accounts=sections)
        unreadable = running.run(*OF_HOST, now=NOW)
    assert [done.exit_code for done in (unknown, refused, unreadable)] == [1, 1, 1]
    assert [len(done.stderr.splitlines()) for done in (unknown, refused, unreadable)] == [1, 1, 1]
    assert "SecureVideo knows no host 4 (status 404)" in unknown.stderr
    assert "credentials refused for account acme" in refused.stderr
    assert "NOT_SET: is not set" in unreadable.stderr
    assert "WrongSecret4711" not in refused.output
    assert not (tmp_path / "out").exists()


def test_the_credentials_reach_no_file(tmp_path: Path) -> None:
    with company(tmp_path) as running:
        running.run("-v", *OF_HOST, now=NOW)
    assert not any(
        secret("acme").encode() in part for path in folder(tmp_path).iterdir() for part in unpacked(path.read_bytes())
    )


def test_a_process_that_reads_the_address_from_stdin_does_not_show_it_to_ps(tmp_path: Path) -> None:
    with company(tmp_path) as running:
        running.vendor.add_fault(path="/history", kind="status", status=503, retry_after="1", times=1)
        with running.start(*REPORT, "--participant", "-", "--month", "2016-11", stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            process.stdin.write(f"{ADDRESS}\n")
            process.stdin.flush()
            seen = _arguments_while_it_asks(running.vendor)
            assert process.wait(timeout=60) == 0
    assert seen
    assert not any("zqxj" in line for line in seen)


def _arguments_while_it_asks(vendor: Simulator) -> list[str]:
    """The command lines of all processes, once the vendor was asked."""
    until = time.monotonic() + 60
    while not vendor.requests and time.monotonic() < until:
        time.sleep(0.05)
    seen = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            seen.append(path.read_bytes().decode(errors="replace"))
    return seen
