"""What SecureVideo's webhooks told."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "webhook_events",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("body_sha256", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=True),
        sa.Column("session_id", sa.BigInteger, nullable=True),
        sa.Column("status", sa.Text, nullable=True),
        sa.Column("event_at", sa.Text, nullable=True),
        sa.Column("received_at", sa.Text, nullable=False),
    )
    op.create_index("webhook_events_by_session", "webhook_events", ["account", "session_id"])
    op.create_index("webhook_events_by_arrival", "webhook_events", ["account", "received_at"])
