"""The map of hosts to cost centres, a CSV file beside the configuration; all its mistakes at once, each by its line."""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

from jobs.billing.centres import MapRow, is_centre
from jobs.config.allocation import CENTRE

REQUIRED = ("by", "value", "centre")
COLUMNS = (*REQUIRED, "from", "to")
_HEADER = f"expected the header {','.join(COLUMNS)}"


@dataclass(frozen=True, slots=True)
class CentreMap:
    rows: tuple[MapRow, ...]
    sha256: str


class Mistakes(Exception):  # no error of the program: the configuration's loader adds them to its own
    """One line for each, with the file's name and the line's number."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def read(file: Path, name: str) -> CentreMap:
    """`name`: the file as the configuration calls it. Raises Mistakes."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Mistakes([f"{name}: {(error.strerror or 'cannot be read').lower()}; {_HEADER}"]) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Mistakes([f"{name}:{line}: not UTF-8 text; save the file as UTF-8"]) from None
    rows, mistakes = _parsed(text)
    mistakes += _overlaps(rows)
    if mistakes:
        raise Mistakes([f"{name}:{line}: {message}" for line, message in sorted(mistakes)])
    return CentreMap(tuple(rows.values()), hashlib.sha256(content).hexdigest())


def _parsed(text: str) -> tuple[dict[int, MapRow], list[tuple[int, str]]]:
    """The rows by line, and what is wrong with others."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: dict[int, MapRow] = {}
    mistakes: list[tuple[int, str]] = []
    head: list[str] | None = None
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if not any(stripped):
                continue
            if head is None:
                head = stripped
                mistakes += [(reader.line_num, message) for message in _head_mistakes(head)]
                if mistakes:
                    break
            elif len(cells) != len(head):
                mistakes.append((reader.line_num, f"expected {len(head)} cells, as the header has; found {len(cells)}"))
            else:
                cell = dict(zip(head, stripped, strict=True))
                found = [*_row_mistakes(cell)]
                mistakes += [(reader.line_num, message) for message in found]
                if not found:
                    rows[reader.line_num] = _row(cell)
    except csv.Error as error:
        mistakes.append((reader.line_num, f"not CSV: {error}"))
    if head is None:
        mistakes.append((1, f"{_HEADER}; the file is empty"))
    return rows, mistakes


def _head_mistakes(head: Sequence[str]) -> Iterator[str]:
    for name in head:
        if name not in COLUMNS:
            yield f"unknown column {name[:40]!r}; {_HEADER}"
    for name in REQUIRED:
        if name not in head:
            yield f"the column {name} is missing; {_HEADER}"
    if len(set(head)) < len(head):
        yield f"a column appears twice; {_HEADER}"


def _row_mistakes(cell: Mapping[str, str]) -> Iterator[str]:
    by, value = cell["by"], cell["value"]
    if by not in ("host", "external_id"):
        yield "by: expected host or external_id"
    elif by == "host" and not (value.isascii() and value.isdigit() and 1 <= int(value[:20]) < 2**63):
        yield "value: expected the number of a host, as the vendor's list of users has it"
    elif not value:
        yield "value: expected an ExternalId; the cell is empty"
    if not is_centre(cell["centre"]):
        yield f"centre: expected {CENTRE}"
    days = {}
    for name in ("from", "to"):
        days[name] = _day(cell.get(name, ""), date.min if name == "from" else date.max)
        if days[name] is None:
            yield f"{name}: expected a date as YYYY-MM-DD, or nothing"
    first, last = days["from"], days["to"]
    if first is not None and last is not None and first > last:
        yield f"from: {first} is after to, {last}; both days are included"


def _day(text: str, otherwise: date) -> date | None:
    if not text:
        return otherwise
    try:
        return date.fromisoformat(text) if len(text) == len("2016-11-01") else None
    except ValueError:
        return None


def _row(cell: Mapping[str, str]) -> MapRow:
    value = str(int(cell["value"])) if cell["by"] == "host" else cell["value"]
    first, last = _day(cell.get("from", ""), date.min), _day(cell.get("to", ""), date.max)
    return MapRow(cast("object", cell["by"]), value, cell["centre"], first or date.min, last or date.max)  # type: ignore[arg-type]  # checked


def _overlaps(rows: Mapping[int, MapRow]) -> list[tuple[int, str]]:
    """Each row that speaks of days of which one above it of the same value speaks already."""
    last: dict[tuple[str, str], tuple[int, MapRow]] = {}
    found = []
    for line, row in sorted(rows.items(), key=lambda item: (item[1].first, item[0])):
        before = last.get((row.by, row.value))
        if before is not None and row.first <= before[1].last:
            one, other = sorted((line, before[0]))
            found.append((other, f"{row.by} has a centre on some of these days already, in line {one}"))
        if before is None or row.last > before[1].last:
            last[row.by, row.value] = (line, row)
    return found
