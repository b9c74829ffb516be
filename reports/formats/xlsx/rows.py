"""The rows of the Sessions table as sheet XML, built by whole columns, some thousands of rows at a time."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from html import escape

import numpy as np
import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from reports.document import plain
from reports.text import shown

from .book import FORMULA_STARTS, fitting

CHUNK = 10_000
EXACT_UP_TO = 10**15 - 1
EPOCH = np.datetime64("1899-12-30", "us")  # day 0 of a spreadsheet's dates, from 1900-03-01 on
FIRST_DAY = 61
DAY_US, MS_US = 86_400_000_000, 1_000
ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9#.,'-]*(?: [A-Za-z0-9#.,'-]+)*")  # needs no care at all


def row_chunks(sessions: pd.DataFrame, styles: Sequence[tuple[int, int]], timezone: str, first: int) -> Iterator[bytes]:
    """`sessions` as `<row>` elements; the first has the number `first` (from 1).

    `styles`: for each column its cell format, and the one for text that begins like a formula.
    """
    for start in range(0, len(sessions), CHUNK):
        chunk = sessions.iloc[start : start + CHUNK]
        numbers = [str(number) for number in range(first + start, first + start + len(chunk))]
        template, parts = '<row r="%s">', [numbers]
        letters = map(xl_col_to_name, range(len(styles)))
        for letter, tails in zip(letters, _tails(chunk, styles, timezone), strict=True):
            if "" in tails:  # a missing value is no cell
                template += "%s"
                cells = zip(numbers, tails, strict=True)
                parts.append([f'<c r="{letter}{number}"{tail}' if tail else "" for number, tail in cells])
            else:
                template += f'<c r="{letter}%s"%s'
                parts += [numbers, tails]
        yield "".join(map(f"{template}</row>".__mod__, zip(*parts, strict=True))).encode()


def _tails(chunk: pd.DataFrame, styles: Sequence[tuple[int, int]], timezone: str) -> Iterator[list[str]]:
    """Each column's cells without their addresses, in the order of `ranges.COLUMNS`."""
    style = iter(styles)
    billable = chunk["billable_at"].dt
    status = chunk["status"].astype("category")
    yield _numbers(chunk["session_id"], next(style))
    yield _instants(billable.tz_localize(None), next(style))
    yield _instants(billable.tz_convert(timezone).dt.tz_localize(None), next(style))
    yield _instants(chunk["scheduled_at"].dt.tz_localize(None), next(style))
    yield _categories(status, next(style))
    yield _categories(status.cat.rename_categories(_counts_towards_limit), next(style))
    yield _texts(chunk["allowance"].tolist(), next(style))
    yield _categories(chunk["charge"], next(style))
    yield _numbers(chunk["minutes"], next(style))
    yield _categories(chunk["host"], next(style))
    yield _numbers(chunk["host_id"], next(style))
    yield _numbers(chunk["part"], next(style))
    if "estimated_minutes" in chunk:
        yield _numbers(chunk["estimated_minutes"], next(style))
    for column, own in zip(("participants", "note"), style, strict=False):
        yield _texts(chunk[column].tolist(), own)


def _counts_towards_limit(status: str) -> str:
    return "yes" if status == "BILL" else f"no ({status})"


def _numbers(column: pd.Series, style: tuple[int, int]) -> list[str]:
    """Whole numbers; a missing one is no cell, one too long for a cell is text."""
    attribute = f' s="{style[0]}"'
    values = column.astype(object).where(column.notna(), None).tolist()
    if len(column) and column.notna().any() and column.max() > EXACT_UP_TO:
        return [_text(str(value), style) if value and value > EXACT_UP_TO else f"{attribute}><v>{value}</v></c>"
                for value in values]  # fmt: skip
    return ["" if value is None else f"{attribute}><v>{value}</v></c>" for value in values]


def _instants(column: pd.Series, style: tuple[int, int]) -> list[str]:
    """Days since 1899-12-30 with ten decimals, cut to milliseconds: what a cell keeps without crossing midnight.

    Spreadsheets know no dates before 1900-03-01 for sure: those are text.
    """
    known = column.notna().to_numpy()
    since = (column.to_numpy(dtype="datetime64[us]") - EPOCH).astype(np.int64)
    day, rest = np.divmod(np.where(known, since, 0), DAY_US)
    fraction = ((rest // MS_US) * 10**10 + 43_200_000) // 86_400_000
    attribute = f' s="{style[0]}"'
    cells = zip(day.tolist(), fraction.tolist(), known.tolist(), strict=True)
    tails = [f"{attribute}><v>{whole}.{part:010d}</v></c>" if there else "" for whole, part, there in cells]
    for early in np.flatnonzero(known & (day < FIRST_DAY)).tolist():
        tails[early] = _text(column.iloc[early].isoformat(sep=" "), style)
    return tails


def _categories(column: pd.Series, style: tuple[int, int]) -> list[str]:
    """Each category that occurs is built once and looked up by its code; code -1 is a missing value."""
    codes = column.cat.codes.tolist()
    tails = {code: _category(column.cat.categories[code], style) if code >= 0 else "" for code in set(codes)}
    return [tails[code] for code in codes]


def _category(value: Decimal | str, style: tuple[int, int]) -> str:
    if isinstance(value, str):
        return _text(value, style)
    return f' s="{style[0]}"><v>{plain(fitting(value))}</v></c>'


def _texts(texts: Sequence[str | None], style: tuple[int, int]) -> list[str]:
    start = f' s="{style[0]}" t="inlineStr"><is><t>'
    simple = PLAIN.fullmatch
    return [
        f"{start}{text}</t></is></c>" if simple(text) and len(text) < 200 else _text(text, style)
        for text in (text or "" for text in texts)
    ]


def _text(text: str, style: tuple[int, int]) -> str:
    text = shown(text)
    if not text:
        return ""
    number = style[1] if text.startswith(FORMULA_STARTS) else style[0]
    return f' s="{number}" t="inlineStr"><is>{text_element(text)}</is></c>'


def text_element(text: str) -> str:
    """A `<t>` element: XML escaped, and what looks like Excel's own `_xHHHH_` escape kept as it is written."""
    space = ' xml:space="preserve"' if text != text.strip() or "  " in text else ""
    return f"<t{space}>{ESCAPED.sub('_x005F_', escape(text, quote=False))}</t>"
