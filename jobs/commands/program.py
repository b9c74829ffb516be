"""The program's name and version, and the clock that it goes by."""

from datetime import UTC, datetime
from importlib import metadata

PROGRAM = "securevideo-billing"


def now() -> datetime:
    """Aware, UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def version() -> str:
    """Of the installed program."""
    return metadata.version(PROGRAM)
