"""The installed command: the command line, whatever it was started with."""

import os
import sys


def main() -> None:
    _open_closed_streams()
    try:
        from jobs.commands.group import main as command_line

        command_line()
    except KeyboardInterrupt:  # before the command line is there to say it
        sys.exit("securevideo-billing: interrupted; the same command again does what is left")


def _open_closed_streams() -> None:
    """Puts the null device where a standard stream was left closed; else the next file opened takes its place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  # a descriptor, for good
