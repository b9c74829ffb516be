"""What an invoice *is*: finished, frozen, complete before any renderer sees it.

A `Document` holds every figure and text that its files print. Renderers add nothing up, round nothing and decide
nothing. Money is `Decimal`, quantised to the currency's digits unless a field says otherwise; dates are
`datetime.date`; instants are aware UTC datetimes. Mappings are read-only to the type checker and plain dicts at run
time, since msgspec writes, and pickle sends to another process, nothing else.

The sessions of a document travel beside it as a pandas frame, sorted by (billable_at, session_id), with a
default RangeIndex and the columns of `SESSION_COLUMNS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from reports.allocation import Allocation
from reports.counts import Allowance, HostUse, Minutes, Rows
from reports.forecast import Forecast
from reports.parties import Customer, Issuer

STATUSES = ("BILL", "COMP", "DUPL", "SVCO")

SESSION_COLUMNS = {
    "session_id": "Int64",
    "scheduled_at": "datetime64[us, UTC]",
    "billable_at": "datetime64[us, UTC]",
    "minutes": "Int32",  # <NA> where unknown
    "status": "category",  # of STATUSES, in that order
    "host_id": "Int64",
    "host": "category",  # the name shown for the host
    "part": "Int32",  # number of the `Part` it belongs to
    "ordinal": "Int32",  # 1, 2, 3 … among the part's BILL sessions; <NA> for the others
    "allowance": "object",  # "included #3 of 8", "included #3", "overage #2", "counted #3", "" if not BILL
    "charge": "category",  # of Decimal: the session's exact, unrounded price in the currency
}
ESTIMATE_COLUMNS = {  # only where Document.events holds anything; an estimate from webhook events, never in money
    "estimated_minutes": "Int32",
}
PARTICIPANT_COLUMNS = {  # only where Document.participants is "full"
    "participants": "object",
    "note": "object",
}

Kind = Literal[
    "invoice",
    "credit_note",
    "supplementary_invoice",
    "draft",
    "draft_credit_note",
    "draft_supplementary_invoice",
    "restatement",
]


NO_TAX = "Tax"  # the name of a tax that nobody configured


@dataclass(frozen=True, slots=True)
class Line:
    """One priced line. `amount` is rounded once, half up, to the currency's digits.

    On a pro-rated line `quantity` and `unit_price` are the full ones and the description says "15 of 30 days".
    On an adjustment `quantity` and `amount` are differences and may be negative.
    """

    meter: str  # "fee", "hosts", or the name of a meter of use: "sessions", "minutes" …
    description: str
    quantity: Decimal
    unit_price: Decimal  # exact, may have more digits than the currency
    amount: Decimal
    part: int  # number of the `Part` charged
    tier: int  # 0: fee, included usage or host licences; 1, 2 …: the overage tier


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of a meter's usage in one part, with its price: usage above `above`, up to and with `up_to`.

    `quantity` = max(0, min(usage, up_to) - above). Every band of the plan is here, reached or not, so that a
    workbook can price changed usage too. `up_to` is None where the band is open.
    """

    part: int
    meter: str
    tier: int  # 0: included
    above: int
    up_to: int | None
    unit_price: Decimal  # exact
    quantity: int


@dataclass(frozen=True, slots=True)
class PartMeter:
    name: str  # "sessions", "minutes" …
    included: int | None  # pro-rated; None: unlimited


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the month under one plan: days `first` to `last`, both inclusive, in UTC."""

    number: int  # 1, 2 …
    plan: str
    plan_from: date
    first: date
    last: date
    days: int
    days_of_month: int
    monthly_fee: Decimal  # the full month's
    meters: tuple[PartMeter, ...]
    hosts_included: int | None  # None: no hosts meter
    hosts_licensed: int | None
    hosts_extra_price: Decimal | None  # a licence and full month

    def has(self, meter: str) -> bool:
        return any(one.name == meter for one in self.meters)

    def included(self, meter: str) -> int | None:
        """None: unlimited, or no such meter."""
        return next((one.included for one in self.meters if one.name == meter), None)


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    severity: Literal["blocking", "warning", "info"]
    session_id: int | None
    message: str  # never holds a name, a description or the value of an unknown field
    count: int | msgspec.UnsetType = msgspec.UNSET  # of the findings that one line stands for; unset: itself alone


@dataclass(frozen=True, slots=True)
class Change:
    """One property of one session that differs from the last issued state, or the closing `rounding` entry."""

    session_id: int | None
    kind: Literal["status", "added", "removed", "minutes", "host", "billable_at", "reordered", "rounding"]
    before: str | None
    after: str | None
    amount: Decimal
    why: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    sha256: str
    fetched_at: datetime
    rows: int


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """A document already issued for the month, as an adjustment cites it."""

    kind: str
    number: str | None
    issued_on: date
    net: Decimal
    tax: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """One month of the account's history, for the trend."""

    month: str
    counts: Mapping[str, int]
    included: int | None
    net: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a document or report presents itself, and what made it."""

    timezone: str  # IANA name, for display only
    locale: str  # of numbers and dates shown to people, for example "en_US"
    paper: Literal["A4", "Letter"]
    participants: Literal["hidden", "full"]
    program_version: str


@dataclass(frozen=True, slots=True)
class Document:
    kind: Kind
    number: str | None  # None on drafts and restatements
    corrects: str | None  # on an adjustment: the invoice's number
    final: bool
    account: str
    month: str  # "2016-11"
    issued_on: date | None  # None until final
    due_on: date | None
    payment_days: int
    currency: str
    digits: int  # of the currency's minor unit: 0, 2, 3 …
    issuer: Issuer
    bill_to: Customer
    tax_name: str
    tax_rate: Decimal  # percent
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: tuple[Line, ...]
    month_net: Decimal  # of the whole month as now computed; equals net on an invoice
    month_tax: Decimal
    month_total: Decimal
    month_lines: tuple[Line, ...]
    bands: tuple[Band, ...]
    parts: tuple[Part, ...]
    rows: Rows
    counts: Mapping[str, int]  # by status, every status present
    minutes: Mapping[str, Minutes]
    allowance: Allowance
    hosts: tuple[HostUse, ...]  # by sessions descending, then host_id
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]
    already_issued: tuple[IssuedDocument, ...]  # what an adjustment is the difference to
    transitions: Mapping[str, Mapping[str, int]]  # before → after → sessions; "—" where a session was or is absent
    rules: tuple[str, ...]  # the rules the figures follow, in sentences
    snapshot: Snapshot
    daily: tuple[int, ...]  # BILL sessions by day of the month, UTC; one entry a day
    trend: tuple[MonthTotals, ...]  # up to 13 months ending with this one, ascending; earlier ones as issued
    timezone: str  # IANA name, for display only
    locale: str  # of numbers and dates shown to people, for example "en_US"
    paper: Literal["A4", "Letter"]
    participants: Literal["hidden", "full"]
    program_version: str
    files: Mapping[str, str]  # by format name: file name
    live: Mapping[str, int] = field(default_factory=dict)  # sessions without a duration, by what the Status API says
    events: Mapping[str, int] = field(default_factory=dict)  # without_event, ended_unlisted; empty without a webhook
    close_day: int = 1  # the month was open until 00:00 UTC of this day of the next one
    terms: Mapping[str, Any] = field(default_factory=dict)  # the plans and terms as configured, opaque here
    allocation: Allocation | msgspec.UnsetType = msgspec.UNSET  # the document's own; unset without cost centres
    licensed_hosts: tuple[int, ...] | msgspec.UnsetType = msgspec.UNSET  # whose days licences go by; unset: no list
    trend_without: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET  # other currencies, of months that trend lacks
    forecast: Forecast | msgspec.UnsetType = msgspec.UNSET  # on drafts of open months, where it is asked for
    most_alike: int | msgspec.UnsetType = msgspec.UNSET  # findings of one kind listed one by one; unset: all there are

    open_until: datetime | msgspec.UnsetType = msgspec.UNSET  # of a draft whose month is not over and closed yet

    @property
    def is_taxed(self) -> bool:
        """Whether a tax is configured, if only at 0 %: no tax is configured by leaving the key out."""
        return bool(self.tax_rate or self.tax) or self.tax_name not in ("", NO_TAX)

    @property
    def stem(self) -> str:
        """The file name without its ending."""
        return next(iter(self.files.values())).rpartition(".")[0]

    @property
    def presentation(self) -> Presentation:
        return Presentation(self.timezone, self.locale, self.paper, self.participants, self.program_version)

    @property
    def is_adjustment(self) -> bool:
        return bool(self.already_issued)
