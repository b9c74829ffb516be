"""Snapshots: the vendor's raw replies, each kept under the SHA-256 of its bytes before anything reads them."""

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from jobs.errors import LedgerDamaged
from jobs.output.folder import Folder

_INCOMING = "incoming"  # the folder of what is being written
_LEVEL = 1  # the replies are repetitive text: a higher level costs several times the time for a fifth of the size


@dataclass(frozen=True, slots=True)
class Digests:
    sha256: str  # of the reply's bytes
    file_sha256: str  # of the compressed file


class Snapshots:
    """A folder of `ab/<SHA-256>.json.gz`, mode 0600, `ab` being the first two digits: 256 folders, none ever listed.

    Safe for several processes, none of which waits for another: a name says what is in it. Versions before 0.2 kept
    all files in the folder itself; those stay where they are.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, body: bytes) -> Digests:
        """Stores `body` unless it is there already, whole; a damaged copy is replaced. Raises OutputError."""
        sha256 = hashlib.sha256(body).hexdigest()
        with Folder(self.path, _INCOMING) as incoming, incoming.shared():
            packed = next((one for one in self._stored(sha256) if _body_of(one, sha256) is not None), None)
            if packed is None:
                packed = gzip.compress(body, _LEVEL, mtime=0)
                with Folder(self.path, sha256[:2]) as folder:
                    folder.write_by(incoming, _name(sha256), packed)
        return Digests(sha256, hashlib.sha256(packed).hexdigest())

    def load(self, sha256: str) -> bytes:
        """The reply's bytes, proven by their digest. Raises LedgerDamaged where they are missing or differ."""
        stored = self._stored(sha256)
        for one in stored:
            if (body := _body_of(one, sha256)) is not None:
                return body
        state = "damaged" if stored else "missing"
        raise LedgerDamaged(f"the snapshot {self.file(sha256)} is {state}; restore it from a backup")

    def file(self, sha256: str) -> Path:
        """Where it is kept, or would be."""
        places = [self.path / place for place in _places(sha256)]
        return next((place for place in places if os.path.lexists(place)), places[0])

    def _stored(self, sha256: str) -> list[bytes]:
        """What lies in its places."""
        with Folder(self.path) as folder:
            return [stored for place in _places(sha256) if (stored := folder.read(place)) is not None]


def _places(sha256: str) -> tuple[str, str]:
    """Relative to the folder: where it is kept, and where versions before 0.2 did."""
    return f"{sha256[:2]}/{_name(sha256)}", _name(sha256)


def _name(sha256: str) -> str:
    return f"{sha256}.json.gz"


def _body_of(stored: bytes, sha256: str) -> bytes | None:
    """What is in `stored`, or None where that is not what its name says."""
    try:
        body = gzip.decompress(stored)
    except (OSError, EOFError, zlib.error):
        return None
    return body if hashlib.sha256(body).hexdigest() == sha256 else None
