"""Activity files made to harm: one readable line each, in bounded memory, and nothing in them is ever run."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from jobs.config.settings import Match
from jobs.errors import FileRefused
from jobs.matching.activity import read
from tests import activity
from tests.activity import NAME, line

PLAIN = Match(None, None, "UTC", {}, {}, 1, Decimal(0))
MEMORY = 300 << 20
KIND = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
TYPES = b'<Types><Override PartName="/xl/workbook.xml" ContentType="%b"/></Types>' % KIND
BOOK = b"""<workbook xmlns:r="r"><sheets><sheet name="Sheet1" sheetId="1" r:id="a"/></sheets></workbook>"""
RELATIONS = b"""<Relationships><Relationship Id="a" Type="x/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="b" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>"""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def package(path: Path, parts: dict[str, Iterable[bytes]], more: dict[str, bytes] | None = None) -> Path:
    """A workbook of parts that are written piece by piece: large ones take no memory here either."""
    usual: dict[str, Iterable[bytes]] = {
        "[Content_Types].xml": [TYPES],
        "xl/workbook.xml": [BOOK],
        "xl/_rels/workbook.xml.rels": [RELATIONS],
        **{name: [content] for name, content in (more or {}).items()},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, pieces in (usual | parts).items():
            with made.open(name, "w", force_zip64=True) as part:
                for piece in pieces:
                    part.write(piece)
    return path


def around(begin: bytes, piece: bytes, times: int, end: bytes) -> Iterator[bytes]:
    yield begin
    for _ in range(times):
        yield piece
    yield end


SHEET, END = b"<worksheet><sheetData>", b"</sheetData></worksheet>"
MIB = 1 << 20


def of_sheet(piece: bytes, mib: int, begin: bytes = SHEET, end: bytes = END) -> dict[str, Iterable[bytes]]:
    many = piece * (MIB // len(piece))
    return {"xl/worksheets/sheet1.xml": around(begin, many, mib, end)}


def strings(mib: int) -> dict[str, Iterable[bytes]]:
    one = b"<si><t>a text of one cell</t></si>"
    return {"xl/sharedStrings.xml": around(b"<sst>", one * (MIB // len(one)), mib, b"</sst>")}


def altered(path: Path, name: str, content: bytes) -> Path:
    activity.write(path, [line(11)])
    with zipfile.ZipFile(path, "a") as made:
        made.writestr(name, content)
    return path


HARMFUL: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.with_name("other").touch(), "no such file"),
    "a folder": (lambda path: path.mkdir(), "is not a file"),
    "empty": (lambda path: path.write_bytes(b""), "is not an .xlsx file"),
    "text": (lambda path: path.write_bytes(b"\xef\xbb\xbfSession ID,Status\n"), "is not an .xlsx file"),
    "xls": (lambda path: path.write_bytes(OLE + bytes(512) + "Workbook".encode("utf-16-le")), r"\(\.xls\)"),
    "encrypted": (lambda path: path.write_bytes(OLE + "EncryptedPackage".encode("utf-16-le")), "is encrypted"),
    "a zip of something else": (lambda path: zipfile.ZipFile(path, "w").close(), "is not a complete .xlsx file"),
    "macros": (lambda path: altered(path, "xl/vbaProject.bin", b"x"), "holds macros"),
    "links": (lambda path: altered(path, "xl/externalLinks/externalLink1.xml", b"<x/>"), "links to other workbooks"),
    "no XML": (lambda path: package(path, {"xl/worksheets/sheet1.xml": [b"<worksheet><a></b>"]}), "is not XML"),
    "an entity": (lambda path: package(path, {"xl/worksheets/sheet1.xml": [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>']}), "document type"),
    "a bomb": (lambda path: package(path, of_sheet(b" ", 600)), "unpacks to over 512 MiB"),
    "500 MB of strings": (lambda path: package(path, strings(490) | of_sheet(b"<row/>", 1)), "128 MiB of text"),
    "2,000,001 rows": (lambda path: package(path, of_sheet(b"<row/>", 12)), "over 2,000,000 rows"),
    "depth": (lambda path: package(path, of_sheet(b"<a>", 64, end=b"")), "nested too deep"),
    "a tag without end": (lambda path: package(path, of_sheet(b"x", 64, b'<a x="', b'"/>')), "never ends"),
    "columns": (lambda path: package(path, of_sheet(b"<c/>", 64, SHEET + b"<row>", b"</row>" + END)), "more columns"),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_file_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    make, expected = HARMFUL[name]
    make(tmp_path / "activity.xlsx")
    with pytest.raises(FileRefused, match=expected) as refused:
        read(tmp_path / "activity.xlsx", PLAIN, "match.activity")
    assert "\n" not in str(refused.value)
    assert refused.value.exit_status == 1


_CHILD = """
import resource, sys
from decimal import Decimal
from pathlib import Path
from jobs.config.settings import Match
from jobs.errors import BillingError
from jobs.matching.activity import read
import pandas
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
before = peak()
try:
    read(Path(sys.argv[1]), Match(None, None, "UTC", {}, {}, 1, Decimal(0)), "match.activity")
except BillingError as error:
    assert "\\n" not in str(error), error
print(peak() - before - Path(sys.argv[1]).stat().st_size)
"""


def numbers(count: int, columns: int) -> Iterator[bytes]:
    yield SHEET + b"<row>" + b'<c t="inlineStr"><is><t>Session ID</t></is></c>' * columns + b"</row>"
    for number in range(count):
        yield b"<row>" + b"<c><v>%d</v></c>" % (10**9 + number) * columns + b"</row>"
    yield END


TEXTS = b'<row><c t="inlineStr"><is><t>' + b"x" * 30_000 + b"</t></is></c></row>"
HEAVY: dict[str, Callable[[Path], Path]] = {
    "120 MiB of shared strings": lambda path: package(path, strings(120) | of_sheet(b"<row/>", 1)),
    "elements outside rows": lambda path: package(path, of_sheet(b"<a/>", 60)),
    "a million rows of ids": lambda path: package(path, {"xl/worksheets/sheet1.xml": numbers(1_000_000, 3)}),
    "long texts": lambda path: package(path, of_sheet(TEXTS, 200)),
    "one long text": lambda path: package(
        path, of_sheet(b"x" * 64, 200, SHEET + b'<row><c t="str"><v>', b"</v></c></row>" + END)
    ),
}


@pytest.mark.parametrize("name", HEAVY)
def test_memory_stays_bounded(name: str, tmp_path: Path) -> None:
    path = HEAVY[name](tmp_path / "activity.xlsx")
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, path], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MEMORY


def test_a_cell_in_the_far_corner_costs_nothing(tmp_path: Path) -> None:
    """A reader that lays the sheet out as a rectangle would need a terabyte."""
    path = activity.write(tmp_path / "activity.xlsx", [line(11), line(12)], others={"Sheet2": [["a", "b", "c"]]})
    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts["xl/worksheets/sheet2.xml"] = parts["xl/worksheets/sheet2.xml"].replace(b"</sheetData>", far)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in parts.items():
            made.writestr(name, content)
    path.write_bytes(out.getvalue())
    assert read(path, PLAIN, "match.activity").sessions["session_id"].tolist() == [11, 12]


def test_a_refusal_repeats_no_cell(tmp_path: Path) -> None:
    path = package(tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": [f"<worksheet><{NAME}".encode()]})
    with pytest.raises(FileRefused) as refused:
        read(path, PLAIN, "match.activity")
    assert NAME not in str(refused.value)
    assert refused.value.__cause__ is None
