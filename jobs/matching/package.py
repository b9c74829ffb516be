"""An .xlsx as a package of XML parts: opened, weighed and read in bounded memory; nothing in it is ever run.

openpyxl builds a tree of what it reads, and a file of 64 MiB can be made to grow one beyond any memory; calamine lays a
sheet out as a full rectangle, and one cell in the far corner ends the process. So the parts are read here as a stream.
"""

import hashlib
import io
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from jobs.errors import FileRefused

MAX_FILE = 64 << 20
MAX_UNPACKED = 512 << 20
MAX_STRINGS = 128 << 20  # of the table of shared strings, unpacked
MAX_DEPTH = 100
CHUNK = 1 << 20
MAX_TOKEN = 8 * CHUNK  # expat keeps a tag whole until it ends
_OLE, _ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "EncryptedPackage".encode("utf-16-le")
_MAIN = ".main+xml"
STRINGS = "sharedStrings"

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


class Package:
    """A workbook's parts. Raises FileRefused from every method: one line that never repeats a cell's text."""

    def __init__(self, path: Path) -> None:
        """Opens the file and refuses what is no plain .xlsx of a bearable size."""
        self.path = path
        content = _bytes(path)
        self.size, self.sha256 = len(content), hashlib.sha256(content).hexdigest()
        if content.startswith(_OLE):
            if _ENCRYPTED in content:
                raise self.refused("is encrypted; save it without a password")
            raise self.refused("is an old workbook (.xls); save it as .xlsx")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            raise self.refused("is not an .xlsx file; download the activity again, or save it as .xlsx") from None
        self._refuse_odd_parts()
        self.main = self._main()
        self._related = dict(self._relations())

    def refused(self, reason: str) -> FileRefused:
        return FileRefused(f"{self.path}: {reason}")

    def _refuse_odd_parts(self) -> None:
        names = [name.casefold() for name in self._zip.namelist()]
        if sum(info.file_size for info in self._zip.infolist()) > MAX_UNPACKED:
            raise self.refused(f"unpacks to over {MAX_UNPACKED >> 20} MiB; that is not an activity file")
        if any(name.startswith("xl/externallinks/") for name in names):
            raise self.refused("has links to other workbooks; save it without them")
        if any(name.endswith("vbaproject.bin") for name in names):
            raise self.refused("holds macros; save it as .xlsx without them")
        for info in self._zip.infolist():
            if STRINGS.casefold() in info.filename.casefold() and info.file_size > MAX_STRINGS:
                raise self.refused(f"has over {MAX_STRINGS >> 20} MiB of text; that is not an activity file")

    def _main(self) -> str:
        """The part that lists the sheets."""
        found: list[str] = []

        def start(name: str, attributes: dict[str, str]) -> None:
            kind = attributes.get("ContentType", "")
            if name == "Override" and kind.endswith(_MAIN):
                if "macroEnabled" in kind:
                    raise self.refused("holds macros; save it as .xlsx without them")
                if "spreadsheetml.sheet" in kind:
                    found.append(attributes.get("PartName", "").lstrip("/"))

        for _ in self.parse("[Content_Types].xml", start):
            pass
        if not found:
            raise self.refused("is not an .xlsx file; download the activity again, or save it as .xlsx")
        return found[0]

    def _relations(self) -> Iterator[tuple[str, str]]:
        folder, _, name = self.main.rpartition("/")
        found: list[tuple[str, str]] = []

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "")
                whole = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}".lstrip("/")
                found.append((attributes.get("Id", ""), whole))
                found.append((attributes.get("Type", "").rpartition("/")[2], whole))

        for _ in self.parse(f"{folder}/_rels/{name}.rels".lstrip("/"), start):
            pass
        yield from reversed(found)  # of several of a type the first

    def part(self, relation: str) -> str | None:
        """The name of the part with this id or of this type, if there is one."""
        name = self._related.get(relation)
        return name if name in self._zip.namelist() else None

    def parse(self, part: str, start: Start, end: End | None = None, text: Text | None = None) -> Iterator[None]:
        """Feeds a part's elements, by their local names, to the handlers; yields after each MiB of it."""
        feed = _Feed(self, start, end, text)
        try:
            with self._zip.open(part) as stream:
                while chunk := stream.read(CHUNK):
                    feed(chunk)
                    yield
                feed.close()
        except KeyError:
            raise self.refused("is not a complete .xlsx file: a part is missing") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError):
            raise self.refused("is damaged or encrypted; download it again") from None
        except expat.ExpatError:
            raise self.refused("is damaged: a part of it is not XML; download it again") from None


class _Feed:
    """expat, guarded: no document type, no depth, no single token without end."""

    def __init__(self, package: Package, start: Start, end: End | None, text: Text | None) -> None:
        self._package, self._start, self._end = package, start, end
        self._depth = self._fed = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._started
        self._parser.EndElementHandler = self._ended
        self._parser.StartDoctypeDeclHandler = self._doctype
        if text is not None:
            self._parser.CharacterDataHandler = text

    def __call__(self, chunk: bytes) -> None:
        self._parser.Parse(chunk)
        self._fed += len(chunk)
        if self._fed - self._parser.CurrentByteIndex > MAX_TOKEN:
            raise self._package.refused("is not an activity file: a part of it never ends")

    def close(self) -> None:
        self._parser.Parse(b"", True)

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._package.refused("is not an activity file: its parts are nested too deep")
        self._start(name if ":" not in name else name.rpartition(":")[2], attributes)

    def _ended(self, name: str) -> None:
        self._depth -= 1
        if self._end is not None:
            self._end(name if ":" not in name else name.rpartition(":")[2])

    def _doctype(self, *_: Any) -> None:
        raise self._package.refused("is not an activity file: it declares a document type")


def _bytes(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileRefused(f"{path}: is not a file; name the vendor's activity file (.xlsx)")
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a valid file name"
        raise FileRefused(f"{path}: cannot be read: {reason.lower()}") from None
    if len(content) > MAX_FILE:
        raise FileRefused(f"{path}: over {MAX_FILE >> 20} MiB; that is not the activity file of one month")
    return content
