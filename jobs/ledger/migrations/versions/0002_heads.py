"""Where the chain of each table ends."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    heads = op.create_table(
        "heads",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    for name in ("runs", "snapshots", "documents", "lines", "numbers", "events"):
        table = sa.table(name, sa.column("id"), sa.column("digest"))
        last = op.get_bind().execute(sa.select(table).order_by(table.c.id.desc()).limit(1)).one_or_none()
        if last:
            op.execute(heads.insert().values(name=name, length=last.id, digest=last.digest))
