"""A month computed again from a stored snapshot, without the vendor: for `diff`, `verify` and `accept`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from jobs.billing.centres import resolution_of, sources_of
from jobs.billing.decide import Decision, Gathered, decide
from jobs.billing.invoicing import Provenance
from jobs.billing.month import Month
from jobs.billing.terms import Terms, of_document
from jobs.config import Account, Config
from jobs.errors import UsageError
from jobs.gather import configured, gather, sources_for, terms_of
from jobs.ledger.snapshots import Snapshots
from jobs.ledger.store import Ledger, View
from jobs.securevideo import history, statuses
from reports.document import Document
from reports.stored import plain, to_builtins


@dataclass(frozen=True, slots=True)
class Archive:
    """Where what is known lies: the ledger and the vendor's raw replies."""

    ledger: Ledger
    snapshots: Snapshots


def recount(archive: Archive, like: Document, view: View, *, adjust: bool) -> Decision:
    """What the program decides on the snapshot and documents that `view` reaches, set and termed as in `like`.

    Raises LedgerDamaged where the snapshot is missing or damaged.
    """
    month = Month.parse(like.month)
    snapshot = archive.ledger.snapshot(view.snapshot_id)
    setting = Provenance(
        account=like.account,
        snapshot=snapshot,
        presentation=like.presentation,
        formats=tuple(like.files),
        close_day=like.close_day,
        past=(),
        most_alike=like.most_alike,
    )
    now = max(snapshot.fetched_at, month.closes_at(like.close_day))
    gathered = gathered_again(archive, month, view, now=now, setting=setting, terms=of_document(like))
    accepted = any(one.code == "rows-gone" and one.seen == snapshot.sha256 for one in gathered.accepted)
    sources = replace(sources_of(gathered.enrichment, (), None), stored=resolution_of(like))
    setting = replace(gathered.setting, past_currencies=_unlike(gathered.setting.past_currencies, like))
    guarded = accepted  # what is issued needed no other leave
    return decide(replace(gathered, adjust=adjust, guarded=guarded, setting=setting, sources=sources))


def as_a_run_gathers(
    archive: Archive, config: Config, account: Account, month: Month, *, now: datetime, program_version: str
) -> Gathered | None:
    """What a run with --adjust would decide on, did the vendor send what it sent last; None where it sent nothing yet.

    Raises LedgerDamaged where the snapshot is missing or damaged.
    """
    view = archive.ledger.view(account.key, str(month))
    if not view.snapshot_id:
        return None
    setting = configured(config, account, archive.ledger.snapshot(view.snapshot_id), program_version)
    terms = terms_of(account, archive.ledger.known(account.key, str(month), view))
    gathered = gathered_again(archive, month, view, now=now, setting=setting, terms=terms)
    return replace(gathered, adjust=True, sources=sources_for(account, gathered.enrichment))


def gathered_again(
    archive: Archive, month: Month, view: View, *, now: datetime, setting: Provenance, terms: Terms
) -> Gathered:
    """What a run gathered on the snapshot that `view` names. Raises LedgerDamaged where it is missing or damaged."""
    known = archive.ledger.known(setting.account, str(month), view)
    attached = archive.ledger.attachments(view.snapshot_id)
    body = archive.snapshots.load(setting.snapshot.sha256)
    received = history.read(body, keep_participants=setting.presentation.participants == "full")
    enrichment = statuses.read({kind: archive.snapshots.load(sha256) for kind, sha256 in attached.items()})
    return gather(month, now=now, known=known, received=received, setting=setting, terms=terms, enrichment=enrichment)


def _unlike(currencies: Mapping[str, str], like: Document) -> dict[str, str]:
    """Those of earlier months but where the trend shows them: older versions showed months of any currency."""
    shown = {totals.month for totals in like.trend}
    return {month: currency for month, currency in currencies.items() if month not in shown}


def in_words(found: dict[str, Any]) -> str:
    """The same for a person: a line a change, and what they come to."""
    lines = []
    for change in found["changes"]:
        values = f"{change['before'] or '—'} → {change['after'] or '—'}"
        what = f"{change['session_id'] or 'all'}: {change['kind']}: {values}"
        lines.append(f"{what}, {change['amount']} ({change['why']})")
    money = f"{found['account']} {found['month']}: total as issued {found['before_total']}, now {found['after_total']}"
    return "\n".join([money, *(lines or ["no session differs"])])


def difference(archive: Archive, account: str, month: Month, *, as_of: date | None) -> dict[str, Any]:
    """What differs between the issued state of a month and its newest snapshot (docs/rules.md §11.5).

    `as_of`: as both were known at the end of that day, UTC. Raises UsageError where nothing was issued by then.
    """
    view = archive.ledger.view(account, str(month), as_of=as_of)
    known = archive.ledger.known(account, str(month), view)
    if not known.issued:
        when = f" by {as_of}" if as_of else ""
        raise UsageError(
            f"nothing was issued for {account} {month}{when}; `securevideo-billing history` shows what was"
        )
    decision = recount(archive, known.issued[-1].document, view, adjust=False)
    return {
        "account": account,
        "month": str(month),
        "before_total": plain(known.issued[-1].document.month_total),
        "after_total": plain(decision.month.total),
        "changes": to_builtins(decision.changes.changes) if decision.changes else [],
    }
