"""Making a document final: number, row and lines, in the caller's one transaction; and what was posted together."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from jobs.billing import invoicing, money
from jobs.errors import ClockSetBack, LedgerOutdated
from jobs.ledger import chain, frames
from jobs.ledger.renames import keys_of
from jobs.ledger.rows import in_text
from jobs.ledger.schema import documents, events, lines, numbers
from reports.document import Document
from reports.stored import plain, to_json

if TYPE_CHECKING:
    from jobs.ledger.frames import Ids


@dataclass(frozen=True, slots=True)
class Together:
    """What a document was decided with, where sessions moved between months; the event `posted` holds it."""

    documents: tuple[int, ...] = ()  # ids of those of other months that were posted in the same transaction
    moving: "Mapping[str, Ids]" = field(default_factory=dict)  # `jobs.billing.decide.Gathered.moving`


def noted(together: Together) -> dict[str, Any]:
    """What the event says of it: nothing where there is nothing."""
    moving = {month: ids.tolist() for month, ids in together.moving.items()}
    return {name: value for name, value in (("together", list(together.documents)), ("moving", moving)) if value}


def together(connection: Connection, document_id: int) -> tuple[int, Together]:
    """The id of the event that a document was posted with, and what it says."""
    of_document = (events.c.document_id == document_id) & (events.c.kind == "posted")
    row = connection.execute(select(events.c.id, events.c.detail).where(of_document)).one_or_none()
    if row is None:
        return 0, Together()
    detail = json.loads(row.detail)
    moving = {month: frames.ids_of(ids) for month, ids in detail.get("moving", {}).items()}
    return row.id, Together(tuple(detail.get("together", ())), moving)


def months_of(connection: Connection, document_ids: Iterable[int]) -> dict[str, int]:
    """By month the document's id."""
    query = select(documents.c.month, documents.c.id).where(documents.c.id.in_(tuple(document_ids)))
    return {month: row_id for month, row_id in connection.execute(query)}  # noqa: C416  # rows


class Stale(Exception):  # no error: somebody else was first, look again
    """The account's documents are no longer those that the decision was made on, or it is another day."""


def numbered(connection: Connection, unnumbered: Sequence[Document], today: date) -> list[Document]:
    """The documents of an account as `post` would make them final today, one after another. Raises ClockSetBack."""
    _refuse_earlier_day(connection, today)
    taken: Counter[str] = Counter()
    final = []
    for document in unnumbered:
        series = invoicing.series(document)
        final.append(invoicing.numbered(document, _next(connection, document) + taken[series], today))
        taken[series] += 1
    return final


def post(
    connection: Connection,
    document: Document,
    packed: bytes,
    *,
    run_id: int | None,
    snapshot_id: int,
    now: datetime,
    there: Iterable[Path],
) -> tuple[int, Document]:
    """Gives `document` date and number and stores it with the month's sessions as `packed`; its row's id, and itself.

    `there`: the account's files that bear the name of a final document. Raises Stale if `document` has another number
    or date already, LedgerOutdated if one of the files is of a document that the ledger does not know, ClockSetBack if
    the ledger holds a document of a later day.
    """
    _refuse_unknown_files(connection, document, there)
    _refuse_earlier_day(connection, now.date())
    nth = _next(connection, document)
    final = invoicing.numbered(document, nth, now.date())
    if document.final and document != final:
        raise Stale
    row_id = _add_document(connection, final, packed, run_id=run_id, snapshot_id=snapshot_id, now=now)
    if final.number is not None:
        of = {"account": final.account, "series": invoicing.series(final), "nth": nth}
        chain.append(connection, numbers, **of, number=final.number, document_id=row_id)
    return row_id, final


def _add_document(
    connection: Connection, document: Document, packed: bytes, *, run_id: int | None, snapshot_id: int, now: datetime
) -> int:
    row_id = chain.append(
        connection,
        documents,
        run_id=run_id,
        snapshot_id=snapshot_id,
        account=document.account,
        month=document.month,
        kind=document.kind,
        number=document.number,
        corrects=document.corrects,
        issued_at=in_text(now),
        currency=document.currency,
        **amounts_minor(document),
        body=to_json(document).decode(),
        sessions=packed,
        sessions_sha256=frames.sha256(packed),
    )
    for line in document.lines:
        chain.append(
            connection,
            lines,
            document_id=row_id,
            meter=line.meter,
            description=line.description,
            quantity=plain(line.quantity),
            unit_price=plain(line.unit_price),
            amount_minor=money.to_minor(line.amount, document.digits),
        )
    return row_id


def amounts_minor(document: Document) -> dict[str, int]:
    return {
        f"{name}_minor": money.to_minor(getattr(document, name), document.digits) for name in ("net", "tax", "total")
    }


def _next(connection: Connection, document: Document) -> int:
    """The next ordinal, from 1, in the document's series."""
    if document.kind == "restatement":  # takes no number: its ordinal only names its files
        same = (documents.c.kind == document.kind) & (documents.c.corrects == document.corrects)
        return connection.execute(select(func.count()).where(same)).scalar_one() + 1
    of_account = numbers.c.account.in_(keys_of(connection, document.account))
    series = of_account & (numbers.c.series == invoicing.series(document))
    return (connection.execute(select(func.max(numbers.c.nth)).where(series)).scalar_one() or 0) + 1


def _refuse_unknown_files(connection: Connection, document: Document, there: Iterable[Path]) -> None:
    """Whoever restored an older ledger must not give a number again under which a document went out."""
    by_stem: dict[str, list[Path]] = {}
    for file in there:
        if file.parent.name == document.month or not file.stem.startswith("restatement-"):  # these bear no number
            by_stem.setdefault(file.stem, []).append(file)
    of_month = (documents.c.kind == "restatement") & (documents.c.corrects == document.corrects)
    restatements = connection.execute(select(func.count()).where(of_month)).scalar_one()
    known = {f"restatement-{nth}" for nth in range(1, restatements + 1)}
    known |= set(connection.execute(select(documents.c.number).where(documents.c.number.in_([*by_stem]))).scalars())
    if unknown := sorted(set(by_stem) - known):
        first = min(by_stem[unknown[0]])
        others = f" (also {', '.join(unknown[1:])})" if unknown[1:] else ""
        raise LedgerOutdated(
            f"{first} bears the name of a document that the ledger does not know{others}: the ledger seems to be an "
            "older copy, and a number could be given twice; restore its newest backup, or move away what never went out"
        )


def _refuse_earlier_day(connection: Connection, today: date) -> None:
    newest = connection.execute(select(func.max(documents.c.issued_at))).scalar_one()
    if newest is not None and today < datetime.fromisoformat(newest).date():
        raise ClockSetBack(
            f"the clock says {today}, but the ledger's newest document is dated {newest[:10]}; "
            "nothing is issued with an earlier date: set this machine's clock right, then run again"
        )
