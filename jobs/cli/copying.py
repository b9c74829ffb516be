"""The commands that write again what the ledger holds: `render` and `backup`."""

from collections.abc import Sequence
from pathlib import Path

import click

from jobs.billing.month import Month
from jobs.cli.opening import need_ledger, open_ledger
from jobs.cli.options import MonthRange, format_option, output_option, single_month, with_formats
from jobs.cli.overview import write_index
from jobs.cli.stdout import say


@click.command(short_help="Write the files of issued documents again.")
@click.option("--account", metavar="KEY", help="Only this one.")
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", help="Only this one.")
@output_option
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
        with_formats(config, formats)
    need_ledger(config)
    with open_ledger(config) as ledger:
        folder = output.absolute() if output else config.output
        of_month = str(single_month(month)) if month else None
        for path in render_again(config, ledger, folder, account=account, month=of_month, only=formats):
            say(str(path))
        status = write_index(config, ledger, folder)
    ctx.exit(status)


@click.command(short_help="Copy the ledger.")
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
    say(f"copied {rows} rows of the ledger to {to}")
