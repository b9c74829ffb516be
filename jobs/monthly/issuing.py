"""Months of an account that are decided together, and posted at once: each is issued whole, or says why not."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jobs.billing import together
from jobs.billing.decide import Decision, Gathered, decide
from jobs.billing.invoicing import Issued
from jobs.config import Account
from jobs.errors import BillingError, LedgerUnreachable, UnitError
from jobs.fetch import clock_skew
from jobs.gather import configured, gather, sources_for, terms_of
from jobs.ledger.posting import Stale
from jobs.ledger.store import ALL, Known, NewDocument, View
from jobs.log import reason
from jobs.monthly.job import Answered, Job
from jobs.output.documents import final_files
from jobs.securevideo.client import Reply

if TYPE_CHECKING:
    from jobs.billing.ahead import Watch

log = logging.getLogger(__name__)

_DECISIONS = 30  # another process may post to the account between decision and posting: so often we look again

Posted = tuple[Decision, tuple[Issued, ...]]  # the decision, and all of the month's documents that stand after it


def grouped(job: Job, account: Account, units: Sequence[Answered]) -> list[list[Answered]]:
    """Those to be decided together; each by itself where that cannot be decided, for then it fails by itself."""
    if len(units) > 1:
        try:
            found = together.groups([_gather(job, account, unit)[0] for unit in units])
            return [[units[index] for index in group] for group in found]
        except LedgerUnreachable:
            raise
        except Exception as error:  # noqa: BLE001  # a bug in one unit must not keep the others from being billed
            log.warning("%s: the months are decided one by one: %s", account.key, reason(error))
    return [[unit] for unit in units]


def decide_and_post(job: Job, account: Account, units: Sequence[Answered]) -> list[Posted | str]:
    """What becomes of months that are decided together, all that is issued at once; or why a month failed."""
    try:
        if len(units) == 1 and (posted := _posted_before(job, account, units[0])) is not None:
            return [posted]
        for _ in range(_DECISIONS):
            gathered = [_gather(job, account, unit) for unit in units]
            decided = together.decide_together([one for one, _ in gathered])
            decisions = [_unless_refused(job, unit, one) for unit, one in zip(units, decided, strict=True)]
            try:
                return _post(job, units, gathered, decisions)
            except Stale:
                continue
        raise BillingError("other runs kept changing this account; nothing was issued: run again when they are done")
    except LedgerUnreachable:
        raise
    except Exception as error:  # noqa: BLE001  # a bug in one unit must not keep the others from being billed
        return [reason(error)] * len(units)


def _posted_before(job: Job, account: Account, unit: Answered) -> Posted | None:
    """What this very run has issued already, where the process that did, or the ledger's server, was lost then."""
    mine = job.ledger.issued_by_this_run(unit.home, str(unit.month), unit.snapshot_id)
    if mine is None:
        return None
    gathered, known = _gather(job, account, unit, job.ledger.view_before(mine.id, unit.snapshot_id))
    decision = decide(gathered)
    changes = mine.document if decision.changes else None
    return replace(decision, post=mine.document, drafts=(), changes=changes), (*known.issued, mine)


def _unless_refused(job: Job, unit: Answered, outcome: together.Outcome) -> together.Outcome:
    """The outcome, or the error where sessions in it were billed under another account."""
    if isinstance(outcome, Decision):
        try:
            for document in (outcome.post, *outcome.drafts[:1]):
                if document is not None:
                    job.ledger.refuse_counted(document, outcome.month.sessions, unit.credentials)
        except UnitError as error:
            return error
    return outcome


def _post(
    job: Job,
    units: Sequence[Answered],
    gathered: Sequence[tuple[Gathered, Known]],
    decisions: Sequence[together.Outcome],
) -> list[Posted | str]:
    """All files of a document are made before its number is taken: what cannot be made takes none. Raises Stale."""
    postings: list[NewDocument] = []
    for unit, (_, known), one in zip(units, gathered, decisions, strict=True):
        if isinstance(one, Decision) and one.post is not None:
            postings.append(
                NewDocument(
                    one.post, one.month.sessions, unit.snapshot_id, known.accepted, unit.credentials, moving=one.moving
                )
            )
    posted: Iterator[Issued] = iter(())
    if postings:
        account = postings[0].document.account
        numbered = job.ledger.numbered([posting.document for posting in postings])
        postings = [replace(posting, document=final) for posting, final in zip(postings, numbered, strict=True)]
        folders = {str(unit.month): unit.folder for unit in units}
        for posting in postings:
            folders[posting.document.month].prepare(posting.document, posting.sessions)
        keys, outputs = job.ledger.keys_of(account), {job.output, job.config.output}
        there = [file for output in outputs for key in keys for file in final_files(output, key)]
        there = [file for file in there if not file.is_symlink()]  # these the folder itself refuses
        if job.stopped():
            raise BillingError("the run was stopped; nothing was issued: run again")
        posted = iter(job.ledger.post(postings, newest=gathered[0][1].newest, there=there))
    results: list[Posted | str] = []
    for (_, known), one in zip(gathered, decisions, strict=True):
        if not isinstance(one, Decision):
            results.append(str(one))
        elif one.post is None:
            results.append((one, known.issued))
        else:
            issued = next(posted)
            changes = issued.document if one.changes else None
            results.append((replace(one, post=issued.document, changes=changes), (*known.issued, issued)))
    return results


def _gather(job: Job, account: Account, unit: Answered, view: View | None = None) -> tuple[Gathered, Known]:
    """`view`: default: all there is."""
    known = job.ledger.known(unit.home, str(unit.month), view or View(ALL, unit.snapshot_id))
    gathered = gather(
        unit.month,
        now=job.now(),
        known=known,
        received=unit.fetched.reply.content,
        setting=replace(configured(job.config, account, unit.snapshot, job.program_version), account=unit.home),
        terms=terms_of(account, known),
        enrichment=unit.fetched.enrichment,
    )
    sources = sources_for(account, unit.fetched.enrichment)
    findings = (*gathered.findings, *clock_skew(unit.fetched.reply))
    asked = replace(gathered, draft_only=job.draft, adjust=job.adjust, watch=_watch(account, unit.fetched.reply))
    return replace(asked, findings=findings, sources=sources), known


def _watch(account: Account, reply: Reply[Any]) -> "Watch | None":
    if account.alerts is None:
        return None
    from jobs.billing.ahead import Watch

    return Watch(account.alerts, reply.served_at or reply.received_at)
