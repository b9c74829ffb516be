"""The page docs/reference.md, made from what `--help` says: `python -m docs.reference`."""

import re
from pathlib import Path

import click

from jobs.commands import group

PAGE = Path(__file__).with_name("reference.md")
_WIDTH = 100
_HEAD = """# Commands

What `--help` says of each: this page is made from it by `make golden`. How the commands are used is in the
[README](../README.md) and in [operating.md](operating.md).
"""


def _help(command: click.Command, parent: click.Context | None) -> str:
    name = group.PROGRAM if parent is None else command.name
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        help_option_names=["-h", "--help"],
    )
    return re.sub(r" +$", "", command.get_help(context), flags=re.MULTILINE)


def text() -> str:
    """The page."""
    main = click.Context(group.main, info_name=group.PROGRAM)
    parts = [_HEAD, f"```text\n{_help(group.main, None)}\n```\n"]
    for name in group.main.list_commands(main):
        command = group.main.get_command(main, name)
        assert command is not None  # noqa: S101  # it is in the list
        parts.append(f"## {name}\n\n```text\n{_help(command, main)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(text())
