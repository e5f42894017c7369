"""Alembic's environment: migrates on the connection that it is given; there is no other way in."""

from alembic import context
from sqlmodel import SQLModel

from storage import rows  # noqa: F401 - declares the tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
