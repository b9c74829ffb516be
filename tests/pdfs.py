"""Reading PDF files in tests."""

import re
import zlib


def laid_open(content: bytes) -> bytes:
    """The file with its compressed streams, in which most of its objects are, unpacked after it."""
    streams = re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    return b"\n".join([content, *(zlib.decompressobj().decompress(stream) for stream in streams)])
