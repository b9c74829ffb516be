"""The command that reports usage without billing it: `report`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from jobs.billing.month import Month
from jobs.cli.opening import hide_secrets
from jobs.cli.options import VENDOR_ID, MonthRange, chosen_accounts, output_option, past_months
from jobs.cli.program import now, version
from jobs.cli.stderr import tell_findings
from jobs.cli.stdout import print_json, say
from jobs.errors import UsageError
from reports import usage_formats


@click.command(short_help="Report a host's or participant's use, unbilled.")
@click.option("--account", metavar="KEY", required=True)
@click.option("--host", "host_id", type=VENDOR_ID, metavar="ID", help="The host with this user id.")
@click.option(
    "--participant",
    metavar="EMAIL",
    help="The participant who now has this e-mail address; - reads it from standard input, unseen by `ps`.",
)
@click.option(
    "--month",
    "months",
    type=MonthRange(),
    metavar="YYYY-MM[..YYYY-MM]",
    help="The month, or months in one report. Default: the last whole calendar month in UTC.",
)
@output_option
@click.option(
    "--format",
    "formats",
    type=click.Choice(usage_formats.NAMES),
    multiple=True,
    help="Write only this format; repeatable. Default: all three.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the report without its sessions.")
@click.pass_context
def report(
    ctx: click.Context,
    *,
    account: str,
    host_id: int | None,
    participant: str | None,
    months: tuple[Month, ...] | None,
    output: Path | None,
    formats: Sequence[str],
    as_json: bool,
) -> None:
    """Report the sessions of one host or one participant, counted and not billed: no invoice, no number, no ledger.

    The files are in OUTPUT/KEY/reports. An address is treated like a patient's name and stands in none of them.
    """
    from jobs import usage_report

    config = ctx.obj.config()
    (chosen,) = chosen_accounts(config, [account])
    wanted = past_months([months] if months else [], "can be reported so far")
    hide_secrets(ctx, [chosen])
    if (host_id is None) == (participant is None):
        raise UsageError("name one of --host ID and --participant EMAIL")
    address = "" if participant is None else usage_report.address_of(_typed(participant))
    ctx.meta["formatter"].hide(address)
    asked = usage_report.Asked(host_id, address)
    made = usage_report.make(config, chosen, asked, wanted, environ=os.environ, now=now, program_version=version())
    folder = output.absolute() if output else config.output
    written = usage_report.write(
        config, folder, *made, formats=[name for name in usage_formats.NAMES if name in formats or not formats]
    )
    told = written.to_builtins()
    tell_findings(f"{account} {written.report.period}", told["findings"], {"account": account})
    if as_json:
        print_json(told)
    else:
        say(written.in_words())
    ctx.exit(written.exit_status)


def _typed(participant: str) -> str:
    """The address as given, or the first line of standard input. Raises UsageError for bytes that are no text."""
    if participant != "-":
        return participant
    try:
        return sys.stdin.readline(1000)
    except UnicodeDecodeError:
        raise UsageError("--participant -: standard input is no text") from None
