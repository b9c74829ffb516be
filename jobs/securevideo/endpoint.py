"""Where the vendor's API is, what an account shows it, and whom we trust to be it."""

import base64
import ssl
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import certifi

from jobs.errors import ConfigError, CredentialError


@dataclass(frozen=True, slots=True)
class Credentials:
    identifier: str = field(repr=False)  # of the API; without a colon, which ends it in HTTP Basic (RFC 7617)
    secret: str = field(repr=False)
    origin: str = ""  # where they stand, for whoever must correct them


@dataclass(frozen=True, slots=True)
class Endpoint:
    base_url: str
    timeout_seconds: float  # for one reply, from connect to its last byte
    budget_seconds: float  # for one account-month, tries and waits included
    max_reply_mib: int
    ca_file: Path | None = None  # PEM; trusted instead of certifi's authorities
    proxy: str | None = None  # http:// or https://


def authorization(credentials: Credentials, account: str) -> str:
    """The header's value (RFC 7617). Raises CredentialError."""
    for name, text in (("identifier", credentials.identifier), ("secret", credentials.secret)):
        # Lone surrogates, as from a misread environment variable, are not printable either.
        if not text or not text.isprintable() or (name == "identifier" and ":" in text):
            what = "it is empty or holds a line break, a control character or (the identifier) a colon"
            raise CredentialError(f"account {account}: the API {name} cannot be sent: {what}; correct it")
    return f"Basic {base64.b64encode(f'{credentials.identifier}:{credentials.secret}'.encode()).decode()}"


@cache
def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Checks certificate and host name, TLS 1.2 or later. Raises ConfigError where `ca_file` cannot be used.

    One for all accounts: to read the authorities takes as long as a small month's decision. `create_default_context`
    would obey SSLKEYLOGFILE.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=ca_file or certifi.where())
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(f"vendor.ca_file: {ca_file} holds no readable PEM certificates ({error.strerror})") from error
    return context
