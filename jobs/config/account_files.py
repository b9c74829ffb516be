"""Accounts in files of their own: `accounts: accounts/` stands for what `acme.yaml` and the others there hold."""

from pathlib import Path

from jobs.config import source
from jobs.config.source import Node, Source, Unreadable

_NONE = (0, Node(0, None))


def joined(read: Source, folder: Path, only: str | None = None) -> Source:
    """The source with the accounts of the folder that it names in their place; as it is, where it names none.

    `folder`: what the name counts from. `only`: the key of the account to be read, where there is a file of it.
    Raises Unreadable.
    """
    root = read.root.value
    line, named = root.get("accounts", _NONE) if isinstance(root, dict) else _NONE
    if not isinstance(named.value, str):
        return read
    files = _files(folder / named.value, line, only)
    accounts: dict[str, tuple[int, Node]] = {}
    wrong = [*read.mistakes]
    for file in files:
        where = ("accounts", file.stem)
        try:
            one = source.read(file)
        except Unreadable as error:
            wrong.append((error.line, where, error.message))
            continue
        accounts[file.stem] = one.root.line, one.root
        wrong += [(place, (*where, *path), message) for place, path, message in one.mistakes]
    whole = Node(read.root.line, {**root, "accounts": (line, Node(line, accounts))})
    return Source(whole, tuple(wrong), {file.stem: file for file in files})


def _files(folder: Path, line: int, only: str | None) -> list[Path]:
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".yaml" and not file.name.startswith("."))
    except (OSError, ValueError):
        said = "accounts: expected accounts, each under a key of its own, or the folder of their files; no folder found"
        raise Unreadable(line, said) from None
    if not files:
        raise Unreadable(line, "accounts: the folder named here has no file such as acme.yaml, one for each account")
    return [file for file in files if file.stem == only] or files
