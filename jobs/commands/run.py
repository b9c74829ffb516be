"""`run`: bills months."""

import gc
import logging
import os
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from jobs import log, monthly, overview
from jobs.billing.month import Month
from jobs.commands.console import print_json, say, tell_findings
from jobs.commands.opening import hide_secrets, need_authorities, open_ledger, write_index
from jobs.commands.options import (
    Jobs,
    MonthRange,
    account_option,
    chosen_accounts,
    format_option,
    output_option,
    past_months,
    processes,
    terminable,
    with_formats,
    with_workers,
)
from jobs.commands.program import now, version
from jobs.config import Account, Config
from jobs.errors import LedgerError, OutputError, combined
from jobs.ledger.store import Ledger
from jobs.monthly import Outcome, Unit
from jobs.output.seal import OVERVIEW
from jobs.output.summary import Summary, in_words, of_failure
from reports.overview.content import Concern
from reports.stored import to_builtins


@click.command()
@click.option(
    "--month",
    "months",
    type=MonthRange(),
    metavar="YYYY-MM[..YYYY-MM]",
    multiple=True,
    help="The month, or months, to bill, or `this` or `last`; repeatable. Default: last, the last whole calendar month "
    "in UTC.",
)
@account_option
@click.option("--draft", is_flag=True, help="Write drafts only; issue nothing.")
@click.option("--adjust", is_flag=True, help="Issue adjustment documents for restated months.")
@output_option
@format_option("Write documents in this format and json, whatever is configured; repeatable.")
@click.option("--jobs", type=Jobs(), metavar="N|auto", help="Bill so many accounts at once. Default: as configured.")
@click.option("--cluster", metavar="ADDRESS", help="Bill them on this Dask cluster: tls://HOST:PORT or file:PATH.")
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
    jobs: int | None,
    cluster: str | None,
    as_json: bool,
) -> None:
    """Bill months: fetch, reconcile, issue, write the files.

    Without --month it also checks the last issued months again (`restate_months`), reports what has changed, and ends
    with exit status 3 while anything of these accounts needs attention, such as a closed month without an invoice.
    """
    gc.disable()  # a month makes hardly any cycles, but looking for them takes an eighth of its time: see `_shown`
    config = with_workers(with_formats(ctx.obj.config(), formats), jobs, cluster)
    chosen = chosen_accounts(config, accounts)
    billed = past_months(months, "can be drafted")
    hide_secrets(ctx, chosen)
    need_authorities(config)
    with terminable(), _opened(config, chosen, billed, as_json=as_json) as ledger:
        job = monthly.Job(
            config=config,
            ledger=ledger,
            output=output or config.output,
            environ=os.environ,
            now=now,
            program_version=version(),
            draft=draft,
            adjust=adjust,
        )
        units = monthly.units(job, chosen, billed, watch=not months)
        with closing(_billed(job, units)) as billing:  # whatever is under way ends with it
            outcomes, printed = _shown(billing, len(units), as_json=as_json)
        indexed, concerns = write_index(config, ledger, job.output)
        run_id = ledger.run_id
    if not as_json and (printed, indexed) == (0, 0):
        printed = _said(f"Open {job.output / OVERVIEW}")
    outstanding = 0 if months else _tell_outstanding(concerns, chosen, units if draft else ())
    summaries = [to_builtins(outcome.summary) for outcome in outcomes]
    if as_json:
        print_json(summaries)
    status = combined([printed, indexed, outstanding, *(outcome.exit_status for outcome in outcomes)])
    if config.hooks:
        status = combined([status, _hooked(config, summaries, run_id, status)])
    ctx.exit(status)


def _billed(job: monthly.Job, units: Sequence[Unit]) -> Generator[Outcome, None, None]:
    """What becomes of the units, where the configuration has them billed."""
    workers, accounts = job.config.workers, len({account.key for account, _ in units})
    size = min(processes(job.config), accounts)
    if workers.cluster is None and size <= 1:
        return monthly.run(job, units)
    from jobs import engine

    return engine.run(job, units, size=size)


def _hooked(config: Config, summaries: Sequence[dict[str, Any]], run_id: int | None, status: int) -> int:
    """Tells the configured commands of the run; gives the exit status that this leads to."""
    from jobs import hooks

    folder = config.path.absolute().parent
    went_well = hooks.call(config.hooks, folder, summaries, run_id=run_id, exit_status=status, environ=os.environ)
    return 0 if went_well else 1


def _opened(config: Config, accounts: Iterable[Account], months: Iterable[Month], *, as_json: bool) -> Ledger:
    """The ledger; where it cannot be used, scripts are given every unit that was asked for as a failed one."""
    try:
        return open_ledger(config)
    except LedgerError as error:
        if as_json:
            units = [(account.key, month) for account in accounts for month in sorted(months)]
            print_json([to_builtins(of_failure(key, str(month), str(error))) for key, month in units])
        raise


def _shown(outcomes: Iterable[Outcome], units: int, *, as_json: bool) -> tuple[list[Outcome], int]:
    """Collects the outcomes; meanwhile findings go to stderr, results to stdout, progress to a terminal.

    Gives also the exit status that printing leads to: billing goes on where stdout cannot be written.
    """
    done, printed = [], 0
    with click.progressbar(length=units, file=sys.stderr, hidden=not sys.stderr.isatty(), label="billing") as bar:
        for outcome in outcomes:
            done.append(outcome)
            if len(done) < units:
                gc.collect()
                gc.freeze()  # what the first unit loaded is there to stay: to walk through it takes longer than a unit
            _tell_unit(outcome.summary)
            if not as_json and printed == 0 and not outcome.summary.error:  # an error was said on stderr
                click.echo("" if bar.hidden else log.CLEAR_LINE, nl=False, err=True)
                printed = _said(in_words(outcome.summary))
            bar.update(1)
    return done, printed


def _said(result: str) -> int:
    """Prints to stdout; gives the exit status."""
    try:
        say(result)
    except BrokenPipeError:
        log.tell(logging.ERROR, "standard output: nobody reads it any more; only what is printed here is lost")
        return 1
    except OutputError as error:
        log.tell(logging.ERROR, str(error))
        return 1
    return 0


def _tell_outstanding(concerns: Iterable[Concern], accounts: Iterable[Account], drafted: Iterable[Unit]) -> int:
    """Says what needs attention in all months of these accounts, a line each; gives the exit status.

    `drafted`: the units for which a draft was asked for, so that to have no more is as it should be.
    """
    keys = {account.key for account in accounts}
    wanted = {(account.key, str(month)) for account, month in drafted}
    status = 0
    for concern in concerns:
        unit = concern.account, concern.month
        if concern.account in keys and not (concern.matter == "not_issued" and unit in wanted):
            log.tell(logging.WARNING, overview.in_words(concern), account=concern.account, month=concern.month)
            status = 3
    return status


def _tell_unit(unit: Summary) -> None:
    where = f"{unit.account} {unit.month}"
    of_unit = {"account": unit.account, "month": unit.month}
    if unit.error:
        log.tell(logging.ERROR, f"{where}: {unit.error}", **of_unit)
    tell_findings(where, to_builtins(unit.findings), of_unit)
