"""Where the vendor, a proxy and the ledger are: no password, user or other secret ever stands in them."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from typing import Annotated

from pydantic import PlainValidator

from jobs.config.fields import expected, path, refusal

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[A-Za-z0-9._~%/-]*)?"
)
_POSTGRESQL = re.compile(
    r"postgresql\+psycopg://(?:[^\s:/?#@]+@)?(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]*)(?::(?P<port>[0-9]{1,5}))?"
    r"/[^\s:/?#@]*(?:\?(?P<query>[^\s#@]*))?"
)
_POSTGRESQL_OPTIONS = {
    "application_name",
    "connect_timeout",
    "host",
    "passfile",
    "port",
    "service",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
}
_LOOPBACK = IPv4Network("127.0.0.0/8")


def is_loopback(host: str) -> bool:
    """`localhost`, 127.0.0.0/8 or ::1, as they stand in a URL; a name that merely resolves there is not."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return host.lower() == "localhost"
    return address in _LOOPBACK if isinstance(address, IPv4Address) else address == IPv6Address("::1")


def is_postgresql(ledger: str) -> bool:
    return "://" in ledger


def _base_url(value: object) -> str:
    url = _url(value, "a URL such as https://api.securevideo.com/")
    if url["scheme"] != "https" and not is_loopback(url["host"]):
        raise refusal("expected https://; plain http:// only to this machine (localhost, 127.0.0.1, [::1])")
    whole = url[0]
    return whole if whole.endswith("/") else whole + "/"


def _proxy(value: object) -> str:
    allowed = "a proxy such as http://proxy.example.com:3128"
    url = _url(value, allowed)
    if url["path"] not in (None, "/"):
        raise refusal(f"expected {allowed}; found a path after the host: take it out")
    return url[0]


def _url(value: object, allowed: str) -> re.Match[str]:
    if not isinstance(value, str):
        raise expected(allowed, value)
    if "@" in value:
        raise refusal(f"expected {allowed}; found an @: no user or password may stand in it")
    if "?" in value or "#" in value:
        raise refusal(f"expected {allowed}; found a ? or #: take out all from there on")
    url = _URL.fullmatch(value)
    if not url or not _possible(url):
        raise refusal(f"expected {allowed}; found text that is no such URL")
    return url


def _possible(url: re.Match[str]) -> bool:
    if url["host"].startswith("["):
        try:
            IPv6Address(url["host"][1:-1])
        except ValueError:
            return False
    elif ".." in url["host"]:
        return False
    return url["port"] is None or 1 <= int(url["port"]) <= 65535


def _ledger(value: object) -> str:
    allowed = "a path (SQLite) or postgresql+psycopg://user@host/database"
    if not isinstance(value, str) or not value.strip():
        raise expected(allowed, value)
    if not is_postgresql(value):
        return path(value)
    if re.match(r"[^/]*://[^/@?]*:[^@]*@", value) or value.count("@") > 1:
        raise refusal(
            f"expected {allowed}; found a password: keep it out of this file, in ~/.pgpass, a file that PGPASSFILE "
            "names, or a service file (?service=NAME)"
        )
    url = _POSTGRESQL.fullmatch(value)
    if not url:
        raise refusal(f"expected {allowed}; found a URL of another form (for SQLite write the path alone)")
    options = {option.partition("=")[0] for option in (url["query"] or "").split("&") if option}
    if not options <= _POSTGRESQL_OPTIONS:
        raise refusal(f"expected after the ? only {', '.join(sorted(_POSTGRESQL_OPTIONS))}; found another option")
    return value


BaseUrl = Annotated[str, PlainValidator(_base_url)]
Proxy = Annotated[str | None, PlainValidator(_proxy)]
Ledger = Annotated[str, PlainValidator(_ledger)]
