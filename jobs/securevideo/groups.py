"""`GET /group` and `GET /groupuser/{GroupId}` (article 320): who is in which group now, for cost centres.

Present membership only: the vendor keeps no history of it. Of a group its number, name and members' numbers are read,
of nobody more.
"""

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

import msgspec

from jobs.billing.enrichment import Group
from jobs.errors import NotFound, ReplyRefused, VendorError
from jobs.securevideo import strict_json
from jobs.securevideo.client import Budget, Client
from jobs.securevideo.users import text_of, user_id

_ACTIVE = msgspec.json.Decoder(tuple[Group, ...])


def read(body: bytes) -> tuple[Group, ...]:
    """What `named` gave."""
    return _ACTIVE.decode(body)


def named(client: Client, names: Collection[str], budget: Budget) -> bytes | None:
    """The groups of these names with their members, as they are kept with a snapshot; None where they cannot be had."""
    try:
        listed = client.get("/group", {}, _listed, budget=budget).content or ()
        found = [_with_users(client, *one, budget) for one in listed if one[1] in names]
    except VendorError:
        return None
    return msgspec.json.encode(sorted(found, key=lambda group: group.id))


def _with_users(client: Client, group_id: int, name: str, budget: Budget) -> Group:
    try:
        users = (
            client.get(f"/groupuser/{group_id}", {}, partial(_users, group_id=group_id), budget=budget).content or ()
        )
    except NotFound:  # deleted since it was listed
        users = ()
    return Group(group_id, name, users)


def _listed(body: bytes) -> tuple[tuple[int, str], ...]:
    """(number, name) of each group; one whose number cannot be read is left out."""
    found = []
    for number, element in enumerate(strict_json.elements(body), 1):
        group: Any = strict_json.exact(bytes(element), number)
        if isinstance(group, dict) and (group_id := user_id(group.get("GroupId"))) is not None:
            found.append((group_id, text_of(group.get("GroupName"))))
    return tuple(found)


def _users(body: bytes, group_id: int) -> tuple[int, ...]:
    """The members' numbers, ascending. Raises ReplyRefused where the reply has none or is about another group."""
    answers = strict_json.elements(b"[%s]" % body.removeprefix(b"\xef\xbb\xbf"))
    answer: Any = strict_json.exact(bytes(answers[0]), 1) if len(answers) == 1 else None
    group, users = (answer.get(name) for name in ("Group", "Users")) if isinstance(answer, dict) else (None, None)
    its_id = user_id(group.get("GroupId", group_id)) if isinstance(group, dict) else None
    if its_id != group_id or not isinstance(users, list):
        raise ReplyRefused("expected an object with Group and Users of the group asked for; found something else")
    return tuple(sorted(set(_ids(users))))


def _ids(users: list[Any]) -> Iterator[int]:
    for user in users:
        its_id = user_id(user.get("SystemUserId")) if isinstance(user, dict) else None
        if its_id is not None:
            yield its_id
