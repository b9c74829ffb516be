"""Which keys are one account's, and with which credentials each account was billed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    for name, *texts in (("renames", "at", "old", "new"), ("credentials", "at", "account", "fingerprint")):
        op.create_table(
            name,
            sa.Column("id", integer, primary_key=True, autoincrement=False),
            sa.Column("run_id", integer, sa.ForeignKey("runs.id"), nullable=False),
            *(sa.Column(text, sa.Text, nullable=False) for text in texts),
            sa.Column("digest", sa.Text, nullable=False),
        )
    op.create_index("credentials_by_fingerprint", "credentials", ["fingerprint"])
