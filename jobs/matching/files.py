"""What a match leaves: its files in the month's folder, and events in the ledger. Nothing else is touched."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jobs.ledger.store import Ledger
from jobs.matching.letter import letter
from jobs.matching.matching import Before, MatchMade
from jobs.matching.notes import digest
from jobs.output.folder import Folder
from reports import match as formats
from reports.match.result import Match, Note
from reports.stored import plain

_FILE = re.compile(r"match-([0-9]{1,9})(?:-letter)?\.[a-z]+")


def before(ledger: Ledger, folder: Folder, account: str, month: str) -> Before:
    """What is known of earlier matches. No number is used again, even where somebody removed the files."""
    numbers = [int(found[1]) for name in folder.names() if (found := _FILE.fullmatch(name))]
    first_seen: dict[str, datetime] = {}
    for at, detail in ledger.noted(account, month, "matched"):
        numbers.append(detail["number"])
        for one in detail["new"]:
            first_seen.setdefault(one, at)
    notes = {
        detail["digest"]: Note(at, *(detail[name] for name in ("by", "code", "session_id", "reason", "text")))
        for at, detail in ledger.noted(account, month, "match-noted")
    }
    return Before(max(numbers, default=0), first_seen, notes)


def write(ledger: Ledger, folder: Folder, made: MatchMade, known: Before, file_mode: int) -> dict[str, str]:
    """Writes the files and notes the match; gives each file's SHA-256 by name. Raises OutputError, LedgerError."""
    match = made.match
    contents = {f"{match.stem}.{name}": formats.render(name, match, made.sessions) for name in formats.NAMES}
    if text := letter(match):
        contents[f"{match.stem}-letter.txt"] = text.encode()
    for name, content in contents.items():
        folder.write(name, content, file_mode)
    home = ledger.home(match.account, match.month)
    for about, note in made.new_notes.items():
        ledger.add_event(home, match.month, "match-noted", detail=_note(about, note))
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    ledger.add_event(home, match.month, "matched", detail=_event(match, known.first_seen, digests))
    return digests


def _note(about: str, note: Note) -> dict[str, Any]:
    said = {name: getattr(note, name) for name in ("by", "code", "session_id", "reason", "text")}
    return {"digest": about, **said}


def _event(match: Match, first_seen: Mapping[str, datetime], files: Mapping[str, str]) -> dict[str, Any]:
    """Nothing of the files compared but their names, digests and sizes. `since`: from when open differences age."""
    open_since = [at for at, item in zip(match.first_seen, match.items, strict=True) if item.open]
    since = match.bill.date if match.bill else min(open_since, default=match.made_at).date()
    return {
        "number": match.number,
        "files": files,
        "read": [{"name": one.name, "sha256": one.sha256, "size": one.size, "rows": one.rows} for one in match.files],
        "bill": match.bill.number if match.bill else None,
        "ours_total": plain(match.ours_total),
        "theirs_total": plain(match.theirs_total),
        "open": match.open_items,
        "since": since.isoformat(),
        "new": sorted({digest(item) for item in match.items} - first_seen.keys()),
    }
