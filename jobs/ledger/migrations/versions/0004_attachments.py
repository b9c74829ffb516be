"""What was asked beside History, kept with its snapshot: the list of hosts, the statuses of sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "attachments",
        sa.Column("id", integer, primary_key=True, autoincrement=False),
        sa.Column("snapshot_id", integer, sa.ForeignKey("snapshots.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("file_sha256", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
