"""How far the check at each start got; and an index, for the check of one account."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "checks",
        sa.Column("id", integer, primary_key=True, autoincrement=False),
        sa.Column("run_id", integer, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("ends", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_index("credentials_by_account", "credentials", ["account"])
