"""Indexes for what every unit asks, so that it costs the same however much the ledger holds."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for table, column, name in (
        ("documents", "issued_at", "documents_by_issued_at"),
        ("documents", "corrects", "documents_by_corrects"),
        ("attachments", "snapshot_id", "attachments_by_snapshot"),
        ("lines", "document_id", "lines_by_document"),
        ("events", "document_id", "events_by_document"),
        ("renames", "old", "renames_by_old"),
        ("renames", "new", "renames_by_new"),
    ):
        op.create_index(name, table, [column])
    prefix = "lower(rtrim(rtrim(rtrim(number, '0123456789'), '-'), '0123456789'))"
    op.create_index("numbers_by_prefix", "numbers", [sa.text(prefix)])
