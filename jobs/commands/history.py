"""`history`: what the ledger holds."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click

from jobs.billing.month import Month
from jobs.commands.console import print_json_array, say
from jobs.commands.opening import has_ledger, open_ledger
from jobs.commands.options import MonthRange, account_option, as_of_option
from jobs.ledger.history import in_words


@click.command()
@account_option
@click.option(
    "--month",
    "months",
    type=MonthRange(),
    metavar="YYYY-MM[..YYYY-MM]",
    multiple=True,
    help="Only this month, or these; repeatable.",
)
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, month by month as it is read.")
@click.pass_context
def history(
    ctx: click.Context,
    *,
    accounts: Sequence[str],
    months: Sequence[tuple[Month, ...]],
    as_of: datetime | None,
    as_json: bool,
) -> None:
    """Show what the ledger holds: months, snapshots, documents, totals, restatements."""
    config = ctx.obj.config()
    wanted = {str(month) for some in months for month in some}
    if not has_ledger(config):
        _show(iter(()), "the ledger holds nothing yet", as_json=as_json)
        return
    with open_ledger(config) as ledger:
        found = ledger.history(accounts, as_of=as_of.date() if as_of else None)
        nothing = "the ledger holds nothing of these months" if wanted else "the ledger holds nothing yet"
        _show((month for month in found if not wanted or month["month"] in wanted), nothing, as_json=as_json)


def _show(months: Iterator[dict[str, Any]], nothing: str, *, as_json: bool) -> None:
    if as_json:
        print_json_array(months)
        return
    is_empty = True
    for month in months:
        say(in_words(month))
        is_empty = False
    if is_empty:
        say(nothing)
