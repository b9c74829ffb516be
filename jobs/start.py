"""The installed command: the command line, whatever it was started with."""

import gc
import os
import sys
from contextlib import suppress


def main() -> None:
    _open_closed_streams()
    gc.disable()  # modules make no garbage worth a search: whoever loads a command enables it again
    try:
        from jobs.commands.group import main as command_line

        command_line()
    except KeyboardInterrupt:  # before the command line is there to say it
        sys.exit("securevideo-billing: interrupted; the same command again does what is left")
    except SystemExit as end:
        _leave(end.code)
        raise


def _leave(status: object) -> None:
    """Ends the process as `sys.exit` does, but leaves it to the system to clear away what was loaded.

    Python would take it apart object by object, a tenth of the time of a small month. Nothing of this program waits
    for that: files and connections are closed where they are used. Where processes of its own ran, which Python tidies
    up after, or where the streams cannot be flushed, it returns.
    """
    if isinstance(status, int | None) and "multiprocessing" not in sys.modules:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status or 0)


def _open_closed_streams() -> None:
    """Puts the null device where a standard stream was left closed; else the next file opened takes its place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  # a descriptor, for good
