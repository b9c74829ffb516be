"""Where two files of one format differ: each place named as a person would look it up in the file."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from reports import formats
from reports.formats import Place
from reports.text import shown

NOTHING = "nothing"
_SHOWN = 80  # characters of a value


class FileDifference(NamedTuple):
    where: str
    expected: str
    found: str
    holds: str = "figures"  # as `Place.holds`: "names" where either file says so


def differing(format_name: str, expected: bytes, found: bytes) -> Iterator[FileDifference]:
    """Each place that differs; one for the whole file where it cannot be read."""
    read = formats.loaded(format_name).places
    try:
        there, wanted = list(read(found)), list(read(expected))  # first what may be unreadable
    except Exception as error:  # noqa: BLE001  # a damaged file makes its reader raise anything
        yield FileDifference("the whole file", f"readable {format_name}", f"unreadable ({type(error).__name__})")
        return
    holds = {where: what for where, _, what in (*there, *wanted)}
    holds |= {where: what for where, _, what in there if what == "names"}
    for where, one, two in unlike(_texts(wanted), _texts(there)):
        yield FileDifference(where, one, two, holds[where])


def _texts(places: Iterable[Place]) -> Iterator[tuple[str, str]]:
    return ((where, text) for where, text, _ in places)


def unlike(expected: Iterable[tuple[str, str]], found: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """(where, expected, found) for each place where the two differ: those expected in order, then the others."""
    wanted, there = dict(expected), dict(found)
    for place in [*wanted, *(place for place in there if place not in wanted)]:
        one, two = wanted.get(place, NOTHING), there.get(place, NOTHING)
        if one != two:
            yield place, _fit(one), _fit(two)


def stored_figures(format_name: str, content: bytes) -> dict[str, str]:
    """The figures of docs/rules.md §11.1 as a file holds them; nothing in a format that does not name them."""
    read = getattr(formats.loaded(format_name), "figures", None)
    return read(content) if read else {}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value within a JSON tree, by its path: `lines.0.amount`."""
    if isinstance(value, dict | list) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value


def _fit(text: str) -> str:
    """On one line of bearable length, whatever somebody put into the file."""
    text = shown(text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
