"""What the ledger holds of each month, for people and scripts (docs/rules.md §11.5)."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Engine, Table, func, select

from jobs.billing import money
from jobs.billing.month import through
from jobs.ledger import drift, engine, renames
from jobs.ledger.drift import IssuedMonth
from jobs.ledger.rows import superseded
from jobs.ledger.schema import attachments, documents, events, snapshots
from reports.stored import from_json, plain
from reports.text import so_many

MISSING = "missing"  # of a month between an account's others, of which the ledger knows nothing
ALWAYS = "9999"  # later than every instant, as text


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a look into the ledger reaches: what is added while it is read account by account is not in it."""

    until: str  # instant, inclusive
    newest: Mapping[str, int]  # by table the id of its newest row, inclusive

    def covers(self, at: Column[Any]) -> ColumnElement[bool]:
        """Whether a row is among what was known; `at`: the column that says since when."""
        return (at <= self.until) & (at.table.c.id <= self.newest[at.table.name])


def every_month(opened: Engine, accounts: Collection[str], as_of: date | None) -> Iterator[dict[str, Any]]:
    """`months` of these accounts, or of all, one after another: who takes it slowly keeps nobody from adding.

    Raises LedgerError, UsageError (`renames.chosen`).
    """
    with engine.reading(opened) as connection:
        known_by, chosen = reach(connection, as_of), renames.chosen(connection, accounts)
    for account, keys in chosen.items():
        with engine.reading(opened) as connection:
            found = [*months(connection, account, keys, known_by)]
        yield from found


def reach(connection: Connection, as_of: date | None) -> Reach:
    """All there is at this moment, or was at the end of the day `as_of`, UTC."""
    newest = {
        table.name: connection.execute(select(func.max(table.c.id))).scalar_one() or 0
        for table in (snapshots, documents, events)
    }
    return Reach(end_of(as_of), newest)


def months(connection: Connection, account: str, keys: Sequence[str], known_by: Reach) -> Iterator[dict[str, Any]]:
    """`{account, month, status, total, currency, documents, restatements, snapshots, may_have_changed}` a month.

    By month, those that nobody billed between the account's first and last too. `total` is the sum of the month's
    documents, null where none was issued. `may_have_changed`: a webhook event named one of an issued month's sessions
    after its last run. A snapshot's `attached` is what was asked beside it: by kind, the SHA-256 it is kept under; it
    is `superseded` where nothing rests on it any more. `keys`: those that the ledger has the account's rows under.
    """
    known: dict[tuple[str, str], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for at in (snapshots.c.fetched_at, documents.c.issued_at, events.c.at):
        table = at.table
        query = _light(table).where(table.c.account.in_(keys), known_by.covers(at)).order_by(table.c.id)
        for row in connection.execute(query).mappings():
            known[row["account"], row["month"]][table.name].append(row)
    attached = _attached(connection, keys)
    homes = {month: home for (_, month), home in renames.homes(connection, known).items()}
    of_month = {month: known[home, month] for month, home in homes.items()}
    changed = drift.by_month(connection, account, _issued(of_month), known_by.until)
    for month in map(str, through(of_month)):
        rows = of_month.get(month, defaultdict(list))
        found = _month(account, month, rows, attached) | {"may_have_changed": month in changed}
        yield found | _matched(rows["events"])


def _issued(of_month: Mapping[str, Mapping[str, Sequence[Any]]]) -> dict[str, IssuedMonth]:
    found = {}
    for month, rows in of_month.items():
        if rows["documents"]:
            looks = [row for row in rows["events"] if row["kind"] not in drift.NO_LOOK]
            at = drift.looked_at(looks[-1]["at"], looks[-1]["detail"]) if looks else None
            found[month] = IssuedMonth(rows["documents"][-1]["id"], at)
    return found


def _matched(told: Sequence[Any]) -> dict[str, Any]:
    """`match`, only where the month was compared with the vendor's bill: how the last comparison ended."""
    details = [json.loads(row["detail"]) for row in told if row["kind"] == "matched"]
    names = ("number", "bill", "ours_total", "theirs_total", "open", "since")
    return {"match": {name: details[-1][name] for name in names}} if details else {}


def end_of(day: date | None) -> str:
    """The last second of a day, UTC, to compare with the ledger's instants; without a day, after all of them."""
    return f"{day}T23:59:59Z" if day else ALWAYS


def _light(table: Table) -> Any:
    return select(*(column for column in table.columns if column.name != "sessions"))


def _attached(connection: Connection, keys: Sequence[str]) -> dict[int, dict[str, str]]:
    """What was asked beside each snapshot of an account, by the snapshot's id."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    of_kind = select(attachments.c.snapshot_id, attachments.c.kind, attachments.c.sha256)
    of_account = of_kind.join_from(attachments, snapshots).where(snapshots.c.account.in_(keys))
    for snapshot_id, kind, sha256 in connection.execute(of_account.order_by(attachments.c.id)):
        found[snapshot_id][kind] = sha256
    return found


def _month(
    account: str, month: str, known: dict[str, list[Any]], attached: Mapping[int, dict[str, str]]
) -> dict[str, Any]:
    issued = known["documents"]
    kinds = [row["kind"] for row in known["events"]]
    last = next((kind for kind in reversed(kinds) if kind not in drift.NO_LOOK), None)
    digits = from_json(issued[0]["body"]).digits if issued else 0
    total = sum(row["total_minor"] for row in issued)
    replaced = superseded(known["snapshots"], (row["snapshot_id"] for row in issued))
    return {
        "account": account,
        "month": month,
        "status": status(last, has_failed="failed" in kinds, issued=len(issued)) if any(known.values()) else MISSING,
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


def status(last: str | None, *, has_failed: bool, issued: int) -> str:
    """How a month stands: a failed rerun of an issued month leaves it as it was.

    `last`: how the last run left it that got so far as to decide, if any did; `issued`: how many documents are.
    """
    if not issued:
        return last or ("failed" if has_failed else "fetched")
    if last == "restated":
        return "restated"
    return "adjusted" if issued > 1 else "issued"


def in_words(month: Mapping[str, Any]) -> str:
    """A month for a person: a line, then one for each document."""
    money_text = f"{month['currency']} {month['total']}" if month["total"] else "nothing issued"
    seen = f"{so_many(len(month['snapshots']), 'snapshot')}, {so_many(len(month['restatements']), 'restatement')} seen"
    lines = [f"{month['account']} {month['month']}: {month['status']}, {money_text} ({seen})"]
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
