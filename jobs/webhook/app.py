"""What the receiver answers: `POST /webhooks/<account>/<secret>` and `GET /healthz`.

    2xx  durable in the ledger, now or since it came before     404  unknown account, wrong secret, anything else
    400  no event                                               413  over 64 KiB, answered before the rest is read
    503  not stored in time, or too much at once: send it again

The secret proves the sender and is in the path: nothing here writes a path down.
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from jobs.webhook.event import NoEvent, read
from jobs.webhook.store import NotStored, Store

log = logging.getLogger(__name__)

MOST_BYTES = 64 * 1024  # of a body
_AGAIN_SECONDS = "10"


def app(
    store: Store, webhook_secrets: Mapping[str, str], now: Callable[[], datetime], ready: Callable[[], None]
) -> Starlette:
    """`webhook_secrets` by account; `ready` is called once events can be received."""
    digests = {account: _digest(secret) for account, secret in webhook_secrets.items()}
    nobodys = _digest(secrets.token_urlsafe())

    def is_sender(account: str, secret: str) -> bool:
        """Takes as long for an account that nobody has, and however much of a secret is right."""
        equal = hmac.compare_digest(_digest(secret), digests.get(account, nobodys))
        return equal and account in digests

    async def receive(request: Request) -> Response:
        account, secret = request.path_params["account"], request.path_params["secret"]
        if not is_sender(account, secret):
            raise HTTPException(404)
        try:
            event = read(account, await _body(request), now())
            await store.add(event)
        except NoEvent as reason:
            log.debug("account %s: a webhook refused: %s", account, reason)
            raise HTTPException(400, str(reason)) from None
        except NotStored:
            raise HTTPException(503, headers={"Retry-After": _AGAIN_SECONDS}) from None
        except ClientDisconnect:
            return Response()  # nobody is there to read it
        log.debug("account %s: %s %s of session %s stored", account, event.kind, event.status, event.session_id)
        return Response(status_code=204)

    async def healthz(_: Request) -> Response:
        try:
            await store.add(None)
        except NotStored:
            return PlainTextResponse("the ledger cannot be written", 503)
        return PlainTextResponse("ok")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with store:
            ready()
            yield

    routes = [Route("/webhooks/{account}/{secret}", receive, methods=["POST"]), Route("/healthz", healthz)]
    made = Starlette(routes=routes, lifespan=lifespan)
    made.router.redirect_slashes = False  # a redirect would say the secret again
    return made


async def _body(request: Request) -> bytes:
    """Raises HTTPException (413) as soon as it is known to be too long."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > MOST_BYTES:
        raise HTTPException(413)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413)
    return bytes(body)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
