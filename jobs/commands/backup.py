"""`backup`: a copy of the ledger."""

from pathlib import Path

import click

from jobs.commands.console import say
from jobs.ledger import backup as copying
from reports.text import so_many


@click.command()
@click.argument("to")
@click.pass_context
def backup(ctx: click.Context, *, to: str) -> None:
    """Copy the ledger, as it is at one moment, to TO: a new file (SQLite) or postgresql+psycopg://user@host/db.

    To move there, name TO as the ledger in the configuration. The snapshots are plain files: copy their folder too.
    """
    config = ctx.obj.config()
    target = to if to.startswith("postgresql") else Path(to).absolute()
    rows = copying.backup(config.ledger, target)
    say(f"copied {so_many(rows, 'row')} of the ledger to {to}")
