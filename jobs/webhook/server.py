"""Runs the receiver on a socket until it is stopped: what waits then is stored and answered first."""

import logging
import signal
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import uvicorn

from jobs.config import Config, read_credential
from jobs.errors import CredentialError, UsageError
from jobs.ledger.webhook_events import WebhookEvents
from jobs.webhook.app import app
from jobs.webhook.connection import BoundedConnection, Limits
from jobs.webhook.store import Bounds, Store

log = logging.getLogger(__name__)

_BACKLOG = 512
_LEDGER_SECONDS = 4  # below the time a sender waits, so that it hears why


def serve(
    config: Config,
    environ: Mapping[str, str],
    *,
    host: str,
    port: int,
    announce: Callable[[str], None],
    limits: Limits | None = None,
    bounds: Bounds | None = None,
) -> None:
    """Receives until SIGTERM or SIGINT. Raises UsageError where no account has a secret, or the port is taken."""
    receiving = webhook_secrets(config, environ)
    store = Store(lambda: WebhookEvents.open(config.ledger, wait_seconds=_LEDGER_SECONDS), bounds or Bounds())
    with _listening(host, port) as listener:
        at = f"[{host}]" if ":" in host else host
        url = f"http://{at}:{listener.getsockname()[1]}/webhooks/<account>/<secret>"
        ready = partial(announce, f"{url} for {', '.join(receiving)}")
        answering = app(store, receiving, lambda: datetime.now(UTC), ready)
        run(uvicorn_server(answering, limits or Limits()), listener)


def webhook_secrets(config: Config, environ: Mapping[str, str]) -> dict[str, str]:
    """By account; one that cannot be read is logged, and its account left out. Raises UsageError if none is left."""
    found = {}
    for key, account in config.accounts.items():
        if account.webhook_secret is not None:
            try:
                found[key] = read_credential(account.webhook_secret, environ)
            except CredentialError as error:
                log.error("%s; no webhook is received for this account", error)
    if not found:
        raise UsageError(
            f"{config.path}: no account has a webhook.secret that can be read; config.example.yaml has one"
        )
    return found


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # so named, asyncio sends without delay
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        return listener
    except (OSError, OverflowError) as problem:
        listener.close()
        reason = getattr(problem, "strerror", None) or problem
        raise UsageError(f"port {port} on {host}: {reason}; choose another, or 0 for any free port") from problem


def uvicorn_server(application: Any, limits: Limits) -> uvicorn.Server:
    connection: Any = partial(BoundedConnection, limits=limits)
    return uvicorn.Server(
        uvicorn.Config(
            application,
            http=connection,
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,  # the path holds the secret
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=max(1, int(limits.request_seconds)),
            timeout_graceful_shutdown=int(limits.request_seconds) + 5,
        )
    )


def run(server: uvicorn.Server, listener: socket.socket) -> None:
    """uvicorn raises the signals it was stopped by once more when it is done: by then they have had their effect."""
    before = {number: signal.signal(number, server.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run(sockets=[listener])
    finally:
        for number, action in before.items():
            signal.signal(number, action)
