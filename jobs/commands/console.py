"""What a person sees: results on stdout, findings on stderr."""

import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import click

from jobs import log
from jobs.errors import OutputError
from reports.text import so_many

_SHOWN = 20  # findings of a unit; all of them are in its files


def print_json(value: Any) -> None:
    """Raises like `say`."""
    from reports.stored import pretty

    say(pretty(value).removesuffix(b"\n"))  # in UTF-8 whatever the locale (RFC 8259, 8.1)


def show(value: Any, in_words: str, *, as_json: bool) -> None:
    """Prints the result as JSON, or `in_words`. Raises like `say`."""
    if as_json:
        print_json(value)
    else:
        say(in_words)


def print_json_array(values: Iterable[Any]) -> None:
    """The same bytes as `print_json` of the list, each value as it comes. Raises like `say`."""
    from reports.stored import pretty

    before = b"[\n"
    for value in values:
        say(before + b"\n".join(b"  " + line for line in pretty(value).splitlines()), end=False)
        before = b",\n"
    say(b"[]" if before == b"[\n" else b"\n]")


def say(result: str | bytes, *, end: bool = True) -> None:
    """Prints to stdout, with an `end` of line. Raises OutputError; BrokenPipeError where nobody reads it any more."""
    try:
        click.echo(result, nl=end)
    except BrokenPipeError:
        _discard_stdout()
        raise
    except OSError as error:
        raise stdout_lost(error) from error


def stdout_lost(error: OSError) -> OutputError:
    """What to say where stdout cannot be written; from then on what is printed is dropped."""
    _discard_stdout()
    return OutputError(f"standard output: {(error.strerror or '').lower()}; only what is printed here is lost")


def _discard_stdout() -> None:
    """What is still in its buffer would fail again when the program ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell_findings(where: str, findings: Sequence[Mapping[str, Any]], of_unit: Mapping[str, str]) -> None:
    """Says the first of those that are more than information. `of_unit`: what JSON says of each beside it."""
    from reports.findings import what_to_do

    serious = [finding for finding in findings if finding["severity"] != "info"]
    for finding in serious[:_SHOWN]:
        named = {name: finding[name] for name in ("code", "severity", "session_id")}
        text = f"{where}: {finding['severity']}: {finding['code']}: {finding['message']}"
        if finding["severity"] == "blocking":
            text = f"{text}. {what_to_do(finding['code'], finding['severity'])}"
        log.tell(logging.WARNING, text, **of_unit, **named)
    if len(serious) > _SHOWN:
        more = f"{where}: and {so_many(len(serious) - _SHOWN, 'more finding')}; all are on the Findings sheet"
        log.tell(logging.WARNING, more, **of_unit)
