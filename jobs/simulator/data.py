"""A data set of the simulated vendor, read and checked. Its format is described in `jobs.simulator.simulator`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from jobs.billing.month import Month
from jobs.errors import UsageError
from jobs.simulator.schedule import Faults

T = TypeVar("T")

EVER = datetime.min.replace(tzinfo=UTC)
GONE = object()

_TOP = {"now": str, "accounts": dict, "faults": list}
_ACCOUNT = {
    "identifier": str,
    "secret": str,
    "users": list,
    "sessions": list,
    "history": dict,
    "statuses": dict,
    "groups": list,
    "participants": dict,
}


@dataclass(frozen=True, slots=True)
class Version:
    """A row as it is from an instant on; GONE: it is sent no more."""

    at: datetime
    row: object


@dataclass(frozen=True, slots=True)
class SessionVersions:
    """A row of History in all its versions, ascending by `at`; the first holds from ever on."""

    versions: tuple[Version, ...]

    def at(self, now: datetime) -> object:
        if len(self.versions) == 1:
            return self.versions[0].row
        return next(version.row for version in reversed(self.versions) if version.at <= now)


@dataclass(frozen=True, slots=True)
class SimulatedAccount:
    name: str
    identifier: str
    secret: str = field(repr=False)
    users: tuple[dict[str, Any], ...]
    sessions: tuple[SessionVersions, ...]
    history: dict[Month, tuple[SessionVersions, ...]]
    statuses: dict[str, str]
    groups: tuple[dict[str, Any], ...]
    participants: dict[str, tuple[object, ...]]  # by address, in lower case
    moments: tuple[datetime, ...]  # ascending: between two of them every reply stays the same


@dataclass(frozen=True, slots=True)
class DataSet:
    accounts: dict[str, SimulatedAccount]  # by name
    faults: Faults
    now: datetime | None

    def authenticated(self, identifier: str, secret: str) -> SimulatedAccount | None:
        pairs = ((account.identifier, account) for account in self.accounts.values())
        account = dict(pairs).get(identifier)
        return account if account and account.secret == secret else None


def instant(value: object) -> datetime | None:
    """The aware instant of an ISO 8601 text (without offset: UTC); None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def read(data: object, source: str) -> DataSet:
    """Raises UsageError, one line, with `source`, the place and what is allowed there."""
    top = _keys(_a(data, dict, source), _TOP, source)
    now = instant(top["now"]) if "now" in top else None
    if "now" in top and now is None:
        raise UsageError(f"{source}: now: must be an instant such as 2016-12-05T06:00:00")
    accounts = {
        name: _account(name, given, f"{source}: accounts.{name}") for name, given in top.get("accounts", {}).items()
    }
    identifiers = [account.identifier for account in accounts.values()]
    for account in accounts.values():
        if identifiers.count(account.identifier) > 1:
            raise UsageError(f"{source}: accounts.{account.name}.identifier: each account needs its own")
    return DataSet(accounts, Faults(top.get("faults", []), f"{source}: faults"), now)


def _account(name: str, given: object, place: str) -> SimulatedAccount:
    account = _keys(_a(given, dict, place), _ACCOUNT, place)
    for key in ("identifier", "secret"):
        if not account.get(key):
            raise UsageError(f"{place}.{key}: must be a text that is not empty")
    if ":" in account["identifier"]:
        raise UsageError(f"{place}.identifier: must hold no colon; Basic authentication ends it there")
    users = tuple(_users(account.get("users", []), f"{place}.users"))
    sessions = _rows(account.get("sessions", []), f"{place}.sessions")
    history = {
        _month(month, f"{place}.history"): _rows(_a(rows, list, f"{place}.history.{month}"), f"{place}.history.{month}")
        for month, rows in account.get("history", {}).items()
    }
    return SimulatedAccount(
        name=name,
        identifier=account["identifier"],
        secret=account["secret"],
        users=users,
        sessions=sessions,
        history=history,
        statuses={
            str(key): _a(text, str, f"{place}.statuses.{key}") for key, text in account.get("statuses", {}).items()
        },
        groups=tuple(_groups(account.get("groups", []), f"{place}.groups")),
        participants={
            address.lower(): tuple(_a(ids, list, f"{place}.participants.{address}"))
            for address, ids in account.get("participants", {}).items()
        },
        moments=tuple(sorted(set(_moments(users, (*sessions, *(row for rows in history.values() for row in rows)))))),
    )


def _users(users: list[object], place: str) -> Iterator[dict[str, Any]]:
    for number, given in enumerate(users):
        user = _a(given, dict, f"{place}.{number}")
        deleted = user.get("Deleted", False)
        if not isinstance(deleted, bool) and instant(deleted) is None:
            raise UsageError(f"{place}.{number}.Deleted: must be true, false or an instant")
        yield user


def _groups(groups: list[object], place: str) -> Iterator[dict[str, Any]]:
    for number, given in enumerate(groups):
        group = _a(given, dict, f"{place}.{number}")
        _a(group.get("Users", []), list, f"{place}.{number}.Users")
        yield group


def _rows(rows: list[object], place: str) -> tuple[SessionVersions, ...]:
    return tuple(
        SessionVersions(_versions(row, f"{place}.{number}"))
        if isinstance(row, dict) and "Later" in row
        else SessionVersions((Version(EVER, row),))
        for number, row in enumerate(rows)
    )


def _versions(given: dict[str, Any], place: str) -> tuple[Version, ...]:
    row = {key: value for key, value in given.items() if key != "Later"}
    versions = [Version(EVER, row)]
    for number, later in enumerate(_a(given["Later"], list, f"{place}.Later")):
        change = dict(_a(later, dict, f"{place}.Later.{number}"))
        at, gone = instant(change.pop("at", None)), change.pop("Gone", False)
        if at is None or at < versions[-1].at:
            raise UsageError(f"{place}.Later.{number}.at: must be an instant, not before that of the entry above")
        row = row | change
        versions.append(Version(at, GONE if gone is True else row))
    return tuple(versions)


def _moments(users: tuple[dict[str, Any], ...], rows: tuple[SessionVersions, ...]) -> Iterator[datetime]:
    for user in users:
        if deleted := instant(user.get("Deleted")):
            yield deleted
    for row in rows:
        for version in row.versions:
            yield version.at
            if isinstance(version.row, dict) and (billable := instant(version.row.get("BillableTs"))):
                yield billable


def _keys(given: Mapping[str, Any], allowed: Mapping[str, type], place: str) -> Mapping[str, Any]:
    for key, value in given.items():
        if key not in allowed:
            raise UsageError(f"{place}: {key}: unknown; allowed are {', '.join(allowed)}")
        _a(value, allowed[key], f"{place}: {key}")
    return given


def _month(text: str, place: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError as problem:
        raise UsageError(f"{place}: {problem}") from None


def _a(value: object, kind: type[T], place: str) -> T:
    if not isinstance(value, kind):
        names: dict[type, str] = {dict: "an object", list: "an array", str: "a text"}
        raise UsageError(f"{place}: must be {names[kind]}")
    return value
