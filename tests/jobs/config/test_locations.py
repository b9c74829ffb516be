"""Where things are: an address that is accepted is one that the client and the resolver can be given."""

import socket
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from jobs.billing.month import Month
from jobs.config import locations
from jobs.errors import TryAgainLater
from jobs.securevideo.client import Budget, Client, Credentials, Endpoint

BASE_URL, PROXY, LEDGER = (TypeAdapter(kind) for kind in (locations.BaseUrl, locations.Proxy, locations.LedgerLocation))
LABELS = st.text("ab1-_.xn", min_size=1, max_size=12) | st.sampled_from(["xn--bcher-kva", "xn--a", "a" * 63, "a" * 64])
HOSTS = st.lists(LABELS, min_size=1, max_size=5).map(".".join) | st.from_regex(r"\[[0-9a-f:.]{2,20}\]", fullmatch=True)
PATHS = st.text("ab/%.~-_0", max_size=12)

IMPOSSIBLE = (
    "https://999.1.1.1/",
    "https://xn--bcher-kva.a_b/",
    "https://001.2.3.4/",
    "https://1.2.3/",
    "https://12345/",
    "https://0x7f.0x1/",
    "https://api.example.1/",
    "https://xn--a.example/",
    "https://XN--A.example/",
    "https://a.xn--b.example/",
    "https://a..example/",
    f"https://{'a' * 64}.example/",
    f"https://{'.'.join(['a' * 50] * 6)}/",
    "https://[::1::]/",
    "https://localhost:0/",
    f"https://localhost/{'a' * 70_000}",
)


@pytest.mark.parametrize("url", IMPOSSIBLE, ids=[url[:40] for url in IMPOSSIBLE])
def test_an_address_that_no_connection_can_go_to_is_refused(url: str) -> None:
    for kind in (BASE_URL, PROXY):
        with pytest.raises(ValidationError, match=r"not such a URL|not a valid name or address"):
            kind.validate_python(url)


@pytest.mark.parametrize("host", ["xn--bcher-kva.example", "a_b.example", "192.0.2.1", "[::ffff:192.0.2.1]", "v4"])
def test_an_unusual_address_is_accepted(host: str) -> None:
    assert BASE_URL.validate_python(f"https://{host}/") == f"https://{host}/"


@given(HOSTS, PATHS)
def test_the_client_can_be_given_whatever_is_accepted(host: str, path: str) -> None:
    """All it may say is that its budget of no seconds is used up; the resolver's encoding is tried besides."""
    try:
        url = BASE_URL.validate_python(f"https://{host}/{path}")
        PROXY.validate_python(f"https://{host}")
    except ValidationError:
        return
    endpoint = Endpoint(url, timeout_seconds=1, budget_seconds=1, max_reply_mib=1, proxy=f"https://{host}")
    with (
        Client(endpoint, Credentials("id", "secret"), account="acme", now=lambda: datetime.now(UTC)) as client,
        pytest.raises(TryAgainLater),
    ):
        client.history(Month(2016, 11), bytes, budget=Budget.of(0))
    try:
        socket.getaddrinfo(host.strip("[]"), 443, flags=socket.AI_NUMERICHOST)  # asks no server
    except socket.gaierror:
        assert not host.startswith("[")


@pytest.mark.parametrize(
    "ledger",
    [
        "postgresql+psycopg://u@a..b/db",
        f"postgresql+psycopg://u@{'a' * 64}/db",
        "postgresql+psycopg://u@h:99999/db",
        "postgresql+psycopg://u@h/db?port=abc",
        "postgresql+psycopg://u@h/db?connect_timeout=soon",
        "postgresql+psycopg://u@h/db?sslmode=always",
        "postgresql+psycopg://u@/db?host=a..b",
        "postgresql+psycopg://u@/db?target_session_attrs=fast",
    ],
)
def test_an_address_or_option_that_no_postgresql_can_have_is_refused(ledger: str) -> None:
    with pytest.raises(ValidationError, match=r"host or port that is not valid|a value that PostgreSQL knows"):
        LEDGER.validate_python(ledger)


@pytest.mark.parametrize(
    "ledger",
    [
        "postgresql+psycopg://u@[::1]:5432/db?connect_timeout=10",
        "postgresql+psycopg:///db?host=%2Frun%2Fpostgresql&port=5433",
        "postgresql+psycopg://u@/db?host=one.example:5432,two.example&target_session_attrs=read-write",
    ],
)
def test_addresses_and_options_of_postgresql_are_accepted(ledger: str) -> None:
    assert LEDGER.validate_python(ledger) == ledger
