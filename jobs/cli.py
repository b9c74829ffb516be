"""The command line: parse, call one function, print, exit. Results go to stdout, all else to stderr (contract §2)."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobs import config as configuration
from jobs import log
from jobs.billing.month import Month
from jobs.config import Account, Config
from jobs.errors import BillingError, CredentialError, LedgerError, UsageError

if TYPE_CHECKING:
    from jobs.ledger.snapshots import Snapshots
    from jobs.ledger.store import Ledger

PROGRAM = "securevideo-billing"
_FINDINGS_SHOWN = 20  # a unit, on stderr; all of them are in its files


@dataclass(frozen=True, slots=True)
class Invocation:
    """What stands before the command."""

    config_file: Path
    log_format: Any
    verbose: bool

    def config(self) -> Config:
        """Raises ConfigError."""
        return configuration.load(self.config_file)


class Commands(click.Group):
    """Commands in the order of the manual; expected errors are one readable line each, never a traceback."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BillingError as error:
            for line in str(error).splitlines():
                click.echo(f"{PROGRAM}: {line}" if isinstance(error, UsageError) else line, err=True)
            ctx.exit(error.exit_status)


class MonthRange(click.ParamType[tuple[Month, ...]]):
    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Month, ...]:
        if isinstance(value, tuple):
            return value
        first, dots, last = value.partition("..")
        try:
            start = Month.parse(first)
            end = Month.parse(last) if dots else start
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if end < start:
            self.fail(f"{value!r} ends before it begins; write the earlier month first", param, ctx)
        months = []
        while start <= end:
            months.append(start)
            start = start.plus(1)
        return tuple(months)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _version() -> str:
    return metadata.version(PROGRAM)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    envvar="SECUREVIDEO_BILLING_CONFIG",
    default=Path("config.yaml"),
    help="The configuration file; default config.yaml, or $SECUREVIDEO_BILLING_CONFIG.",
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="Of the log on stderr.")
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
@click.version_option(_version(), prog_name=PROGRAM)
@click.pass_context
def main(ctx: click.Context, *, config_file: Path, log_format: Any, verbose: bool) -> None:
    """Bills SecureVideo sessions month by month.

    Exit status: 0 all done; 1 a unit failed; 2 wrong usage or configuration; 3 all ran, but a person must look.
    """
    ctx.obj = Invocation(config_file, log_format, verbose)
    ctx.meta["formatter"] = log.set_up(log_format, verbose=verbose, stream=sys.stderr)


account_option = click.option("--account", "accounts", metavar="KEY", multiple=True, help="Only this one; repeatable.")


@main.command()
@click.option(
    "--month",
    "months",
    type=MonthRange(),
    metavar="YYYY-MM[..YYYY-MM]",
    multiple=True,
    help="The month, or months, to bill; repeatable. Default: the last whole calendar month in UTC.",
)
@account_option
@click.option("--draft", is_flag=True, help="Write drafts only; issue nothing.")
@click.option("--adjust", is_flag=True, help="Issue adjustment documents for restated months.")
@click.option("--output", type=click.Path(path_type=Path), help="Instead of the configured output folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array: every unit's summary.")
@click.pass_context
def run(
    ctx: click.Context,
    *,
    months: Sequence[tuple[Month, ...]],
    accounts: Sequence[str],
    draft: bool,
    adjust: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Bill months: fetch, reconcile, issue, write the files.

    Without --month it also looks again at the last issued months (`restate_months`) and reports what changed.
    """
    from jobs import monthly

    config = ctx.obj.config()
    chosen = _accounts(config, accounts)
    billed = _months(months)
    _tell_secrets(ctx, chosen)
    with _ledger(config) as ledger:
        job = monthly.Job(
            config=config,
            ledger=ledger,
            output=output.absolute() if output else config.output,
            environ=os.environ,
            now=_now,
            program_version=_version(),
            draft=draft,
            adjust=adjust,
        )
        units = monthly.units(job, chosen, billed, watch=not months)
        outcomes = _shown(monthly.run(job, units), len(units), as_json=as_json)
    if as_json:
        _print_json([outcome.summary for outcome in outcomes])
    ctx.exit(_combined(outcome.exit_status for outcome in outcomes))


def _shown(outcomes: Iterable[Any], units: int, *, as_json: bool) -> list[Any]:
    """Collects the outcomes; meanwhile findings go to stderr, results to stdout, progress to a terminal."""
    from jobs.summary import in_words

    done = []
    with click.progressbar(length=units, file=sys.stderr, hidden=not sys.stderr.isatty(), label="billing") as bar:
        for outcome in outcomes:
            done.append(outcome)
            _print_findings(outcome.summary)
            if not as_json:
                click.echo(in_words(outcome.summary))
            bar.update(1)
    return done


def _print_findings(unit: dict[str, Any]) -> None:
    where = f"{unit['account']} {unit['month']}"
    if unit["error"]:
        click.echo(f"{where}: {unit['error']}", err=True)
    serious = [finding for finding in unit["findings"] if finding["severity"] != "info"]
    for finding in serious[:_FINDINGS_SHOWN]:
        click.echo(f"{where}: {finding['severity']}: {finding['code']}: {finding['message']}", err=True)
    if len(serious) > _FINDINGS_SHOWN:
        click.echo(f"{where}: and {len(serious) - _FINDINGS_SHOWN} more; see the Findings sheet", err=True)


@main.command()
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("demo"), show_default=True, help="A new or empty folder."
)
@click.pass_context
def demo(ctx: click.Context, output: Path) -> None:
    """Bill a made-up clinic from the simulated vendor; nothing to set up."""
    from jobs.demo import demo as run_demo

    ctx.exit(run_demo(output, now=_now, program_version=_version(), say=click.echo))


@main.command()
@click.option("--online", is_flag=True, help="Also try each account's credentials on the vendor's API.")
@click.pass_context
def check(ctx: click.Context, *, online: bool) -> None:
    """Validate the configuration and print the plan in force in each month."""
    from jobs import checking

    config = ctx.obj.config()
    _tell_secrets(ctx, config.accounts.values())
    report = checking.check(config, os.environ, now=_now, online=online)
    for line in report.lines:
        click.echo(line)
    for line in report.problems:
        click.echo(line, err=True)
    ctx.exit(report.exit_status)


as_of_option = click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="As it was known at the end of that day, UTC."
)


@main.command()
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_context
def history(ctx: click.Context, *, as_of: datetime | None, as_json: bool) -> None:
    """Show what the ledger holds: months, snapshots, documents, totals, restatements."""
    from jobs.ledger.past import in_words

    config = ctx.obj.config()
    months = []
    if _has_ledger(config):
        with _ledger(config) as ledger:
            months = ledger.history(as_of=as_of.date() if as_of else None)
    if as_json:
        _print_json(months)
    else:
        click.echo(in_words(months))


@main.command()
@click.option("--account", metavar="KEY", required=True)
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", required=True)
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def diff(ctx: click.Context, *, account: str, month: tuple[Month, ...], as_of: datetime | None, as_json: bool) -> None:
    """Show which sessions differ between a month as issued and its newest snapshot, why, and the money.

    Asks nothing of the vendor: `run` fetches the newest snapshot. Exit status 3 if any differ.
    """
    from jobs.recount import Archive, difference, in_words

    config = ctx.obj.config()
    with _ledger(config) as ledger:
        archive = Archive(ledger, _snapshots(config))
        found = difference(archive, account, _single(month), as_of=as_of.date() if as_of else None)
    if as_json:
        _print_json(found)
    else:
        click.echo(in_words(found))
    ctx.exit(3 if found["changes"] else 0)


@main.command()
@click.option("--account", metavar="KEY", help="Only this one.")
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", help="Only this one.")
@click.option("--output", type=click.Path(path_type=Path), help="Instead of the configured output folder.")
@click.pass_context
def verify(ctx: click.Context, *, account: str | None, month: tuple[Month, ...] | None, output: Path | None) -> None:
    """Prove ledger, snapshots and files against each other, offline. Exit status 3 if anything differs."""
    from jobs import verify as proof
    from jobs.recount import Archive

    config = ctx.obj.config()
    if not _has_ledger(config):
        raise UsageError(f"there is no ledger at {config.ledger} yet; `{PROGRAM} run` makes it")
    try:
        ledger = _ledger(config, checked=False)
    except LedgerError as error:
        click.echo(str(error))
        ctx.exit(3)
    with ledger:
        scope = proof.Scope(
            archive=Archive(ledger, _snapshots(config)),
            ledger_name=str(config.ledger),
            output=output.absolute() if output else config.output,
            program_version=_version(),
            account=account,
            month=str(_single(month)) if month else None,
        )
        differences = list(proof.verify(scope))
        for difference in differences:
            click.echo(str(difference))
        click.echo(proof.told(differences, scope))
    ctx.exit(3 if differences else 0)


@main.command()
@click.option("--account", metavar="KEY", help="Only this one.")
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", help="Only this one.")
@click.option("--output", type=click.Path(path_type=Path), help="Instead of the configured output folder.")
@click.pass_context
def render(ctx: click.Context, *, account: str | None, month: tuple[Month, ...] | None, output: Path | None) -> None:
    """Write the files of issued documents again, from the ledger alone."""
    from jobs.render import render as render_again

    config = ctx.obj.config()
    with _ledger(config) as ledger:
        folder = output.absolute() if output else config.output
        of_month = str(_single(month)) if month else None
        for path in render_again(config, ledger, folder, account=account, month=of_month):
            click.echo(str(path))


@main.command("simulate-vendor")
@click.option("--port", type=click.IntRange(0, 65535), default=8083, show_default=True, help="0 picks a free one.")
@click.option("--data", type=click.Path(path_type=Path), help="A data set (JSON); default: a made-up clinic.")
def simulate_vendor(*, port: int, data: Path | None) -> None:
    """Run the simulated SecureVideo API on this machine."""
    from jobs.vendor.simulator import serve

    serve(data, port=port, announce=click.echo)


def _accounts(config: Config, keys: Sequence[str]) -> list[Account]:
    unknown = [key for key in keys if key not in config.accounts]
    if unknown:
        known = ", ".join(config.accounts)
        raise UsageError(f"no account {unknown[0]!r} in {config.path}; there are: {known}")
    return [account for key, account in config.accounts.items() if not keys or key in keys]


def _months(ranges: Sequence[tuple[Month, ...]]) -> list[Month]:
    this_month = Month.of(_now())
    months = sorted({month for months in ranges for month in months}) or [this_month.plus(-1)]
    if months[-1] > this_month:
        raise UsageError(f"{months[-1]} lies in the future; the current month, {this_month}, can be drafted")
    return months


def _tell_secrets(ctx: click.Context, accounts: Iterable[Account]) -> None:
    """The log's formatter blots out what it is told here."""
    for account in accounts:
        for source in (account.credentials.identifier, account.credentials.secret):
            try:
                ctx.meta["formatter"].hide(configuration.read_credential(source, os.environ))
            except CredentialError:
                continue  # the account's units fail with it, or `check` names it


def _single(months: tuple[Month, ...]) -> Month:
    if len(months) > 1:
        raise UsageError(f"{months[0]}..{months[-1]}: name one month here")
    return months[0]


def _has_ledger(config: Config) -> bool:
    return not isinstance(config.ledger, Path) or config.ledger.exists()


def _ledger(config: Config, *, checked: bool = True) -> "Ledger":
    from jobs.ledger.store import Ledger

    command = " ".join(sys.argv[1:])
    return Ledger(config.ledger, now=_now, program_version=_version(), command=command, checked=checked)


def _snapshots(config: Config) -> "Snapshots":
    from jobs.ledger.snapshots import Snapshots

    return Snapshots(config.snapshots)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _combined(statuses: Iterable[int]) -> int:
    """2, then 1, then 3, then 0."""
    found = set(statuses)
    return next((status for status in (2, 1, 3) if status in found), 0)
