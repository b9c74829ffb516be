"""`init`: a commented configuration to begin with."""

from contextlib import suppress
from pathlib import Path

import click

from jobs.commands.console import say
from jobs.errors import OutputError, UsageError
from jobs.program import PROGRAM

_EXAMPLE = "config.example.yaml"


def _example() -> bytes:
    """The example, there once: within the package where a wheel brought it, else at the top of the source tree."""
    package = Path(__file__).parents[1]
    packed = package / _EXAMPLE
    return (packed if packed.is_file() else package.with_name(_EXAMPLE)).read_bytes()


def _write(path: Path, content: bytes) -> None:
    """Raises UsageError where anything is there, if only a link; OutputError."""
    try:
        file = path.open("xb")
    except FileExistsError:
        raise UsageError(
            f"{path} already exists and is not overwritten; name another file: {PROGRAM} --config FILE init"
        ) from None
    except OSError as error:
        raise OutputError(f"{path}: {(error.strerror or '').lower()}; it cannot be written there") from error
    try:
        with file:
            file.write(content)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise OutputError(f"{path}: {(error.strerror or '').lower()}; nothing was written") from error


@click.command()
@click.pass_context
def init(ctx: click.Context) -> None:
    """Write a commented configuration to config.yaml, or to the file that --config names. Never overwrites.

    It shows every key with its default or an example, two accounts among them, to change into your own.
    """
    path: Path = ctx.obj.config_file
    _write(path, _example())
    command = PROGRAM if path == Path("config.yaml") else f"{PROGRAM} --config {path}"
    say(f"wrote {path}")
    say(f"Next: put your own accounts into it, and their credentials where it says they are; then run: {command} check")
