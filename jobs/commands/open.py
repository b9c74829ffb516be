"""`open`: the overview in the browser."""

import os
import sys
import webbrowser
from pathlib import Path

import click

from jobs.commands.console import say
from jobs.commands.options import account_option, chosen_accounts, output_option
from jobs.errors import UsageError
from jobs.output.seal import OVERVIEW
from jobs.program import PROGRAM


@click.command()
@account_option
@output_option
@click.pass_context
def open(ctx: click.Context, *, accounts: tuple[str, ...], output: Path | None) -> None:  # noqa: A001  # the command's name
    """Open the overview of all accounts in the browser, or an account's page.

    Where there is no browser, it says which file it is.
    """
    config = ctx.obj.config()
    folder = output or config.output
    pages = [folder / account.key / OVERVIEW for account in chosen_accounts(config, accounts)] if accounts else []
    for page in pages or [folder / OVERVIEW]:
        if not page.is_file():
            raise UsageError(f"there is no {page} yet; `{PROGRAM} run` makes it")
        if not (_has_screen() and webbrowser.open(page.absolute().as_uri())):
            say(f"There is no browser here. Open {page}")


def _has_screen() -> bool:
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
