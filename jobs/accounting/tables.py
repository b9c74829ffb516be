"""Entries as CSV: RFC 4180, UTF-8, texts neutralised against formulas as in every CSV of this program."""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from jobs.accounting.entries import JournalEntry, Posting
from jobs.errors import ConfigError
from reports.formats.csv.table import neutral, quoted
from reports.stored import plain

JOURNAL = (
    "entry", "line", "date", "account", "debit", "credit", "currency", "customer", "description", "document", "kind",
    "corrects", "month", "meter", "cost_centre", "tax_code",
)  # fmt: skip
QUICKBOOKS = ("JournalNo", "JournalDate", "AccountName", "Debits", "Credits", "Description", "Name", "Currency")
LONGEST = 21  # characters of a QuickBooks journal number
_LONGEST_ACCOUNT = 100


def journal(entries: Sequence[JournalEntry], currencies: Collection[str], *, allocation: bool) -> bytes:  # noqa: ARG001  # every format has this signature
    """For any general ledger; the column `entry` is the external key."""
    return _table(JOURNAL, (_journal(one, n, p) for one in entries for n, p in enumerate(one.postings, 1)))


def quickbooks(entries: Sequence[JournalEntry], currencies: Collection[str], *, allocation: bool) -> bytes:  # noqa: ARG001  # likewise
    """In the layout that QuickBooks Online imports. Raises ConfigError for what it cannot hold."""
    for one in entries:
        _refuse_for_quickbooks(one)
    head = (*QUICKBOOKS, *(["Class"] if allocation else []))
    rows = (_quickbooks(one, posting) for one in entries for posting in one.postings)
    return _table(head, (row[: len(head)] for row in rows))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    return "".join(f"{','.join(map(quoted, row))}\r\n" for row in (head, *rows)).encode()


def _money(amount: Decimal) -> str:
    return plain(amount) if amount else ""


def _journal(entry: JournalEntry, line: int, posting: Posting) -> tuple[str, ...]:
    document = entry.document
    return (
        f"{entry.number}-{entry.suffix}" if entry.suffix else entry.number,
        str(line),
        entry.date.isoformat(),
        neutral(posting.account),
        _money(posting.debit),
        _money(posting.credit),
        document.currency,
        neutral(entry.customer),
        neutral(posting.description),
        entry.number,
        document.kind,
        document.corrects or "",
        document.month,
        posting.meter,
        neutral(posting.cost_centre),
        neutral(posting.tax_code),
    )


def _journal_no(entry: JournalEntry) -> str:
    return f"{entry.number}A" if entry.suffix else entry.number


def _quickbooks(entry: JournalEntry, posting: Posting) -> tuple[str, ...]:
    return (
        _journal_no(entry),
        f"{entry.date:%m/%d/%Y}",
        neutral(posting.account),
        _money(posting.debit),
        _money(posting.credit),
        neutral(posting.description),
        neutral(entry.customer) if posting.is_receivable else "",
        entry.document.currency,
        neutral(posting.cost_centre),
    )


def _refuse_for_quickbooks(entry: JournalEntry) -> None:
    number = _journal_no(entry)
    if len(number) > LONGEST:
        prefix = str(entry.document.terms.get("invoice_prefix", ""))
        fits = len(prefix) - (len(number) - LONGEST)
        raise ConfigError(
            f"{entry.document.account}: {number} has {len(number)} characters, QuickBooks takes {LONGEST}: an "
            f"invoice_prefix of at most {max(fits, 1)} characters fits; use --format journal for these documents"
        )
    for posting in entry.postings:
        if len(posting.account) > _LONGEST_ACCOUNT or '"' in posting.account:
            raise ConfigError(
                f"{entry.document.account}: {entry.number}: QuickBooks takes account names of at most "
                f"{_LONGEST_ACCOUNT} characters without quotes; change the one in accounting"
            )
