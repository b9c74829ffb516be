"""What a run adds to the ledger, within the caller's transaction: replies, events, documents posted together."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from jobs.billing.acceptance import Acceptance
from jobs.billing.invoicing import Issued
from jobs.ledger import acceptances, chain, identity, posting
from jobs.ledger.posting import Stale, Together
from jobs.ledger.rows import ALL, attached_to, in_text, last_snapshot, newest_of_each_month, snapshot_from
from jobs.ledger.schema import attachments, events, snapshots
from jobs.ledger.snapshots import Digests
from reports.document import Document, Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from jobs.ledger.frames import Ids


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to be made final, and what it was decided on."""

    document: Document
    sessions: "pd.DataFrame"  # the month's, rated
    snapshot_id: int
    accepted: tuple[Acceptance, ...] = ()
    credentials: str | None = None  # the fingerprint of those that the sessions were fetched with
    moving: "Mapping[str, Ids]" = field(default_factory=dict)


def snapshot(
    connection: Connection,
    account: str,
    month: str,
    digests: Digests,
    attached: Mapping[str, Digests],
    *,
    run_id: int | None,
    rows: int,
    fetched_at: datetime,
) -> tuple[int, Snapshot]:
    """Notes a reply and what was asked beside it, by kind, unless all of it is what came last; its row's id, and it."""
    last = last_snapshot(connection, account, month, ALL)
    if last is not None and last["sha256"] == digests.sha256:
        known = {row["kind"]: row["sha256"] for row in attached_to(connection, last["id"])}
        if known == {kind: one.sha256 for kind, one in attached.items()}:
            return last["id"], snapshot_from(last)
    row = {
        "run_id": run_id,
        "account": account,
        "month": month,
        "sha256": digests.sha256,
        "file_sha256": digests.file_sha256,
        "rows": rows,
        "fetched_at": in_text(fetched_at),
    }
    row_id = chain.append(connection, snapshots, **row)
    for kind, one in sorted(attached.items()):
        of = {"snapshot_id": row_id, "kind": kind}
        chain.append(connection, attachments, **of, sha256=one.sha256, file_sha256=one.file_sha256)
    return row_id, snapshot_from(row)


def event(
    connection: Connection,
    account: str,
    month: str,
    kind: str,
    *,
    run_id: int | None,
    at: datetime,
    document_id: int | None,
    detail: Mapping[str, Any],
) -> None:
    """Notes what happened to a month."""
    chain.append(
        connection,
        events,
        run_id=run_id,
        at=in_text(at),
        account=account,
        month=month,
        kind=kind,
        document_id=document_id,
        detail=json.dumps(detail, sort_keys=True),
    )


def documents(
    connection: Connection,
    postings: Sequence[NewDocument],
    packed: Sequence[bytes],
    counted: "Callable[[int], Ids]",
    *,
    newest: int,
    run_id: int | None,
    now: Callable[[], datetime],
    there: Sequence[Path],
) -> list[Issued]:
    """Makes the documents of an account final; see `Ledger.post`.

    `packed`: the sessions of each (`frames.pack`); `counted` gives the SessionIds of a document.
    """
    _refuse_outdated(connection, postings, newest)
    for one in postings:
        if one.document.kind == "invoice":
            identity.refuse_prefix(connection, one.document.account, one.document.terms["invoice_prefix"])
        identity.refuse_counted(connection, one.document, one.sessions, pair=one.credentials, counted=counted)
    posted = [
        posting.post(
            connection, one.document, sessions, run_id=run_id, snapshot_id=one.snapshot_id, now=now(), there=there
        )
        for one, sessions in zip(postings, packed, strict=True)
    ]
    for one, (row_id, final) in zip(postings, posted, strict=True):
        others = tuple(other for other, _ in posted if other != row_id)
        detail = {"number": final.number} | posting.noted(Together(others, one.moving))
        unit = final.account, final.month
        event(connection, *unit, "posted", run_id=run_id, at=now(), document_id=row_id, detail=detail)
    return [
        Issued(row_id, final, partial(getattr, one, "sessions"))
        for one, (row_id, final) in zip(postings, posted, strict=True)
    ]


def _refuse_outdated(connection: Connection, postings: Sequence[NewDocument], newest: int) -> None:
    """Raises Stale where the account has another newest document by now, or a finding has been accepted since."""
    account = postings[0].document.account
    given = [acceptances.given(connection, one.document.account, one.document.month, ALL) for one in postings]
    is_newest = max(newest_of_each_month(connection, account, ALL).values(), default=0) == newest
    if not is_newest or given != [one.accepted for one in postings]:
        raise Stale
