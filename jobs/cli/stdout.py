"""Results, on stdout."""

import os
import sys
from contextlib import suppress
from typing import Any

import click

from jobs.errors import OutputError


def print_json(value: Any) -> None:
    """Raises like `say`."""
    from reports.document import pretty

    say(pretty(value).removesuffix(b"\n"))  # in UTF-8 whatever the locale (RFC 8259, 8.1)


def say(result: str | bytes) -> None:
    """Prints to stdout. Raises OutputError; BrokenPipeError where nobody reads it any more."""
    try:
        click.echo(result)
    except BrokenPipeError:
        _discard_stdout()
        raise
    except OSError as error:
        _discard_stdout()
        raise OutputError(
            f"standard output: {(error.strerror or '').lower()}; only what is printed here is lost"
        ) from error


def _discard_stdout() -> None:
    """What is still in its buffer would fail again when the program ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
