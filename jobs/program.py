"""The program's name and version."""

from functools import cache
from importlib import metadata

PROGRAM = "securevideo-billing"


@cache
def version() -> str:
    """Of the installed program."""
    return metadata.version(PROGRAM)
