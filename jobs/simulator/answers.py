"""The right answers of the simulated vendor: what each resource says about an account at an instant."""

import threading
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from jobs.billing.month import Month
from jobs.simulator.data import GONE, SessionVersions, SimulatedAccount, instant
from jobs.simulator.wire import WireReply, message, pretty

CACHE_BYTES = 256 << 20


class Refused(Exception):
    """A request that gets an error status; carries the reply."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.reply = message(status, text)


class Answers:
    """Right replies to one data set's accounts; built once, then kept, the oldest leaving first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, str, int], WireReply] = {}
        self._bytes = 0

    def reply(self, account: SimulatedAccount, path: str, query: str, now: datetime) -> WireReply:
        key = (account.name, path, query, bisect_right(account.moments, now))
        with self._lock:
            if key not in self._kept:
                made = answer(account, path, query, now)
                self._bytes += len(made.body)
                while self._kept and self._bytes > CACHE_BYTES:
                    self._bytes -= len(self._kept.pop(next(iter(self._kept))).body)
                self._kept[key] = made
            return self._kept[key]


def answer(account: SimulatedAccount, path: str, query: str, now: datetime) -> WireReply:
    try:
        return WireReply(200, pretty(_resource(account, path, query, now)))
    except Refused as refused:
        return refused.reply


def _resource(account: SimulatedAccount, path: str, query: str, now: datetime) -> object:
    match path.lower().strip("/").split("/"):
        case ["history", *host] if len(host) <= 1:
            options = {name.lower(): value for name, value in parse_qsl(query, keep_blank_values=True)}
            return _history(account, host[0] if host else None, options, now)
        case ["user"]:
            return [_sent(user, "Deleted") for user in _active(account, now).values()]
        case ["user", number]:
            return _sent(_found(_active(account, now), number, "User"), "Deleted")
        case ["status", number]:
            return _status(account, number, now)
        case ["group"]:
            return [_sent(group, "Users") for group in account.groups]
        case ["groupuser", number]:
            group = _found({str(group.get("GroupId")): group for group in account.groups}, number, "Group")
            active = _active(account, now)
            users = [active[str(member)] for member in group.get("Users", []) if str(member) in active]
            return {"Group": _sent(group, "Users"), "Users": [_sent(user, "Deleted") for user in users]}
        case _:
            raise Refused(404, "No HTTP resource was found that matches the request URI.")


def _history(account: SimulatedAccount, host: str | None, options: dict[str, str], now: datetime) -> list[object]:
    if "month" in options:
        if options.keys() & {"startdt", "enddt"}:
            raise Refused(400, "Specify either month or startDt and endDt, not both.")
        first = _day(options["month"], "month")
        if first.day != 1:
            raise Refused(400, "month must be the first day of a month.")
        month = Month.of(first)
        if month in account.history:
            rows = [row.at(now) for row in account.history[month]]
            rows = [row for row in rows if row is not GONE]
        else:
            rows = _rows(
                account.sessions, now, lambda billable: billable is not None and month.start <= billable < month.end
            )
    elif options.keys() & {"startdt", "enddt"}:
        start = _midnight(_day(options.get("startdt", "0001-01-01"), "startDt"))
        last = _day(options.get("enddt", "9998-12-31"), "endDt")
        end = _midnight(last) + timedelta(days=1)
        rows = _rows(account.sessions, now, lambda billable: billable is not None and start <= billable < end)
    else:
        rows = _rows(account.sessions, now, lambda _billable: True)
    if host is not None:
        rows = [row for row in rows if isinstance(row, dict) and str(row.get("UserId")) == host]
    if "participantemail" in options:
        theirs = account.participants.get(options["participantemail"].lower(), ())
        rows = [row for row in rows if isinstance(row, dict) and row.get("SessionId") in theirs]
    return rows


def _rows(rows: tuple[SessionVersions, ...], now: datetime, wanted: Callable[[datetime | None], bool]) -> list[object]:
    found = []
    for row in rows:
        version = row.at(now)
        billable = instant(version.get("BillableTs")) if isinstance(version, dict) else None
        if version is not GONE and (billable is None or billable <= now) and wanted(billable):
            found.append(version)
    return found


def _status(account: SimulatedAccount, number: str, now: datetime) -> object:
    rows = (row.at(now) for row in account.sessions)
    row = next((row for row in rows if isinstance(row, dict) and str(row.get("SessionId")) == number), None)
    if row is None and number not in account.statuses:
        raise Refused(404, "Session not found")
    happened = row is not None and row.get("BillableTs") is not None
    return {
        "SessionID": int(number) if number.isdecimal() else number,
        "SessionStatus": account.statuses.get(number, "ENDED" if happened else "NOT_STARTED"),
    }


def _active(account: SimulatedAccount, now: datetime) -> dict[str, dict[str, Any]]:
    def deleted(user: dict[str, Any]) -> bool:
        at = instant(user.get("Deleted"))
        return at <= now if at else user.get("Deleted") is True

    return {str(user.get("SystemUserId")): user for user in account.users if not deleted(user)}


def _found(those: dict[str, dict[str, Any]], number: str, what: str) -> dict[str, Any]:
    if number not in those:
        raise Refused(404, f"{what} not found")
    return those[number]


def _sent(given: dict[str, Any], unsent: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != unsent}


def _day(text: str, name: str) -> date:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        day = date.max
    if day.year == date.max.year:  # its end could not be said
        raise Refused(400, f"{name} must be a date such as 2016-02-01.")
    return day


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
