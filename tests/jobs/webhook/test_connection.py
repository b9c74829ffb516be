"""What the receiver's connection rests on in uvicorn, by name: a new uvicorn without one of these fails here first."""

import asyncio

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState


@pytest.mark.parametrize(
    "method",
    [
        "connection_made", "data_received", "handle_events", "on_response_complete", "connection_lost",
        "send_400_response",
    ],
)  # fmt: skip
def test_uvicorn_has_the_method(method: str) -> None:
    assert callable(getattr(H11Protocol, method))


def test_uvicorn_has_the_attributes() -> None:
    async def made() -> H11Protocol:
        return H11Protocol(uvicorn.Config(None, http="h11"), ServerState(), {})  # type: ignore[arg-type]

    connection = asyncio.run(made())
    assert connection.connections == set()
    assert {"conn", "loop", "transport"} <= set(vars(connection))
