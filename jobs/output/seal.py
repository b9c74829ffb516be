"""The overview's page carries a digest of itself: `verify` sees who changed it by hand (docs/rules.md §14.4)."""

import hashlib
import re

OVERVIEW = "index.html"
_END, _SEAL = b"</html>", b"<!-- SHA-256 of what stands above: %b -->\n"
_SEALED = re.compile(re.escape(_SEAL).replace(b"%b", b"[0-9a-f]{64}") + _END)


def sealed(page: bytes) -> bytes:
    """The page with the SHA-256 of all of it in a comment at its end: who changes it by hand is found out."""
    body, end, _ = page.rpartition(_END)
    return body + _SEAL % hashlib.sha256(body).hexdigest().encode() + end + b"\n"


def is_sealed(page: bytes) -> bool:
    """Whether the page is as it was written."""
    return sealed(_SEALED.sub(_END, page)) == page
