"""The configuration as the rest of the program sees it: frozen, complete, every default filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jobs.billing.centres import MapRow
from jobs.billing.terms import Terms
from reports.document import Presentation
from reports.parties import Issuer

if TYPE_CHECKING:
    from jobs.billing.ahead import Alerts


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """Where one half of an account's key pair, or its webhook's secret, stands; never the credential itself."""

    account: str
    role: Literal["identifier", "secret", "webhook secret"]
    kind: Literal["env", "file", "credential"]
    name: str  # the variable's name, the file's absolute path, or a file name under $CREDENTIALS_DIRECTORY

    @property
    def place(self) -> str:
        kind = {"env": "environment variable", "file": "file", "credential": "credential"}[self.kind]
        return f"{self.role} from {kind} {self.name}"

    def __str__(self) -> str:
        return f"account {self.account}: {self.place}"


@dataclass(frozen=True, slots=True)
class CredentialSources:
    identifier: CredentialSource
    secret: CredentialSource


@dataclass(frozen=True, slots=True)
class Vendor:
    base_url: str  # ends with "/"
    timeout_seconds: float  # for one reply, whole; over 0
    budget_seconds: float  # for one account-month, retries included; not less than timeout_seconds
    max_reply_mib: int  # 1 … 4096
    at_once: int  # 1 … 64: requests under way, of all processes of a run together
    status_lookups: int  # 0 … 100,000: sessions without a duration asked about, for one account-month
    ca_file: Path | None  # None: the certificates that come with the program
    proxy: str | None


@dataclass(frozen=True, slots=True)
class Certificates:
    """How a cluster knows us, and we it (mutual TLS)."""

    ca: Path
    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Workers:
    """Where a run's accounts are billed."""

    jobs: int | None = None  # processes on this machine; None: one a core
    cluster: str | None = None  # a Dask scheduler's address, or file:PATH of its scheduler file; None: this machine
    tls: Certificates | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """How the vendor's activity file is read, and which differences need nobody."""

    sheet: str | None  # None: the one with the most sessions
    header_row: int | None  # from 1; None: found
    timezone: str  # IANA name, of the times in the file
    columns: Mapping[str, str]  # by role: a column's letter or header
    statuses: Mapping[str, tuple[str, ...]]  # by status: the phrases that stand for it
    minutes: int  # tolerance: 0 … 1440
    amount: Decimal  # tolerance: of each amount, and of all together


@dataclass(frozen=True, slots=True)
class Accounting:
    """The accounts of the ledger that an account's documents are booked on (docs/accounting.md)."""

    customer: str
    receivable: str
    tax: str | None
    tax_code: str  # may be empty
    revenue: Mapping[str, str]  # by meter, where named
    expense: str | None  # both or neither: for the shares of cost centres
    clearing: str | None


HookEvent = Literal["issued", "adjusted", "drafted", "attention", "failed", "finished"]


@dataclass(frozen=True, slots=True)
class Hook:
    """A command that learns of a run when it is over."""

    on: frozenset[str]  # of Event
    command: tuple[str, ...]  # no shell


@dataclass(frozen=True, slots=True)
class Account:
    key: str
    credentials: CredentialSources
    terms: Terms
    match: Match
    webhook_secret: CredentialSource | None = None  # None: the account receives no webhooks
    centre_map: tuple[MapRow, ...] = ()  # what `terms.allocation` calls the map
    accounting: Accounting | None = None
    alerts: "Alerts | None" = None  # None: nothing is told before the bill

    @property
    def sources(self) -> tuple[CredentialSource, ...]:
        """Where each of its credentials stands."""
        pair = (self.credentials.identifier, self.credentials.secret)
        return pair if self.webhook_secret is None else (*pair, self.webhook_secret)


@dataclass(frozen=True, slots=True)
class Config:
    """All paths but `path` are absolute: they count from the configuration file's folder."""

    path: Path  # as the user gave it
    ledger: str | Path  # a path is SQLite; text is postgresql+psycopg://…, without a password
    snapshots: Path
    output: Path
    close_day: int  # 1 … 28
    timezone: str  # IANA name, for display only
    participants: Literal["hidden", "full"]
    file_mode: int  # permission bits
    locale: str
    paper: Literal["A4", "Letter"]
    formats: tuple[str, ...]  # in the order of a document's files, json among them
    restate_months: int  # 0 … 60
    vendor: Vendor
    issuer: Issuer
    accounts: Mapping[str, Account]  # in the file's order, at least one; read-only
    hooks: tuple[Hook, ...] = ()
    workers: Workers = Workers()

    def presentation(self, program_version: str) -> Presentation:
        return Presentation(self.timezone, self.locale, self.paper, self.participants, program_version)
