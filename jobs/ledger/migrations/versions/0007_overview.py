"""Indexes from which the overview of all months is read without their rows."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for table, *covered in (("documents", "currency", "total_minor"), ("events", "kind", "document_id")):
        op.drop_index(f"{table}_by_month", table)
        op.create_index(f"{table}_by_month", table, ["account", "month", *covered])
