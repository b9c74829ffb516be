"""The commands that ask the ledger and change nothing: `history`, `diff`, `verify`."""

from datetime import datetime
from pathlib import Path

import click

from jobs.billing.month import Month
from jobs.cli.opening import has_ledger, need_ledger, open_ledger, open_snapshots
from jobs.cli.options import MonthRange, output_option, single_month
from jobs.cli.program import version
from jobs.cli.stdout import print_json, say
from jobs.errors import LedgerDamaged

_as_of_option = click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="As it was known at the end of that day, UTC."
)


@click.command(short_help="Show what the ledger holds.")
@_as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_context
def history(ctx: click.Context, *, as_of: datetime | None, as_json: bool) -> None:
    """Show what the ledger holds: months, snapshots, documents, totals, restatements."""
    from jobs.ledger.past import in_words

    config = ctx.obj.config()
    months = []
    if has_ledger(config):
        with open_ledger(config) as ledger:
            months = ledger.history(as_of=as_of.date() if as_of else None)
    if as_json:
        print_json(months)
    else:
        say(in_words(months))


@click.command(short_help="Show what changed since a month was issued.")
@click.option("--account", metavar="KEY", required=True)
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", required=True)
@_as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def diff(ctx: click.Context, *, account: str, month: tuple[Month, ...], as_of: datetime | None, as_json: bool) -> None:
    """Show which sessions differ between a month as issued and its newest snapshot, why, and the money.

    Asks nothing of the vendor: `run` fetches the newest snapshot. Exit status 3 if any differ.
    """
    from jobs.recount import Archive, difference, in_words

    config = ctx.obj.config()
    need_ledger(config)
    with open_ledger(config) as ledger:
        archive = Archive(ledger, open_snapshots(config))
        found = difference(archive, account, single_month(month), as_of=as_of.date() if as_of else None)
    if as_json:
        print_json(found)
    else:
        say(in_words(found))
    ctx.exit(3 if found["changes"] else 0)


@click.command(short_help="Prove ledger, snapshots and files, offline.")
@click.option("--account", metavar="KEY", help="Only this one.")
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", help="Only this one.")
@output_option
@click.pass_context
def verify(ctx: click.Context, *, account: str | None, month: tuple[Month, ...] | None, output: Path | None) -> None:
    """Prove ledger, snapshots and files against each other, offline. Exit status 3 if anything differs."""
    from jobs import verify as proof
    from jobs.recount import Archive

    config = ctx.obj.config()
    need_ledger(config)
    try:
        ledger = open_ledger(config, checked=False)
    except LedgerDamaged as error:
        say(str(error))
        ctx.exit(3)
    found = 0
    with ledger:
        scope = proof.Scope(
            archive=Archive(ledger, open_snapshots(config)),
            ledger_name=str(config.ledger),
            output=output.absolute() if output else config.output,
            program_version=version(),
            account=account,
            month=str(single_month(month)) if month else None,
        )
        for found, difference in enumerate(proof.verify(scope), 1):  # noqa: B007  # the last one's number is told
            say(str(difference))
        say(proof.told(found, scope))
    ctx.exit(3 if found else 0)
