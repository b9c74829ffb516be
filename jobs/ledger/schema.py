"""The ledger's tables. Rows are only ever added; money is whole minor units; instants are ISO 8601 text in UTC.

Every row carries a digest over its own values and the digest of the row before it in the same table: a flipped
bit, which SQLite itself does not see, breaks the chain (`chain`).

    runs ──┬─< snapshots ──< documents ──┬─< lines
           └─< events                    └── numbers (none for a zero-money restatement)

`documents` holds what was issued, complete; `lines` and the amounts beside it repeat what is in `body`, for
queries. A document's files are a matter of `events`: `posted` comes with the document, `written` when its
files are in place.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()


def _table(name: str, *columns: Column[object] | UniqueConstraint) -> Table:
    return Table(
        name,
        metadata,
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
        *columns,
        Column("digest", Text, nullable=False),
    )


def _text(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Text, nullable=nullable)


runs = _table("runs", _text("started_at"), _text("program_version"), _text("command"))

snapshots = _table(
    "snapshots",
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    _text("account"),
    _text("month"),
    _text("sha256"),  # of the reply's bytes
    _text("file_sha256"),  # of the compressed file
    Column("rows", BigInteger, nullable=False),
    _text("fetched_at"),
)

documents = _table(
    "documents",
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("snapshot_id", ForeignKey("snapshots.id"), nullable=False),
    _text("account"),
    _text("month"),
    _text("kind"),
    _text("number", nullable=True),
    _text("corrects", nullable=True),
    _text("issued_at"),
    _text("currency"),
    Column("net_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    _text("body"),  # the document as JSON
    Column("sessions", LargeBinary, nullable=False),  # the month's rated sessions as it left them (`frames`)
    _text("sessions_sha256"),
    UniqueConstraint("number"),
)

lines = _table(
    "lines",
    Column("document_id", ForeignKey("documents.id"), nullable=False),
    _text("meter"),
    _text("description"),
    _text("quantity"),
    _text("unit_price"),
    Column("amount_minor", BigInteger, nullable=False),
)

numbers = _table(
    "numbers",
    _text("account"),
    _text("series"),  # "invoice", or "<invoice>-CN", "<invoice>-SI"
    Column("nth", BigInteger, nullable=False),  # 1, 2, 3 … without a gap in each series
    _text("number"),
    Column("document_id", ForeignKey("documents.id"), nullable=False),
    UniqueConstraint("account", "series", "nth"),
    UniqueConstraint("number"),
    UniqueConstraint("document_id"),
)

events = _table(
    "events",
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    _text("at"),
    _text("account"),
    _text("month"),
    _text("kind"),  # posted, written, or a unit's status at the end of a run: issued, draft, unchanged, …
    Column("document_id", ForeignKey("documents.id"), nullable=True),
    _text("detail"),  # JSON
)

IN_ORDER = (runs, snapshots, documents, lines, numbers, events)
