"""The program's name and version, and the clock that it goes by."""

from datetime import UTC, datetime

from jobs.program import PROGRAM, version

__all__ = ["PROGRAM", "now", "version"]


def now() -> datetime:
    """Aware, UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
