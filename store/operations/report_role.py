"""The views for dashboards, and the role that can read them and nothing else. PostgreSQL alone."""

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import Connection, sql
from sqlalchemy import make_url

from store.operations.errors import OperationsSetupError
from store.operations.report_names import REPORT_ROLE, REPORT_SCHEMA

__all__ = ["make_report_role"]

_LIMITS = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 20"
_SETTINGS = {
    "default_transaction_read_only": "on",
    "search_path": REPORT_SCHEMA,
    "statement_timeout": "30s",  # a dashboard's question must not hold the server that faults are kept in
    "TimeZone": "UTC",
}
_MAY_MORE = """
SELECT rolname = current_user OR rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication
    OR EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid)
    OR EXISTS (SELECT FROM pg_class WHERE relowner = r.oid)
    OR EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'v', 'm', 'p', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema',
        'report') AND EXISTS (SELECT FROM aclexplode(c.relacl) WHERE grantee = r.oid))
FROM pg_roles r WHERE rolname = %s
"""


def make_report_role(url: str, password: str, name: str = REPORT_ROLE) -> None:
    """Make the role, or give the one of that name this password and no right but to read the views.

    Raises:
        OperationsSetupError: the store is no PostgreSQL, its user may make no roles, the views are missing,
            or a role of that name may do more already.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        raise OperationsSetupError(
            f"the views for dashboards are kept by PostgreSQL, got {parsed.get_backend_name()!r};"
            " set IOC_OPERATIONS_URL"
        )
    where: dict[str, Any] = {"user": parsed.username, "dbname": parsed.database, **parsed.query}
    where |= {"host": parsed.host, "port": parsed.port, "password": parsed.password}
    try:
        with psycopg.connect(**where) as connection:
            known = connection.execute(_MAY_MORE, [name]).fetchone()
            if known is not None and known[0]:
                raise OperationsSetupError(
                    f"the role {name!r} is there and may do more than read views; give another name"
                )
            for statement in _statements(connection, name, password, is_new=known is None):
                connection.execute(statement)
    except psycopg.Error as error:
        raise OperationsSetupError(
            f"the role {name!r} cannot be made: {str(error).strip()}; it takes a PostgreSQL user that may"
            " make roles, and the views, which the service makes: start the service once"
        ) from error


def _statements(
    connection: Connection[Any], name: str, password: str, *, is_new: bool
) -> Iterator[sql.Composed]:
    role, schema = sql.Identifier(name), sql.Identifier(REPORT_SCHEMA)
    database = sql.Identifier(connection.info.dbname)
    # The server is given what it will keep, so that its log cannot have the password.
    kept = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    verb = sql.SQL("CREATE" if is_new else "ALTER")
    yield sql.SQL("{} ROLE {} WITH LOGIN PASSWORD {} ").format(verb, role, sql.Literal(kept)) + sql.SQL(
        _LIMITS
    )
    for setting, value in _SETTINGS.items():
        yield sql.SQL("ALTER ROLE {} SET {} = {}").format(role, sql.Identifier(setting), sql.Literal(value))
    yield sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, role)
    yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role)
    yield sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(schema, role)
    # Views that a later version of this program makes anew keep their reader.
    yield sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT SELECT ON TABLES TO {}").format(schema, role)
