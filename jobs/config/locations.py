"""Where the vendor, a proxy and the ledger are: no password, user or other secret ever stands in them."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from typing import Annotated
from urllib.parse import unquote

import idna
from pydantic import PlainValidator

from jobs.config.fields import expected, path, refusal

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[A-Za-z0-9._~%/-]*)?"
)
_POSTGRESQL = re.compile(
    r"postgresql\+psycopg://(?:[^\s:/?#@]+@)?(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]*)(?::(?P<port>[0-9]{1,5}))?"
    r"/[^\s:/?#@]*(?:\?(?P<query>[^\s#@]*))?"
)
_CLUSTER = re.compile(r"(?P<scheme>tls|tcp)://(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):(?P<port>[0-9]{1,5})")
_ANY = r".*"
_SERVER = r"(?:/[^,]*|(?:[\w-]{1,63}(?:\.[\w-]{1,63})*|\[?[0-9a-fA-F:]+\]?)(?::[0-9]{1,5})?)"
_POSTGRESQL_OPTIONS = {  # each with what its value may be
    "application_name": _ANY,
    "connect_timeout": r"[0-9]{1,5}",
    "host": rf"{_SERVER}(?:,{_SERVER})*",
    "passfile": _ANY,
    "port": r"[0-9]{1,5}(?:,[0-9]{1,5})*",
    "service": _ANY,
    "sslcert": _ANY,
    "sslkey": _ANY,
    "sslmode": r"disable|allow|prefer|require|verify-ca|verify-full",
    "sslrootcert": _ANY,
    "target_session_attrs": r"any|read-write|read-only|primary|standby|prefer-standby",
}
HIGHEST_PORT = 65_535
LONGEST = 2000  # characters of a URL
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
        raise refusal(f"expected {allowed}; found a path after the host: remove it")
    return url[0]


def _url(value: object, allowed: str) -> re.Match[str]:
    if not isinstance(value, str):
        raise expected(allowed, value)
    if "@" in value:
        raise refusal(f"expected {allowed}; found an @: it must not hold a user or password")
    if "?" in value or "#" in value:
        raise refusal(f"expected {allowed}; found a ? or #: remove everything from there on")
    url = _URL.fullmatch(value)
    if not url or len(value) > LONGEST or not 1 <= int(url["port"] or 1) <= HIGHEST_PORT:
        raise refusal(f"expected {allowed}; found text that is not such a URL")
    if not is_host(url["host"]):
        raise refusal(f"expected {allowed}; found a host that is not a valid name or address")
    return url


def is_host(host: str) -> bool:
    """Whether it is an address, or a name that can be asked for (RFC 1123; RFC 5891 where it begins with xn--)."""
    *_, last = labels = host.lower().split(".")
    try:
        if host.startswith("["):
            return bool(IPv6Address(host[1:-1]))
        if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last):  # such a name is taken for an address
            return bool(IPv4Address(host))
        for label in labels:
            if label.startswith("xn--"):
                idna.decode(label)
        if labels[0].startswith("xn--"):
            idna.decode(host.lower())  # as httpx does then, with all of its labels
    except ValueError:  # idna's errors are such too
        return False
    return len(host) <= 253 and all(1 <= len(label) <= 63 for label in labels)


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
    if not 1 <= int(url["port"] or 1) <= HIGHEST_PORT or not (url["host"] == "" or is_host(url["host"])):
        raise refusal(f"expected {allowed}; found a host or port that is not valid")
    for option in filter(None, (url["query"] or "").split("&")):
        name, _, given = option.partition("=")
        if name not in _POSTGRESQL_OPTIONS:
            raise refusal(f"expected after the ? only {', '.join(_POSTGRESQL_OPTIONS)}; found another option")
        if not re.fullmatch(_POSTGRESQL_OPTIONS[name], unquote(given), re.ASCII):
            raise refusal(f"expected a value that PostgreSQL knows for the option {name}; found another")
    return value


def cluster(value: object) -> str:
    """The address of a Dask scheduler. Raises PydanticCustomError."""
    allowed = "a scheduler such as tls://scheduler.example.com:8786, or file:scheduler.json"
    if not isinstance(value, str):
        raise expected(allowed, value)
    if value.startswith("file:") and value != "file:":
        return f"file:{path(value.removeprefix('file:'))}"
    url = _CLUSTER.fullmatch(value)
    if not url or not 1 <= int(url["port"]) <= HIGHEST_PORT or not is_host(url["host"]):
        raise refusal(f"expected {allowed}; found text that is no such address")
    if url["scheme"] == "tcp" and not is_loopback(url["host"]):
        raise refusal("expected tls://; plain tcp:// only to this machine (localhost, 127.0.0.1, [::1])")
    return value


BaseUrl = Annotated[str, PlainValidator(_base_url)]
Proxy = Annotated[str | None, PlainValidator(_proxy)]
LedgerLocation = Annotated[str, PlainValidator(_ledger)]
Cluster = Annotated[str | None, PlainValidator(cluster)]  # None: left out
