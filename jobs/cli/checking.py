"""The command that looks before anything is billed: `check`."""

import logging
import os

import click

from jobs import log
from jobs.cli.opening import hide_secrets
from jobs.cli.options import with_formats
from jobs.cli.program import now
from jobs.cli.stdout import say


@click.command(short_help="Validate the configuration; print the plans.")
@click.option("--online", is_flag=True, help="Also try each account's credentials on the vendor's API.")
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
