"""`export`: issued documents for a company's books (docs/accounting.md)."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from jobs.billing.month import Month
from jobs.commands.console import say
from jobs.commands.opening import existing_ledger
from jobs.commands.options import MonthRange, account_option, chosen_accounts
from jobs.config import Account, Config
from jobs.errors import ConfigError, UsageError
from jobs.output.folder import Folder
from reports.document import Document

FORMATS = ("journal", "quickbooks", "beancount", "hledger")


@click.command()
@click.option("--format", "form", type=click.Choice(FORMATS), required=True, help="What the receiving program reads.")
@account_option
@click.option("--month", "months", type=MonthRange(), metavar="YYYY-MM[..YYYY-MM]", multiple=True, help="Only these.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only what was issued since, inclusive."
)
@click.option("--allocation", is_flag=True, help="A second entry a document: its shares by cost centre.")
@click.option(
    "--output", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE", required=True, help="- for stdout."
)
@click.pass_context
def export(
    ctx: click.Context,
    *,
    form: str,
    accounts: Sequence[str],
    months: Sequence[tuple[Month, ...]],
    since: datetime | None,
    allocation: bool,
    output: Path,
) -> None:
    """Write issued documents as double-entry bookkeeping; the same ledger and configuration give the same bytes.

    Asks nothing of the vendor. An existing file is never overwritten unless it would stay as it is.
    """
    from jobs import accounting

    config: Config = ctx.obj.config()
    chosen = {account.key: account for account in chosen_accounts(config, accounts)}
    _need_books(config, chosen)
    wanted = {str(month) for named in months for month in named}
    with existing_ledger(config) as ledger:
        by_key = {key: account for account in chosen.values() for key in ledger.keys_of(account.key)}
        issued = [one.document for one in ledger.issued() if not accounts or one.document.account in by_key]
    selected = [one for one in issued if _selected(one, wanted, since)]
    currencies = {*(one.currency for one in selected), *(account.terms.currency for account in chosen.values())}
    found = [*accounting.entries(selected, by_key, allocation=allocation)]
    _write(output, accounting.FORMATS[form](found, currencies, allocation=allocation), config.file_mode)


def _need_books(config: Config, chosen: dict[str, Account]) -> None:
    lacking = [key for key, account in chosen.items() if account.accounting is None]
    if lacking:
        raise ConfigError(
            "\n".join(f"{config.path}: accounts.{key}.accounting is missing; `export` needs it" for key in lacking)
        )


def _selected(document: Document, months: set[str], since: datetime | None) -> bool:
    if months and document.month not in months:
        return False
    return since is None or (document.issued_on is not None and document.issued_on >= since.date())


def _write(output: Path, content: bytes, mode: int) -> None:
    if str(output) == "-":
        say(content.removesuffix(b"\n"))
        return
    path = output.absolute()
    with Folder(path.parent) as folder:
        there = folder.read(path.name)
        if there is not None and there != content:
            raise UsageError(f"{output} already exists with other contents and is never overwritten; name another file")
        if there is None:
            folder.write(path.name, content, mode)
