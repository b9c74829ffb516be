"""The overview of an output folder, from what the ledger knows: `reports.overview` says what it looks like."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from msgspec import UNSET, UnsetType

from jobs.billing import money
from jobs.billing.month import Month, through
from jobs.config import Config
from jobs.ledger.drift import Drift
from jobs.ledger.state import MonthState
from jobs.ledger.store import Ledger
from jobs.output.folder import Folder
from jobs.output.seal import OVERVIEW, sealed
from jobs.output.summary import Decided
from reports import formats, overview
from reports.document import Document
from reports.overview.content import (
    MATTERS,
    Bill,
    Concern,
    DocumentEntry,
    File,
    OpenMonth,
    Overview,
    OverviewAccount,
    OverviewMonth,
    Sum,
)
from reports.overview.page import MATTERS as MATTERS_IN_WORDS
from reports.stored import plain


def write(config: Config, ledger: Ledger, output: Path, *, program_version: str) -> Overview:
    """Writes `<output>/index.html` anew. Of several runs at once the last one's stays, whole. Raises OutputError."""
    with Folder(output) as folder, folder.locked():
        shown = overview_of(config, ledger.month_states(), output, program_version)
        folder.write(OVERVIEW, sealed(overview.render(shown)), config.file_mode)
    return shown


def in_words(concern: Concern) -> str:
    """One line for a log: what needs attention, and the command that catches up."""
    title, to_do = MATTERS_IN_WORDS[concern.matter]
    command = "allocate" if concern.matter == "unallocated" else "run"
    more = {"restated": " --adjust", "unallocated": " --reallocate"}.get(concern.matter, "")
    detail = f": {concern.detail}" if concern.detail else ""
    unit = f"--account {concern.account} --month {concern.month}"
    return (
        f"{concern.account} {concern.month}: {title.lower()}{detail}. {to_do} "
        f"The command: securevideo-billing {command} {unit}{more}"
    )


def overview_of(config: Config, month_states: Iterable[MonthState], output: Path, program_version: str) -> Overview:
    """Every account's months, the gaps between them too. Only files that are in `output` are linked."""
    by_account: dict[str, dict[str, MonthState]] = {key: {} for key in config.accounts}
    for one in month_states:
        by_account.setdefault(one.account, {})[one.month] = one
    known = [one for months in by_account.values() for one in months.values()]
    known_at = max((one.known_at for one in known), default=None)
    accounts = tuple(_account(config, key, months, output, known_at) for key, months in by_account.items())
    return Overview(
        known_at=known_at,
        issuer=config.issuer.name,
        accounts=accounts,
        concerns=_concerns(by_account, known_at, config.close_day),
        sums=_sums(accounts),
        locale=config.locale,
        timezone=config.timezone,
        paper=config.paper,
        program_version=program_version,
    )


def _account(
    config: Config, key: str, months: Mapping[str, MonthState], output: Path, known_at: datetime | None
) -> OverviewAccount:
    newest = next((one.documents[-1] for _, one in sorted(months.items(), reverse=True) if one.documents), None)
    configured = config.accounts.get(key)
    terms = configured.terms if configured else None
    called, priced = terms or newest, newest or terms  # what is issued keeps its currency
    currency = priced.currency if priced else ""
    checked_at = known_at if any(one.matched for one in months.values()) else None
    listed = tuple(
        _month(month, months.get(month), output, currency, checked_at) for month in map(str, through(months))
    )
    return OverviewAccount(key, called.bill_to.name if called else "", currency, listed)


def _month(
    month: str, known: MonthState | None, output: Path, currency: str, checked_at: datetime | None
) -> OverviewMonth:
    """`currency`: the account's, for a month without an amount.

    `checked_at`: as of when the vendor's bills are reported; None for an account that has none checked.
    """
    if known is None:
        return OverviewMonth(month, "missing", None, None, None, None, currency, 0, False, ())
    issued, decided = known.documents, known.decided
    folder = output / known.home / month
    last = issued[-1] if issued else None
    return OverviewMonth(
        month=month,
        status=known.status if last is not None or known.failure is None else "failed",  # type: ignore[arg-type]  # the ledger's words
        counted=_noted(decided.counted, last.counts["BILL"] if last else None),
        included=_noted(decided.included, last.allowance.included if last else None),
        overage=_noted(decided.overage, last.allowance.overage if last else None),
        total=_sum(document.total for document in issued) if issued else None,
        currency=_currency(known) or currency,
        warnings=decided.warnings,
        may_have_changed=known.drift is not None,
        bill=_bill(known, folder, checked_at) if checked_at and issued else None,
        open=None if issued else _open(decided),
        documents=(*(_issued(document, folder) for document in issued), *_drafted(known, folder)),
    )


def _open(decided: Decided) -> OpenMonth | None:
    if decided.forecast is UNSET:
        return None
    ahead, included = decided.forecast, _noted(decided.included, None)
    return OpenMonth(ahead.used, included, ahead.projected, ahead.elapsed_days, ahead.days)


def _noted(number: int | UnsetType | None, else_: int | None) -> int | None:
    return else_ if number is UNSET else number


def _bill(known: MonthState, folder: Path, at: datetime) -> Bill:
    if not known.matched:
        return Bill(matched=False)
    page = folder / f"match-{known.matched['number']}.html"
    return Bill(
        matched=True,
        open=known.matched["open"],
        age=(at.date() - date.fromisoformat(known.matched["since"])).days,
        page="/".join(page.parts[-3:]) if page.is_file() else None,
    )


def _currency(known: MonthState) -> str:
    """Of the month's amounts: all of its documents are in that of the first."""
    named = [*(document.currency for document in known.documents), *(one.currency for one in known.decided.drafted)]
    return named[0] if named else ""


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = money.EXACT.add(total, amount)
    return total


def _issued(document: Document, folder: Path) -> DocumentEntry:
    files = _files(document.files, folder)
    return DocumentEntry(document.kind, document.number, document.issued_on, document.total, files)


def _drafted(known: MonthState, folder: Path) -> Iterator[DocumentEntry]:
    for draft in known.decided.drafted:
        yield DocumentEntry(draft.kind, None, None, draft.total, _files(draft.files, folder))


def _files(files: Mapping[str, str], folder: Path) -> tuple[File, ...]:
    below = "/".join(folder.parts[-2:])
    in_order = [(name, files[name]) for name in formats.in_order(files, people_first=True)]
    return tuple(File(name, f"{below}/{file}" if (folder / file).is_file() else None) for name, file in in_order)


def _concerns(
    by_account: Mapping[str, Mapping[str, MonthState]], known_at: datetime | None, close_day: int
) -> tuple[Concern, ...]:
    found = [
        concern
        for key, months in by_account.items()
        for month in reversed([*map(str, through(months))])
        for concern in _concerns_of(key, month, months.get(month), known_at, close_day)
    ]
    newest_first = sorted(found, key=lambda concern: concern.month, reverse=True)
    return tuple(sorted(newest_first, key=lambda concern: MATTERS.index(concern.matter)))


def _concerns_of(
    key: str, month: str, known: MonthState | None, known_at: datetime | None, close_day: int
) -> Iterator[Concern]:
    if known is None:
        yield Concern("missing", key, month, "no run has billed it")
        return
    if known.failure is not None:
        yield Concern("failed", key, month, known.failure)
    elif known.status == "fetched":
        yield Concern("missing", key, month, "a run was stopped before it was billed")
    if known.unwritten:
        yield Concern("unwritten", key, month, "a run was stopped before all files were in place")
    blocking, drafted = known.decided.blocking, known.decided.drafted
    if blocking:
        yield Concern("blocking", key, month, ", ".join(blocking))
    elif known.status == "restated":
        amounts = [f"{one.currency} {plain(one.total)}" for one in drafted[:1]]
        yield Concern("restated", key, month, " ".join(["not issued, it would come to", *amounts]) if amounts else "")
    elif known.status == "draft" and known_at and known_at >= Month.parse(month).closes_at(close_day):
        yield Concern("not_issued", key, month, "the month is closed, there is only a draft")
    if unallocated := known.decided.unallocated:
        yield Concern("unallocated", key, month, f"{unallocated} belong to no cost centre")
    if known.drift is not None:
        yield Concern("may_have_changed", key, month, _told(known.drift))


def _told(drift: Drift) -> str:
    sessions = "one of its sessions" if drift.sessions == 1 else f"{drift.sessions} of its sessions"
    last = f"{drift.told_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"webhooks have reported {sessions} since its last run, most recently at {last}"


def _sums(accounts: Iterable[OverviewAccount]) -> tuple[Sum, ...]:
    """What is issued by month and currency, newest month first."""
    totals: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for account in accounts:
        for month in account.months:
            if month.total is not None:
                totals[month.month, month.currency].append(month.total)
    by_currency = sorted(totals.items(), key=lambda item: item[0][1])
    return tuple(
        Sum(month, currency, _sum(amounts), len(amounts))
        for (month, currency), amounts in sorted(by_currency, key=lambda item: item[0][0], reverse=True)
    )
