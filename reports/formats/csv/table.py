"""The sessions of a document as CSV: RFC 4180, UTF-8 without a BOM, one header row, made for programs and spreadsheets.

Text is cleaned as in every output, and neutralised where a spreadsheet would run it (OWASP, "CSV Injection"): a
leading `'` where the first character, white space aside, is one of = + - @ or their full-width forms, or is a tab
or line break. Figures and times are the program's own and never begin so.
"""

import io
import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.document import Document
from reports.formats.csv import NAMES
from reports.stored import plain
from reports.text import shown

CHUNK = 50_000  # rows made ready at a time: bounds the memory of a month of millions
HARMLESS = re.compile(r"[A-Za-z0-9 #.\n]*")  # of texts joined by line breaks: nothing to clean, neutralise or quote
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")

OF_A_SESSION = (
    "session_id",
    "scheduled_at",
    "billable_at",
    "minutes",
    "status",
    "counts_towards_limit",
    "host_id",
    "host",
)
COLUMNS = (*OF_A_SESSION, "part", "plan", "ordinal", "allowance", "charge", "currency")


def of_document(document: Document, sessions: pd.DataFrame) -> bytes:
    """Every session, one row each, in the frame's order. Unknown values are empty; times are ISO 8601 in UTC."""
    full = document.participants == "full"
    estimated = ("estimated_minutes",) if "estimated_minutes" in sessions else ()
    head = (*COLUMNS, *estimated, *((f"participants{NAMES}", f"note{NAMES}") if full else ()))
    out = io.BytesIO(f"{','.join(head)}\r\n".encode())
    out.seek(0, io.SEEK_END)
    for start in range(0, len(sessions), CHUNK):
        columns = _columns(document, sessions.iloc[start : start + CHUNK], full=full)
        out.write("".join(map("%s\r\n".__mod__, map(",".join, zip(*columns, strict=True)))).encode())
    return out.getvalue()


def neutral(text: str) -> str:
    """`text` cleaned, and with a leading `'` where a spreadsheet would take it for a formula."""
    if FORMULA.match(text):  # before cleaning: it takes away a leading tab
        return "'" + shown(text)
    clean = shown(text)
    return "'" + clean if FORMULA.match(clean) else clean


def quoted(text: str) -> str:
    """`text`, which holds no line break, as a cell (RFC 4180, section 2)."""
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def _columns(document: Document, rows: pd.DataFrame, *, full: bool) -> list[Iterable[str]]:
    """The cells of some sessions, column by column, in the order of `COLUMNS`."""
    plans = {part.number: quoted(neutral(part.plan)) for part in document.parts}
    columns = [
        *of_a_session(rows),
        numbers(rows["part"]),
        rows["part"].map(plans).fillna("").tolist(),
        numbers(rows["ordinal"]),
        texts(rows["allowance"]),
        categories(rows["charge"], (money(price, document.digits) for price in rows["charge"].cat.categories)),
        [document.currency] * len(rows),
    ]
    if "estimated_minutes" in rows:
        columns.append(numbers(rows["estimated_minutes"]))
    return [*columns, texts(rows["participants"]), texts(rows["note"])] if full else columns


def of_a_session(rows: pd.DataFrame) -> list[Iterable[str]]:
    """The cells that say what a session is, column by column, in the order of `OF_A_SESSION`."""
    statuses = list(map(str, rows["status"].cat.categories))
    return [
        numbers(rows["session_id"]),
        instants(rows["scheduled_at"]),
        instants(rows["billable_at"]),
        numbers(rows["minutes"]),
        categories(rows["status"], statuses),
        categories(rows["status"], ("yes" if status == "BILL" else "no" for status in statuses)),
        numbers(rows["host_id"]),
        categories(rows["host"], (quoted(neutral(str(name))) for name in rows["host"].cat.categories)),
    ]


def money(amount: object, digits: int) -> str:
    """An exact amount in plain decimals: the currency's digits, or as many more as it has."""
    whole, _, fraction = plain(amount).partition(".")  # type: ignore[arg-type]  # categories are typed as objects
    fraction = fraction.rstrip("0").ljust(digits, "0")
    return f"{whole}.{fraction}" if fraction else whole


def numbers(column: "pd.Series[int]") -> Iterable[str]:
    """Whole numbers. Missing: empty."""
    if not column.isna().any():
        return map(str, column.to_numpy(np.int64).tolist())
    codes, found = pd.factorize(column)
    return _looked_up(codes, map(str, found.tolist()))


def categories(column: "pd.Series[str]", cells: Iterable[str]) -> Iterable[str]:
    """The cell of each row's category; `cells` are those of the categories, in their order. Missing: empty."""
    return _looked_up(column.cat.codes.to_numpy(), cells)


def _looked_up(codes: npt.NDArray[np.integer], cells: Iterable[str]) -> Iterable[str]:
    """The cell of each row's code; code -1, a missing value, takes the last, which is empty."""
    return list(np.array([*cells, ""], dtype=object)[codes].tolist())


def instants(column: "pd.Series[pd.Timestamp]") -> Iterable[str]:
    """ISO 8601 with Z, with as many fraction digits as each instant needs. Missing: empty."""
    instants = column.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    texts = np.datetime_as_string(instants, unit="us").tolist()
    return ["" if text == "NaT" else text.rstrip("0").rstrip(".") + "Z" for text in texts]


def texts(column: "pd.Series[str]") -> Iterable[str]:
    """Free texts, each neutral. Missing: empty."""
    texts = column.fillna("").tolist()
    if HARMLESS.fullmatch("\n".join(texts)):
        return list(texts)
    cells = {text: quoted(neutral(text)) for text in set(texts)}
    return [cells[text] for text in texts]
