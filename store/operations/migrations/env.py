"""Runs migrations on the connection that `OperationsDatabase.migrate` hands over, inside its transaction."""

from alembic import context

from store.operations import notification_tables

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("migrations run from the program, not from alembic's own command: ioc store migrate")
context.configure(
    connection=connection,
    target_metadata=notification_tables.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
context.run_migrations()
