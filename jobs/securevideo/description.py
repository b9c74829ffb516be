"""UsageDescription, the text on the vendor's own invoice: `HOST Session #ID with P1, P2 - STATUSTEXT`.

Nothing in it is quoted: a name may hold ` with `, commas, ` - ` and even ` Session #`. So a part of the text counts
only where docs/rules.md §12.2 is sure of it; everything else names nobody and contradicts nothing.
"""

import re

MARK = "Session #"
COUNTED = " - Counted Session"
SVCO = " - Session with SecureVideo.com - does not count towards billable limits"
HOST_NAME_LENGTH = 200

_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_UNSHOWN: dict[int, str | None] = {
    **{code: " " if chr(code).isspace() else None for code in _CONTROLS},
    **dict.fromkeys([*_BIDI, 0xFFFE, 0xFFFF]),
}
_NUMBER = re.compile(r"([0-9]+)(?: with | - |\s*\Z)")


def clean(text: str) -> str:
    """`text` on one line: without control characters, bidi controls and U+FFFE, each run of blanks one blank."""
    return " ".join(text.translate(_UNSHOWN).split())


def host_part(text: str, session_id: int) -> str | None:
    """What stands before `Session #`, as sent; None unless that stands there once, with this very SessionId."""
    before, mark, after = text.partition(MARK)
    if not mark or MARK in after:
        return None
    number = str(session_id)
    following = after[len(number) : len(number) + 1]
    if not after.startswith(number) or following.isalnum():
        return None
    return before


def host_name(part: str) -> str | None:
    """The name to show for a `host_part`: clean, at most 200 characters; None where nothing is left of it."""
    name = clean(part)
    if len(name) > HOST_NAME_LENGTH:
        name = name[: HOST_NAME_LENGTH - 1] + "…"
    return name or None


def host_and_contradiction(text: str, session_id: int, status: str | None) -> tuple[str | None, str | None]:
    """The `host_part`, and how the text contradicts its row, or None (`description-mismatch`, docs/rules.md §4.3).

    "session-number": the only `Session #` of the text has another number, and stands before any ` with `, where no
    participant is named. "counted-wording", "svco-wording": the text *ends* in the wording of BILL or SVCO, after
    ` - `, on a row of another status; the same words further in may be somebody's name.
    """
    part = host_part(text, session_id)
    if part is None and _numbers_another_session(text, session_id):
        return None, "session-number"
    ending = text.rstrip()
    if status != "BILL" and ending.endswith(COUNTED):
        return part, "counted-wording"
    if status != "SVCO" and ending.endswith(SVCO):
        return part, "svco-wording"
    return part, None


def _numbers_another_session(text: str, session_id: int) -> bool:
    before, mark, after = text.partition(MARK)
    if not mark or MARK in after:
        return False
    found = _NUMBER.match(after)
    if not found or found[1].lstrip("0") == str(session_id):
        return False
    return " with " not in f" {before.casefold()} "


def participants_and_note(text: str, session_id: int) -> tuple[str | None, str | None]:
    """The participants and the status wording, both clean; only for `participants: full`.

    The documented wordings are cut off exactly, any other at the last ` - `: that is for reading, not for rules. A text
    of another shape is a note as a whole, so that nothing of it is lost.
    """
    if host_part(text, session_id) is None:
        return None, clean(text) or None
    rest = text.partition(MARK)[2][len(str(session_id)) :].rstrip()
    for wording in (SVCO, COUNTED):
        if rest.endswith(wording):
            names, note = rest.removesuffix(wording), wording
            break
    else:
        names, dash, note = rest.rpartition(" - ")
        if not dash:
            names, note = rest, ""
    if names and not names.startswith(" with "):
        return None, clean(rest) or None
    return clean(names.removeprefix(" with ")) or None, clean(note.removeprefix(" - ")) or None
