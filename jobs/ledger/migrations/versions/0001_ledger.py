"""The first ledger: runs, snapshots, documents, lines, numbers, events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer, "sqlite")

    def table(name: str, *columns: sa.Column[object] | sa.UniqueConstraint) -> None:
        key: sa.Column[object] = sa.Column("id", integer, primary_key=True, autoincrement=False)
        op.create_table(name, key, *columns, sa.Column("digest", sa.Text, nullable=False))

    def text(name: str, *, nullable: bool = False) -> sa.Column[object]:
        return sa.Column(name, sa.Text, nullable=nullable)

    def whole(name: str) -> sa.Column[object]:
        return sa.Column(name, sa.BigInteger, nullable=False)

    def of(other: str, *, nullable: bool = False) -> sa.Column[object]:
        return sa.Column(f"{other[:-1]}_id", integer, sa.ForeignKey(f"{other}.id"), nullable=nullable)

    table("runs", text("started_at"), text("program_version"), text("command"))
    table(
        "snapshots",
        of("runs"),
        text("account"),
        text("month"),
        text("sha256"),
        text("file_sha256"),
        whole("rows"),
        text("fetched_at"),
    )
    table(
        "documents",
        of("runs"),
        of("snapshots"),
        text("account"),
        text("month"),
        text("kind"),
        text("number", nullable=True),
        text("corrects", nullable=True),
        text("issued_at"),
        text("currency"),
        whole("net_minor"),
        whole("tax_minor"),
        whole("total_minor"),
        text("body"),
        sa.Column("sessions", sa.LargeBinary, nullable=False),
        text("sessions_sha256"),
        sa.UniqueConstraint("number"),
    )
    table(
        "lines",
        of("documents"),
        text("meter"),
        text("description"),
        text("quantity"),
        text("unit_price"),
        whole("amount_minor"),
    )
    table(
        "numbers",
        text("account"),
        text("series"),
        whole("nth"),
        text("number"),
        of("documents"),
        sa.UniqueConstraint("account", "series", "nth"),
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("document_id"),
    )
    table(
        "events",
        of("runs"),
        text("at"),
        text("account"),
        text("month"),
        text("kind"),
        of("documents", nullable=True),
        text("detail"),
    )
    op.create_index("documents_by_month", "documents", ["account", "month"])
    op.create_index("snapshots_by_month", "snapshots", ["account", "month"])
    op.create_index("events_by_month", "events", ["account", "month"])
