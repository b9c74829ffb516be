"""How each account-month stands, for the overview: its documents, and what the last run left noted of it."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from jobs.ledger import drift, history, renames
from jobs.ledger.drift import Drift
from jobs.ledger.schema import NO_RUN, documents, events, snapshots
from jobs.output.summary import Decided, from_ledger
from reports.document import Document
from reports.stored import from_json

_ALWAYS = history.end_of(None)


@dataclass(frozen=True, slots=True)
class MonthState:
    account: str
    month: str
    home: str  # the key that it is kept under, in the ledger and in the output: an account may have been renamed
    status: str  # as `history` gives it
    documents: tuple[Document, ...]  # what is issued, in that order
    unwritten: bool  # a run was stopped before the files of a document were in place
    decided: Decided  # what the last run that got so far noted of its decision
    failure: str | None  # why the last run failed
    drift: Drift | None  # why the month may have changed
    matched: Mapping[str, Any]  # what the last comparison with the vendor's bill noted; empty where there was none
    known_at: datetime  # of the newest entry, an event that marks the month included


def month_states(connection: Connection) -> list[MonthState]:
    """By account and month."""
    known: dict[tuple[str, str], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for table, names in (
        (snapshots, ("fetched_at",)),
        (documents, ("id", "body", "issued_at")),
        (events, ("at", "kind", "document_id", "detail")),
    ):
        columns = [table.c[name] for name in ("account", "month", *names)]
        for row in connection.execute(select(*columns).order_by(table.c.id)).mappings():
            known[row["account"], row["month"]][table.name].append(row)
    found = []
    for (account, month), home in renames.homes(connection, known).items():
        rows = known[home, month]
        found.append(_month_state(account, month, home, rows, drift.since_last_run(connection, account, rows, _ALWAYS)))
    return found


def _month_state(
    account: str, month: str, home: str, known: Mapping[str, Sequence[Any]], drift: Drift | None
) -> MonthState:
    issued, occurred = known["documents"], known["events"]
    runs = [row for row in occurred if row["kind"] not in NO_RUN]
    decided = [row for row in runs if row["kind"] != "failed"]
    matched = [row["detail"] for row in occurred if row["kind"] == "matched"]
    failed = runs[-1]["kind"] == "failed" if runs else False
    written = {row["document_id"] for row in occurred if row["kind"] == "written"}
    instants = [*(row["fetched_at"] for row in known["snapshots"]), *(row["at"] for row in occurred)]
    newest = datetime.fromisoformat(max([*instants, *(row["issued_at"] for row in issued)]))
    return MonthState(
        account=account,
        month=month,
        home=home,
        status=history.status([row["kind"] for row in occurred], adjusted=len(issued) > 1, issued=bool(issued)),
        documents=tuple(from_json(row["body"]) for row in issued),
        unwritten=any(row["id"] not in written for row in issued),
        decided=from_ledger(decided[-1]["detail"]) if decided else Decided(),
        failure=json.loads(runs[-1]["detail"])["error"] if failed else None,
        drift=drift,
        matched=json.loads(matched[-1]) if matched else {},
        known_at=max([newest, *([drift.told_at] if drift else [])]),
    )
