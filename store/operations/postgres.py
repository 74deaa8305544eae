"""What a PostgreSQL server is told on connecting, what it must be, and what its errors mean."""

from typing import Any

from psycopg.types.string import StrDumper
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from store.operations.errors import OperationsSetupError

__all__ = ["DRIVER", "connect_arguments", "is_passing", "refuse_unfit", "without_nul"]

DRIVER = "postgresql+psycopg"

_OLDEST = 130_000
_LOCK_TIMEOUT_S = 10
# Whoever is stopped in a transaction would hold the counters, and with them every writer of the city.
_IDLE_IN_TRANSACTION_TIMEOUT_S = 60
_ARGUMENTS: dict[str, Any] = {
    "application_name": "ioc",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "options": f"-c lock_timeout={_LOCK_TIMEOUT_S}s"
    f" -c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_TIMEOUT_S}s",
}

_PASSING_CLASSES = frozenset({"08", "40", "53", "57", "58"})
"""Connection lost; deadlock or serialization; no resources; stopping, starting or cancelled; system error."""
_PASSING_STATES = frozenset({"25006", "25P03", "55P03"})
"""A standby that only reads; idle for too long; lock not had in time."""


def connect_arguments(url: URL) -> dict[str, Any]:
    """How to connect, save for what the URL says itself: a lost server is noticed within half a minute."""
    return {name: value for name, value in _ARGUMENTS.items() if name not in url.query}


def is_passing(state: str) -> bool:
    """Whether an SQLSTATE tells of the server's state, so that the same may succeed later."""
    return state[:2] in _PASSING_CLASSES or state in _PASSING_STATES


def refuse_unfit(connection: Connection) -> None:
    """Return when the server is one that the store can use.

    Raises:
        OperationsSetupError: it is too old, or its database keeps no Unicode.
    """
    number = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    if number < _OLDEST:
        raise OperationsSetupError(
            f"PostgreSQL {_OLDEST // 10_000} or newer is needed, got {number // 10_000}"
        )
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise OperationsSetupError(
            f"the operations database must keep UTF8, got {encoding!r};"
            " CREATE DATABASE ioc TEMPLATE template0 ENCODING 'UTF8'"
        )


class _WithoutNul(StrDumper):
    """Writes U+FFFD for U+0000: PostgreSQL keeps none of these, and one device could stop detection."""

    def dump(self, obj: str) -> Any:
        """The text's bytes."""
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


def without_nul(connection: Any, _entry: object) -> None:
    """Let a new connection write any text."""
    connection.adapters.register_dumper(str, _WithoutNul)
