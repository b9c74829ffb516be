"""`history`: what the ledger holds."""

from datetime import datetime

import click

from jobs.commands.console import print_json, say
from jobs.commands.opening import has_ledger, open_ledger
from jobs.commands.options import as_of_option
from jobs.ledger.history import in_words


@click.command()
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_context
def history(ctx: click.Context, *, as_of: datetime | None, as_json: bool) -> None:
    """Show what the ledger holds: months, snapshots, documents, totals, restatements."""
    config = ctx.obj.config()
    months = []
    if has_ledger(config):
        with open_ledger(config) as ledger:
            months = ledger.history(as_of=as_of.date() if as_of else None)
    if as_json:
        print_json(months)
    else:
        say(in_words(months))
