"""`verify`: proves ledger, snapshots and files against each other, offline."""

from pathlib import Path

import click

from jobs import verify as proof
from jobs.billing.month import Month
from jobs.commands.console import say
from jobs.commands.opening import existing_ledger, open_snapshots
from jobs.commands.options import MonthRange, only_account, output_option, single_month
from jobs.commands.program import version
from jobs.errors import LedgerDamaged
from jobs.ledger.store import Ledger
from jobs.replay import Archive


@click.command()
@only_account
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", help="Only this one.")
@output_option
@click.pass_context
def verify(ctx: click.Context, *, account: str | None, month: tuple[Month, ...] | None, output: Path | None) -> None:
    """Prove ledger, snapshots and files against each other, offline. Exit status 3 if anything differs."""
    config = ctx.obj.config()
    try:
        ledger = existing_ledger(config, checked=False)
    except LedgerDamaged as error:
        say(str(error))
        ctx.exit(3)
    found = left_out = 0
    with ledger:
        scope = proof.Scope(
            archive=Archive(ledger, open_snapshots(config)),
            ledger_name=str(config.ledger),
            output=output or config.output,
            configured=config.output,
            program_version=version(),
            account=account,
            month=str(single_month(month)) if month else None,
            keys=_keys_of(ledger, account) if account else (),
        )
        for one in proof.verify(scope):
            say(str(one))
            found += isinstance(one, proof.Difference)
            left_out += isinstance(one, proof.LeftOut)
        for line in proof.accepted(scope) if not found else ():
            say(line)
        say(proof.conclusion(found, scope, left_out=left_out > 0))
    ctx.exit(3 if found else 0)


def _keys_of(ledger: Ledger, account: str) -> tuple[str, ...]:
    try:
        return ledger.keys_of(account)
    except LedgerDamaged:
        return ()  # the proof names the damage
