"""A workbook's sheets as rows of values, one row at a time: texts, numbers, instants, lengths of time."""

import re
from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from jobs.matching.package import STRINGS, Package

MAX_ROWS = 2_000_000
MAX_COLUMNS = 16_384
LONGEST = 32_767  # characters of a cell
MOST_PARTS = 16  # of a text, as expat hands it over: more than the longest cell has
_LAST_DAY = 2_958_466  # of a spreadsheet's calendar

Value = str | int | float | datetime | timedelta
SheetRow = tuple[int, list[tuple[int, Value]]]  # its number from 1, and the cells that are not empty, by column from 0

_DATE, _LENGTH = 1, 2


class _Strings(Sequence[str]):
    """The shared strings, packed: a list of a million texts would take ten times as much."""

    def __init__(self) -> None:
        self._bytes, self._ends = bytearray(), array("I", [0])

    def add(self, text: str) -> None:
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, place: int) -> str:  # type: ignore[override]  # never sliced
        if not 0 <= place < len(self):
            return ""
        return self._bytes[self._ends[place] : self._ends[place + 1]].decode("utf-8", "surrogatepass")


def _joined(parts: list[str]) -> str:
    """The text of one element, up to what a cell can hold; `parts` is empty then."""
    text = parts[0] if len(parts) == 1 else "".join(parts)
    parts.clear()
    return text[:LONGEST]


class Workbook:
    """The sheets of a package. Raises FileRefused."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._epoch = WINDOWS_EPOCH
        self._sheets: dict[str, str] = {}
        for _ in package.parse(package.main, self._listed):
            pass
        self._styles = self._read_styles()
        self._strings = self._read_strings()
        self.rows_read = 0

    def _listed(self, name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self._epoch = MAC_EPOCH
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            part = self._package.part(relation)
            if part is not None and "chartsheets/" not in part:
                self._sheets.setdefault(attributes.get("name", ""), part)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._sheets)

    def _read_styles(self) -> list[int]:
        """For each cell format whether its numbers are dates or lengths of time."""
        codes: dict[int, str] = dict(BUILTIN_FORMATS)
        kinds: list[int] = []
        within: list[str] = []

        def start(name: str, attributes: dict[str, str]) -> None:
            within.append(name)
            if name == "numFmt" and attributes.get("numFmtId", "").isdigit():
                codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")[:255]
            elif name == "xf" and within[-2:-1] == ["cellXfs"]:
                number = attributes.get("numFmtId", "0")
                code = codes.get(int(number), "") if number.isdigit() else ""
                kinds.append(_LENGTH if is_timedelta_format(code) else _DATE if is_date_format(code) else 0)

        part = self._package.part("styles")
        if part is not None:
            for _ in self._package.parse(part, start, lambda _: None if not within else within.__delitem__(-1)):
                pass
        return kinds

    def _read_strings(self) -> _Strings:
        strings, parts, inside = _Strings(), list[str](), [False, False]  # in a text; in a reading aid

        def start(name: str, _: dict[str, str]) -> None:
            inside[0] = name == "t" and not inside[1]
            inside[1] = inside[1] or name == "rPh"

        def end(name: str) -> None:
            inside[0] = False
            if name == "rPh":
                inside[1] = False
            elif name == "si":
                strings.add(_joined(parts))

        def text(one: str) -> None:
            if inside[0] and len(parts) < MOST_PARTS:
                parts.append(one)

        part = self._package.part(STRINGS)
        if part is not None:
            for _ in self._package.parse(part, start, end, text):
                pass
        return strings

    def rows(self, sheet: str) -> Iterator[SheetRow]:
        """The rows that are not empty, in order. Raises FileRefused where the file's sheets have too many of them."""
        reader = _Rows(self._package, self._strings, self._styles, self._epoch, self.rows_read)
        for _ in self._package.parse(self._sheets[sheet], reader.start, reader.end, reader.text):
            yield from reader.done
            reader.done.clear()
        yield from reader.done
        self.rows_read = reader.count


_DIGITS = re.compile(r"-?[0-9]{1,19}")


class _Rows:
    """Makes rows of a sheet's elements."""

    def __init__(self, package: Package, strings: _Strings, styles: Sequence[int], epoch: datetime, count: int) -> None:
        self._package, self._strings, self._styles, self._epoch = package, strings, styles, epoch
        self._columns: dict[str, int] = {}
        self._parts, self._inside = list[str](), False
        self._number = 0
        self._column, self._kind, self._style = -1, "", 0
        self._cells: list[tuple[int, Value]] = []
        self.count = count
        self.done: list[SheetRow] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            reference = attributes.get("r")
            self._column = self._column + 1 if reference is None else self._column_of(reference)
            if self._column >= MAX_COLUMNS:
                raise self._package.refused("has more columns than a sheet can hold; that is not an activity file")
            self._kind = attributes.get("t", "n")
            self._style = int(style) if (style := attributes.get("s", "0")).isdigit() else 0
        elif name in ("v", "t"):
            self._inside = True
        elif name == "row":
            self.count += 1
            if self.count > MAX_ROWS:
                raise self._package.refused(f"has over {MAX_ROWS:,} rows; that is not the activity file of one month")
            number = attributes.get("r", "")
            self._number = int(number) if number.isdigit() and len(number) < 9 else self._number + 1
            self._column, self._cells = -1, []

    def _column_of(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        found = self._columns.get(letters)
        if found is None:
            try:
                found = column_index_from_string(letters[:4]) - 1
            except ValueError:
                raise self._package.refused("is damaged: a cell stands nowhere; download it again") from None
            self._columns[letters] = found
        return found

    def text(self, text: str) -> None:
        if self._inside and len(self._parts) < MOST_PARTS:
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._inside = False
        elif name == "c":
            if self._parts and (value := self._value(_joined(self._parts))) is not None:
                self._cells.append((self._column, value))
        elif name == "row" and self._cells:
            self.done.append((self._number, self._cells))

    def _value(self, raw: str) -> Value | None:
        if self._kind == "s":
            return self._strings[int(raw)] if raw.isdigit() and len(raw) < 10 else None
        if self._kind in ("str", "inlineStr"):
            return raw
        return None if self._kind in ("e", "b") else self._figure(raw)

    def _figure(self, raw: str) -> Value | None:
        try:
            if self._kind == "d":
                return datetime.fromisoformat(raw)
            if kind := self._styles[self._style] if self._style < len(self._styles) else 0:
                return self._instant(float(raw), kind)
            return int(raw) if _DIGITS.fullmatch(raw) else float(raw)
        except (ValueError, OverflowError):
            return None

    def _instant(self, days: float, kind: int) -> datetime | timedelta | None:
        if not 0 <= days < _LAST_DAY:
            return None
        if kind == _LENGTH or days < 1:
            return timedelta(milliseconds=round(days * 86_400_000))
        found = from_excel(days, self._epoch)
        return found if isinstance(found, datetime) else None
