"""`verify`: proves ledger, snapshots and files against each other, offline."""

from pathlib import Path

import click

from jobs import verify as proof
from jobs.billing.month import Month
from jobs.commands.console import say
from jobs.commands.opening import need_ledger, open_ledger, open_snapshots
from jobs.commands.options import MonthRange, output_option, single_month
from jobs.commands.program import version
from jobs.errors import LedgerDamaged
from jobs.replay import Archive


@click.command()
@click.option("--account", metavar="KEY", help="Only this one.")
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", help="Only this one.")
@output_option
@click.pass_context
def verify(ctx: click.Context, *, account: str | None, month: tuple[Month, ...] | None, output: Path | None) -> None:
    """Prove ledger, snapshots and files against each other, offline. Exit status 3 if anything differs."""
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
            output=output or config.output,
            program_version=version(),
            account=account,
            month=str(single_month(month)) if month else None,
        )
        for found, difference in enumerate(proof.verify(scope), 1):  # noqa: B007  # the last one's number is told
            say(str(difference))
        say(proof.told(found, scope))
    ctx.exit(3 if found else 0)
