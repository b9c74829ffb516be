"""The demo: the main job on a made-up clinic, from the simulated vendor over real HTTP to the files."""

import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click

from jobs import config, monthly, overview
from jobs.billing.month import Month
from jobs.commands.console import say
from jobs.commands.options import terminable
from jobs.commands.program import called_as, now, version
from jobs.errors import OutputError, UsageError, combined
from jobs.ledger.snapshots import Snapshots
from jobs.ledger.store import Ledger
from jobs.matching.unit import Given, listed, matched
from jobs.output import summary
from jobs.output.seal import OVERVIEW
from jobs.replay import Archive
from jobs.simulator import activity, clinic
from jobs.simulator import data as vendor_data
from jobs.simulator.simulator import Simulator

_MARK = ".made-by-securevideo-billing-demo"
_MONTHS = [Month(2016, 7).plus(number) for number in range(6)]
_WHEN_ISSUED = datetime(2017, 1, 5, tzinfo=UTC)
_BILLED = datetime(2016, 12, 3, tzinfo=UTC)  # the vendor's own bill: long before it comps a session
_PRICES = activity.Prices(
    fee=Decimal("25.00"),
    tiers=((20, Decimal("5.00")), (None, Decimal("4.00"))),
    hosts=(2, Decimal("7.50")),
    calling=Decimal("12.40"),
    tax_rate=Decimal(6),
)
_WHEN_RERUN = datetime(2017, 2, 1, tzinfo=UTC)

_CONFIG = """\
# Written by `securevideo-billing demo`. The simulated vendor is gone when the demo ends, but everything that needs no
# vendor works on this file: history, diff, verify, render.
ledger: state/ledger.db
output: out
timezone: America/Chicago
vendor: {{base_url: "{url}"}}
issuer:
  name: Example Billing LLC
  address: [1 Main St, "Springfield, IL 62701", USA]
  email: ap@example.com
  payment: {{bank: Example Bank, account: "000123456789", routing_number: "021000021", reference: "{{number}}"}}
accounts:
  lakeside:
    credentials: {{identifier: {{file: secrets/lakeside-identifier}}, secret: {{file: secrets/lakeside-secret}}}}
    bill_to: {{name: Lakeside Telehealth Group, address: [22 Harbor Rd, "Lakeside, MI 49116", USA]}}
    currency: USD
    invoice_prefix: LAKE
    match:
      activity:
        timezone: America/Los_Angeles
        statuses:
          COMP: [Comped Session - does not count towards billable limits]
          DUPL: [Duplicate Session - does not count towards billable limits]
    tax: {{name: Sales tax, rate: 6}}
    plans:
      - from: 2014-01-01
        name: PLUS
        monthly_fee: 25.00
        sessions: {{included: 8, overage: [{{up_to: 20, price: 5.00}}, {{price: 4.00}}]}}
        hosts: {{included: 10, licensed: 12, extra: 7.50}}
    allocation:
      by: [map, group]
      map: centres.csv
      groups: [South Pier]
      policy: first-come
      centres: {{CARDIO: {{name: Cardiology, code: "6400-100"}}, NEURO: {{name: Neurology, code: "6400-200"}}}}
  published:
    credentials: {{identifier: {{file: secrets/published-identifier}}, secret: {{file: secrets/published-secret}}}}
    bill_to: {{name: Published Example Inc.}}
    currency: USD
    invoice_prefix: PUB
    plans: [{{from: 2014-01-01, name: PLUS, monthly_fee: 25.00, sessions: {{included: 8, overage: 5.00}}}}]
"""

_CENTRES = """\
by,value,centre,from,to
host,1,CARDIO,,
host,4,CARDIO,,
host,5,CARDIO,,
host,7,CARDIO,,2016-10-14
host,7,NEURO,2016-10-15,
host,9,NEURO,,
"""


def make(
    output: Path, *, now: Callable[[], datetime], program_version: str, called_as: str, say: Callable[[str], None]
) -> int:
    """Makes `output` anew, tells what it does through `say`, gives the exit status. Raises UsageError, OutputError.

    `called_as`: what a person types for this program.
    """
    _clear(output)
    data = clinic.clinic()
    with Simulator(data, now=_WHEN_ISSUED) as vendor:
        loaded = config.load(_write_config(output, data, vendor.url))
        with Ledger(loaded.ledger, now=now, program_version=program_version, command="demo") as ledger:
            job = monthly.Job(loaded, ledger, loaded.output, {}, now, program_version)
            say(f"The simulated vendor is at {vendor.url}; it shows its sessions as on {_WHEN_ISSUED:%Y-%m-%d}.")
            restated, lakeside = clinic.RESTATED_MONTH, loaded.accounts["lakeside"]
            units = [*((lakeside, month) for month in _MONTHS), (loaded.accounts["published"], restated)]
            first = list(monthly.run(job, units))
            _say_outcomes(first, say)
            vendor.now = _WHEN_RERUN
            say(f"Later the vendor comps a session of {restated}. A rerun as on {_WHEN_RERUN:%Y-%m-%d} adjusts it:")
            second = list(monthly.run(replace(job, adjust=True), [(lakeside, restated)]))
            _say_outcomes(second, say)
            bill, checked = _checked(loaded, ledger, data, output, now=now(), program_version=program_version)
            say(f"The vendor's own bill for {restated} still has that session: {bill}")
            overview.write(loaded, ledger, loaded.output, program_version=program_version)
    if second[0].exit_status == 0:
        _say_what_to_open(loaded.output / "lakeside" / str(restated), second[0], checked=checked, say=say)
        history = [called_as, "--config", str(output / "config.yaml"), "history"]
        say(f"Then try: {shlex.join(history)}")
    return combined(outcome.exit_status for outcome in [*first, *second])


def _checked(
    loaded: config.Config, ledger: Ledger, data: clinic.DataSet, output: Path, *, now: datetime, program_version: str
) -> tuple[str, list[Path]]:
    """Compares the last month with what the vendor charges for it: what that came to, and the files to look at."""
    account, month = loaded.accounts["lakeside"], clinic.RESTATED_MONTH
    theirs = activity.listed(vendor_data.read(data, "the clinic").accounts["lakeside"], month, _BILLED)
    activity_file, *_, invoice = activity.write(output.absolute() / "vendor", month, theirs, _PRICES)
    given = Given(listed(loaded, account, activity_file), invoice)
    archive = Archive(ledger, Snapshots(loaded.snapshots))
    made, files = matched(loaded, archive, account, month, given=given, now=now, program_version=program_version)
    found = made.match
    result = (
        f"{found.currency} {found.theirs_total} against ours {found.ours_total}, {found.open_items} differences open"
    )
    return result, [activity_file, invoice, *files[:2]]


def _say_outcomes(outcomes: list[monthly.Outcome], say: Callable[[str], None]) -> None:
    for outcome in outcomes:
        say(f"  {summary.in_words(outcome.summary)}")


def _clear(output: Path) -> None:
    """Removes an earlier demo; refuses to touch anything else."""
    try:
        if (output / _MARK).is_file():
            shutil.rmtree(output)
        elif output.exists() and (not output.is_dir() or any(output.iterdir())):
            raise UsageError(
                f"{output} already exists and was not made by the demo; name an empty or new folder: --output DIR"
            )
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
        (output / _MARK).touch()
    except OSError as error:
        raise OutputError(f"{output}: {(error.strerror or '').lower()}; name another folder: --output DIR") from error


def _write_config(output: Path, data: clinic.DataSet, url: str) -> Path:
    secrets = output / "secrets"
    secrets.mkdir(mode=0o700)
    for name, account in data["accounts"].items():
        for role in ("identifier", "secret"):
            file = secrets / f"{name}-{role}"
            file.touch(mode=0o600)
            file.write_text(account[role])
    (output / "centres.csv").write_text(_CENTRES)
    path = output / "config.yaml"
    path.write_text(_CONFIG.format(url=url))
    return path


def _say_what_to_open(folder: Path, last: monthly.Outcome, *, checked: list[Path], say: Callable[[str], None]) -> None:
    credit_note = last.summary.documents[0]
    say("")
    say("Open this first, it leads to all the others:")
    say(f"  {folder.parents[1] / OVERVIEW}  the overview")
    say("Then these:")
    for number, what in ((credit_note.corrects, "the invoice"), (credit_note.number, "its credit note")):
        for suffix in ("xlsx", "html"):
            say(f"  {folder / f'{number}.{suffix}'}  {what}")
    statement = folder / "centres" / f"{credit_note.corrects}-CARDIO.html"
    say(f"  {statement}  the statement of one cost centre")
    say("And the vendor's bill, checked:")
    names = ("the vendor's activity file", "the vendor's invoice, as typed", "what differs", "what differs")
    for path, what in zip(checked, names, strict=True):
        say(f"  {path}  {what}")


@click.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default=Path("demo"),
    show_default=True,
    help="A new or empty folder, or that of an earlier demo, which is made anew.",
)
@click.pass_context
def demo(ctx: click.Context, output: Path) -> None:
    """Bill a made-up clinic from the simulated vendor; nothing to set up."""
    with terminable():
        ctx.exit(make(output, now=now, program_version=version(), called_as=called_as(), say=say))
