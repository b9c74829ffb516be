"""The commands that look at what there is and bill nothing: `check` and `status`."""

import logging
import os

import click

from jobs import log
from jobs.cli.opening import hide_secrets
from jobs.cli.options import VENDOR_ID, chosen_accounts, with_formats
from jobs.cli.program import now
from jobs.cli.stdout import print_json, say


@click.command(short_help="Validate the configuration; print the plans.")
@click.option("--online", is_flag=True, help="Also try each account's credentials, and count what they let see.")
@click.pass_context
def check(ctx: click.Context, *, online: bool) -> None:
    """Validate the configuration and print the plan in force in each month."""
    from jobs import checking

    config = with_formats(ctx.obj.config(), ())
    hide_secrets(ctx, config.accounts.values())
    report = checking.check(config, os.environ, now=now, online=online)
    for line in report.warnings:
        log.tell(logging.WARNING, line)
    for line in report.problems:
        log.tell(logging.ERROR, line)
    for line in report.lines:
        say(line)
    ctx.exit(report.exit_status)


@click.command(short_help="Ask whether a session is going on.")
@click.argument("session_id", type=VENDOR_ID)
@click.option("--account", metavar="KEY", required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def status(ctx: click.Context, *, session_id: int, account: str, as_json: bool) -> None:
    """Ask SecureVideo's Status API whether session SESSION_ID is going on right now.

    It knows Zoom-based sessions only. Exit status 3 if it does not know the session, or says what is not documented.
    """
    from jobs import status as live_status

    config = ctx.obj.config()
    (chosen,) = chosen_accounts(config, [account])
    hide_secrets(ctx, [chosen])
    found = live_status.ask(config, chosen, session_id, environ=os.environ, now=now)
    if as_json:
        print_json(found.to_builtins())
    else:
        say(found.in_words())
    ctx.exit(found.exit_status)
