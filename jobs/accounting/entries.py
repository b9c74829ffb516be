"""Issued documents as entries of double-entry bookkeeping (docs/accounting.md). Offline, from the ledger alone.

What is exported depends on ledger and configuration only: no clock, no counter, no mark on a document. The number of a
document is the key of its entry wherever it goes; what went out is reversed by a credit note, never edited.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import msgspec

from jobs.config import Account
from jobs.config.settings import Accounting
from jobs.errors import ConfigError
from reports.document import Document
from reports.text import shown


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry: exactly one of `debit` and `credit` is over 0, the other is 0."""

    account: str
    debit: Decimal
    credit: Decimal
    description: str
    meter: str = ""
    cost_centre: str = ""
    tax_code: str = ""
    is_receivable: bool = False

    @property
    def amount(self) -> Decimal:
        """Debit positive, credit negative."""
        return self.debit - self.credit


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A document's, or that of its shares to cost centres. Σ debit = Σ credit, exactly."""

    document: Document
    suffix: str  # of its key: "" or what tells the shares' entry apart
    customer: str
    postings: tuple[Posting, ...]

    @property
    def number(self) -> str:
        return self.document.number or ""

    @property
    def date(self) -> date:
        if self.document.issued_on is None:
            raise ValueError("a document that stands has a date")
        return self.document.issued_on


def entries(
    documents: Iterable[Document], accounts: Mapping[str, Account], *, allocation: bool
) -> Iterator[JournalEntry]:
    """In order of account, issue date and number; with `allocation` each document's shares follow it.

    Raises ConfigError where an account, or the ledger account of a line, is not configured.
    """
    for document in sorted(documents, key=_order):
        if document.number is None:
            continue  # a restatement without money
        books = _books(document, accounts)
        postings = tuple(_of_document(document, books))
        if postings:
            yield JournalEntry(document, "", books.customer, postings)
        if allocation and document.allocation is not msgspec.UNSET:
            shares = tuple(_of_shares(document, books))
            if shares:
                yield JournalEntry(document, "ALLOC", books.customer, shares)


def _order(document: Document) -> tuple[str, str, str]:
    return document.account, str(document.issued_on), document.number or ""


def _books(document: Document, accounts: Mapping[str, Account]) -> Accounting:
    account = accounts.get(document.account)
    books = account.accounting if account else None
    if books is None:
        raise ConfigError(
            f"accounts.{document.account}.accounting is missing: {document.number} has no accounts to go to"
        )
    return books


def _named(account: str | None, key: str, document: Document) -> str:
    if account is None:
        raise ConfigError(
            f"accounts.{document.account}.accounting.{key} is missing: {document.number} has an amount that needs it"
        )
    return account


def _posting(account: str, amount: Decimal, text: str, *, meter: str = "", centre: str = "", code: str = "") -> Posting:
    """`amount` as a debit, or where it is negative as a credit."""
    zero = amount * 0
    return Posting(account, max(amount, zero), max(-amount, zero), shown(text), meter, centre, code)


def _of_document(document: Document, books: Accounting) -> Iterator[Posting]:
    if document.total:
        amount = document.total
        text = f"{document.number} {document.month}"
        yield replace(_posting(books.receivable, amount, text), is_receivable=True)
    for line in document.lines:
        if line.amount:
            account = _named(books.revenue.get(line.meter), f"revenue.{line.meter}", document)
            yield _posting(account, -line.amount, line.description, meter=line.meter, code=books.tax_code)
    if document.tax:
        yield _posting(_named(books.tax, "tax", document), -document.tax, document.tax_name)


def _of_shares(document: Document, books: Accounting) -> Iterator[Posting]:
    allocation = document.allocation
    if allocation is msgspec.UNSET:
        return
    shares = [share for share in allocation.centres if share.total]
    if not shares:
        return
    expense = _named(books.expense, "allocation", document)
    for share in shares:
        text = f"{document.number} {document.month} {share.name}"
        yield _posting(expense, share.total, text, centre=share.code)
    if document.total:
        clearing = _named(books.clearing, "allocation", document)
        yield _posting(clearing, -document.total, f"{document.number} {document.month}")
