"""Working the list: what people say of differences. A note holds for a difference as it is (docs/rules.md §18.6)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from jobs.errors import UsageError
from reports.match.result import CODES, Item, Note
from reports.stored import plain
from reports.text import shown

REASONS = ("agreed-ours", "agreed-theirs", "timing", "credited", "accepted")
_LONGEST = 500  # UTF-16 units of a note


@dataclass(frozen=True, slots=True)
class NoteRequest:
    """`--note TARGET:REASON[:TEXT]`; the target is a session's id or a code."""

    session_id: int | None
    code: str | None
    reason: str
    text: str

    def is_about(self, item: Item) -> bool:
        return item.code == self.code if self.code else item.session_id == self.session_id


def asked(text: str) -> NoteRequest:
    """Raises UsageError."""
    target, _, rest = text.partition(":")
    reason, _, said = rest.partition(":")
    if reason not in REASONS:
        raise UsageError(f"--note: expected SESSION_OR_CODE:REASON[:TEXT] with one of the reasons {', '.join(REASONS)}")
    if reason == "credited" and not said.strip():
        raise UsageError("--note: credited needs the vendor's reference: SESSION_OR_CODE:credited:REFERENCE")
    if target.isascii() and target.isdigit() and len(target) < 20:
        return NoteRequest(int(target), None, reason, shown(said.strip(), _LONGEST))
    if target in CODES:
        return NoteRequest(None, target, reason, shown(said.strip(), _LONGEST))
    raise UsageError("--note: expected a session's number or a code, such as status-differs, before the ':'")


def digest(item: Item) -> str:
    """What tells a difference from any other, and from itself when it has changed."""
    parts = (item.code, item.session_id, item.ours, item.theirs, item.count, plain(item.amount))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def noted(items: Iterable[Item], wanted: Sequence[NoteRequest], *, at: datetime, by: str) -> dict[str, Note]:
    """The notes by the digest of what each is about. Raises UsageError for a target that no item is."""
    found: dict[str, Note] = {}
    listed = list(items)
    for one in wanted:
        about = [item for item in listed if one.is_about(item)]
        if not about:
            target = one.code or f"session {one.session_id}"
            raise UsageError(
                f"--note: {target} is not a difference of this match; run it without --note to see the list"
            )
        for item in about:
            found[digest(item)] = Note(at, by, item.code, item.session_id, one.reason, one.text)
    return found


def closed(items: Iterable[Item], notes: Mapping[str, Note]) -> tuple[Item, ...]:
    """The items, those with a note no longer open."""
    return tuple(replace(item, open=False) if item.open and digest(item) in notes else item for item in items)
