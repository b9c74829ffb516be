"""`match`: the vendor's bill, checked: our month beside the vendor's activity file and invoice."""

import hashlib
import os
import pwd
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from jobs.billing.month import Month
from jobs.commands.console import print_json, say
from jobs.commands.opening import need_ledger, open_ledger, open_snapshots, write_index
from jobs.commands.options import MonthRange, chosen_accounts, single_month
from jobs.commands.program import now, version
from jobs.config import Account, Config
from jobs.errors import UsageError
from jobs.matching import activity as activity_file
from jobs.matching import files, invoice, notes
from jobs.matching.activity import Activity
from jobs.matching.invoice import Invoice
from jobs.matching.matching import Before, Made, Presentation, made
from jobs.matching.ours import beside, gathered
from jobs.matching.sessions import Ours
from jobs.output.folder import Folder
from jobs.replay import Archive
from reports.document import plain
from reports.match.result import MEANINGS, Match, Read, bucket, to_builtins
from reports.text import so_many


@click.command()
@click.option("--account", metavar="KEY", required=True)
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", required=True)
@click.option("--activity", type=click.Path(path_type=Path), metavar="FILE.xlsx", help="The vendor's activity file.")
@click.option("--invoice", "bill", type=click.Path(path_type=Path), metavar="FILE.yaml", help="The vendor's invoice.")
@click.option("--detect", is_flag=True, help="Only say what is made of the activity file's columns; write nothing.")
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
    where = f"{config.path}: accounts.{account}.match.activity"
    listed = None if activity is None else activity_file.read(activity, chosen.match, where)
    if detect and listed is not None:
        say(activity_file.detected(listed))
        return
    need_ledger(config)
    found, paths = _matched(config, chosen, single_month(month), listed=listed, bill=bill, wanted=wanted)
    if as_json:
        print_json(to_builtins(found.match))
    else:
        say(in_words(found.match, paths))
    ctx.exit(3 if found.match.open_items else 0)


def _matched(
    config: Config,
    account: Account,
    month: Month,
    *,
    listed: Activity | None,
    bill: Path | None,
    wanted: list[notes.Asked],
) -> tuple[Made, list[Path]]:
    """The match, written and noted, and the paths of its files."""
    with open_ledger(config) as ledger:
        archive = Archive(ledger, open_snapshots(config))
        ours = _ours(archive, account.key, month, listed)
        read = None if bill is None else _bill(bill, ours)
        with Folder(config.output, account.key, str(month)) as folder, folder.locked():
            known = files.before(ledger, folder, account.key, str(month))
            found = _made(config, account, ours, listed, read, known=known, wanted=wanted)
            written = files.write(ledger, folder, found, known, config.file_mode)
            paths = [folder.path / name for name in written]
        write_index(config, ledger, config.output)
    return found, paths


def _ours(archive: Archive, account: str, month: Month, listed: Activity | None) -> Ours:
    """What we hold; also of the months beside this one where the activity file has sessions that are not ours."""
    ours = gathered(archive, account, month)
    if listed is None:
        return ours
    known = {*ours.issued["session_id"].tolist(), *ours.newest["session_id"].tolist()}
    if known.issuperset(listed.sessions["session_id"].tolist()):
        return ours
    return replace(ours, neighbours=beside(archive, account, month))


def _bill(path: Path, ours: Ours) -> tuple[Invoice, Read]:
    content, document = invoice.content_of(path), ours.document
    read = invoice.read(path, content, currency=document.currency, digits=document.digits, parts=document.parts)
    return read, Read(path.name, hashlib.sha256(content).hexdigest(), len(content), len(read.lines))


def _made(
    config: Config,
    account: Account,
    ours: Ours,
    listed: Activity | None,
    read: tuple[Invoice, Read] | None,
    *,
    known: Before,
    wanted: list[notes.Asked],
) -> Made:
    by = str(os.getuid())
    with suppress(KeyError):
        by = pwd.getpwuid(os.getuid()).pw_name
    return made(
        ours,
        listed,
        read,
        tolerance=(account.match.minutes, account.match.amount),
        before=known,
        asked=wanted,
        now=now(),
        shown=Presentation(config.locale, config.paper, version(), by),
    )


def in_words(match: Match, paths: Sequence[Path]) -> str:
    """For a person: both totals, the bridge, what differs, the files."""
    name = f"the vendor's invoice {match.bill.number}" if match.bill else "the vendor's activity file"
    money = f"{match.currency} {plain(match.ours_total)}, {name} {plain(match.theirs_total)}"
    lines = [f"{match.account} {match.month}: ours {money}, difference {plain(match.difference)}"]
    lines += [f"  {step.step}: {plain(step.amount)}" for step in match.bridge]
    for code in dict.fromkeys(item.code for item in match.items):
        of_code = [item for item in match.items if item.code == code]
        still = sum(item.open for item in of_code)
        state = f", {still} open: {MEANINGS[code][1]}" if still else ""
        lines.append(f"  {code}: {so_many(len(of_code), 'difference')}, {plain(match.sum_of(code))}{state}")
    age = f", {match.age} days old ({bucket(match.age)})" if match.age is not None else ""
    lines.append(f"{so_many(match.open_items, 'difference')} open{age}" if match.open_items else "nothing is open")
    return "\n".join([*lines, *(f"  {path}" for path in paths)])
