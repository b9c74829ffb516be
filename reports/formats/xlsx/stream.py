"""Packing: XlsxWriter's own parts, each deflated once, with the Sessions rows streamed into their sheets.

Also set here, since XlsxWriter has no way to: the shared strings, escaped in one place whatever they look
like, and the document's language.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from .book import Sheets
from .rows import text_element
from .unpacked import SHARED_STRINGS

LEVEL = 1  # of deflate: level 6 is a third smaller and takes the rows twice as long
FEW = 5  # pieces of a sheet that is over before a thread for it would have paid


@dataclass(frozen=True, slots=True)
class Splice:
    """A sheet whose data rows are put in place of the template row, and its table stretched over them."""

    path: str  # of the sheet within the package
    template_row: int  # from 1
    table: str
    reference: str  # the table's, "A1:L16"
    rows: Callable[[Sequence[tuple[int, int]]], Iterable[bytes]]  # from the template row's formats
    columns: int


def packed(book: Sheets, splices: Sequence[Splice], locale: str) -> bytes:
    """The .xlsx package: the same bytes for the same input. `locale`: "en_US"."""
    parts, strings = book.parts()
    language = locale.replace("_", "-") if locale.startswith("en_") else "en"  # of the words, which are English
    by_path = {splice.path: splice for splice in splices}
    target = BytesIO()
    with (
        ZipFile(target, "w", ZIP_DEFLATED, allowZip64=True) as finished,
        ThreadPoolExecutor(max_workers=1) as worker,
    ):
        for name, content in parts.items():
            if name in by_path:
                _write(finished, name, _ahead(worker, _spliced(content, by_path[name])))
            elif name.startswith("xl/tables/"):
                _write(finished, name, [_stretched(content, splices)])
            elif name == SHARED_STRINGS:
                _write(finished, name, _shared_strings(strings))
            elif name == "docProps/core.xml":
                tag = f"<dc:language>{escape(language)}</dc:language></cp:coreProperties>".encode()
                _write(finished, name, [content.replace(b"</cp:coreProperties>", tag)])
            else:
                _write(finished, name, [content])
    return target.getvalue()


def _write(package: ZipFile, name: str, pieces: Iterable[bytes]) -> None:
    entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    entry._compresslevel = LEVEL  # type: ignore[attr-defined]  # noqa: SLF001 # Python 3.13 makes it public
    with package.open(entry, "w", force_zip64=True) as opened:
        for piece in pieces:
            opened.write(piece)


def _ahead(worker: Executor, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """`pieces`, but for the first few each laid out while the one before is being deflated."""
    for number, first in enumerate(pieces, 1):
        yield first
        if number == FEW:
            break
    else:
        return
    coming = worker.submit(next, pieces, None)
    while (piece := coming.result()) is not None:
        coming = worker.submit(next, pieces, None)
        yield piece


def _spliced(sheet: bytes, splice: Splice) -> Iterator[bytes]:
    row = re.search(rb'<row r="%d"[^>]*>.*?</row>' % splice.template_row, sheet, re.DOTALL)
    if row is None:
        raise ValueError(f"{splice.path} has no template row {splice.template_row}")
    yield _measured(sheet[: row.start()], splice)
    styles = [int(number) for number in re.findall(rb'<c r="[A-Z]+\d+" s="(\d+)"', row.group())]
    yield from splice.rows(list(zip(styles[: splice.columns], styles[splice.columns :], strict=True)))
    yield sheet[row.end() :]


def _measured(head: bytes, splice: Splice) -> bytes:
    """The sheet's XML above the data, with the dimension of it all: what stands above and beside the table is in it."""
    corner = splice.reference.rpartition(":")[2]
    last = corner.rstrip("0123456789")
    columns = [last, *(found.decode() for found in re.findall(rb'<c r="([A-Z]+)', head))]
    widest = max(columns, key=lambda column: (len(column), column))
    return re.sub(rb'(?<=<dimension ref=")[^"]*', f"A1:{widest}{corner.removeprefix(last)}".encode(), head)


def _stretched(table: bytes, splices: Sequence[Splice]) -> bytes:
    for splice in splices:
        if f'name="{splice.table}" displayName'.encode() in table:
            return re.sub(rb' ref="[^"]*"', f' ref="{splice.reference}"'.encode(), table)
    return table


def _shared_strings(strings: Iterable[str]) -> Iterator[bytes]:
    """All texts but the Sessions rows'. XlsxWriter itself would pass `<r>…</r>` on as it is."""
    items = "".join(f"<si>{text_element(text)}</si>" for text in strings)
    yield b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    yield b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    yield items.encode() + b"</sst>"
