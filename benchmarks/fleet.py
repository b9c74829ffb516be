"""Many small accounts: what a unit costs, and what several jobs gain, near the vendor and far from it.

`python -m benchmarks.fleet` measures; `python -m benchmarks.fleet serve ACCOUNTS MILLISECONDS` is the vendor, who
answers so much later, in a process of its own that ends with its standard input.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import PROJECT, ChildFailed, Measured, child
from benchmarks.months import MONTH, PROGRAM
from benchmarks.targets import Target, table

SESSIONS = 30  # of an account
ACCOUNT = """\
  {key}:
    credentials: {{identifier: {{file: secret}}, secret: {{file: secret}}}}
    bill_to: {{name: Clinic {key}}}
    currency: USD
    invoice_prefix: {prefix}
    plans: [{{from: 2014-01-01, name: PLUS, monthly_fee: 25.00, sessions: {{included: 8, overage: 5.00}}}}]
"""
HEAD = """\
ledger: ledger.db
output: out
vendor: {{base_url: "{url}", timeout_seconds: 300}}
issuer: {{name: Example Billing LLC}}
accounts:
"""


@dataclass(frozen=True, slots=True)
class Fleet:
    """One measured run."""

    accounts: int
    milliseconds: int  # that the vendor takes longer to answer
    jobs: int
    run: Measured

    @property
    def cores(self) -> float:
        """How much of the machine the run was given."""
        return self.run.cpu_seconds / self.run.seconds


def key(number: int) -> str:
    return f"clinic-{number:05}"


def targets(accounts: int, environ: Mapping[str, str], *, far: int = 200) -> list[Target]:
    """Measures one, two and eight jobs, prints them, and gives what is to be reached. Raises ChildFailed."""
    near = {jobs: measured(accounts, 0, jobs, environ) for jobs in (1, 2)}
    away = {jobs: measured(max(8, accounts // 3), far, jobs, environ) for jobs in (1, 8)}
    alone = measured(1, 0, 1, environ)
    unit = (near[1].run.cpu_seconds - alone.run.cpu_seconds) / (accounts - 1)
    rows = [
        (
            f"{one.accounts:,}",
            f"{one.milliseconds} ms",
            str(one.jobs),
            f"{one.run.seconds:.2f} s",
            f"{one.accounts / one.run.seconds:.1f}",
            f"{one.run.cpu_seconds / one.accounts * 1000:.0f} ms",
            f"{one.cores:.2f}",
            f"{one.run.peak_mib:.0f}",
        )
        for one in (*near.values(), *away.values())
    ]
    header = ("accounts", "vendor after", "jobs", "run", "units a second", "CPU a unit", "cores", "peak MiB")
    print(f"\na fleet of accounts with {SESSIONS} sessions each; one more costs {unit * 1000:.0f} ms of CPU")
    print(table(header, rows), end="\n\n", flush=True)
    return [
        Target("2 jobs against one", near[1].run.seconds / near[2].run.seconds, "at least", 1.6, "×"),
        Target(f"8 jobs against one, {far} ms away", away[1].run.seconds / away[8].run.seconds, "at least", 3, "×"),
    ]


def measured(accounts: int, milliseconds: int, jobs: int, environ: Mapping[str, str]) -> Fleet:
    """A run of all accounts' month, on a ledger of its own. Raises ChildFailed."""
    with _vendor(accounts, milliseconds, environ) as url, TemporaryDirectory(prefix="billing-bench-") as name:
        folder = Path(name)
        (folder / "secret").write_text("made-up-secret")
        sections = [ACCOUNT.format(key=key(number), prefix=f"C{number:05}") for number in range(accounts)]
        for number in range(accounts):
            (folder / f"id-{number}").write_text(f"id-{number}")
            sections[number] = sections[number].replace("{file: secret}, secret", f"{{file: id-{number}}}, secret", 1)
        config = folder / "config.yaml"
        config.write_text(HEAD.format(url=url) + "".join(sections))
        run = child([PROGRAM, "--config", config, "run", "--month", MONTH, "--jobs", str(jobs), "--json"], environ)
        units = json.loads(run.output)
        if [unit["status"] for unit in units] != ["issued"] * accounts:
            raise ChildFailed("not every account was billed")
        return Fleet(accounts, milliseconds, jobs, run)


@contextmanager
def _vendor(accounts: int, milliseconds: int, environ: Mapping[str, str]) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.fleet", "serve", str(accounts), str(milliseconds)]
    with subprocess.Popen(
        command, cwd=PROJECT, env=dict(environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        url = process.stdout.readline().strip()
        if not url:
            raise ChildFailed("the simulated vendor did not start")
        try:
            yield url
        finally:
            process.stdin.close()


def serve(accounts: int, milliseconds: int) -> None:
    """The vendor, until standard input ends."""
    from jobs.simulator.simulator import Simulator

    data = {
        key(number): {
            "identifier": f"id-{number}",
            "secret": "made-up-secret",
            "sessions": [_session(number * 1000 + nth, nth) for nth in range(1, SESSIONS + 1)],
        }
        for number in range(accounts)
    }
    with Simulator({"accounts": data}) as vendor:
        if milliseconds:
            vendor.add_fault(kind="late", seconds=milliseconds / 1000)
        print(vendor.url, flush=True)
        sys.stdin.read()


def _session(session_id: int, nth: int) -> dict[str, object]:
    at = f"2016-11-{nth % 28 + 1:02}T15:00:00"
    return {
        "SessionId": session_id,
        "ScheduleTs": at,
        "BillableTs": at,
        "DurationMinutes": 25,
        "BillableStatusCd": "BILL",
        "UserId": nth % 5 + 1,
        "UsageDescription": f"Nia Sample Session #{session_id} with Ada Madeup",
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]), int(sys.argv[3]))
    else:
        found = targets(int(sys.argv[1]) if sys.argv[1:] else 48, dict(os.environ))
        print("\n".join(target.in_words() for target in found))
        sys.exit(0 if all(target.met for target in found) else 1)
