"""A month of so many sessions, from the simulated vendor to the files, measured process by process.

Each round has its own ledger, which an empty month before has set up, as every ledger is but on its first day. Then
`run` issues the month, `run` again finds it unchanged, `verify` proves it, and the straightforward script makes its
own of it, one after another. Noise only ever adds, so the best round counts.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import PROJECT, ChildFailed, Measured, child

MONTH, MONTH_BEFORE = "2016-11", "2016-10"  # the vendor has sessions in the first of them only
EVERY = ("again", "verify", "script")
PROGRAM = Path(sys.executable).with_name("securevideo-billing")
CONFIG = """\
ledger: ledger.db
output: out
timezone: America/New_York
vendor: {{base_url: "{url}", timeout_seconds: 300}}
issuer: {{name: Example Billing LLC}}
accounts:
  large:
    credentials: {{identifier: {{env: SECUREVIDEO_IDENTIFIER}}, secret: {{env: SECUREVIDEO_SECRET}}}}
    bill_to: {{name: Large Clinic}}
    currency: USD
    invoice_prefix: LARGE
    plans: [{{from: 2014-01-01, name: PLUS, monthly_fee: 25.00, sessions: {{included: 8, overage: 5.00}}}}]
"""


@dataclass(frozen=True, slots=True)
class Vendor:
    """The simulated vendor, as it is reached."""

    url: str
    environ: Mapping[str, str]  # with the credentials


@dataclass(frozen=True, slots=True)
class Round:
    """One pass over a month; None: not asked for, or not there."""

    issuing: Measured
    again: Measured | None
    verify: Measured | None
    script: Measured | None


@dataclass(frozen=True, slots=True)
class MonthMeasured:
    sessions: int
    unknown: int  # percent of them without a duration
    rounds: tuple[Round, ...]

    def best(self, what: str) -> Measured | None:
        """The quickest of a measure, with the highest peak of all rounds; None where it was not taken."""
        taken = [found for found in (getattr(one, what) for one in self.rounds) if found is not None]
        if not taken:
            return None
        return Measured(
            seconds=min(one.seconds for one in taken),
            cpu_seconds=min(one.cpu_seconds for one in taken),
            peak_mib=max(one.peak_mib for one in taken),
            output=taken[0].output,
        )


def measured(
    sessions: int, unknown: int, rounds: int, environ: Mapping[str, str], *, beside: Sequence[str] = EVERY
) -> MonthMeasured:
    """Measures issuing a month, and what is to be measured `beside` it. Raises ChildFailed."""
    commands = [line.split()[0] for line in child([PROGRAM, "--help"], environ).output.splitlines() if line.strip()]
    if "verify" in beside and "verify" not in commands:
        beside = [what for what in beside if what != "verify"]
    with vendor(sessions, unknown, environ) as reached:
        return MonthMeasured(sessions, unknown, tuple(_round(reached, beside) for _ in range(rounds)))


@contextmanager
def vendor(sessions: int, unknown: int, environ: Mapping[str, str]) -> Iterator[Vendor]:
    """The vendor in its own process, with the month's reply ready. Raises ChildFailed."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.vendor", str(sessions), str(unknown)],
        cwd=PROJECT,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise ChildFailed("the simulated vendor did not start")
        told = json.loads(line)
        names = {"SECUREVIDEO_IDENTIFIER": told["identifier"], "SECUREVIDEO_SECRET": told["secret"]}
        try:
            yield Vendor(told["url"], {**environ, **names})
        finally:
            process.stdin.close()


@contextmanager
def set_up(reached: Vendor, allocation: str = "", centres: str = "") -> Iterator[tuple[Path, list[str | Path]]]:
    """A folder with a ledger that an empty month has set up, and the program on it.

    `allocation`: the account's key, if any; `centres`: the file `centres.csv` beside the configuration.
    """
    with TemporaryDirectory(prefix="securevideo-billing-bench-") as name:
        folder = Path(name)
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(url=reached.url) + allocation)
        (folder / "centres.csv").write_text(centres)
        program: list[str | Path] = [PROGRAM, "--config", config]
        child([*program, "run", "--month", MONTH_BEFORE], reached.environ)
        yield folder, program


def _round(reached: Vendor, beside: Sequence[str]) -> Round:
    with set_up(reached) as (folder, program):
        run = [*program, "run", "--month", MONTH, "--json"]
        issuing = child(run, reached.environ)
        issued = _unit(issuing, "issued")
        again = verify = script = None
        if "again" in beside:
            again = child(run, reached.environ)
            _unit(again, "unchanged")
        if "verify" in beside:
            verify = child([*program, "verify", "--month", MONTH], reached.environ)
        if "script" in beside:
            script = _script(reached, folder / "script", issued["documents"][0]["total"])
        return Round(issuing, again, verify, script)


def _unit(run: Measured, status: str) -> dict[str, Any]:
    """The summary that `run` printed. Raises ChildFailed if the month's status is another than `status`."""
    unit: dict[str, Any] = json.loads(run.output)[0]
    if unit["status"] != status:
        raise ChildFailed(f"run left the month {unit['status']} instead of {status}")
    return unit


def _script(reached: Vendor, output: Path, total: str) -> Measured:
    """The straightforward script. Raises ChildFailed if it comes to another total: then it does another job."""
    arguments: list[str | Path] = [sys.executable, "-m", "benchmarks.straightforward", reached.url, MONTH, output]
    script = child(arguments, reached.environ)
    if script.output.strip() != total:
        raise ChildFailed(f"the script's total is {script.output.strip()}, the program's {total}")
    return script
