"""The program's name and version."""

from datetime import UTC, datetime
from functools import cache
from importlib import metadata

PROGRAM = "securevideo-billing"


def now() -> datetime:
    """Aware, UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


@cache
def version() -> str:
    """Of the installed program."""
    return metadata.version(PROGRAM)
