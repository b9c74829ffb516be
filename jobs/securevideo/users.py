"""`GET /user` (articles 81, 382): the active users of an account, of whom some are hosts.

A user who left is not in the list: History and UsageDescription still name them. Everything but the four fields
below is passed over unread.
"""

import codecs
import re
from typing import Any

from jobs.billing.enrichment import Host
from jobs.errors import ReplyRefused
from jobs.securevideo import strict_json
from reports.text import shown

_LONGEST = 200  # characters of a name or id shown
_LONGEST_STATUS = 40


def read(body: bytes) -> tuple[Host, ...]:
    """The users in the list, by id. One whose id cannot be read is left out: nothing could be joined to it.

    Raises TryAgainLater and ReplyRefused like `payload.read`.
    """
    found: dict[int, Host] = {}
    for number, element in enumerate(strict_json.elements(body), 1):
        user: Any = strict_json.exact(bytes(element), number)
        if isinstance(user, dict) and (its_id := user_id(user.get("SystemUserId"))) is not None:
            texts = (text_of(user.get(name)) for name in ("FullName", "ExternalId", "SystemRoles"))
            found[its_id] = Host(its_id, *texts)
    return tuple(found[its_id] for its_id in sorted(found))


def user_id(value: object) -> int | None:
    """A positive number of 64 bits, sent as a number or as digits; None for anything else."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,19}", text) and 1 <= int(text) < 2**63 else None


def text_of(value: object) -> str:
    """A name or id on one line, cut where it is too long; "" for anything else."""
    return shown(value, _LONGEST).strip() if isinstance(value, str) else ""


def status(body: bytes, session_id: int) -> str:
    """The SessionStatus in a reply of `GET /status/12345` (article 267), as sent; cut where it is too long for one.

    Raises TryAgainLater and ReplyRefused like `read`, the latter also where the reply has none or is about another
    session: the caller takes both as no answer.
    """
    answers = strict_json.elements(b"[%s]" % body.removeprefix(codecs.BOM_UTF8))
    answer: Any = strict_json.exact(bytes(answers[0]), 1) if len(answers) == 1 else None
    text = answer.get("SessionStatus") if isinstance(answer, dict) else None
    if not isinstance(text, str) or user_id(answer.get("SessionID", session_id)) != session_id:
        raise ReplyRefused("expected an object with SessionStatus of the session asked for; found something else")
    return text[:_LONGEST_STATUS]
