"""`rename`: an account under another key."""

import click
from pydantic import TypeAdapter, ValidationError

from jobs.commands.console import say
from jobs.commands.opening import existing_ledger
from jobs.config.fields import AccountKey
from jobs.errors import UsageError


@click.command()
@click.argument("old")
@click.argument("new")
@click.pass_context
def rename(ctx: click.Context, *, old: str, new: str) -> None:
    """Give the account OLD the key NEW in the ledger, as in the configuration.

    Its history, its numbers and the watch over its issued months go on under NEW. What is issued stays as it is and
    where it is, adjustments of it included; further months go to the folder NEW.
    """
    config = ctx.obj.config()
    try:
        TypeAdapter(AccountKey).validate_python(new)
    except ValidationError as error:
        raise UsageError(f"{new!r} cannot be an account's key: {error.errors()[0]['msg']}") from None
    if old != new and {old, new} <= config.accounts.keys():
        raise UsageError(f"{old} and {new} are two accounts in {config.path}; remove {old} from it first")
    with existing_ledger(config) as ledger:
        ledger.rename(old, new)
    hint = "" if new in config.accounts else f"; name it so in {config.path} too"
    say(f"account {old} is called {new} from now on{hint}")
