"""The issuer's logo, a small PNG or SVG file: checked, and cut down to what draws it."""

import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

from reports.parties import Logo

MAX_BYTES = 64 * 1024
MAX_PIXELS = 2000  # of a side
ALLOWED = f"a PNG or SVG file of at most {MAX_BYTES // 1024} KiB"

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DRAWING = {
    b"IHDR",
    b"PLTE",
    b"tRNS",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"pHYs",
    b"IDAT",
    b"IEND",
}  # no text, no date, no EXIF
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type


class Unusable(Exception):  # no error of the program: the configuration's loader adds it to its own
    """Why the file can be no logo, in a sentence that says what can be one."""


def read(file: Path) -> Logo:
    """Raises Unusable."""
    content = _content(file)
    if content.startswith(_SIGNATURE):
        return Logo("image/png", b64encode(_png(content)).decode())
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        from jobs.config import svg

        return Logo("image/svg+xml", b64encode(svg.harmless(content)).decode())
    raise Unusable(f"expected {ALLOWED}; found a file that is neither")


def _content(file: Path) -> bytes:
    try:
        if file.exists() and not file.is_file():
            raise Unusable(f"expected {ALLOWED}; found something else than a file")
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a valid file name"
        raise Unusable(f"expected {ALLOWED}; the file cannot be read: {reason.lower()}") from None
    if len(content) > MAX_BYTES:
        raise Unusable(f"expected {ALLOWED}; found a larger one: it goes into each document, so save it smaller")
    return content


def _png(content: bytes) -> bytes:
    """The image alone, its structure and size checked."""
    chunks = list(_chunks(content))
    kinds = [kind for kind, _ in chunks]
    if kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or kinds.count(b"IHDR") > 1 or len(chunks[0][1]) != 13:
        raise _damaged()
    width, height, depth, colour = struct.unpack(">IIBB", chunks[0][1][:10])
    if not 1 <= width <= MAX_PIXELS or not 1 <= height <= MAX_PIXELS:
        raise Unusable(
            f"expected {ALLOWED}, a PNG of at most {MAX_PIXELS} × {MAX_PIXELS} pixels; found {width} × {height}"
        )
    if colour not in _CHANNELS or depth not in (1, 2, 4, 8, 16):
        raise _damaged()
    _inflates(
        b"".join(data for kind, data in chunks if kind == b"IDAT"), (width * _CHANNELS[colour] * depth + 15) * height
    )
    kept = (_chunk(kind, data) for kind, data in chunks if kind in _DRAWING)
    return _SIGNATURE + b"".join(kept)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(content):
        head = content[at : at + 8]
        if len(head) < 8:
            raise _damaged()
        length, kind = struct.unpack(">I4s", head)
        data = content[at + 8 : at + 8 + length]
        if content[at : at + 12 + length] != _chunk(kind, data) or len(data) != length:
            raise _damaged()
        yield kind, data
        if kind == b"IEND":  # what follows the image is no part of it
            return
        at += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _inflates(packed: bytes, bits: int) -> None:
    """Raises Unusable where the pixels cannot be read, or are more than the image says; seven passes have more rows."""
    most = bits // 8 * 2 + 64 * 1024
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(packed, most + 1)
    except zlib.error:
        raise _damaged() from None
    if len(found) > most or not inflater.eof:
        raise _damaged()


def _damaged() -> Unusable:
    return Unusable(f"expected {ALLOWED}; found a damaged PNG: save it again")
