"""The command line: parse, call one function, print, exit. Results go to stdout, all else to stderr (contract §2)."""

import gc
import io
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobs import config as configuration
from jobs import log
from jobs.billing.month import Month
from jobs.config import Account, Config
from jobs.config.fields import FORMATS, in_order
from jobs.errors import BillingError, ConfigError, CredentialError, LedgerDamaged, OutputError, UsageError, combined

if TYPE_CHECKING:
    from jobs.ledger.snapshots import Snapshots
    from jobs.ledger.store import Ledger
    from jobs.monthly import Outcome

F = TypeVar("F", bound=Callable[..., object])

PROGRAM = "securevideo-billing"
_FINDINGS_SHOWN = 20  # a unit, on stderr; all of them are in its files


@dataclass(frozen=True, slots=True)
class Invocation:
    """What stands before the command."""

    config_file: Path

    def config(self) -> Config:
        """Raises ConfigError."""
        return configuration.load(self.config_file)


class Commands(click.Group):
    """Commands in the order of the manual; expected errors are one readable line each, never a traceback."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["formatter"] = log.set_up("text", verbose=False, stream=sys.stderr)  # until the arguments are read
        with _errors_told(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        style, verbose = ctx.params["log_format"], ctx.params["verbose"]
        ctx.meta["formatter"] = log.set_up(style, verbose=verbose, stream=sys.stderr)
        with _errors_told(ctx):
            return super().invoke(ctx)


@contextmanager
def _errors_told(ctx: click.Context) -> Iterator[None]:
    """Ends the program with one line on stderr for each thing that is wrong, and the exit status that goes with it."""
    try:
        yield
    except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError, BrokenPipeError):
        raise  # click's own; where nobody reads stdout any more it ends quietly
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # a traceback may quote a row
        lines, status = _in_lines(error, ctx)
        for line in lines:
            log.tell(logging.ERROR, line)
        ctx.exit(status)


def _in_lines(error: BaseException, ctx: click.Context) -> tuple[list[str], int]:
    """What to say of an error, and the exit status."""
    match error:
        case click.UsageError():
            command = (error.ctx or ctx).command_path
            return [f"{PROGRAM}: {error.format_message().rstrip('.')}; see {command} --help"], 2
        case UsageError():
            return [f"{PROGRAM}: {error}"], error.exit_status
        case BillingError():
            return str(error).splitlines(), error.exit_status
        case KeyboardInterrupt():
            return [f"{PROGRAM}: interrupted; the same command again does what is left"], 1
    return [f"{PROGRAM}: {log.bug(error)}"], 1


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the work within as Ctrl-C does: what was begun is tidied up, not torn off."""
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="Of stderr; one line an event.")
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
@click.version_option(_version(), prog_name=PROGRAM)
@click.pass_context
def main(ctx: click.Context, /, *, config_file: Path, **_: object) -> None:
    """Bills SecureVideo sessions month by month.

    Exit status: 0 all done; 1 a unit failed; 2 wrong usage or configuration; 3 all ran, but a person must look.
    """
    ctx.obj = Invocation(config_file)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal's encoding lacks stops nothing


def format_option(told: str) -> Callable[[F], F]:
    return click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True, help=told)


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
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="DIR", help="Instead of the configured output folder."
)
@format_option("Write documents in this format and json, whatever is configured; repeatable.")
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
    formats: Sequence[str],
    as_json: bool,
) -> None:
    """Bill months: fetch, reconcile, issue, write the files.

    Without --month it also looks again at the last issued months (`restate_months`) and reports what changed.
    """
    gc.disable()  # a month makes hardly any cycles, but looking for them takes an eighth of its time: see `_shown`
    from jobs import monthly

    config = _with_formats(ctx.obj.config(), formats)
    chosen = _accounts(config, accounts)
    billed = _months(months)
    _tell_secrets(ctx, chosen)
    with _terminable(), _ledger(config) as ledger:
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
        outcomes, printed = _shown(monthly.run(job, units), len(units), as_json=as_json)
        indexed = _write_index(config, ledger, job.output)
    if as_json:
        _print_json([outcome.summary for outcome in outcomes])
    ctx.exit(combined([printed, indexed, *(outcome.exit_status for outcome in outcomes)]))


def _shown(outcomes: Iterable["Outcome"], units: int, *, as_json: bool) -> tuple[list["Outcome"], int]:
    """Collects the outcomes; meanwhile findings go to stderr, results to stdout, progress to a terminal.

    Gives also the exit status that printing leads to: billing goes on where stdout cannot be written.
    """
    from jobs.summary import in_words

    done, printed = [], 0
    with click.progressbar(length=units, file=sys.stderr, hidden=not sys.stderr.isatty(), label="billing") as bar:
        for outcome in outcomes:
            done.append(outcome)
            gc.collect()
            _tell_findings(outcome.summary)
            if not as_json and printed == 0:
                try:
                    click.echo("" if bar.hidden else log.CLEAR_LINE, nl=False, err=True)
                    _say(in_words(outcome.summary))
                except (OutputError, BrokenPipeError) as error:
                    log.tell(logging.ERROR, str(error))
                    printed = 1
            bar.update(1)
    return done, printed


def _tell_findings(unit: dict[str, Any]) -> None:
    where = f"{unit['account']} {unit['month']}"
    of_unit = {"account": unit["account"], "month": unit["month"]}
    if unit["error"]:
        log.tell(logging.ERROR, f"{where}: {unit['error']}", **of_unit)
    serious = [finding for finding in unit["findings"] if finding["severity"] != "info"]
    for finding in serious[:_FINDINGS_SHOWN]:
        named = {name: finding[name] for name in ("code", "severity", "session_id")}
        text = f"{where}: {finding['severity']}: {finding['code']}: {finding['message']}"
        log.tell(logging.WARNING, text, **of_unit, **named)
    if len(serious) > _FINDINGS_SHOWN:
        more = f"{where}: and {len(serious) - _FINDINGS_SHOWN} more findings; all are on the Findings sheet"
        log.tell(logging.WARNING, more, **of_unit)


@main.command(short_help="Bill a made-up clinic; nothing to set up.")
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
    from jobs.demo import demo as run_demo

    with _terminable():
        ctx.exit(run_demo(output, now=_now, program_version=_version(), say=_say))


@main.command(short_help="Validate the configuration; print the plans.")
@click.option("--online", is_flag=True, help="Also try each account's credentials on the vendor's API.")
@click.pass_context
def check(ctx: click.Context, *, online: bool) -> None:
    """Validate the configuration and print the plan in force in each month."""
    from jobs import checking

    config = _with_formats(ctx.obj.config(), ())
    _tell_secrets(ctx, config.accounts.values())
    report = checking.check(config, os.environ, now=_now, online=online)
    for line in report.warnings:
        log.tell(logging.WARNING, line)
    for line in report.problems:
        log.tell(logging.ERROR, line)
    for line in report.lines:
        _say(line)
    ctx.exit(report.exit_status)


as_of_option = click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="As it was known at the end of that day, UTC."
)


@main.command(short_help="Show what the ledger holds.")
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
        _say(in_words(months))


@main.command(short_help="Show what changed since a month was issued.")
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
    _need_ledger(config)
    with _ledger(config) as ledger:
        archive = Archive(ledger, _snapshots(config))
        found = difference(archive, account, _single(month), as_of=as_of.date() if as_of else None)
    if as_json:
        _print_json(found)
    else:
        _say(in_words(found))
    ctx.exit(3 if found["changes"] else 0)


@main.command(short_help="Prove ledger, snapshots and files, offline.")
@click.option("--account", metavar="KEY", help="Only this one.")
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", help="Only this one.")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="DIR", help="Instead of the configured output folder."
)
@click.pass_context
def verify(ctx: click.Context, *, account: str | None, month: tuple[Month, ...] | None, output: Path | None) -> None:
    """Prove ledger, snapshots and files against each other, offline. Exit status 3 if anything differs."""
    from jobs import verify as proof
    from jobs.recount import Archive

    config = ctx.obj.config()
    _need_ledger(config)
    try:
        ledger = _ledger(config, checked=False)
    except LedgerDamaged as error:
        _say(str(error))
        ctx.exit(3)
    found = 0
    with ledger:
        scope = proof.Scope(
            archive=Archive(ledger, _snapshots(config)),
            ledger_name=str(config.ledger),
            output=output.absolute() if output else config.output,
            program_version=_version(),
            account=account,
            month=str(_single(month)) if month else None,
        )
        for found, difference in enumerate(proof.verify(scope), 1):  # noqa: B007  # the last one's number is told
            _say(str(difference))
        _say(proof.told(found, scope))
    ctx.exit(3 if found else 0)


@main.command(short_help="Write the files of issued documents again.")
@click.option("--account", metavar="KEY", help="Only this one.")
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", help="Only this one.")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="DIR", help="Instead of the configured output folder."
)
@format_option("Only this format, also of documents that were not issued in it; repeatable.")
@click.pass_context
def render(
    ctx: click.Context,
    *,
    account: str | None,
    month: tuple[Month, ...] | None,
    output: Path | None,
    formats: Sequence[str],
) -> None:
    """Write the files of issued documents again, from the ledger alone."""
    from jobs.render import render as render_again

    config = ctx.obj.config()
    if formats:
        _with_formats(config, formats)
    _need_ledger(config)
    with _ledger(config) as ledger:
        folder = output.absolute() if output else config.output
        of_month = str(_single(month)) if month else None
        for path in render_again(config, ledger, folder, account=account, month=of_month, only=formats):
            _say(str(path))
        status = _write_index(config, ledger, folder)
    ctx.exit(status)


@main.command(short_help="Copy the ledger.")
@click.argument("to")
@click.pass_context
def backup(ctx: click.Context, *, to: str) -> None:
    """Copy the ledger, as it is at one moment, to TO: a new file (SQLite) or postgresql+psycopg://user@host/db.

    To move there, name TO as the ledger in the configuration. The snapshots are plain files: copy their folder too.
    """
    from jobs.ledger import backup as copying

    config = ctx.obj.config()
    target = to if to.startswith("postgresql") else Path(to).absolute()
    rows = copying.backup(config.ledger, target)
    _say(f"copied {rows} rows of the ledger to {to}")


@main.command("simulate-vendor")
@click.option("--port", type=click.IntRange(0, 65535), default=8083, show_default=True, help="0 picks a free one.")
@click.option("--data", type=click.Path(path_type=Path), help="A data set (JSON); default: a made-up clinic.")
def simulate_vendor(*, port: int, data: Path | None) -> None:
    """Run the simulated SecureVideo API on this machine."""
    from jobs.vendor.simulator import serve

    serve(data, port=port, announce=click.echo)


def _write_index(config: Config, ledger: "Ledger", output: Path) -> int:
    """Gives the exit status: what the units came to stands, even where the page about them cannot be written."""
    from jobs import index

    try:
        index.write(config, ledger, output, program_version=_version())
    except Exception as error:  # noqa: BLE001  # nor does a bug in it keep back what is to be printed
        log.tell(logging.ERROR, str(error) if isinstance(error, BillingError) else log.bug(error))
        return 1
    return 0


@main.command(short_help="Receive SecureVideo's webhooks.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8084, show_default=True, help="0 picks a free one.")
@click.pass_context
def webhook(ctx: click.Context, *, host: str, port: int) -> None:
    """Receive SecureVideo's webhooks for each account with a `webhook.secret`, until stopped.

    It speaks plain HTTP: let a web server with a certificate stand in front, one that does not log the path.
    """
    try:
        from jobs.webhook.server import serve
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in ("starlette", "uvicorn", "h11"):
            raise
        raise UsageError(
            f"{package} is not installed; install what the receiver needs with: pip install '{PROGRAM}[webhook]'"
        ) from error
    config = ctx.obj.config()
    _tell_secrets(ctx, config.accounts.values())
    serve(config, os.environ, host=host, port=port, announce=_say)


def _with_formats(config: Config, named: Sequence[str]) -> Config:
    """`config` with the formats named, and json, in place of its own. Raises ConfigError, UsageError."""
    from jobs.outputs import unmakeable

    wanted = in_order({*named, "json"}) if named else config.formats
    if reasons := unmakeable(wanted):
        raise UsageError(f"--format: {reasons[0]}") if named else ConfigError(f"{config.path}: formats: {reasons[0]}")
    return replace(config, formats=wanted)


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
        for source in account.sources:
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


def _need_ledger(config: Config) -> None:
    if not _has_ledger(config):
        raise UsageError(f"there is no ledger at {config.ledger} yet; `{PROGRAM} run` makes it")


def _ledger(config: Config, *, checked: bool = True) -> "Ledger":
    from jobs.ledger.store import Ledger

    command = " ".join(sys.argv[1:])
    return Ledger(config.ledger, now=_now, program_version=_version(), command=command, checked=checked)


def _snapshots(config: Config) -> "Snapshots":
    from jobs.ledger.snapshots import Snapshots

    return Snapshots(config.snapshots)


def _print_json(value: Any) -> None:
    _say(json.dumps(value, indent=2, ensure_ascii=False).encode())  # in UTF-8 whatever the locale (RFC 8259, 8.1)


def _say(result: str | bytes) -> None:
    """Prints to stdout. Raises OutputError; BrokenPipeError where nobody reads it any more."""
    try:
        click.echo(result)
    except BrokenPipeError:
        _discard_stdout()
        raise
    except OSError as error:
        _discard_stdout()
        raise OutputError(
            f"standard output: {(error.strerror or '').lower()}; only what is printed here is lost"
        ) from error


def _discard_stdout() -> None:
    """What is still in its buffer would fail again when the program ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
