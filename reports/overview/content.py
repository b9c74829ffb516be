"""What the overview shows: a line an account, and each account's months on a page of its own. Finished and frozen.

Money is `Decimal`, quantised to its currency's digits, and only added up within a currency; paths are relative to the
page that they stand on.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args

from reports.document import Presentation

MonthStatus = Literal["issued", "adjusted", "restated", "draft", "failed", "fetched", "missing"]
Matter = Literal[
    "failed", "blocking", "restated", "unwritten", "missing", "not_issued", "may_have_changed", "unallocated"
]

MATTERS: tuple[Matter, ...] = get_args(Matter)  # first things first


@dataclass(frozen=True, slots=True)
class Concern:
    """What needs attention."""

    matter: Matter
    account: str
    month: str
    detail: str  # the reason, the codes of findings, the amount of a restatement; may be empty


@dataclass(frozen=True, slots=True)
class Line:
    """An account on the overview: its newest month, and what it came to."""

    key: str
    name: str
    month: str | None  # "2016-11"; None where nothing was billed yet
    status: MonthStatus | None  # of that month
    currency: str  # of both totals
    total: Decimal | None  # issued for that month; None where nothing is
    year_total: Decimal | None  # issued for all months of its year
    concerns: int  # in any of its months
    has_page: bool  # in this folder: not where nothing was billed yet, or another configuration has its files
    open: "OpenMonth | None" = None  # of the newest month, where the account asks where it is heading


@dataclass(frozen=True, slots=True)
class Sum:
    """What is issued for a month in one currency, over all accounts."""

    month: str
    currency: str
    total: Decimal
    accounts: int


@dataclass(frozen=True, slots=True)
class Overview:
    """All accounts, a line each: `index.html`."""

    issuer: str
    presentation: Presentation
    known_at: datetime | None  # of the newest entry of the ledger; None while it is empty
    lines: tuple[Line, ...]  # as configured, then those that are no longer
    concerns: tuple[Concern, ...]  # in the order of MATTERS, then newest month first
    sums: tuple[Sum, ...]  # newest month first


@dataclass(frozen=True, slots=True)
class File:
    format: str
    path: str | None  # None where the file is not in this folder


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document, issued or drafted."""

    kind: str  # `reports.document.Kind`
    number: str | None
    issued_on: date | None
    total: Decimal
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Bill:
    """Whether the vendor's bill was compared with ours, and how that stands."""

    matched: bool
    open: int = 0  # differences
    age: int = 0  # days; of what is open
    page: str | None = None  # of the last comparison; None where it is not in this folder


@dataclass(frozen=True, slots=True)
class OpenMonth:
    """How far a month has come that is still open."""

    used: int  # counted sessions
    included: int | None  # None: unlimited, or no allowance
    projected: int | None  # None: too early
    elapsed_days: int
    days: int


@dataclass(frozen=True, slots=True)
class OverviewMonth:
    month: str  # "2016-11"
    status: MonthStatus
    counted: int | None  # BILL sessions, as last issued or drafted; None where nothing was computed
    included: int | None  # None: unlimited, or no allowance, or nothing computed
    overage: int | None
    total: Decimal | None  # the sum of what is issued; None where nothing is
    currency: str  # of the total and the documents
    warnings: int  # findings that are warnings
    may_have_changed: bool  # webhook events named its sessions after its last run; never so where none is issued
    documents: tuple[DocumentEntry, ...]  # the issued ones, then the drafts
    bill: Bill | None = None  # None: of an account whose vendor's bills are not checked
    open: OpenMonth | None = None  # of an account that asks where its open month is heading


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One account, month by month: `<account>/index.html`."""

    issuer: str
    presentation: Presentation
    basis: str  # a digest of what the page was made from: a run makes it anew once that has changed
    known_at: datetime  # of the newest entry about it
    key: str
    name: str
    currency: str  # of the newest invoice; earlier months may have another
    months: tuple[OverviewMonth, ...]  # ascending
    concerns: tuple[Concern, ...]  # its own, in the order of `Overview.concerns`
