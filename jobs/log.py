"""The log on stderr: one line an event, text or JSON, with nothing in it that a log must not hold.

Redaction happens in the formatter, so that child loggers and exceptions pass through it too.
"""

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from typing import Literal, TextIO

_EMAIL = re.compile(r"[^\s<>\"'(),;:=/?&]+@[^\s<>\"'(),;:=/?&]+")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")
_SHORTEST_SECRET = 4  # a shorter one would blot out half the log and keeps nothing safe


class Formatter(logging.Formatter):
    """Formats a record as one line; secrets, e-mail addresses and line breaks never get through."""

    def __init__(self, style: Literal["text", "json"]) -> None:
        super().__init__()
        self._json = style == "json"
        self._secrets: set[str] = set()

    def hide(self, secret: str) -> None:
        """From now on `secret` is blotted out."""
        if len(secret) >= _SHORTEST_SECRET:
            self._secrets.add(secret)

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = self._clean(record.getMessage() + _place(record))
        if self._json:
            line = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": message}
            return json.dumps(line, ensure_ascii=False)
        return f"{at} {record.levelname.lower()}: {message}"

    def _clean(self, message: str) -> str:
        for secret in self._secrets:
            message = message.replace(secret, "[secret]")
        return _BREAKS.sub(lambda found: repr(found[0])[1:-1], _EMAIL.sub("[e-mail]", message))


def _place(record: logging.LogRecord) -> str:
    """Where an exception came from; never its text, which may quote a row."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    frames = traceback.extract_tb(record.exc_info[2])
    return f" ({record.exc_info[0].__name__} at {' < '.join(f'{f.name}:{f.lineno}' for f in reversed(frames))})"


def set_up(style: Literal["text", "json"], *, verbose: bool, stream: TextIO) -> Formatter:
    """Sends the program's log to `stream`; gives the formatter, which is told the secrets once they are read."""
    formatter = Formatter(style)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("jobs").setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.captureWarnings(True)
    return formatter
