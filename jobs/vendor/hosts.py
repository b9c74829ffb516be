"""`GET /user` (articles 81, 382): the active users of an account, of whom some are hosts.

A user who left is not in the list: History and UsageDescription still name them. Everything but the four fields
below is passed over unread.
"""

import codecs
import re
from typing import Any

import msgspec

from jobs.billing.live import Host
from jobs.errors import ReplyRefused
from jobs.vendor import strict_json
from reports.text import shown

_LONGEST = 200  # characters of a name or id shown


def read(body: bytes) -> tuple[Host, ...]:
    """The users in the list, by id. One whose id cannot be read is left out: nothing could be joined to it.

    Raises TryAgainLater and ReplyRefused like `payload.read`.
    """
    found: dict[int, Host] = {}
    for element in strict_json.elements(body):
        user: Any = msgspec.json.decode(element)
        if isinstance(user, dict) and (user_id := _id(user.get("SystemUserId"))) is not None:
            texts = (_text(user.get(name)) for name in ("FullName", "ExternalId", "SystemRoles"))
            found[user_id] = Host(user_id, *texts)
    return tuple(found[user_id] for user_id in sorted(found))


def _id(value: object) -> int | None:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,19}", text) and 1 <= int(text) < 2**63 else None


def _text(value: object) -> str:
    return shown(value, _LONGEST).strip() if isinstance(value, str) else ""


def status(body: bytes) -> str:
    """The SessionStatus in a reply of `GET /status/12345` (article 267), as sent.

    Raises TryAgainLater where the reply is cut off or no JSON, ReplyRefused where there is no SessionStatus in it.
    """
    values = strict_json.elements(b"[" + body.removeprefix(codecs.BOM_UTF8) + b"]")
    answer = strict_json.exact(bytes(values[0]), 1) if len(values) == 1 else None
    text = answer.get("SessionStatus") if isinstance(answer, dict) else None
    if not isinstance(text, str):
        raise ReplyRefused("expected an object with SessionStatus; found something else")
    return text
