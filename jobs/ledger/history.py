"""What the ledger holds of each month, for people and scripts (docs/rules.md §11.5)."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Table, select

from jobs.billing import money
from jobs.billing.month import through
from jobs.ledger import drift, renames
from jobs.ledger.rows import superseded
from jobs.ledger.schema import attachments, documents, events, snapshots
from reports.stored import from_json, plain

MISSING = "missing"  # of a month between an account's others, of which the ledger knows nothing
_ALWAYS = "9999"  # later than every instant, as text


def months(connection: Connection, *, as_of: date | None = None) -> list[dict[str, Any]]:
    """`{account, month, status, total, currency, documents, restatements, snapshots, may_have_changed}` a month.

    By account and month, those that nobody billed between an account's first and last too. `total` is the sum of the
    month's documents, null where none was issued. `may_have_changed`: a webhook event named one of an issued month's
    sessions after its last run. A snapshot's `attached` is what was asked beside it: by kind, the SHA-256 it
    is kept under; it is `superseded` where nothing rests on it any more. `as_of`: as it was known at the end of that
    day, UTC.
    """
    until = end_of(as_of)
    attached = _attached(connection)
    known: dict[tuple[str, str], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for table, at in ((snapshots, "fetched_at"), (documents, "issued_at"), (events, "at")):
        for row in connection.execute(_light(table).where(table.c[at] <= until).order_by(table.c.id)).mappings():
            known[row["account"], row["month"]][table.name].append(row)
    homes = renames.homes(connection, known)
    return [
        _month(account, month, known[home, month], attached)
        | {"may_have_changed": drift.since_last_run(connection, account, known[home, month], until) is not None}
        | _matched(known[home, month]["events"])
        for account, month in _without_gaps(homes)
        for home in [homes.get((account, month), account)]
    ]


def _without_gaps(units: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each account's months from its first to its last. `units`: accounts and months, in order."""
    for account, own in groupby(units, key=lambda unit: unit[0]):
        yield from ((account, str(month)) for month in through(month for _, month in own))


def _matched(events: Sequence[Any]) -> dict[str, Any]:
    """`match`, only where the month was compared with the vendor's bill: how the last comparison ended."""
    details = [json.loads(row["detail"]) for row in events if row["kind"] == "matched"]
    names = ("number", "bill", "ours_total", "theirs_total", "open", "since")
    return {"match": {name: details[-1][name] for name in names}} if details else {}


def end_of(day: date | None) -> str:
    """The last second of a day, UTC, to compare with the ledger's instants; without a day, after all of them."""
    return f"{day}T23:59:59Z" if day else _ALWAYS


def _light(table: Table) -> Any:
    return select(*(column for column in table.columns if column.name != "sessions"))


def _attached(connection: Connection) -> dict[int, dict[str, str]]:
    """What was asked beside each snapshot, by the snapshot's id."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    of_kind = attachments.c.snapshot_id, attachments.c.kind, attachments.c.sha256
    for snapshot_id, kind, sha256 in connection.execute(select(*of_kind).order_by(attachments.c.id)):
        found[snapshot_id][kind] = sha256
    return found


def _month(
    account: str, month: str, known: dict[str, list[Any]], attached: Mapping[int, dict[str, str]]
) -> dict[str, Any]:
    issued = known["documents"]
    is_known = any(known.values())
    digits = from_json(issued[0]["body"]).digits if issued else 0
    total = sum(row["total_minor"] for row in issued)
    replaced = superseded(known["snapshots"], (row["snapshot_id"] for row in issued))
    return {
        "account": account,
        "month": month,
        "status": status([row["kind"] for row in known["events"]], adjusted=len(issued) > 1, issued=bool(issued))
        if is_known
        else MISSING,
        "total": plain(money.from_minor(total, digits)) if issued else None,
        "currency": issued[0]["currency"] if issued else None,
        "documents": [_document(row, digits) for row in issued],
        "restatements": [row["at"] for row in known["events"] if row["kind"] == "restated"],
        "snapshots": [
            {name: row[name] for name in ("sha256", "fetched_at", "rows")}
            | {"attached": attached.get(row["id"], {}), "superseded": row["id"] in replaced}
            for row in known["snapshots"]
        ],
    }


def _document(row: Any, digits: int) -> dict[str, Any]:
    amounts = {name: plain(money.from_minor(row[f"{name}_minor"], digits)) for name in ("net", "tax", "total")}
    return {name: row[name] for name in ("kind", "number", "corrects", "issued_at")} | amounts


def status(kinds: Sequence[str], *, adjusted: bool, issued: bool) -> str:
    """How the month stands: a failed rerun of an issued month leaves it as it was."""
    last = next((kind for kind in reversed(kinds) if kind not in drift.NO_LOOK), None)
    if not issued:
        return last or ("failed" if "failed" in kinds else "fetched")
    if last == "restated":
        return "restated"
    return "adjusted" if adjusted else "issued"


def in_words(history: Sequence[dict[str, Any]]) -> str:
    """The same for a person: a line a month, then a line each document."""
    if not history:
        return "the ledger holds nothing yet"
    lines = []
    for month in history:
        money_text = f"{month['currency']} {month['total']}" if month["total"] else "nothing issued"
        seen = f"{_counted(month['snapshots'], 'snapshot')}, {_counted(month['restatements'], 'restatement')} seen"
        lines.append(f"{month['account']} {month['month']}: {month['status']}, {money_text} ({seen})")
        if month["status"] == MISSING:
            unit = f"--account {month['account']} --month {month['month']}"
            lines.append(f"  no run has billed it, though others around it; to do so: securevideo-billing run {unit}")
        if month["may_have_changed"]:
            lines.append("  may have changed: webhooks have reported its sessions since; run this month again to see")
        if found := month.get("match"):
            lines.append(f"  vendor's bill {matched_in_words(found)}")
        for one in month["documents"]:
            name = one["number"] or "restatement"
            lines.append(f"  {one['issued_at'][:10]}  {name}  {one['kind'].replace('_', ' ')}  {one['total']}")
    return "\n".join(lines)


def matched_in_words(found: Mapping[str, Any]) -> str:
    """ "SV-88213 matched (2): 2 open since 2016-12-03"."""
    still = f"{found['open']} open since {found['since']}" if found["open"] else "nothing open"
    return f"{found['bill'] or '(sessions only)'} matched ({found['number']}): {still}"


def _counted(things: Sequence[Any], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
