"""The program's name and version, how it was called, and the clock that it goes by."""

import shutil
import sys
from datetime import UTC, datetime

from jobs.program import PROGRAM, version

__all__ = ["PROGRAM", "called_as", "now", "version"]


def now() -> datetime:
    """Aware, UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def called_as() -> str:
    """What a person types to call this very program once more: its name if the PATH leads to it, else where it is."""
    return PROGRAM if shutil.which(PROGRAM) == sys.argv[0] else sys.argv[0]
