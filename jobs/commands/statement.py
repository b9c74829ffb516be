"""`statement`: a statement of account, from the ledger alone."""

from pathlib import Path

import click

from jobs.billing.month import Month
from jobs.commands.console import say
from jobs.commands.opening import existing_ledger
from jobs.commands.options import MonthRange, one_account, output_option, single_month
from jobs.commands.program import version
from jobs.errors import UsageError
from reports.stored import plain
from reports.text import so_many


@click.command()
@one_account
@click.option("--from", "first", type=MonthRange(), metavar="YYYY-MM", help="The first month of service. Default: all.")
@click.option("--to", "last", type=MonthRange(), metavar="YYYY-MM", help="The last month of service. Default: all.")
@output_option
@click.pass_context
def statement(
    ctx: click.Context,
    *,
    account: str,
    first: tuple[Month, ...] | None,
    last: tuple[Month, ...] | None,
    output: Path | None,
) -> None:
    """List every document issued to an account, with running totals: a statement of account, as workbook and page.

    It knows what was issued and nothing of payments. The files are in OUTPUT/KEY/statements.
    """
    from jobs.statement import statement_of, write

    config = ctx.obj.config(account)
    begin, end = (str(single_month(months)) if months else None for months in (first, last))
    if begin and end and end < begin:
        raise UsageError(f"--to {end} lies before --from {begin}; name the earlier month with --from")
    with existing_ledger(config) as ledger:
        made = statement_of(config, ledger, account, first=begin, last=end, program_version=version())
    for one in made.currencies:
        count, total = so_many(len(one.entries), "document"), f"{one.currency} {plain(one.total)}"
        say(f"{made.account} {made.period}: issued {total} ({count}); payments are not known")
    for path in write(config, output or config.output, made):
        say(f"  {path}")
