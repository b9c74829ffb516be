"""`status`: what the vendor's Status API says of one session right now (article 267).

It is a question and an answer: nothing is stored, and nothing is ever billed on it.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click

from jobs.commands.console import show
from jobs.commands.opening import hide_secrets
from jobs.commands.options import VENDOR_ID, chosen_accounts, one_account
from jobs.commands.program import now
from jobs.config import Account, Config
from jobs.errors import NotFound
from jobs.fetch import client_of
from jobs.securevideo import users

NOT_KNOWN, UNDOCUMENTED = "not_known", "undocumented"  # ours; the vendor's own are in capitals

_MEANINGS = {
    "STARTED": "STARTED: somebody is connected right now",
    "ENDED": "ENDED: nobody is connected any more; the session may be started again",
    "NOT_STARTED": "NOT_STARTED: nobody has ever connected",
    NOT_KNOWN: (
        "not known to the Status API, which knows Zoom-based sessions only: "
        "it is a session of another kind, or no session of this account"
    ),
    UNDOCUMENTED: "SecureVideo answers with a status that is not documented: ask SecureVideo's support what it means",
}
_CAUTION = "not guaranteed to be real-time; whether the session is billable, only History says"


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """How one session stands."""

    account: str
    session_id: int
    status: str  # STARTED, ENDED, NOT_STARTED, or one of ours
    asked_at: datetime  # UTC, whole seconds

    @property
    def exit_status(self) -> int:
        """3 where somebody must find out what it means."""
        return 3 if self.status in (NOT_KNOWN, UNDOCUMENTED) else 0

    def in_words(self) -> str:
        """Two lines for a person."""
        line = f"{self.account}, session {self.session_id}: {_MEANINGS[self.status]}"
        return f"{line}\n  as of {self.asked_at:%Y-%m-%d %H:%M:%S} UTC; {_CAUTION}"

    def to_builtins(self) -> dict[str, Any]:
        """For JSON."""
        at = f"{self.asked_at:%Y-%m-%dT%H:%M:%SZ}"
        return {"account": self.account, "session_id": self.session_id, "status": self.status, "asked_at": at}


def ask(
    config: Config, account: Account, session_id: int, *, environ: Mapping[str, str], now: Callable[[], datetime]
) -> SessionStatus:
    """Asks `GET /status/{SessionId}`, with retries as usual. What is not documented is never repeated.

    Raises CredentialError, VendorError; a 404 is an answer.
    """
    with client_of(config, account, environ, now) as client:
        try:
            reply = client.get(f"/status/{session_id}", {}, partial(users.status, session_id=session_id))
        except NotFound:
            return SessionStatus(account.key, session_id, NOT_KNOWN, now().astimezone(UTC).replace(microsecond=0))
    known = reply.content if reply.content in ("STARTED", "ENDED", "NOT_STARTED") else UNDOCUMENTED
    return SessionStatus(account.key, session_id, known, reply.received_at)


@click.command()
@click.argument("session_id", type=VENDOR_ID)
@one_account
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def status(ctx: click.Context, *, session_id: int, account: str, as_json: bool) -> None:
    """Ask SecureVideo's Status API whether session SESSION_ID is going on right now.

    It knows Zoom-based sessions only. Exit status 3 if it does not know the session, or says what is not documented.
    """
    config = ctx.obj.config(account)
    (chosen,) = chosen_accounts(config, [account])
    hide_secrets(ctx, [chosen])
    found = ask(config, chosen, session_id, environ=os.environ, now=now)
    show(found.to_builtins(), found.in_words(), as_json=as_json)
    ctx.exit(found.exit_status)
