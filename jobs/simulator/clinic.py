"""Made-up data sets for the simulated vendor, the same each time: nobody in them exists.

`clinic()` is what demo and `simulate-vendor` show; `sessions()` is a month of any size, for benchmarks.
The format is that of `jobs.simulator.simulator`.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.billing.month import Month

DataSet = dict[str, Any]
RawRow = dict[str, Any]

FIRST_MONTH = Month(2016, 7)
COUNTED = (12, 15, 19, 24, 29, 36, 44, 52, 60)  # BILL rows a month, as first reported
RESTATED_MONTH = Month(2016, 11)
RESTATED_AT = datetime(2017, 1, 17, 15, 20, tzinfo=UTC)  # BILL becomes COMP: long after November was billed

HOSTS = {
    1: "Quilla Testerby",
    4: "Nia O'Sample",
    5: "Fjord Exempel-Ødegård",
    7: "Placeholder, Ferro",
    8: "Мирра Примерова",
    9: "Marlow Farewell",
    12: "範例 測子",
    15: "Bartholomea Wilhelmina Extraordinarily-Longname of the Northern Demonstration Shore",
    16: "Δείγμα Δοκιμίδη",
    21: "Zuri Mfano",
    23: "Walks with Nobody",
    30: "José Muestra Ñandú",
}
LEFT = 9
LEFT_AT = datetime(2017, 1, 15, tzinfo=UTC)
PARTICIPANTS = (
    "Ada Madeup",
    "Tuck O'Fiction",
    "مثال اختباري",
    "דוגמה בדיונית",
    "Pretend, Junior",
    "Comes with Company",
    "Ilse Beispiel-Müßig",
    "उदाहरण परीक्षक",
    "Łucja Przykładowa",
    "Sir Reginald Theodophilus Imaginary-Patient the Twenty-Second of Nowhere-upon-Lake",
    "가상 인물",
    "Sessi Örnek",
    "=Formula Sample",
    "Nobody Inparticular",
)
_WORDING = {
    "BILL": "Counted Session",
    "COMP": "Comped Session - does not count towards billable limits",
    "DUPL": "Duplicate Session - does not count towards billable limits",
    "SVCO": "Session with SecureVideo.com - does not count towards billable limits",
}
_PUBLISHED = (
    (105236, "21:45:09.467", "21:46:16.1", 25, "BILL", 4, "Aaron Johnson", "Trevor Stamp"),
    (105022, "22:00:00", "21:56:30.72", 31, "SVCO", 1, "Jonathan Vernon", "Dewey Gladstone, Xiao Chu, Marisa Zendejas"),
)


def clinic() -> DataSet:
    """Two accounts: `lakeside`, nine growing months from 2016-07; `published`, the two rows of the vendor's article."""
    return {"accounts": {"lakeside": _lakeside(), "published": _published()}}


def stamp(instant: datetime) -> str:
    """As the vendor writes instants: no Z, 0 to 3 fraction digits, trailing zeros dropped."""
    return instant.replace(tzinfo=None).isoformat(timespec="milliseconds").rstrip("0").rstrip(".")


def description(host: str, session_id: int, participants: str, status: str) -> str:
    """UsageDescription; the wording of COMP and DUPL is a guess."""
    return f"{host} Session #{session_id} with {participants} - {_WORDING[status]}"


def sessions(count: int, month: str, unknown: int = 2, seed: int = 20161103) -> DataSet:
    """One account `large` with `count` sessions in `month`: 90 % BILL, `unknown` % without a duration, 300 hosts."""
    rng = random.Random(seed)  # noqa: S311 - made-up data, not a secret
    start = Month.parse(month).start
    step = timedelta(days=Month.parse(month).days) / max(count, 1)
    statuses = rng.choices(tuple(_WORDING), (90, 4, 3, 3), k=count)
    hosts = rng.choices(range(1, 301), k=count)
    minutes = rng.choices((None, *range(1, 99)), (unknown, *((100 - unknown) / 98,) * 98), k=count)
    rows = []
    for number, (status, host, known) in enumerate(zip(statuses, hosts, minutes, strict=True)):
        billable = start + number * step
        text = description(f"Host Number{host}", 1_000_000 + number, f"Participant Number{number % 977}", status)
        scheduled = billable.replace(second=0, microsecond=0)
        rows.append(
            _row(
                1_000_000 + number,
                scheduled=scheduled,
                billable=billable,
                minutes=known,
                status=status,
                host=host,
                text=text,
            )
        )
    users = [_user(number, f"Host Number{number}") for number in range(1, 301)]
    return {"accounts": {"large": _account("large", users=users, sessions=rows)}}


def _lakeside() -> dict[str, Any]:
    rng = random.Random(20160701)  # noqa: S311 - made-up data, not a secret
    drafts = [draft for number in range(len(COUNTED)) for draft in _month(rng, number)]
    after = FIRST_MONTH.plus(len(COUNTED)).start
    drafts += [_draft(rng, after + timedelta(days=days, hours=15), None) for days in (3, 17)]  # still to come
    drafts.sort(key=lambda draft: draft["scheduled"])
    session_id, rows = 88_000, []
    addresses: dict[str, list[int]] = {}
    for draft in drafts:
        session_id += rng.randint(1, 90)
        rows.append(_finished(draft, session_id))
        for name in draft["participants"]:
            addresses.setdefault(f"participant{PARTICIPANTS.index(name) + 1}@example.test", []).append(session_id)
    users = [_user(number, name) for number, name in HOSTS.items()]
    next(user for user in users if user["SystemUserId"] == str(LEFT))["Deleted"] = stamp(LEFT_AT)
    groups = [
        {"GroupId": 101, "GroupName": "North Pier", "Users": ["1", "4", "5", "7", "8", "9"]},
        {"GroupId": 102, "GroupName": "South Pier", "Users": ["12", "15", "16", "21", "23", "30"]},
    ]
    return _account("lakeside", users=users, sessions=rows, groups=groups, participants=addresses)


def _month(rng: random.Random, number: int) -> list[RawRow]:
    """A month's sessions before they have ids: `drafts`, by status."""
    month = FIRST_MONTH.plus(number)
    bill = [_draft(rng, _appointment(rng, month), "BILL") for _ in range(COUNTED[number])]
    if number % 2:  # the first and last instants of neighbouring months
        bill[0] |= {"scheduled": month.start, "billable": month.start}
    else:
        bill[0] |= {"scheduled": month.end - timedelta(minutes=5), "billable": month.end - timedelta(milliseconds=3)}
    bill[1]["minutes"] = None  # never becomes known
    bill[2] |= _meet_now(rng, bill[2]["scheduled"])
    first, *others = sorted(bill[3:], key=lambda draft: draft["billable"])
    first["later"] = _later(number)
    if month == RESTATED_MONTH:
        others[0] |= {"minutes": None, "later": [{"at": "2016-12-22T08:10:00", "DurationMinutes": 38}]}
    few = 1 + number // 3
    comped = [_draft(rng, _appointment(rng, month), "COMP") for _ in range(few)]
    support = [_draft(rng, _appointment(rng, month), "SVCO") for _ in range(few)]
    again = [_second_attempt(rng, draft) for draft in rng.sample(others, few)]
    missed = [_draft(rng, _appointment(rng, month), None) for _ in range(2)]
    return [*bill, *comped, *support, *again, *missed]


def _later(number: int) -> list[RawRow]:
    """What becomes of the third or so counted session of a month; the vendor bills on the 3rd of the next one."""
    changes = {
        3: ("2016-10-28T14:00:00", "COMP"),  # before October was billed
        4: (stamp(RESTATED_AT), "COMP"),
        5: ("2017-01-02T11:30:00", "DUPL"),  # just before December was billed
        7: ("2017-03-10T16:45:00", "DUPL"),
    }
    return [{"at": changes[number][0], "BillableStatusCd": changes[number][1]}] if number in changes else []


def _appointment(rng: random.Random, month: Month) -> datetime:
    return month.start + timedelta(
        days=rng.randrange(month.days), hours=rng.randint(13, 22), minutes=rng.choice((0, 15, 30, 45))
    )


def _draft(rng: random.Random, scheduled: datetime, status: str | None) -> RawRow:
    hosts = [number for number in HOSTS if number != LEFT or scheduled < LEFT_AT]
    return {
        "scheduled": scheduled,
        # two people may be there before the appointment
        "billable": status and scheduled + timedelta(milliseconds=rng.randint(-300_000, 540_000)),
        "minutes": status and rng.randint(4, 75),
        "status": status,
        "host": rng.choice(hosts),
        "participants": rng.sample(PARTICIPANTS, rng.choice((1, 1, 1, 2, 3))),
        "later": [],
    }


def _meet_now(rng: random.Random, near: datetime) -> RawRow:
    """An unscheduled session: its ScheduleTs has seconds and a fraction."""
    scheduled = near + timedelta(milliseconds=rng.randint(61_001, 599_999))
    return {"scheduled": scheduled, "billable": scheduled + timedelta(milliseconds=rng.randint(9_000, 99_999))}


def _second_attempt(rng: random.Random, draft: RawRow) -> RawRow:
    moved = _meet_now(rng, draft["billable"])
    return {**draft, **moved, "minutes": rng.randint(0, 3), "status": "DUPL", "later": []}


def _finished(draft: RawRow, session_id: int) -> RawRow:
    host, names, status = HOSTS[draft["host"]], ", ".join(draft["participants"]), draft["status"]
    text = description(host, session_id, names, status) if status else f"{host} Session #{session_id} - Not Connected"
    kept = {key: draft[key] for key in ("scheduled", "billable", "minutes", "status", "host")}
    row = _row(session_id, **kept, text=text)
    later = [
        {**change, "UsageDescription": description(host, session_id, names, change["BillableStatusCd"])}
        if "BillableStatusCd" in change
        else change
        for change in draft["later"]
    ]
    return {**row, "Later": later} if later else row


def _row(
    session_id: int,
    *,
    scheduled: datetime,
    billable: datetime | None,
    minutes: int | None,
    status: str | None,
    host: int,
    text: str,
) -> RawRow:
    return {
        "SessionId": session_id,
        "ScheduleTs": stamp(scheduled),
        "BillableTs": stamp(billable) if billable else None,
        "DurationMinutes": minutes,
        "BillableStatusCd": status,
        "UserId": host,
        "UsageDescription": text,
    }


def _published() -> dict[str, Any]:
    rows = [
        {
            "SessionId": session_id,
            "ScheduleTs": f"2016-11-03T{scheduled}",
            "BillableTs": f"2016-11-03T{billable}",
            "DurationMinutes": minutes,
            "BillableStatusCd": status,
            "UserId": host,
            "UsageDescription": description(name, session_id, participants, status),
        }
        for session_id, scheduled, billable, minutes, status, host, name, participants in _PUBLISHED
    ]
    users = [_user(host, name) for *_, host, name, _participants in _PUBLISHED]
    return _account("published", users=users, sessions=rows)


def _account(name: str, **contents: object) -> dict[str, Any]:
    return {"identifier": f"{name}-made-up-identifier", "secret": f"{name}-made-up-secret", **contents}


def _user(number: int, name: str) -> RawRow:
    return {
        "SystemUserId": str(number),
        "FullName": name,
        "EmailAddress": f"host{number}@example.test",
        "SmsNumber": "",
        "DefaultResolution": "hi",
        "TimeZoneWindowsId": "Eastern Standard Time",
        "HelpNumber": "",
        "VideoId": "",
        "ExternalId": "",
        "SystemRoles": "H,P",
        "NewPassword": None,
    }
