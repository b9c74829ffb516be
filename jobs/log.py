"""The log on stderr: one line an event, text or JSON, with nothing in it that a log must not hold.

What a person must act on (errors, findings) goes the same way: in text without time and level, as any program's errors
read; in JSON with fields of its own, such as account and month. Redaction happens in the formatter, so that child
loggers and exceptions pass through it too.
"""

import json
import logging
import os
import re
import socket
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TextIO

from jobs.errors import BillingError

_OWN = {"user@host", "name@domain"}  # what the program's own messages show in place of an address
_EMAIL = re.compile(r"[^\s<>\"'(),;:=/?&]+@[^\s<>\"'(),;:=/?&]+")
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")  # bidi controls too
CLEAR_LINE = "\r\x1b[K"  # on a terminal, where a progress bar may stand
_COLOURS = {logging.ERROR: "\x1b[31m", logging.WARNING: "\x1b[33m"}
_PLAIN = "\x1b[0m"
_SHORTEST_SECRET = 4  # a shorter one would blot out half the log and keeps nothing safe


class Formatter(logging.Formatter):
    """Formats a record as one line; secrets, e-mail addresses and line breaks never get through."""

    def __init__(self, style: Literal["text", "json"], *, before: str = "", coloured: bool = False) -> None:
        """`before` stands before each line; `coloured`: errors are red, findings yellow."""
        super().__init__()
        self._colours = _COLOURS if coloured else {}
        self._json = style == "json"
        self._before = before
        self._secrets: set[str] = set()

    def hide(self, secret: str) -> None:
        """From now on `secret` is blotted out."""
        if len(secret) >= _SHORTEST_SECRET:
            self._secrets.add(secret)

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = self.message(record)
        fields: dict[str, object] | None = getattr(record, "fields", None)
        if self._json:
            values = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": message}
            where = {"worker": record.worker} if hasattr(record, "worker") else {}
            return self._before + json.dumps(values | where | (fields or {}), ensure_ascii=False)
        line = f"{at} {record.levelname.lower()}: {message}" if fields is None else message
        begin = self._colours.get(record.levelno, "")
        return f"{self._before}{begin}{line}{_PLAIN if begin else ''}"

    def message(self, record: logging.LogRecord) -> str:
        """What happened, on one line that shows no secret."""
        return self._clean(record.getMessage() + _place(record))

    def _clean(self, message: str) -> str:
        for secret in self._secrets:
            message = message.replace(secret, "[secret]")
        return _BREAKS.sub(lambda found: repr(found[0])[1:-1], _EMAIL.sub(_unless_own, message))


def _unless_own(found: re.Match[str]) -> str:
    return found[0] if found[0] in _OWN else "[e-mail]"


def _place(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return "" if error is None else f" ({origin(error, frames=20)})"


def origin(error: BaseException, *, frames: int = 3) -> str:
    """Where an exception came from; never its text, which may quote a row."""
    places = [f"{f.name} ({Path(f.filename).name}:{f.lineno})" for f in traceback.extract_tb(error.__traceback__)]
    return f"{type(error).__name__} in {' < '.join(reversed(places[-frames:]))}"


def bug(error: BaseException) -> str:
    """What to say of an error that nobody expected."""
    return f"internal error {origin(error)}; please report this line"


def reason(error: Exception) -> str:
    """Why something failed, in one line."""
    return str(error) if isinstance(error, BillingError) else bug(error)


def tell(level: int, message: str, **fields: object) -> None:
    """Says what a person must know or act on; `fields` stand beside the message in JSON, and hold no text of a row."""
    logging.getLogger(__name__).log(level, "%s", message, extra={"fields": fields})


def set_up(style: Literal["text", "json"], *, verbose: bool, stream: TextIO, plain: bool = False) -> Formatter:
    """Sends the program's log to `stream`; gives the formatter, which learns the secrets once they are read.

    `plain`: without colours, on a terminal too.
    """
    terminal = stream.isatty()
    formatter = Formatter(style, before=CLEAR_LINE if terminal else "", coloured=terminal and not plain)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("jobs").setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.captureWarnings(True)
    return formatter


@dataclass(frozen=True, slots=True)
class Line:
    """A record of another process, without secrets."""

    logger: str
    level: int
    created: float  # seconds since the epoch
    message: str
    fields: dict[str, object] | None
    worker: str  # host and process


class Collector(logging.Handler):
    """Keeps what one thread logs, until it is taken."""

    def __init__(self, thread: int) -> None:
        super().__init__()
        self.formatter: Formatter = Formatter("text")
        self._thread = thread
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._lines: list[Line] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            message, fields = self.formatter.message(record), getattr(record, "fields", None)
            self._lines.append(Line(record.name, record.levelno, record.created, message, fields, self._worker))

    def taken(self) -> tuple[Line, ...]:
        """What was logged since the last time."""
        lines, self._lines = tuple(self._lines), []
        return lines


@contextmanager
def collected(level: int) -> Iterator[Collector]:
    """Collects what this thread logs from `level` on, to be shown by another process."""
    collector, root, ours = Collector(threading.get_ident()), logging.getLogger(), logging.getLogger("jobs")
    root.addHandler(collector)
    ours.setLevel(level)
    try:
        yield collector
    finally:
        root.removeHandler(collector)


def show(lines: Iterable[Line]) -> None:
    """Logs what another process logged, as of then."""
    for line in lines:
        logger = logging.getLogger(line.logger)
        if logger.isEnabledFor(line.level):
            extra = {"fields": line.fields, "worker": line.worker}
            record = logger.makeRecord(line.logger, line.level, "", 0, line.message, (), None, extra=extra)
            record.created = line.created
            logger.handle(record)
