"""From a webhook's body to what is stored of it: only what cannot hold a name (`jobs.ledger.webhook_events`).

`Attributes`, and whatever else a body holds, leave their trace in its digest alone. A type or status is stored if it
reads like a code, documented or not; a wrong EventTs is no EventTs. What is no event at all is refused.
"""

import codecs
import hashlib
import re
from datetime import UTC, datetime

import msgspec

from jobs.ledger.webhook_events import WebhookEvent

SESSION_STATUS = "SESSION_STATUS"  # the type whose ID is a session's
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_ID = re.compile(r"[0-9]{1,19}")
_LARGEST_ID = 2**63 - 1
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?")


class NoEvent(Exception):  # no error of ours: the sender is answered so
    """The body is no event. Says what is wrong, nothing of the body."""


def read(account: str, body: bytes, received_at: datetime) -> WebhookEvent:
    """The event in `body`, of either payload generation or of an unknown type. Raises NoEvent."""
    said, digest = _decoded(body)
    kind = said.get("WebhookType")
    if not isinstance(kind, str):
        raise NoEvent("WebhookType must be a text")
    session_id, status = _session(said) if kind == SESSION_STATUS else (None, None)
    return WebhookEvent(account, digest, _code(kind), session_id, status, _instant(said.get("EventTs")), received_at)


def _decoded(body: bytes) -> tuple[dict[str, object], str]:
    """The object, and the SHA-256 of one spelling of it: sent again with other blanks it is the same event."""
    try:
        said = msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8))
        canonical = msgspec.json.encode(said, order="deterministic")
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise NoEvent("the body must be JSON in UTF-8") from None
    if not isinstance(said, dict):
        raise NoEvent("the body must be a JSON object")
    return said, hashlib.sha256(canonical).hexdigest()


def _session(said: dict[str, object]) -> tuple[int, str | None]:
    found, status = said.get("ID"), said.get("Status")
    if isinstance(found, str) and _ID.fullmatch(found):
        found = int(found)
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= _LARGEST_ID:
        raise NoEvent("ID must be a session's number")
    if not isinstance(status, str):
        raise NoEvent("Status must be a text")
    return found, _code(status)


def _code(text: str) -> str | None:
    return text if _CODE.fullmatch(text) else None


def _instant(value: object) -> datetime | None:
    """EventTs; without an offset it is UTC. None where it is missing or no instant."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
