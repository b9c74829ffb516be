"""The sessions of a document as CSV: RFC 4180, UTF-8 without a BOM, one header row, made for programs and spreadsheets.

Text is cleaned as in every output, and neutralised where a spreadsheet would run it (OWASP, "CSV Injection"): a
leading `'` where the first character, white space aside, is one of = + - @ or their full-width forms, or is a tab
or line break. Figures and times are the program's own and never begin so.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from reports.document import Document, plain
from reports.text import shown

CHUNK = 50_000  # rows made ready at a time: bounds the memory of a month of millions
HARMLESS = re.compile(r"[A-Za-z0-9 #.,]*")  # of texts joined by commas: nothing to clean or neutralise
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
NAMES = " (names of patients)"  # the title of a column that may hold them

COLUMNS = (
    "session_id",
    "scheduled_at",
    "billable_at",
    "minutes",
    "status",
    "counts_towards_limit",
    "host_id",
    "host",
    "part",
    "plan",
    "ordinal",
    "allowance",
    "charge",
    "currency",
)


def render(document: Document, sessions: pd.DataFrame) -> bytes:
    """Every session, one row each, in the frame's order. Unknown values are empty; times are ISO 8601 in UTC."""
    full = document.participants == "full"
    out = io.BytesIO()
    with io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False) as text:
        writer = csv.writer(text, lineterminator="\r\n")
        estimated = ("estimated_minutes",) if "estimated_minutes" in sessions else ()
        writer.writerow((*COLUMNS, *estimated, *((f"participants{NAMES}", f"note{NAMES}") if full else ())))
        for start in range(0, len(sessions), CHUNK):
            writer.writerows(zip(*_columns(document, sessions.iloc[start : start + CHUNK], full=full), strict=True))
        text.flush()
        return out.getvalue()


def neutral(text: str) -> str:
    """`text` cleaned, and with a leading `'` where a spreadsheet would take it for a formula."""
    if FORMULA.match(text):  # before cleaning: it takes away a leading tab
        return "'" + shown(text)
    clean = shown(text)
    return "'" + clean if FORMULA.match(clean) else clean


def _columns(document: Document, rows: pd.DataFrame, *, full: bool) -> list[list[Any]]:
    """The cells of some sessions, column by column, in the order of `COLUMNS`."""
    plans = {part.number: neutral(part.plan) for part in document.parts}
    counts = {status: "yes" if status == "BILL" else "no" for status in rows["status"].cat.categories}
    columns: list[list[Any]] = [
        _numbers(rows["session_id"]),
        _instants(rows["scheduled_at"]),
        _instants(rows["billable_at"]),
        _numbers(rows["minutes"]),
        _categories(rows["status"], map(str, rows["status"].cat.categories)),
        _categories(rows["status"], counts.values()),
        _numbers(rows["host_id"]),
        _categories(rows["host"], (neutral(str(name)) for name in rows["host"].cat.categories)),
        _numbers(rows["part"]),
        rows["part"].map(plans).tolist(),
        _numbers(rows["ordinal"]),
        _texts(rows["allowance"]),
        _categories(rows["charge"], (money(price, document.digits) for price in rows["charge"].cat.categories)),
        [document.currency] * len(rows),
    ]
    if "estimated_minutes" in rows:
        columns.append(_numbers(rows["estimated_minutes"]))
    return [*columns, _texts(rows["participants"]), _texts(rows["note"])] if full else columns


def money(amount: object, digits: int) -> str:
    """An exact amount in plain decimals: the currency's digits, or as many more as it has."""
    whole, _, fraction = plain(amount).partition(".")  # type: ignore[arg-type]  # categories are typed as objects
    fraction = fraction.rstrip("0").ljust(digits, "0")
    return f"{whole}.{fraction}" if fraction else whole


def _numbers(column: "pd.Series[int]") -> list[Any]:
    return list(column.to_numpy(dtype=object, na_value="").tolist())


def _categories(column: "pd.Series[str]", texts: Iterable[str]) -> list[Any]:
    """The text of each row's category; `texts` are those of the categories, in their order. Missing: empty."""
    return list(np.array([*texts, ""], dtype=object)[column.cat.codes.to_numpy()].tolist())  # code -1 takes the last


def _instants(column: "pd.Series[pd.Timestamp]") -> list[Any]:
    """ISO 8601 with Z, with as many fraction digits as each instant needs. Missing: empty."""
    instants = column.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    texts = np.datetime_as_string(instants, unit="s").astype(object)
    split = (instants != instants.astype("datetime64[s]")) & ~np.isnat(instants)
    texts[split] = np.char.rstrip(np.datetime_as_string(instants[split], unit="us"), "0").astype(object)
    texts += "Z"
    texts[np.isnat(instants)] = ""
    return list(texts.tolist())


def _texts(column: "pd.Series[str]") -> list[Any]:
    """Free texts, each neutral. Missing: empty."""
    texts = column.fillna("").tolist()
    if HARMLESS.fullmatch(",".join(texts)):
        return list(texts)
    neutralised = {text: neutral(text) for text in set(texts)}
    return [neutralised[text] for text in texts]
