"""`match`: the vendor's bill, checked: our month beside the vendor's activity file and invoice."""

import os
import pwd
from collections.abc import Sequence
from pathlib import Path

import click

from jobs.billing.month import Month
from jobs.commands.console import say, show
from jobs.commands.opening import existing_ledger, open_snapshots, write_index
from jobs.commands.options import MonthRange, chosen_accounts, one_account, single_month
from jobs.commands.program import now, version
from jobs.errors import UsageError, combined
from jobs.matching import notes
from jobs.matching.activity import detected
from jobs.matching.unit import Given, listed, matched
from jobs.replay import Archive
from reports.match.result import MEANINGS, Match, amount_of, bucket, to_builtins
from reports.stored import plain
from reports.text import so_many


@click.command()
@one_account
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", required=True)
@click.option("--activity", type=click.Path(path_type=Path), metavar="FILE.xlsx", help="The vendor's activity file.")
@click.option("--invoice", "bill", type=click.Path(path_type=Path), metavar="FILE.yaml", help="The vendor's invoice.")
@click.option("--detect", is_flag=True, help="Only say how the activity file's columns are read; write nothing.")
@click.option(
    "--note",
    "said",
    metavar="SESSION_OR_CODE:REASON[:TEXT]",
    multiple=True,
    help=f"Close a difference, for the record; repeatable. Reasons: {', '.join(notes.REASONS)}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def match(
    ctx: click.Context,
    *,
    account: str,
    month: tuple[Month, ...],
    activity: Path | None,
    bill: Path | None,
    detect: bool,
    said: Sequence[str],
    as_json: bool,
) -> None:
    """Compare an issued month with the vendor's activity file and invoice, session by session and cent by cent.

    Asks nothing of the vendor and changes no document. Exit status 3 while a difference is open.
    """
    config = ctx.obj.config()
    (chosen,) = chosen_accounts(config, [account])
    wanted = [notes.asked(one) for one in said]
    if activity is None and (bill is None or detect):
        named = "--activity FILE.xlsx" if detect else "--activity FILE.xlsx, --invoice FILE.yaml or both"
        raise UsageError(f"name the vendor's files: {named}")
    found = None if activity is None else listed(config, chosen, activity)
    if detect and found is not None:
        say(detected(found))
        return
    given = Given(found, bill, wanted, _user())
    with existing_ledger(config) as ledger:
        archive = Archive(ledger, open_snapshots(config))
        single = single_month(month)
        made, paths = matched(config, archive, chosen, single, given=given, now=now(), program_version=version())
        indexed, _ = write_index(config, ledger, config.output)
    show(to_builtins(made.match), in_words(made.match, paths), as_json=as_json)
    ctx.exit(combined([indexed, 3 if made.match.open_items else 0]))


def _user() -> str:
    """Who runs this, for the record."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def in_words(match: Match, paths: Sequence[Path]) -> str:
    """For a person: both totals, the bridge, what differs, the files."""
    name = f"the vendor's invoice {match.bill.number}" if match.bill else "the vendor's activity file"
    money = f"{match.currency} {plain(match.ours_total)}, {name} {plain(match.theirs_total)}"
    lines = [f"{match.account} {match.month}: ours {money}, difference {plain(match.difference)}"]
    lines += [f"  {step.step}: {plain(step.amount)}" for step in match.bridge]
    for code, of_code in match.by_code().items():
        still = sum(item.open for item in of_code)
        state = f", {still} open: {MEANINGS[code][1]}" if still else ""
        lines.append(f"  {code}: {so_many(len(of_code), 'difference')}, {plain(amount_of(of_code))}{state}")
    age = f", {match.age} days old ({bucket(match.age)})" if match.age is not None else ""
    lines.append(f"{so_many(match.open_items, 'difference')} open{age}" if match.open_items else "nothing is open")
    return "\n".join([*lines, *(f"  {path}" for path in paths)])
