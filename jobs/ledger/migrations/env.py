"""Alembic's entry: runs the migrations on the connection it is given, inside that connection's transaction."""

from alembic import context

from jobs.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
