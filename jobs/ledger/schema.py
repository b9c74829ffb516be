"""The ledger's tables. Rows are only ever added; money is whole minor units; instants are ISO 8601 text in UTC.

Every row carries a digest over its own values and the digest of the row before it in the same table: a flipped
bit, which SQLite itself does not see, breaks the chain (`chain`). `heads` says where each chain ends, or a
removed last row would not be seen.

    runs ──┬─< snapshots ─┬─< documents ──┬─< lines
           ├─< events     └─< attachments └── numbers (none for a zero-money restatement)
           ├─< renames
           ├─< credentials
           └─< checks

`documents` holds what was issued, complete; `lines` and the amounts beside it repeat what is in `body`, for
queries. A document's files are a matter of `events`: `posted` comes with the document, `written` when its
files are in place.

`renames` says which keys are one account's; every other row keeps the key that it was written under. `credentials`
says with which an account was billed, so that another key for the same ones is seen.

`checks` says how far the check at the start of each run got, so that the next one goes on from there (`proof`).

`webhook_events` stands beside all this: hints that SecureVideo sends, hundreds a second at times. It is in no chain.
No money rests on it, the oldest rows go when there are too many, and a chain would make every event wait for every
other, and for billing runs, just to prove what proves nothing.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

# of a number, in small letters and with its hyphen: ACME-201611-0001 has acme-
PREFIX = "lower(rtrim(rtrim(rtrim(number, '0123456789'), '-'), '0123456789'))"


def _table(name: str, *columns: Column[object] | UniqueConstraint | Index) -> Table:
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

attachments = _table(
    "attachments",
    Column("snapshot_id", ForeignKey("snapshots.id"), nullable=False),
    _text("kind"),  # hosts: the reply of /user; statuses: the answers of the Status API
    _text("sha256"),  # of its bytes, which are kept beside the snapshot's
    _text("file_sha256"),  # of the compressed file
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
    Index("numbers_by_prefix", text(PREFIX)),
)

events = _table(
    "events",
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    _text("at"),
    _text("account"),
    _text("month"),
    _text("kind"),  # one of NO_RUN, or a unit's status at the end of a run: issued, draft, unchanged, …
    Column("document_id", ForeignKey("documents.id"), nullable=True),
    _text("detail"),  # JSON
)

NO_RUN = (
    "posted",
    "written",
    "accepted",
    "matched",
    "match-noted",
    "reallocated",
    "alerted",
)  # kinds of events that say nothing of how a run left a month

heads = Table(  # one row for each table above that holds any; the only rows that ever change
    "heads",
    metadata,
    Column("name", Text, primary_key=True),
    Column("length", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
)

renames = _table(
    "renames",
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    _text("at"),
    _text("old"),
    _text("new"),
)

credentials = _table(
    "credentials",
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    _text("at"),
    _text("account"),
    _text("fingerprint"),  # of a key pair that the account's sessions were fetched with (`jobs.ledger.identity`)
)

checks = _table(
    "checks",
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    _text("ends"),  # JSON: by table the length of its chain and its last digest, as the run's start proved them
)

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("account", Text, primary_key=True),
    Column("body_sha256", Text, primary_key=True),  # of the event as sent, in one canonical spelling
    _text("kind", nullable=True),  # the WebhookType; null where it is no plain code
    Column("session_id", BigInteger, nullable=True),  # null where the event is not about a session
    _text("status", nullable=True),  # STARTED, ENDED, …; null where it is no plain code
    _text("event_at", nullable=True),  # the vendor's EventTs, microseconds; null where there is none
    _text("received_at"),  # microseconds
    Index("webhook_events_by_session", "account", "session_id"),
    Index("webhook_events_by_arrival", "account", "received_at"),
)

for _of_months, *_beside in (  # what is asked of all months at once is answered from the index alone
    (documents, documents.c.currency, documents.c.total_minor),
    (snapshots,),
    (events, events.c.kind, events.c.document_id),
):
    Index(f"{_of_months.name}_by_month", _of_months.c.account, _of_months.c.month, *_beside)

Index("documents_by_issued_at", documents.c.issued_at)
Index("documents_by_corrects", documents.c.corrects)
Index("attachments_by_snapshot", attachments.c.snapshot_id)
Index("lines_by_document", lines.c.document_id)
Index("events_by_document", events.c.document_id)
Index("renames_by_old", renames.c.old)
Index("renames_by_new", renames.c.new)
Index("credentials_by_account", credentials.c.account)
Index("credentials_by_fingerprint", credentials.c.fingerprint)

IN_ORDER = (runs, snapshots, attachments, documents, lines, numbers, events, renames, credentials, checks)
