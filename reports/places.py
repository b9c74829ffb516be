"""Where two files of one format differ: each place named as a person would look it up in the file."""

import csv
import io
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import zip_longest
from typing import Any
from zipfile import BadZipFile

from openpyxl import load_workbook

from reports.formats.xlsx import read_figures

Place = tuple[str, str]  # where, and what stands there

NOTHING = "nothing"
_SHOWN = 80  # characters of a value


def differing(format_name: str, expected: bytes, found: bytes) -> Iterator[tuple[str, str, str]]:
    """(place, expected, found) for each place that differs; one for the whole file where it cannot be read."""
    read = {"xlsx": _cells, "html": _fields_and_lines, "csv": _columns, "json": _values}.get(format_name, _lines)
    try:
        there = dict(read(found))
    except (ValueError, KeyError, BadZipFile, OSError, csv.Error, SyntaxError) as error:
        yield "the whole file", f"readable {format_name}", f"unreadable ({type(error).__name__})"
        return
    wanted = dict(read(expected))
    for place in [*wanted, *(place for place in there if place not in wanted)]:
        one, two = wanted.get(place, NOTHING), there.get(place, NOTHING)
        if one != two:
            yield place, _cut(one), _cut(two)


def stored_figures(format_name: str, content: bytes) -> dict[str, str]:
    """The figures of contract §6 as a workbook or page holds them; nothing for other formats."""
    if format_name == "xlsx":
        return {name: str(value) for name, value in read_figures(content).items()}
    if format_name == "html":
        fields = _DataFields()
        fields.feed(content.decode())
        return dict(fields.values)
    return {}


def _cut(text: str) -> str:
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


def _lines(content: bytes) -> Iterator[Place]:
    for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
        yield f"line {number}", line
