"""Entries as plain-text accounting: Beancount and hledger. Each file stands alone and passes their strict checks."""

import re
from collections.abc import Collection, Iterator, Sequence

from jobs.accounting.entries import JournalEntry, Posting
from jobs.billing import money
from jobs.errors import ConfigError
from reports.stored import plain

_BEANCOUNT = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")
_HLEDGER = re.compile(r"(?![\s(\[;*!])(?!.*(\s\s|\t|;))\S.*(?<!\s)")


def beancount(entries: Sequence[JournalEntry], currencies: Collection[str], *, allocation: bool) -> bytes:  # noqa: ARG001  # every format has this signature
    """Debits positive, credits negative. Raises ConfigError for an account name that Beancount cannot hold."""
    lines = [f'option "operating_currency" "{currency}"' for currency in sorted(currencies)]
    names = _accounts(entries, _BEANCOUNT, "Beancount", "such as Income:Sessions, beginning with one of its five roots")
    if entries:
        first = min(entry.date for entry in entries)
        lines += ["", *(f"{first} open {name}" for name in names)]
    for entry in entries:
        corrects = f" ^{entry.document.corrects}" if entry.document.corrects else ""
        texts = f'"{_escaped(entry.customer)}" "{_escaped(_narration(entry))}"'
        lines += ["", f"{entry.date} * {texts} ^{entry.number}{corrects}", f'  number: "{entry.number}"']
        for posting in entry.postings:
            lines.append(f"  {posting.account}  {plain(posting.amount)} {entry.document.currency}")
            if posting.cost_centre:
                lines.append(f'    cost_centre: "{_escaped(posting.cost_centre)}"')
    return "".join(f"{line}\n" for line in lines).encode()


def hledger(entries: Sequence[JournalEntry], currencies: Collection[str], *, allocation: bool) -> bytes:  # noqa: ARG001  # likewise
    """The same postings. Raises ConfigError for an account name that hledger cannot hold."""
    lines = [f"commodity {_sample(currency)} {currency}" for currency in sorted(currencies)]
    names = _accounts(entries, _HLEDGER, "hledger", "without two blanks in a row, ; or a bracket at its beginning")
    lines += [f"account {name}" for name in names]
    for entry in entries:
        text = f"{_uncommented(entry.customer).replace('|', '/')} | {_uncommented(_narration(entry))}"
        lines += ["", f"{entry.date} * ({entry.number}) {text}"]
        lines += [_hledger_posting(posting, entry.document.currency) for posting in entry.postings]
    return "".join(f"{line}\n" for line in lines).encode()


def _hledger_posting(posting: Posting, currency: str) -> str:
    tag = f"  ; cost_centre: {_uncommented(posting.cost_centre).replace(',', ' ')}" if posting.cost_centre else ""
    return f"    {posting.account}  {plain(posting.amount)} {currency}{tag}"


def _narration(entry: JournalEntry) -> str:
    what = "cost allocation of " if entry.suffix else ""
    return f"{what}{entry.document.kind} {entry.number}, {entry.document.month}"


def _accounts(entries: Sequence[JournalEntry], allowed: re.Pattern[str], program: str, such: str) -> list[str]:
    """All account names, in order. Raises ConfigError."""
    for entry, posting in _postings(entries):
        if not allowed.fullmatch(posting.account):
            raise ConfigError(
                f"accounts.{entry.document.account}.accounting: {program} cannot hold the account "
                f"{posting.account!r}, which {entry.number} needs; expected a name {such}"
            )
    return sorted({posting.account for _, posting in _postings(entries)})


def _postings(entries: Sequence[JournalEntry]) -> Iterator[tuple[JournalEntry, Posting]]:
    return ((entry, posting) for entry in entries for posting in entry.postings)


def _sample(currency: str) -> str:
    """How many decimals a commodity has, as hledger wants to be shown."""
    return f"1000.{'0' * money.digits_of(currency)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _uncommented(text: str) -> str:
    """Without what would begin a comment."""
    return text.replace(";", ",")
