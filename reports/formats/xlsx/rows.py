"""The rows of the Sessions table as sheet XML, built by whole columns, some thousands of rows at a time."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from itertools import repeat

import numpy as np
import numpy.typing as npt
import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from reports.stored import plain
from reports.text import shown

from .book import FORMULA_STARTS, fitting

CHUNK = 1_000  # rows: small enough to be deflated while the next ones are laid out
EXACT_UP_TO = 10**15 - 1
EPOCH = np.datetime64("1899-12-30", "us")  # day 0 of a spreadsheet's dates, from 1900-03-01 on
FIRST_DAY = 61
DAY_US, MS_US = 86_400_000_000, 1_000
TRIPLES = np.array([list(f"{number:03}".encode()) for number in range(1000)], np.uint8)  # of digits, in ASCII
ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


Cells = Callable[[slice], list[bytes]]  # of some rows, each from behind the row's number in its address on


@dataclass(frozen=True, slots=True)
class Style:
    """How a column's cells are written: their format, the one of text that begins like a formula, what follows them."""

    plain: int
    quoted: int
    after: str


def laid_out(
    count: int, formats: Sequence[tuple[int, int]], columns: Sequence[Callable[[Style], Cells]], first: int
) -> Iterator[bytes]:
    """`count` `<row>` elements of the cells that `columns` give; the first has the number `first` (from 1).

    `formats`: for each column its cell format, and the one for text that begins like a formula. A row is its cells with
    its number between them: everything else is the same in all rows, and is put behind the cells beforehand.
    """
    addresses = [f'<c r="{xl_col_to_name(number)}' for number in range(len(formats))]
    styles = [Style(*own, after) for own, after in zip(formats, [*addresses[1:], "</row>"], strict=True)]
    laid = [column(style) for column, style in zip(columns, styles, strict=True)]
    begin, cell = repeat(b'<row r="'), repeat(f'">{addresses[0]}'.encode())
    for start in range(0, count, CHUNK):
        rows = slice(start, min(start + CHUNK, count))
        numbers = map(b"%d".__mod__, range(first + rows.start, first + rows.stop))
        cells = zip(begin, cell, *(column(rows) for column in laid), strict=False)
        yield b"".join(map(bytes.join, numbers, cells))


def numbers(column: "pd.Series[int]", style: Style) -> Cells:
    numbers = column.to_numpy(dtype=np.int64)
    if not len(numbers) or numbers.max() > EXACT_UP_TO:
        return lambda rows: [_number(number, style) for number in numbers[rows].tolist()]
    cell = f'" s="{style.plain}"><v>%d</v></c>{style.after}'.encode()
    return lambda rows: list(map(cell.__mod__, numbers[rows].tolist()))


def _number(number: int, style: Style) -> bytes:
    """A number too long for a cell is text."""
    return _text(str(number), style) if number > EXACT_UP_TO else _value(str(number), style)


def _value(number: str, style: Style) -> bytes:
    return f'" s="{style.plain}"><v>{number}</v></c>{style.after}'.encode()


def _blank(style: Style) -> bytes:
    return f'" s="{style.plain}"/>{style.after}'.encode()


def repeated_numbers(column: "pd.Series[int]", style: Style) -> Cells:
    """Numbers, some missing, of which each is built once and looked up by its code."""
    codes, found = pd.factorize(column)
    return _looked_up(codes, [*(_number(number, style) for number in found.tolist()), _blank(style)])


def _looked_up(codes: npt.NDArray[np.integer], cells: Iterable[bytes]) -> Cells:
    """The cell of each row's code; code -1, a missing value, takes the last."""
    table = np.array([*cells], dtype=object)
    return lambda rows: list(table[codes[rows]].tolist())


def instants(column: "pd.Series[pd.Timestamp]", style: Style) -> Cells:
    """Days since 1899-12-30 with ten decimals, cut to milliseconds: what a cell keeps without crossing midnight.

    Spreadsheets know no dates before 1900-03-01 for sure: those are text.
    """
    known = column.notna().to_numpy()
    since = (column.to_numpy(dtype="datetime64[us]") - EPOCH).astype(np.int64)
    day, rest = np.divmod(np.where(known, since, 0), DAY_US)
    fraction = ((rest // MS_US) * 10**10 + 43_200_000) // 86_400_000
    usual = known & (day >= FIRST_DAY) & (day < 100_000)  # up to the year 2173
    stamps = np.where(usual, day * 10**10 + fraction, 0)

    def cells(rows: slice) -> list[bytes]:
        texts = _printed(stamps[rows], style)
        for place in np.flatnonzero(~usual[rows]).tolist():
            at = rows.start + place
            texts[place] = _unusual_instant(column.iloc[at], int(day[at]), int(fraction[at]), style)
        return texts

    return cells


def _printed(numbers: npt.NDArray[np.int64], style: Style) -> list[bytes]:
    """Whole numbers of up to 15 digits with the point before the last ten, three digits of all of them at once."""
    template = _value("00000.0000000000", style)
    begin = template.index(b"0.0") - 4
    texts = np.tile(np.frombuffer(template, np.uint8), (len(numbers), 1))
    places = [begin + place for place in range(16) if place != 5]
    for last in range(15, 0, -3):
        numbers, digits = np.divmod(numbers, 1000)
        texts[:, places[last - 3 : last]] = TRIPLES[digits]
    return list(texts.view(f"S{len(template)}").ravel().tolist())


def _unusual_instant(instant: pd.Timestamp, day: int, fraction: int, style: Style) -> bytes:
    if pd.isna(instant):
        return _blank(style)
    if day < FIRST_DAY:
        return _text(instant.isoformat(sep=" "), style)
    return _value(f"{day}.{fraction:010d}", style)


def categories(column: pd.Series, style: Style) -> Cells:
    """Each category that occurs is built once and looked up by its code."""
    codes = column.cat.codes.to_numpy()
    used = set(np.unique(codes).tolist())
    values = enumerate(column.cat.categories)
    cells = [_category(value, style) if code in used else b"" for code, value in values]
    return _looked_up(codes, [*cells, _blank(style)])


def _category(value: Decimal | str, style: Style) -> bytes:
    return _text(value, style) if isinstance(value, str) else _value(plain(fitting(value)), style)


def texts(column: "pd.Series[str]", style: Style) -> Cells:
    return lambda rows: [_text(text or "", style) for text in column.iloc[rows].tolist()]


def own_texts(column: "pd.Series[str]", style: Style) -> Cells:
    """Texts of the program's own making: letters, digits, blanks and `#`, which need no care."""
    cell, blank = f'" s="{style.plain}" t="inlineStr"><is><t>%b</t></is></c>{style.after}'.encode(), _blank(style)
    return lambda rows: [
        cell % text if text else blank for text in "\n".join(column.iloc[rows].tolist()).encode().split(b"\n")
    ]


def _text(text: str, style: Style) -> bytes:
    text = shown(text)
    if not text:
        return _blank(style)
    own = style.quoted if text.startswith(FORMULA_STARTS) else style.plain
    return f'" s="{own}" t="inlineStr"><is>{text_element(text)}</is></c>{style.after}'.encode()


def text_element(text: str) -> str:
    """A `<t>` element: XML escaped, and what looks like Excel's own `_xHHHH_` escape kept as it is written."""
    space = ' xml:space="preserve"' if text != text.strip() or "  " in text else ""
    return f"<t{space}>{ESCAPED.sub('_x005F_', escape(text, quote=False))}</t>"
