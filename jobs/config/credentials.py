"""Reading credentials. Errors name where a credential stands, never what stands there."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path

from jobs.config.settings import CredentialSource
from jobs.errors import CredentialError

MAX_BYTES = 64 * 1024
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9._~-]{16,256}")  # stands in a URL's path as it is (RFC 3986, 2.3)


def read_credential(source: CredentialSource, environ: Mapping[str, str]) -> str:
    """The credential, without one trailing line break. Raises CredentialError.

    `environ` gives variables and CREDENTIALS_DIRECTORY (set by systemd's LoadCredential).
    """
    value = _variable(source, environ) if source.kind == "env" else _content(source, _file(source, environ))
    value = value.removesuffix("\n").removesuffix("\r")
    if not value.strip():
        raise CredentialError(f"{source}: is empty; put the {source.role} there")
    if not value.isprintable():  # a zero-width space as from a web page, or a misread byte: no client can send it
        found = "a line break, a control character or one that cannot be seen"
        raise CredentialError(f"{source}: holds {found}; leave the {source.role} alone there")
    if source.role == "identifier" and ":" in value:
        raise CredentialError(f"{source}: holds a ':', which HTTP Basic cannot send in an identifier; check it")
    if source.role == "webhook secret" and not _WEBHOOK_SECRET.fullmatch(value):
        raise CredentialError(
            f"{source}: expected 16 to 256 letters, digits, '-', '.', '_' and '~', as it stands in a URL; "
            "make one with: openssl rand -hex 32"
        )
    return value


def exposed(source: CredentialSource, environ: Mapping[str, str]) -> str | None:
    """A warning where a file can be read by everybody on this machine; None otherwise, or where there is no file.

    Not an error: in a container the files of mounted secrets are often 0644.
    """
    if source.kind != "file":
        return None
    try:
        mode = _file(source, environ).stat().st_mode
    except (OSError, ValueError):
        return None
    return f"{source}: everybody on this machine can read it; run chmod 600" if mode & 0o004 else None


def _variable(source: CredentialSource, environ: Mapping[str, str]) -> str:
    if source.name not in environ:
        raise CredentialError(f"{source}: is not set; set it for the user who runs the job")
    return environ[source.name]


def _file(source: CredentialSource, environ: Mapping[str, str]) -> Path:
    if source.kind == "file":
        return Path(source.name)
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise CredentialError(f"{source}: CREDENTIALS_DIRECTORY is not set; run under systemd with LoadCredential=")
    return Path(folder) / source.name


def _content(source: CredentialSource, file: Path) -> str:
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise CredentialError(f"{source}: is not a regular file; name the file that holds the {source.role}")
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a valid file name"
        raise CredentialError(f"{source}: cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise CredentialError(f"{source}: over {MAX_BYTES // 1024} KiB, no credential is that long")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CredentialError(f"{source}: is not UTF-8 text") from None
