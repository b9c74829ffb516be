"""The overview of an output folder, from what the ledger knows: `reports.overview` says what it looks like.

`index.html` is written anew by each run; an account's own page only where what it was made from has changed since, or
where it is missing or altered.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from jobs.billing import money
from jobs.config import Config
from jobs.errors import OutputError
from jobs.ledger.state import AccountState, MonthState, Survey
from jobs.ledger.store import Ledger
from jobs.output.folder import Folder
from jobs.output.seal import OVERVIEW, is_sealed, sealed
from jobs.overview import account, concerns
from jobs.overview.concerns import in_words
from reports import overview
from reports.overview.content import Concern, Line, Overview, Sum

__all__ = ["in_words", "write"]


_Account = tuple[str, tuple[str, ...]]  # its key, and those that the ledger has rows under


@dataclass(frozen=True, slots=True)
class Written:
    overview: Overview
    failures: tuple[str, ...]  # a line for each account's page that could not be written


def write(config: Config, ledger: Ledger, output: Path, *, program_version: str) -> Written:
    """Writes `<output>/index.html`, and `<account>/index.html` where it is not as it should be.

    Of several runs at once the last one's stays, whole. Raises OutputError where the overview itself cannot be written.
    """
    failures = []
    with Folder(output) as folder, folder.locked():
        with ledger.survey() as survey:
            shown, bases = _surveyed(config, survey, output, program_version)
        for (key, keys), basis in bases.items():
            try:
                if not _is_current(output / key / OVERVIEW, basis):
                    _write_page(config, ledger, output, {key: keys}, program_version)
            except OutputError as error:  # one account's folder keeps no other's page back
                failures.append(str(error))
        folder.write(OVERVIEW, sealed(overview.render(shown)), config.file_mode)
    return Written(shown, tuple(failures))


def _surveyed(
    config: Config, survey: Survey, output: Path, program_version: str
) -> tuple[Overview, dict[_Account, str]]:
    """The overview, and what the page of each account, under all its keys, is to be made from."""
    by_account, known_at = survey.accounts(), survey.known_at()
    in_order = [
        *(key for key in config.accounts if key in by_account),
        *(key for key in by_account if key not in config.accounts),
    ]
    lines: dict[str, Line] = {key: _unbilled(config, key) for key in config.accounts}
    found, bases, sums = list[Concern](), dict[_Account, str](), _Sums(survey)
    instants = [known_at] if known_at else []
    for state in survey.states({key: by_account[key] for key in in_order}):
        own = concerns.of_account(state, known_at, config.close_day)
        is_here = state.key in config.accounts or any((output / key).is_dir() for key in state.keys)
        lines[state.key] = replace(_line(config, survey, state, len(own), sums), has_page=is_here)
        if is_here:
            bases[state.key, state.keys] = _basis(config, state, own, program_version)
        found += own
        instants += [one.drift.told_at for one in state.months if one.drift]
    shown = Overview(
        issuer=config.issuer.name,
        presentation=config.presentation(program_version),
        known_at=max(instants, default=None),
        lines=tuple(lines.values()),
        concerns=concerns.in_order(found),
        sums=sums.in_order(),
    )
    return shown, bases


def _unbilled(config: Config, key: str) -> Line:
    terms = config.accounts[key].terms
    return Line(key, terms.bill_to.name, None, None, terms.currency, None, None, 0, has_page=False)


def _line(config: Config, survey: Survey, state: AccountState, concerned: int, sums: "_Sums") -> Line:
    newest = state.months[-1]
    issued = [one for one in state.months if one.issued]
    for one in issued:
        sums.add(one)
    configured = config.accounts.get(state.key)
    if configured:
        name, currency = configured.terms.bill_to.name, configured.terms.currency
    else:
        document = survey.newest_document(state.keys)
        name, currency = (document.bill_to.name, document.currency) if document else ("", "")
    currency = newest.currency or (issued[-1].currency if issued else currency)  # what is issued keeps its currency
    year = [one.total_minor for one in issued if one.month[:4] == newest.month[:4] and one.currency == currency]
    return Line(
        key=state.key,
        name=name,
        month=newest.month,
        status=newest.status if newest.issued or newest.failure is None else "failed",  # type: ignore[arg-type]  # the ledger's words
        currency=currency,
        total=sums.amount(newest.total_minor, currency) if newest.issued else None,
        year_total=sums.amount(sum(year), currency) if year else None,
        concerns=concerned,
        has_page=True,
        open=None if newest.issued else account.open_month(newest.decided),
    )


class _Sums:
    """Adds up what is issued, by month and currency."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._digits: dict[str, int] = {}
        self._totals: dict[tuple[str, str], tuple[int, int]] = {}

    def add(self, month: MonthState) -> None:
        total, accounts = self._totals.get((month.month, month.currency), (0, 0))
        self._totals[month.month, month.currency] = total + month.total_minor, accounts + 1

    def amount(self, minor: int, currency: str) -> Decimal:
        if currency not in self._digits:
            self._digits[currency] = self._survey.digits_of(currency)
        return money.from_minor(minor, self._digits[currency])

    def in_order(self) -> tuple[Sum, ...]:
        """Newest month first."""
        by_currency = sorted(self._totals.items(), key=lambda item: item[0][1])
        return tuple(
            Sum(month, currency, self.amount(total, currency), accounts)
            for (month, currency), (total, accounts) in sorted(by_currency, key=lambda item: item[0][0], reverse=True)
        )


def _basis(config: Config, state: AccountState, own: list[Concern], program_version: str) -> str:
    """A digest of what an account's page rests on: once it is another, the page is out of date."""
    configured = config.accounts.get(state.key)
    called = configured.terms.bill_to.name if configured else None
    shown = config.issuer.name, config.presentation(program_version), called
    return hashlib.sha256(repr((shown, state.keys, state.newest, own)).encode()).hexdigest()


def _is_current(file: Path, basis: str) -> bool:
    """Whether an account's page is there, as it was written, from just this."""
    try:
        content = b"" if file.is_symlink() else file.read_bytes()
    except OSError:
        return False  # whoever writes it says why that cannot be done
    return overview.is_made_from(content, basis) and is_sealed(content)


def _write_page(
    config: Config, ledger: Ledger, output: Path, one: Mapping[str, tuple[str, ...]], program_version: str
) -> None:
    with ledger.survey() as survey:
        known_at = survey.known_at()
        (state,) = survey.states(one, whole=True)
        own = concerns.of_account(state, known_at, config.close_day)
        shown = account.page(
            config,
            survey,
            state,
            output,
            basis=_basis(config, state, own, program_version),
            concerns=concerns.in_order(own),
            program_version=program_version,
        )
    with Folder(output, state.key) as folder, folder.locked():
        folder.write(OVERVIEW, sealed(overview.render_account(shown)), config.file_mode)
    for former in state.keys:
        if former != state.key and (output / former).is_dir():
            with Folder(output, former) as folder:
                folder.remove(OVERVIEW)
