"""Snapshots: the vendor's raw replies, each kept under the SHA-256 of its bytes before anything reads them."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

from jobs.errors import LedgerDamaged
from jobs.output.folder import Folder

_LEVEL = 1  # the replies are repetitive text: a higher level costs several times the time for a fifth of the size


@dataclass(frozen=True, slots=True)
class Digests:
    sha256: str  # of the reply's bytes
    file_sha256: str  # of the compressed file


class Snapshots:
    """A folder of `<SHA-256>.json.gz`, mode 0600. Safe for several processes: a name says what is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, body: bytes) -> Digests:
        """Stores `body` unless it is there already, whole; a damaged copy is replaced. Raises OutputError."""
        sha256 = hashlib.sha256(body).hexdigest()
        with Folder(self.path) as folder, folder.locked():
            packed = folder.read(_name(sha256))
            if packed is None or _body_of(packed, sha256) is None:
                packed = gzip.compress(body, _LEVEL, mtime=0)
                folder.write(_name(sha256), packed)
        return Digests(sha256, hashlib.sha256(packed).hexdigest())

    def load(self, sha256: str) -> bytes:
        """The reply's bytes, proven by their digest. Raises LedgerDamaged where they are missing or differ."""
        with Folder(self.path) as folder:
            stored = folder.read(_name(sha256))
        body = None if stored is None else _body_of(stored, sha256)
        if body is None:
            state = "missing" if stored is None else "damaged"
            raise LedgerDamaged(f"the snapshot {self.path / _name(sha256)} is {state}; restore it from a backup")
        return body

    def file(self, sha256: str) -> Path:
        return self.path / _name(sha256)

    def file_sha256(self, sha256: str) -> str | None:
        """The digest of the file as it lies there; None where it is missing."""
        with Folder(self.path) as folder:
            return folder.sha256(_name(sha256))


def _name(sha256: str) -> str:
    return f"{sha256}.json.gz"


def _body_of(stored: bytes, sha256: str) -> bytes | None:
    """What is in `stored`, or None where that is not what its name says."""
    try:
        body = gzip.decompress(stored)
    except (OSError, EOFError, zlib.error):
        return None
    return body if hashlib.sha256(body).hexdigest() == sha256 else None
