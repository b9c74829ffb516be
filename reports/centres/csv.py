"""What each cost centre pays as CSV: one row a centre and line, and one a centre for its tax."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reports.allocation import Allocation, CentreShare, LineKey
from reports.document import Document
from reports.formats.csv.table import neutral, quoted
from reports.stored import plain

COLUMNS = (
    "document", "kind", "corrects", "month", "issued_on", "centre", "centre_name", "centre_code", "part", "meter",
    "tier", "description", "sessions", "amount", "currency",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heading:
    """The first cells of every row: what the amounts belong to."""

    document: str
    kind: str
    corrects: str
    month: str
    issued_on: str


def render(document: Document, allocation: Allocation) -> bytes:
    """Σ of the column `amount` is the document's total."""
    issued_on = document.issued_on.isoformat() if document.issued_on else ""
    head = Heading(document.number or "", document.kind, document.corrects or "", document.month, issued_on)
    return table(head, allocation, document)


def table(head: Heading, allocation: Allocation, of: Document) -> bytes:
    """The rows of an allocation of the month of `of`, whose lines they describe. Rows of nothing are left out."""
    first = (head.document, head.kind, head.corrects, head.month, head.issued_on)
    texts = descriptions(of)
    rows = [COLUMNS, *((*first, *row, of.currency) for one in allocation.centres for row in _centre(one, texts, of))]
    return "".join(f"{','.join(map(quoted, row))}\r\n" for row in rows).encode()


def descriptions(document: Document) -> Mapping[LineKey, str]:
    """Each line's text by its key; one that an adjustment only moves between centres stands in the month's lines."""
    lines = (*document.month_lines, *document.lines)
    return {(line.part, line.meter, line.tier): line.description for line in lines}


def _centre(share: CentreShare, texts: Mapping[LineKey, str], document: Document) -> Iterator[tuple[str, ...]]:
    named = (share.centre, neutral(share.name), neutral(share.code))
    for line in share.lines:
        sessions = plain(line.quantity) if line.meter == "sessions" else ""
        described = (str(line.part), line.meter, str(line.tier), neutral(texts.get(line.key, line.meter)))
        yield (*named, *described, sessions, plain(line.amount))
    if share.tax:
        yield (*named, "", "tax", "", neutral(document.tax_name), "", plain(share.tax))
