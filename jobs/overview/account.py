"""The page of one account: every month with its documents, from what the ledger knows."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import UNSET, UnsetType

from jobs.billing import money
from jobs.config import Config
from jobs.ledger.state import AccountState, IssuedEntry, MonthState, Survey
from jobs.output.summary import Decided
from jobs.overview.concerns import with_gaps
from reports import formats
from reports.overview.content import AccountPage, Bill, Concern, DocumentEntry, File, OpenMonth, OverviewMonth


@dataclass(frozen=True, slots=True)
class _Of:
    """What all months of an account have in common."""

    output: Path
    key: str
    currency: str  # for a month without an amount
    matched: Mapping[tuple[str, str], Mapping[str, Any]]  # by key and month
    known_at: datetime


def page(
    config: Config,
    survey: Survey,
    state: AccountState,
    output: Path,
    *,
    basis: str,
    concerns: tuple[Concern, ...],
    program_version: str,
) -> AccountPage:
    """Gaps between the months, too. Only files that are in `output` are linked. `state`: whole, of any month at all."""
    issued = survey.documents(state.keys)
    by_month = {one.month: one for one in state.months}
    configured = config.accounts.get(state.key)
    terms = configured.terms if configured else None
    newest = next((one for one in reversed(state.months) if one.issued), None)
    called, priced = terms or survey.newest_document(state.keys), newest or terms  # what is issued keeps its currency
    instants = [survey.known_at(state.keys), *(one.drift.told_at for one in state.months if one.drift)]
    of = _Of(
        output,
        state.key,
        priced.currency if priced else "",
        survey.matched(state.keys),
        max(at for at in instants if at),
    )
    return AccountPage(
        issuer=config.issuer.name,
        presentation=config.presentation(program_version),
        basis=basis,
        known_at=of.known_at,
        key=state.key,
        name=called.bill_to.name if called else "",
        currency=of.currency,
        months=tuple(
            _month(of, month, known, issued.get((known.home, month), []) if known else [])
            for month in with_gaps(by_month)
            for known in [by_month.get(month)]
        ),
        concerns=concerns,
    )


def _month(of: _Of, month: str, known: MonthState | None, issued: Sequence[IssuedEntry]) -> OverviewMonth:
    if known is None:
        return OverviewMonth(month, "missing", None, None, None, None, of.currency, 0, False, ())
    decided, folder = known.decided, of.output / known.home / month
    last = issued[-1] if issued else None
    return OverviewMonth(
        month=month,
        status=known.status if last is not None or known.failure is None else "failed",  # type: ignore[arg-type]  # the ledger's words
        counted=_noted(decided.counted, last.counts["BILL"] if last else None),
        included=_noted(decided.included, last.allowance.included if last else None),
        overage=_noted(decided.overage, last.allowance.overage if last else None),
        total=_sum(document.total for document in issued) if issued else None,
        currency=_currency(known, issued) or of.currency,
        warnings=decided.warnings,
        may_have_changed=known.drift is not None,
        bill=_bill(of, of.matched.get((known.home, month)), folder) if of.matched and issued else None,
        open=None if issued else open_month(decided),
        documents=(*(_issued(of, document, folder) for document in issued), *_drafted(of, known, folder)),
    )


def open_month(decided: Decided) -> OpenMonth | None:
    """How far the month has come, where a run has noted that."""
    if decided.forecast is UNSET:
        return None
    ahead, included = decided.forecast, _noted(decided.included, None)
    return OpenMonth(ahead.used, included, ahead.projected, ahead.elapsed_days, ahead.days)


def _noted(number: int | UnsetType | None, else_: int | None) -> int | None:
    return else_ if number is UNSET else number


def _bill(of: _Of, matched: Mapping[str, Any] | None, folder: Path) -> Bill:
    if matched is None:
        return Bill(matched=False)
    since = date.fromisoformat(matched["since"])
    page = _path(of, folder / f"match-{matched['number']}.html")
    return Bill(matched=True, open=matched["open"], age=(of.known_at.date() - since).days, page=page)


def _currency(known: MonthState, issued: Sequence[IssuedEntry]) -> str:
    """Of the month's amounts: all of its documents are in that of the first."""
    named = [*(document.currency for document in issued), *(one.currency for one in known.decided.drafted)]
    return named[0] if named else ""


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = money.EXACT.add(total, amount)
    return total


def _issued(of: _Of, document: IssuedEntry, folder: Path) -> DocumentEntry:
    files = _files(of, document.files, folder)
    return DocumentEntry(document.kind, document.number, document.issued_on, document.total, files)


def _drafted(of: _Of, known: MonthState, folder: Path) -> Iterator[DocumentEntry]:
    for draft in known.decided.drafted:
        yield DocumentEntry(draft.kind, None, None, draft.total, _files(of, draft.files, folder))


def _files(of: _Of, files: Mapping[str, str], folder: Path) -> tuple[File, ...]:
    in_order = [(name, files[name]) for name in formats.in_order(files, people_first=True)]
    return tuple(File(name, _path(of, folder / file)) for name, file in in_order)


def _path(of: _Of, file: Path) -> str | None:
    """From the account's own folder; a month may be in that of a former key."""
    return os.path.relpath(file, of.output / of.key) if file.is_file() else None
