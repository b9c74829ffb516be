"""Mistakes as lines for a person: `config.yaml:12: accounts.acme.plans.0.monthly_fe: …`, in the order of the file."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jobs.config import fields, models
from jobs.config.section import Section
from jobs.config.source import Source

KeyPath = tuple[str | int, ...]
Mistake = tuple[KeyPath, str]

_SHAPES = {
    "model_type": "a mapping of keys to values",
    "dict_type": "accounts, each under a key of its own",
    "list_type": "a list",
}


def lines(file: Path, source: Source, found: Iterable[Mistake], root: type[Section] = models.FileSection) -> list[str]:
    """One line for each mistake, those of the YAML included, ascending by line, `file` before those of accounts.

    `root`: the section of the file.
    """
    mistakes = [*((source.root.line_of(path), path, message) for path, message in found), *source.mistakes]
    placed = [(_file_of(path, source) or file, line, path, message) for line, path, message in mistakes]
    placed.sort(key=lambda mistake: (mistake[0] != file, mistake[0], mistake[1]))
    texts = (
        f"{where}{f':{line}' if line else ''}: {shown(path, root)}: {message}" for where, line, path, message in placed
    )
    return list(dict.fromkeys(texts))


def _file_of(path: KeyPath, source: Source) -> Path | None:
    return source.files.get(str(path[1])) if path[:1] == ("accounts",) and len(path) > 1 else None


def from_pydantic(
    error: ValidationError, tree: dict[str, Any], root: type[Section] = models.FileSection
) -> Iterator[Mistake]:
    for entry in error.errors(include_url=False):
        path = _in_file(entry["loc"], tree)
        kind = entry["type"]
        if kind == "extra_forbidden":
            yield path, _unknown(path, root)
        elif kind in _SHAPES:
            yield path, _misshapen(path, _SHAPES[kind], entry["input"], root)
        elif kind == "too_short":
            yield path, "expected at least one entry; found none"
        elif kind == "too_long":
            yield path, f"expected at most {entry['ctx']['max_length']} entries; found {entry['ctx']['actual_length']}"
        else:
            yield path, entry["msg"]


def _in_file(loc: tuple[str | int, ...], tree: Any) -> KeyPath:
    """`loc` without pydantic's own steps (`[key]`, the branch of a union), and `from` for `from_`."""
    path: list[str | int] = []
    node = tree
    for place, step in enumerate(loc):
        children = _children(node)
        if step in children:
            path.append(step)
            node = children[step]
        elif isinstance(node, dict) and place == len(loc) - 1 and not str(step).startswith("["):
            path.append(str(step).rstrip("_"))  # a key that is missing
    return tuple(path)


def _children(node: object) -> dict[Any, Any]:
    if isinstance(node, list):
        return dict(enumerate(node))
    return node if isinstance(node, dict) else {}


def _misshapen(path: KeyPath, shape: str, value: object, root: type[Section]) -> str:
    section = _section(path, root)
    inside = f" ({', '.join(models.keys(section))})" if section and "mapping" in shape else ""
    return f"expected {shape}{inside}; {fields.found(value)}"


def _unknown(path: KeyPath, root: type[Section]) -> str:
    section = _section(path[:-1], root)
    known = list(models.keys(section)) if section else []
    near = get_close_matches(str(path[-1])[:40], known, n=1)
    return f"unknown key;{f' did you mean {near[0]}?' if near else ''} allowed here: {', '.join(known)}"


def _section(path: KeyPath, root: type[Section]) -> type[Section] | None:
    """The section whose keys stand at `path`."""
    section: type[Section] | None = root
    by_name = False
    for step in path:
        if isinstance(step, int) or by_name:
            by_name = False
            continue
        annotation = models.keys(section).get(step) if section else None
        section, by_name = models.section_in(annotation), models.is_by_name(annotation)
    return section


def shown(path: KeyPath, root: type[Section] = models.FileSection) -> str:
    """The path as text on one line. A step that could be a misplaced secret is left out: the line is enough."""
    return ".".join(_step(path[:place], step, root) for place, step in enumerate(path)) or "the file"


def _step(above: KeyPath, step: str | int, root: type[Section]) -> str:
    if isinstance(step, int):
        return str(step)
    section = _section(above, root)
    if section and step in models.keys(section):
        return step
    harmless = len(step) <= 63 if above == ("accounts",) else len(step) <= 31 and not any(map(str.isdigit, step))
    by_secrets = "credentials" in above or "webhook" in above
    if by_secrets or not harmless or not step.isprintable() or ":" in step or "@" in step:
        return "…"
    return step
