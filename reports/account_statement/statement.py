"""What a statement of account *is*: every document issued for an account's months, finished before it is rendered.

Not to be confused with the statement of a cost centre (`reports.centres`). It knows what was issued, and nothing of
payments. Money is `Decimal`, quantised to its currency's digits; currencies are never added together.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from reports.document import Presentation
from reports.parties import Party

TITLE = "Statement of account"
NO_PAYMENTS = (
    "It lists what was issued. It knows nothing of payments: what has been paid, and what is still owed, it cannot say."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A document. Of a credit note the amounts are negative."""

    month: str  # of service
    issued_on: date
    kind: str  # `reports.document.Kind`
    number: str  # a restatement's is the name of its files
    net: Decimal
    tax: Decimal
    total: Decimal
    running: Decimal  # Σ total up to and with this one


@dataclass(frozen=True, slots=True)
class MonthIssued:
    month: str
    documents: int
    total: Decimal
    year_to_date: Decimal  # from January of its year, also where the statement begins later


@dataclass(frozen=True, slots=True)
class InCurrency:
    currency: str
    digits: int
    entries: tuple[Entry, ...]  # by month of service, then as issued; at least one
    months: tuple[MonthIssued, ...]  # ascending, those with documents
    net: Decimal
    tax: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class AccountStatement:
    account: str
    issuer: Party
    customer: Party
    first: str  # months of service, both inclusive
    last: str
    known_at: datetime  # of the newest entry of the ledger about the account
    presentation: Presentation
    currencies: tuple[InCurrency, ...]  # in the order of the alphabet, at least one

    @property
    def period(self) -> str:
        """ "2016-10 to 2016-12"."""
        return self.first if self.first == self.last else f"{self.first} to {self.last}"
