"""A statement of account: every document issued for an account's months, from the ledger alone (docs/operating.md).

Its files get a running number, as those of usage reports do: one that was sent is never overwritten by the next.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from pathlib import Path

from jobs.billing import money
from jobs.config import Config
from jobs.errors import UsageError
from jobs.ledger.state import IssuedEntry
from jobs.ledger.store import Ledger
from jobs.output.folder import Folder, next_stem
from reports import account_statement
from reports.account_statement.statement import AccountStatement, Entry, InCurrency, MonthIssued

FOLDER = "statements"  # beside the account's months


def statement_of(
    config: Config, ledger: Ledger, account: str, *, first: str | None, last: str | None, program_version: str
) -> AccountStatement:
    """`account`: any key that it has or had. `first`, `last`: months of service, inclusive; None: as far as there are.

    Raises UsageError where nothing is issued for them.
    """
    with ledger.survey() as survey:
        ((key, keys),) = survey.accounts((account,)).items()
        found = sorted(survey.documents(keys).items(), key=lambda item: item[0][1])
        issued = {month: documents for (_, month), documents in found}
        newest, known_at = survey.newest_document(keys), survey.known_at(keys)
    wanted = [month for month in issued if (first is None or month >= first) and (last is None or month <= last)]
    if newest is None or known_at is None or not wanted:
        period = f" for {first or 'the beginning'} to {last or 'now'}" if first or last else ""
        raise UsageError(f"nothing was issued to {key}{period}; `securevideo-billing history` shows what was")
    configured = config.accounts.get(key)
    return AccountStatement(
        account=key,
        issuer=config.issuer,
        customer=configured.terms.bill_to if configured else newest.bill_to,
        first=first or wanted[0],
        last=last or wanted[-1],
        known_at=known_at,
        presentation=config.presentation(program_version),
        currencies=_in_currencies(issued, wanted),
    )


def _in_currencies(issued: Mapping[str, Sequence[IssuedEntry]], wanted: Sequence[str]) -> tuple[InCurrency, ...]:
    names = sorted({one.currency for month in wanted for one in issued[month]})
    return tuple(_in_currency(name, issued, wanted) for name in names)


def _in_currency(currency: str, issued: Mapping[str, Sequence[IssuedEntry]], wanted: Sequence[str]) -> InCurrency:
    own = {month: [one for one in documents if one.currency == currency] for month, documents in issued.items()}
    listed = [(month, one) for month in wanted for one in own[month]]
    running = accumulate((one.total for _, one in listed), money.EXACT.add)
    return InCurrency(
        currency=currency,
        digits=listed[0][1].digits,
        entries=tuple(
            Entry(month, one.issued_on, one.kind, one.stem, one.net, one.tax, one.total, so_far)
            for (month, one), so_far in zip(listed, running, strict=True)
        ),
        months=tuple(
            MonthIssued(month, len(own[month]), _sum(own[month], "total"), _year_to_date(own, month))
            for month in wanted
            if own[month]
        ),
        net=_sum([one for _, one in listed], "net"),
        tax=_sum([one for _, one in listed], "tax"),
        total=_sum([one for _, one in listed], "total"),
    )


def _year_to_date(own: Mapping[str, Sequence[IssuedEntry]], month: str) -> Decimal:
    return _sum([one for other in own if f"{month[:4]}-01" <= other <= month for one in own[other]], "total")


def _sum(documents: Sequence[IssuedEntry], amount: str) -> Decimal:
    total = Decimal(0)
    for one in documents:
        total = money.EXACT.add(total, getattr(one, amount))
    return total


def write(config: Config, output: Path, statement: AccountStatement) -> tuple[Path, ...]:
    """Writes `<output>/<account>/statements/account-statement-<period>-<number>.*`. Raises OutputError."""
    with Folder(output, statement.account, FOLDER) as folder, folder.locked():
        stem = next_stem(folder.names(), f"account-statement-{statement.period.replace(' ', '-')}-")
        contents = {f"{stem}.{name}": account_statement.render(name, statement) for name in account_statement.FORMATS}
        folder.write_all(contents, config.file_mode)
        return tuple(folder.path / file for file in contents)
