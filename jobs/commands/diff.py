"""`diff`: which sessions differ between a month as issued and its newest snapshot."""

from datetime import datetime

import click

from jobs.billing.month import Month
from jobs.commands.console import show
from jobs.commands.opening import existing_ledger, open_snapshots
from jobs.commands.options import MonthRange, as_of_option, one_account, single_month
from jobs.replay import Archive, difference, in_words


@click.command()
@one_account
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", required=True)
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def diff(ctx: click.Context, *, account: str, month: tuple[Month, ...], as_of: datetime | None, as_json: bool) -> None:
    """Show which sessions differ between a month as issued and its newest snapshot, why, and the money.

    Asks nothing of the vendor: `run` fetches the newest snapshot. Exit status 3 if any differ.
    """
    config = ctx.obj.config(account)
    with existing_ledger(config) as ledger:
        archive = Archive(ledger, open_snapshots(config))
        found = difference(archive, account, single_month(month), as_of=as_of.date() if as_of else None)
    show(found, in_words(found), as_json=as_json)
    ctx.exit(3 if found["changes"] else 0)
