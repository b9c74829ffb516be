"""The program's name and version, how it was called, and the clock that it goes by."""

import shutil
import sys

from jobs.program import PROGRAM, now, version

__all__ = ["PROGRAM", "called_as", "now", "version"]


def called_as() -> str:
    """What a person types to call this very program once more: its name if the PATH leads to it, else where it is."""
    return PROGRAM if shutil.which(PROGRAM) == sys.argv[0] else sys.argv[0]
