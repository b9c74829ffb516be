"""What the decision on an account-month rests on: put together the same way by a run, by `accept` and by the proof."""

from dataclasses import replace
from datetime import datetime

import msgspec

from jobs.billing.centres import Sources, sources_of
from jobs.billing.decide import Gathered
from jobs.billing.enrichment import Enrichment
from jobs.billing.invoicing import Provenance
from jobs.billing.month import Month
from jobs.billing.terms import Terms, of_document
from jobs.config import Account, Config
from jobs.ledger.store import Known
from jobs.securevideo.history import Received
from reports.document import Snapshot


def configured(config: Config, account: Account, snapshot: Snapshot, program_version: str) -> Provenance:
    """How documents are made by the configuration."""
    return Provenance(
        account=account.key,
        snapshot=snapshot,
        presentation=config.presentation(program_version),
        formats=config.formats,
        close_day=config.close_day,
        past=(),
    )


def gather(
    month: Month,
    *,
    now: datetime,
    known: Known,
    received: Received,
    setting: Provenance,
    terms: Terms,
    enrichment: Enrichment,
) -> Gathered:
    """What a run gathers that is to issue invoices only. `terms`: those stored with the invoice, where there is one."""
    return Gathered(
        month=month,
        now=now,
        draft_only=False,
        adjust=False,
        terms=terms,
        setting=replace(setting, past=known.past, past_currencies=known.past_currencies),
        rows=received.rows,
        received=received.received,
        findings=received.findings,
        issued=known.issued,
        billed_elsewhere=known.billed_elsewhere,
        enrichment=enrichment,
        last_reply=known.last_snapshot,
        accepted=known.accepted,
        moving=known.moving,
    )


def terms_of(account: Account, known: Known) -> Terms:
    """Those stored with the month's invoice; where there is none, as configured."""
    return of_document(known.issued[0].document) if known.issued else account.terms


def sources_for(account: Account, enrichment: Enrichment) -> Sources:
    """What names the account's cost centres today."""
    rules = account.terms.allocation
    return sources_of(enrichment, account.centre_map, None if rules is msgspec.UNSET else rules)
