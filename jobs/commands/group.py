"""The program's own command: what stands before the others, and how their errors are shown."""

import gc
import io
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobs import log
from jobs.commands.console import stdout_lost
from jobs.commands.program import PROGRAM, version
from jobs.errors import BillingError, UsageError

if TYPE_CHECKING:
    from jobs.config import Config

_SHORT_HELP = {  # in the manual's order; each command is in the module of its name
    "run": "Bill months: fetch, reconcile, issue, write the files.",
    "demo": "Bill a made-up clinic; nothing to set up.",
    "init": "Write a commented configuration to begin with.",
    "check": "Validate the configuration; print the plans.",
    "status": "Ask whether a session is in progress.",
    "report": "Report a host's or participant's use, unbilled.",
    "open": "Open the overview in the browser.",
    "history": "Show what the ledger holds.",
    "statement": "List what was issued to an account.",
    "accept": "Accept a finding, by name and with a reason.",
    "diff": "Show what changed since a month was issued.",
    "compare": "Show what other plans would have cost.",
    "match": "Check the vendor's bill against ours.",
    "verify": "Prove ledger, snapshots and files, offline.",
    "render": "Write the files of issued documents again.",
    "allocate": "Show what each cost centre pays of a month.",
    "export": "Write issued documents for the books.",
    "backup": "Copy the ledger.",
    "rename": "Give an account another key in the ledger.",
    "simulate-vendor": "Run the simulated SecureVideo API on this machine.",
    "webhook": "Receive SecureVideo's webhooks.",
}


@dataclass(frozen=True, slots=True)
class Invocation:
    """What stands before the command."""

    config_file: Path

    def config(self, only: str | None = None) -> "Config":
        """`only`: the key of the account that is needed. Raises ConfigError."""
        from jobs.config import load

        return load(self.config_file, only)


class Commands(click.Group):
    """Commands in the order of the manual, each imported when it is called, since what it rests on takes a second.

    Expected errors are one readable line each, never a traceback.
    """

    def list_commands(self, _: click.Context) -> list[str]:
        return list(_SHORT_HELP)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in _SHORT_HELP:
            return None
        module = name.replace("-", "_")
        gc.disable()  # else it looks through hundreds of new modules again and again: a quarter of the time to start
        command: click.Command = getattr(import_module(f"jobs.commands.{module}"), module)
        if name not in _UNCONFIGURED and _CONFIG not in command.params:
            command.params.append(_CONFIG)
        gc.freeze()
        gc.enable()
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_SHORT_HELP.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # until the arguments are read
        ctx.meta["formatter"] = log.set_up(
            "text", verbose=False, stream=sys.stderr, plain=_plain()
        )  # until the arguments are read
        with _errors_told(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        style, verbose = ctx.params["log_format"], ctx.params["verbose"]
        ctx.meta["formatter"] = log.set_up(style, verbose=verbose, stream=sys.stderr, plain=_plain())
        with _errors_told(ctx):
            return super().invoke(ctx)


def _plain() -> bool:
    """Whether the user wants no colours (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


def _configured(ctx: click.Context, _: click.Parameter, file: Path | None) -> None:
    if file is not None:
        ctx.obj = Invocation(file)


_UNCONFIGURED = {"demo", "simulate-vendor"}
_CONFIG = click.Option(
    ["--config"],
    type=click.Path(path_type=Path),
    metavar="FILE",
    expose_value=False,
    callback=_configured,
    help="The configuration file, as before the command.",
)


@contextmanager
def _errors_told(ctx: click.Context) -> Iterator[None]:
    """Ends the program with one line on stderr for each thing that is wrong, and the exit status that goes with it."""
    try:
        yield
    except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError, BrokenPipeError):
        raise  # click's own; where nobody reads stdout any more it ends quietly
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # a traceback may quote a row
        lines, status = _in_lines(_explained(error), ctx)
        for line in lines:
            log.tell(logging.ERROR, line)
        ctx.exit(status)


def _explained(error: BaseException) -> BaseException:
    """What lies behind an error of the system that names no file: click prints help, Python asks for the folder."""
    if isinstance(error, OSError) and error.filename is None:
        try:
            os.getcwd()  # noqa: PTH109  # nothing is done with it
        except FileNotFoundError:
            return UsageError(
                "the current folder no longer exists; change to one that does, then run the command again"
            )
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        return stdout_lost(error) if frames[-1].f_code is click.echo.__code__ else error
    return error


def _in_lines(error: BaseException, ctx: click.Context) -> tuple[list[str], int]:
    """What to say of an error, and the exit status."""
    match error:
        case click.UsageError():
            command = (error.ctx or ctx).command_path
            return [f"{PROGRAM}: {error.format_message().rstrip('.')}; see {command} --help"], 2
        case UsageError():
            return [f"{PROGRAM}: {error}"], error.exit_status
        case BillingError():
            return str(error).splitlines(), error.exit_status
        case KeyboardInterrupt():
            return [f"{PROGRAM}: interrupted; the same command again does what is left"], 1
    return [f"{PROGRAM}: {log.bug(error)}"], 1


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    envvar="SECUREVIDEO_BILLING_CONFIG",
    default=Path("config.yaml"),
    help="The configuration file; default config.yaml, or $SECUREVIDEO_BILLING_CONFIG.",
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="Of stderr; one line an event.")
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
@click.version_option(version(), prog_name=PROGRAM)
@click.pass_context
def main(ctx: click.Context, /, *, config_file: Path, **_: object) -> None:
    """Bills SecureVideo sessions month by month.

    Exit status: 0 all done; 1 a unit failed; 2 wrong usage or configuration; 3 all ran, but something needs
    attention.
    """
    ctx.obj = Invocation(config_file)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal's encoding lacks stops nothing
