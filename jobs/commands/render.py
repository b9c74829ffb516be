"""`render`: the files of issued documents again, from the ledger alone (docs/rules.md §10.3)."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from jobs.billing.month import Month
from jobs.commands.console import say
from jobs.commands.opening import existing_ledger, write_index
from jobs.commands.options import MonthRange, format_option, only_account, output_option, single_month, with_formats
from jobs.config import Config
from jobs.errors import OutputError, UsageError
from jobs.ledger.folders import Unit, billed_by_others, lacking, noted
from jobs.ledger.store import Ledger
from jobs.output.documents import UnitFolder, files_of

log = logging.getLogger(__name__)


def _rendered(
    config: Config,
    ledger: Ledger,
    output: Path,
    *,
    account: str | None,
    month: str | None,
    only: Sequence[str] = (),
    others: Mapping[Unit, Path],
) -> Iterator[Path]:
    """Writes every issued document's files, of one account and month if named; gives each file's path.

    `only`: these formats instead of those that each document was issued in. What a document was not issued in is a
    copy beside its files: the ledger knows nothing of it, `verify` compares it while it is there.
    `others`: months left out, by the folder that another configuration has them in.
    Where another version of the program words them otherwise than they were, the ledger takes note of the new digests.
    Raises UsageError where nothing was issued; OutputError, at the end and a line each, for what cannot be written, or
    must not be: a file that may be another document's.
    """
    found, failures, left_out = False, [], set()
    for issued in ledger.issued(account, month):
        found = True
        document = issued.document
        unit = (document.account, document.month)
        if unit in others:
            if unit not in left_out:
                text = "%s %s: its files are in %s, by another configuration; to have them here too: --output %s"
                log.warning(text, *unit, others[unit], output)
            left_out.add(unit)
            continue
        try:
            with UnitFolder(output, document.account, document.month, config.file_mode) as folder, folder.locked():
                recorded = ledger.written(document.account, document.month).get(issued.id)
                formats = only or files_of(document)
                written = folder.rewrite(document, issued.sessions, formats, written=recorded is not None)
        except OutputError as error:  # one account's folder keeps no other's files back
            failures.append(str(error))
            continue
        own = {name: digest for name, digest in written.items() if name in files_of(document).values()}
        digests = {**(recorded or {}), **own}
        if recorded != digests and len(digests) == len(files_of(document)):  # else a run has yet to finish them
            if recorded is not None:
                log.warning("%s: the files are not as they were: another version made them", document.stem)
            ledger.add_event(document.account, document.month, "written", document_id=issued.id, detail=digests)
        yield from (folder.path / name for name in written)
    if not found:
        named = [each for each in (account, month) if each is not None]
        where = " ".join(["", "for", *named] if named else [])
        raise UsageError(f"nothing was issued{where}; `securevideo-billing history` shows what was")
    if failures:
        raise OutputError("\n".join(dict.fromkeys(failures)))


@click.command()
@only_account
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", help="Only this one.")
@output_option
@format_option("Only this format, also of documents that were not issued in it; repeatable.")
@click.pass_context
def render(
    ctx: click.Context,
    *,
    account: str | None,
    month: tuple[Month, ...] | None,
    output: Path | None,
    formats: Sequence[str],
) -> None:
    """Write the files of issued documents again, from the ledger alone."""
    config = ctx.obj.config()
    if formats:
        with_formats(config, formats)
    with existing_ledger(config) as ledger:
        folder = output or config.output
        of_month = str(single_month(month)) if month else None
        known = {} if output else noted(ledger.outline(account)["events"])
        others = lacking(billed_by_others(known, config.output), folder)
        for path in _rendered(config, ledger, folder, account=account, month=of_month, only=formats, others=others):
            say(str(path))
        status, _ = write_index(config, ledger, folder)
    ctx.exit(status)
