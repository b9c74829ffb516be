"""One account-month, matched: read the vendor's files, compare, write what was found, note it in the ledger."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from jobs.billing.month import Month
from jobs.config import Account, Config
from jobs.matching import activity as activity_file
from jobs.matching import files, invoice
from jobs.matching.activity import Activity
from jobs.matching.invoice import Invoice
from jobs.matching.matching import MatchMade, MatchPresentation, made
from jobs.matching.notes import NoteRequest
from jobs.matching.ours import gathered, neighbours
from jobs.matching.sessions import Ours
from jobs.output.folder import Folder
from jobs.replay import Archive
from reports.match.result import Read


@dataclass(frozen=True, slots=True)
class Given:
    """What is to be compared, and what is said of it."""

    activity: Activity | None
    bill: Path | None
    notes: Sequence[NoteRequest] = ()
    by: str = ""  # who says it


def listed(config: Config, account: Account, path: Path) -> Activity:
    """The vendor's activity file. Raises FileRefused, UsageError."""
    return activity_file.read(path, account.match, f"{config.path}: accounts.{account.key}.match.activity")


def matched(
    config: Config,
    archive: Archive,
    account: Account,
    month: Month,
    *,
    given: Given,
    now: datetime,
    program_version: str,
) -> tuple[MatchMade, list[Path]]:
    """The match, written and noted, and the paths of its files. Raises BillingError."""
    ours = _ours(archive, account.key, month, given.activity)
    bill = None if given.bill is None else _bill(given.bill, ours)
    home = archive.ledger.home(account.key, str(month))
    with Folder(config.output, home, str(month)) as folder, folder.locked():
        known = files.before(archive.ledger, folder, account.key, str(month))
        found = made(
            ours,
            given.activity,
            bill,
            tolerance=(account.match.minutes, account.match.amount),
            before=known,
            asked=given.notes,
            now=now,
            shown=MatchPresentation(config.locale, config.paper, program_version, given.by),
        )
        written = files.write(archive.ledger, folder, found, known, config.file_mode)
        return found, [folder.path / name for name in written]


def _ours(archive: Archive, account: str, month: Month, found: Activity | None) -> Ours:
    """What we hold; also of the months beside this one where the activity file has sessions that are not ours."""
    ours = gathered(archive, account, month)
    if found is None:
        return ours
    known = {*ours.issued["session_id"].tolist(), *ours.newest["session_id"].tolist()}
    if known.issuperset(found.sessions["session_id"].tolist()):
        return ours
    return replace(ours, neighbours=neighbours(archive, account, month))


def _bill(path: Path, ours: Ours) -> tuple[Invoice, Read]:
    content, document = invoice.content_of(path), ours.document
    read = invoice.read(path, content, currency=document.currency, digits=document.digits, parts=document.parts)
    return read, Read(path.name, hashlib.sha256(content).hexdigest(), len(content), len(read.lines))
