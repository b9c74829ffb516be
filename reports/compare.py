"""Where two files of one format differ: each place named as a person would look it up in the file."""

import csv
import io
import json
import re
import warnings
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from itertools import zip_longest
from typing import Any

from openpyxl import load_workbook

from reports.formats.xlsx import read_figures
from reports.text import shown

Place = tuple[str, str]  # where, and what stands there

NOTHING = "nothing"
_SHOWN = 80  # characters of a value
_NAMES = re.compile(r"row \d+, (participants|note)\b.*|row \d+, nothing|Sessions(?: \d+)?![M-Z]+\d+(?: \(formula\))?")


def differing(format_name: str, expected: bytes, found: bytes) -> Iterator[tuple[str, str, str]]:
    """(place, expected, found) for each place that differs; one for the whole file where it cannot be read."""
    readers = {"xlsx": _cells, "html": _fields_and_lines, "csv": _columns, "json": _values, "pdf": _size}
    read = readers.get(format_name, _lines)
    try:
        with warnings.catch_warnings(action="ignore"):  # openpyxl warns of what it would not write again
            there, wanted = dict(read(found)), dict(read(expected))  # first what may be unreadable
    except Exception as error:  # noqa: BLE001  # a damaged file makes its reader raise anything
        yield "the whole file", f"readable {format_name}", f"unreadable ({type(error).__name__})"
        return
    yield from unlike(wanted.items(), there.items())


def unlike(expected: Iterable[Place], found: Iterable[Place]) -> Iterator[tuple[str, str, str]]:
    """(place, expected, found) for each place where the two differ: those expected in order, then the others."""
    wanted, there = dict(expected), dict(found)
    for place in [*wanted, *(place for place in there if place not in wanted)]:
        one, two = wanted.get(place, NOTHING), there.get(place, NOTHING)
        if one != two:
            yield place, _fit(one), _fit(two)


def is_looks(place: str) -> bool:
    """Whether a place of `differing` is only a line of text, which says nothing of the figures in it."""
    return place.startswith("line ")


def may_name_participants(place: str) -> bool:
    """Whether a place of `differing` lies in a column that holds names and notes where they are shown."""
    return _NAMES.fullmatch(place) is not None


def stored_figures(format_name: str, content: bytes) -> dict[str, str]:
    """The figures of docs/rules.md §11.1 as a workbook or page holds them; nothing for other formats."""
    if format_name == "xlsx":
        return {name: str(value) for name, value in read_figures(content).items()}
    if format_name == "html":
        fields = _DataFields()
        fields.feed(content.decode())
        return dict(fields.values)
    return {}


def _fit(text: str) -> str:
    """On one line of bearable length, whatever somebody put into the file."""
    text = shown(text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _cells(content: bytes) -> Iterator[Place]:
    """Every cell's stored value, then every cell's formula."""
    for data_only, suffix in ((True, ""), (False, " (formula)")):
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
        for sheet in workbook.worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.value is not None and (data_only or str(cell.value).startswith("=")):
                        yield f"{sheet.title}!{cell.coordinate}{suffix}", str(cell.value)
        workbook.close()


class _DataFields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: list[Place] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # the parser's
        given = dict(attrs)
        if "data-field" in given:
            self.values.append((given["data-field"] or "", given.get("data-value") or ""))


def _fields_and_lines(content: bytes) -> Iterator[Place]:
    fields = _DataFields()
    fields.feed(content.decode())
    yield from ((f"data-field {name}", value) for name, value in fields.values)
    yield from _lines(content)


def _columns(content: bytes) -> Iterator[Place]:
    rows = csv.reader(io.StringIO(content.decode(), newline=""))
    header = next(rows, [])
    for number, row in enumerate([header, *rows], 1):
        for name, value in zip_longest(header, row, fillvalue=NOTHING):
            yield f"row {number}, {name}", value


def _values(content: bytes) -> Iterator[Place]:
    yield from leaves(json.loads(content))


def leaves(value: Any, path: str = "") -> Iterator[Place]:
    """Every value within a JSON tree, by its path: `lines.0.amount`."""
    if isinstance(value, dict | list) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value


def _size(content: bytes) -> Iterator[Place]:
    """Of what nobody looks up by place: its SHA-256 says that it differs."""
    yield "line 1 to the end", f"{len(content)} bytes"


def _lines(content: bytes) -> Iterator[Place]:
    for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
        yield f"line {number}", line
