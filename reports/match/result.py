"""What a match *is*: our month beside the vendor's activity file and invoice, finished before any renderer sees it.

Money is `Decimal`, quantised to the currency's digits. No text of the activity file is in it: only ids, codes, minutes,
instants, and letters of columns. The sessions travel beside it as a frame of `SESSION_COLUMNS`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from reports.stored import plain

SCHEMA = "securevideo-billing/match/1"

SESSION_COLUMNS = {  # one row a SessionId of either side, ascending
    "session_id": "Int64",
    "code": "category",
    "ours": "category",  # status as issued; <NA> where we have none
    "theirs": "category",  # status in the activity file; <NA> where it has none
    "our_minutes": "Int32",
    "their_minutes": "Int32",
    "billable_at": "datetime64[us, UTC]",  # ours; NaT where we know none
}

MEANINGS = {  # every code, in the order in which items are listed: what it says, what to do
    "stale-ours": ("Differs from what we issued, equals the newest snapshot", "run with --adjust, match again"),
    "status-differs": ("Both have it, with another status", "ask the vendor which is right"),
    "minutes-differ": ("Minutes differ beyond the tolerance", "matters only where minutes are charged"),
    "month-boundary": ("On one side only, within 14 h of the month's edge", "nets out: match the neighbour month too"),
    "only-ours": ("The activity file does not have it", "ask the vendor why it is not listed"),
    "only-theirs": ("Only the activity file has it", "ask the vendor what it rests on"),
    "set-aside-ours": ("We have set it aside because of a finding", "resolve the finding first, then match again"),
    "repeated-theirs": ("Listed and counted more than once", "ask the vendor to charge it once"),
    "status-unknown": ("A status that is not known", "name it in match.activity.statuses, match again"),
    "unreadable-theirs": ("A row whose session number is unclear", "check the row; ask the vendor"),
    "amount-fee": ("The monthly fee differs", "compare the plan with the invoice"),
    "amount-sessions-quantity": ("The invoice charges another number than the activity file lists", "ask the vendor"),
    "amount-sessions-price": ("The sessions are charged at another price", "compare the plan with the invoice"),
    "amount-minutes": ("The charge for minutes differs", "compare with the vendor's invoice"),
    "amount-hosts": ("The charge for host licences differs", "compare with the vendor's invoice"),
    "amount-tax": ("The tax differs", "compare with the vendor's invoice"),
    "other-charge": ("A charge that History cannot show", "ask the vendor for the list behind it"),
}  # fmt: skip
CODES = tuple(MEANINGS)
STEPS = ("fee", "sessions-quantity", "sessions-price", "minutes", "hosts", "other", "tax")


@dataclass(frozen=True, slots=True)
class Item:
    """One difference. `ours` and `theirs`: status, minutes or amount, whatever differs; None where a side has none."""

    code: str  # of CODES
    session_id: int | None
    ours: str | None
    theirs: str | None
    count: int  # billable sessions more (or fewer) than ours
    amount: Decimal
    open: bool


@dataclass(frozen=True, slots=True)
class Step:
    step: str  # of STEPS
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody said of a difference, as the ledger keeps it."""

    at: datetime
    by: str
    code: str
    session_id: int | None
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read and not kept."""

    name: str
    sha256: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class ColumnRead:
    role: str
    letter: str
    header: str  # "" where it is not made of words known to be no name


@dataclass(frozen=True, slots=True)
class OtherLine:
    """A row of the activity file without a session, and its last amount."""

    row: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was made of the activity file."""

    name: str
    header_row: int
    columns: tuple[ColumnRead, ...]
    rows: int
    ids: int
    unknown_phrases: int
    others: tuple[str, ...]  # sheets that hold fewer sessions
    warnings: tuple[str, ...]
    newest: datetime | None  # the latest time in it
    timezone: str
    other_lines: tuple[OtherLine, ...]


@dataclass(frozen=True, slots=True)
class Bill:
    """The vendor's invoice, as typed."""

    number: str
    date: date


@dataclass(frozen=True, slots=True)
class Match:
    account: str
    month: str
    number: int  # of the files: match-<number>.*
    customer: str
    issuer: str
    currency: str
    digits: int
    ours_total: Decimal
    theirs_total: Decimal
    our_count: int  # billable sessions
    their_count: int
    items: tuple[Item, ...]  # in the order of CODES, then by session
    bridge: tuple[Step, ...]  # in the order of STEPS, zero steps left out
    first_seen: tuple[datetime, ...]  # of each item
    notes: tuple[Note, ...]
    documents: tuple[str, ...]  # the numbers that ours rests on
    snapshot_sha256: str
    snapshot_at: datetime  # when the newest snapshot was read
    sheet: Sheet | None
    bill: Bill | None
    files: tuple[Read, ...]
    made_at: datetime
    locale: str
    paper: Literal["A4", "Letter"]
    program_version: str

    @property
    def difference(self) -> Decimal:
        return self.theirs_total - self.ours_total

    @property
    def unexplained(self) -> Decimal:
        return self.difference - sum((step.amount for step in self.bridge), Decimal(0))

    @property
    def open_items(self) -> int:
        return sum(item.open for item in self.items)

    @property
    def stem(self) -> str:
        return f"match-{self.number}"

    def by_code(self) -> dict[str, tuple[Item, ...]]:
        """In the order of the codes."""
        codes = dict.fromkeys(item.code for item in self.items)
        return {code: tuple(item for item in self.items if item.code == code) for code in codes}

    @property
    def disputed(self) -> tuple[Item, ...]:
        """What the vendor is asked to correct or explain: open, and not ours to mend first."""
        return tuple(item for item in self.items if item.open and item.code not in ("stale-ours", "set-aside-ours"))

    @property
    def age(self) -> int | None:
        """Days since the vendor's invoice, or else since the oldest open difference was first seen."""
        seen = [at for at, item in zip(self.first_seen, self.items, strict=True) if item.open]
        if not seen:
            return None
        return (self.made_at.date() - (self.bill.date if self.bill else min(seen).date())).days


def amount_of(items: Iterable[Item]) -> Decimal:
    return sum((item.amount for item in items), Decimal(0))


def in_sentences(code: str) -> str:
    """What a code says, and what to do about it."""
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in MEANINGS[code])


BUCKETS = ((7, "0–7 days"), (30, "8–30 days"), (60, "31–60 days"))


def bucket(days: int) -> str:
    return next((name for last, name in BUCKETS if days <= last), "61+ days")


def to_builtins(match: Match) -> dict[str, Any]:
    """The match for scripts, as `match-<n>.json` and `--json` have it."""
    columns: Mapping[str, str] = {one.role: one.letter for one in match.sheet.columns} if match.sheet else {}
    return {
        "schema": SCHEMA,
        "account": match.account,
        "month": match.month,
        "currency": match.currency,
        "ours_total": plain(match.ours_total),
        "theirs_total": plain(match.theirs_total),
        "difference": plain(match.difference),
        "unexplained": plain(match.unexplained),
        "open_items": match.open_items,
        "items": [
            {
                "code": item.code,
                "session_id": item.session_id,
                "ours": item.ours,
                "theirs": item.theirs,
                "count": item.count,
                "amount": plain(item.amount),
                "open": item.open,
            }
            for item in match.items
        ],
        "bridge": [{"step": step.step, "amount": plain(step.amount)} for step in match.bridge],
        "columns": dict(columns),
        "files": [{"name": one.name, "sha256": one.sha256, "rows": one.rows} for one in match.files],
    }
