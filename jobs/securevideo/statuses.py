"""What a month asks beside History: who the hosts are, and whether sessions without a duration have ended.

None of it ever fails a unit, so each question is put once, without retries, and a call that keeps failing is given up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain

import msgspec

from jobs.billing.enrichment import Enrichment, Group
from jobs.errors import NotFound, TryAgainLater, VendorError
from jobs.securevideo import users
from jobs.securevideo.client import Budget, Client

AT_ONCE = 4  # the vendor documents no rate limit: be polite
_STATUS_MIB = 1  # a status takes a hundred bytes, and several replies come at once
_PATIENCE = 3  # failures in a row after which a worker asks no more


@dataclass(frozen=True, slots=True)
class StatusAnswers:
    statuses: dict[int, str]  # SessionId → SessionStatus as sent; "" where the API does not know the session (404)
    failed: tuple[int, ...]  # asked without an answer
    not_asked: tuple[int, ...]


def to_json(known: "StatusAnswers | Hints") -> bytes:
    """As it is kept with the snapshot: the same bytes for the same answers."""
    return msgspec.json.encode(known)


@dataclass(frozen=True, slots=True)
class Hints:
    """What the webhook's events say, as the ledger knew it then."""

    estimates: dict[int, int]  # SessionId → minutes
    without_event: int
    ended_unlisted: int


def read(attachments: Mapping[str, bytes]) -> Enrichment:
    """What was kept with a snapshot, each if there.

    `hosts` (`list_of_hosts`), `statuses` and `events` (`to_json`), `groups` (`groups.named`).
    """
    answers = (
        msgspec.json.decode(attachments["statuses"], type=StatusAnswers)
        if "statuses" in attachments
        else StatusAnswers({}, (), ())
    )
    hints = msgspec.json.decode(attachments["events"], type=Hints) if "events" in attachments else None
    counted = {"without_event": hints.without_event, "ended_unlisted": hints.ended_unlisted} if hints else {}
    return Enrichment(
        statuses=answers.statuses,
        failed=answers.failed,
        not_asked=answers.not_asked,
        hosts=users.read(attachments["hosts"]) if "hosts" in attachments else None,
        hosts_failed="hosts" not in attachments,
        estimates=hints.estimates if hints else {},
        events=counted,
        groups=_groups(attachments["groups"]) if "groups" in attachments else None,
    )


def _groups(attachments: bytes) -> tuple[Group, ...]:
    from jobs.securevideo import groups  # only accounts with cost centres by group need it

    return groups.read(attachments)


def list_of_hosts(client: Client, budget: Budget) -> bytes | None:
    """The reply of `GET /user`, proven readable; None where it cannot be had."""

    def proven(body: bytes) -> bytes:
        users.read(body)
        return body

    try:
        return client.get("/user", {}, proven, budget=budget, tries=1).content
    except VendorError:
        return None


def statuses(client: Client, session_ids: Iterable[int], *, most: int, budget: Budget) -> StatusAnswers:
    """Asks `GET /status/{SessionId}` for the first `most` sessions, AT_ONCE at a time, within `budget`."""
    wanted = list(session_ids)
    asked, beyond = wanted[:most], wanted[most:]
    stopped: list[VendorError] = []
    parts = client.together([_ask(client, asked[number::AT_ONCE], budget, stopped) for number in range(AT_ONCE)])
    return StatusAnswers(
        dict(sorted(chain.from_iterable(part.statuses.items() for part in parts))),
        tuple(sorted(chain.from_iterable(part.failed for part in parts))),
        tuple(sorted([*chain.from_iterable(part.not_asked for part in parts), *beyond])),
    )


async def _ask(client: Client, session_ids: list[int], budget: Budget, stopped: list[VendorError]) -> StatusAnswers:
    """One worker's questions, one after the other; none once `stopped` holds why the vendor is to be left alone."""
    found: dict[int, str] = {}
    failed: list[int] = []
    in_a_row = 0
    for number, session_id in enumerate(session_ids):
        if in_a_row == _PATIENCE or budget.left() <= 0 or stopped:
            return StatusAnswers(found, tuple(failed), tuple(session_ids[number:]))
        try:
            found[session_id] = await _status(client, session_id, budget)
            in_a_row = 0
        except VendorError as error:
            failed.append(session_id)
            in_a_row += 1
            if isinstance(error, TryAgainLater) and error.retry_after is not None:
                stopped.append(error)
    return StatusAnswers(found, tuple(failed), ())


async def _status(client: Client, session_id: int, budget: Budget) -> str:
    """ "" where the API does not know the session. Raises VendorError."""
    parse = partial(users.status, session_id=session_id)
    try:
        reply = await client.ask(f"/status/{session_id}", parse, budget=budget, max_reply_mib=_STATUS_MIB)
    except NotFound:
        return ""
    return reply.content or "?"
