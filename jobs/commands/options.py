"""Options and arguments that several commands have, and what they come to."""

import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobs import log
from jobs.billing.month import Month
from jobs.commands.program import now
from jobs.errors import BillingError, ConfigError, UsageError
from reports import formats
from reports.text import so_many

if TYPE_CHECKING:
    from jobs.config import Account, Config

F = TypeVar("F", bound=Callable[..., object])

VENDOR_ID = click.IntRange(1, 2**63 - 1)  # of a session or a host


class MonthRange(click.ParamType[tuple[Month, ...]]):
    """A month, or the months from one up to and with another, ascending; `this` and `last` are those of the clock."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Month, ...]:
        if isinstance(value, tuple):
            return value
        first, dots, last = value.partition("..")
        try:
            start = _month(first)
            end = _month(last) if dots else start
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if end < start:
            self.fail(f"{value!r} ends before it begins; write the earlier month first", param, ctx)
        months = []
        while start <= end:
            months.append(start)
            start = start.plus(1)
        return tuple(months)


class Jobs(click.ParamType[int]):
    """A whole number from 1, or `auto`: 0."""

    name = "jobs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "auto":
            return 0
        if not (str(value).isascii() and str(value).isdigit() and int(value)):
            self.fail(f"{value!r} is not a whole number from 1, nor auto", param, ctx)
        return int(value)


def _month(text: str) -> Month:
    steps = {"this": 0, "last": -1}
    return Month.of(now()).plus(steps[text]) if text in steps else Month.parse(text)


def format_option(help_text: str) -> Callable[[F], F]:
    return click.option("--format", "formats", type=click.Choice(formats.names()), multiple=True, help=help_text)


def _keys(ctx: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The accounts' keys that begin so, for the shell; none where the configuration cannot be read."""
    from jobs.config import load

    above = ctx.parent.params if ctx.parent else {}
    file = above.get("config_file") or os.environ.get("SECUREVIDEO_BILLING_CONFIG") or "config.yaml"
    try:
        return [key for key in load(Path(file)).accounts if key.startswith(begun)]
    except BillingError:
        return []


account_option = click.option(
    "--account",
    "accounts",
    metavar="KEY",
    multiple=True,
    shell_complete=_keys,
    help="Only this one; repeatable.",
)

one_account = click.option("--account", metavar="KEY", required=True, shell_complete=_keys, help="The account.")

only_account = click.option("--account", metavar="KEY", shell_complete=_keys, help="Only this one.")


def _absolute(_: click.Context, __: click.Parameter, given: Path | None) -> Path | None:
    try:
        return given.absolute() if given else None
    except FileNotFoundError:
        raise click.BadParameter(f"{given}: the current folder no longer exists; name an absolute path") from None


output_option = click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    callback=_absolute,
    help="Instead of the configured output folder.",
)

as_of_option = click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="As it was known at the end of that day, UTC."
)


def with_formats(config: "Config", named: Sequence[str]) -> "Config":
    """`config` with the formats named, and json, in place of its own. Raises ConfigError, UsageError."""
    wanted = formats.in_order({*named, "json"}) if named else config.formats
    if reasons := [reason for name in wanted if (reason := formats.lacking(name))]:
        raise UsageError(f"--format: {reasons[0]}") if named else ConfigError(f"{config.path}: formats: {reasons[0]}")
    return replace(config, formats=wanted)


def with_workers(config: "Config", jobs: int | None, cluster: str | None) -> "Config":
    """`config` with the workers named on the command line, if any. Raises UsageError."""
    if jobs is None and cluster is None:
        return config
    if jobs is not None and cluster is not None:
        raise UsageError("--jobs is for this machine and --cluster for others; name one of them")
    workers = replace(config.workers, jobs=jobs or None, cluster=None)
    if cluster is not None:
        from jobs.config import cluster_address

        if isinstance(config.ledger, Path):
            raise UsageError("--cluster: needs a ledger on PostgreSQL, which all of its machines reach")
        address = cluster_address(cluster)
        if address.startswith("tls:") and config.workers.tls is None:
            raise UsageError(f"--cluster: {config.path} names no workers.tls: {{ca, cert, key}} to know the cluster by")
        workers = replace(config.workers, cluster=address)
    return replace(config, workers=workers)


def processes(config: "Config") -> int:
    """How many accounts this machine bills at once: at most twice its cores, or `vendor.at_once`."""
    cores = len(os.sched_getaffinity(0))
    most, wanted = max(2 * cores, config.vendor.at_once), config.workers.jobs or cores
    if wanted > most:
        log.tell(logging.WARNING, f"{wanted} jobs are more than help on {so_many(cores, 'core')}: {most} it is")
    return min(wanted, most)


def chosen_accounts(config: "Config", keys: Sequence[str]) -> list["Account"]:
    """The accounts of these keys, or all; in the order of the configuration. Raises UsageError."""
    unknown = [key for key in keys if key not in config.accounts]
    if unknown:
        known = ", ".join(config.accounts)
        raise UsageError(f"no account {unknown[0]!r} in {config.path}; there are: {known}")
    return [account for key, account in config.accounts.items() if not keys or key in keys]


def past_months(ranges: Sequence[tuple[Month, ...]], current: str) -> list[Month]:
    """The months named, ascending, or the last whole one. Raises UsageError for one in the future.

    `current`: what can be done with the current month.
    """
    this_month = Month.of(now())
    months = sorted({month for months in ranges for month in months}) or [this_month.plus(-1)]
    if months[-1] > this_month:
        raise UsageError(f"{months[-1]} lies in the future; the current month, {this_month}, {current}")
    return months


def single_month(months: tuple[Month, ...]) -> Month:
    """The only one. Raises UsageError where there are several."""
    if len(months) > 1:
        raise UsageError(f"{months[0]}..{months[-1]}: name one month here")
    return months[0]


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM ends the work within as Ctrl-C does: what was begun is tidied up, not torn off."""

    def end(*_: object) -> None:  # not by SIGINT, which a shell has background jobs ignore
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
