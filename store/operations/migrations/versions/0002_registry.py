"""Registry complete: official codes, dated lives, every dated entity in one table, pending devices."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def upgrade() -> None:
    _extend_devices()
    _create_entities()
    _move_programmes()
    _create_pending_devices()


def _extend_devices() -> None:
    with op.batch_alter_table("devices") as devices:
        devices.add_column(sa.Column("area_name", sa.String(length=256), nullable=False, server_default=""))
        devices.add_column(sa.Column("area_codes", sa.JSON(), nullable=False, server_default="[]"))
        devices.add_column(sa.Column("life_since", sa.String(length=10), nullable=True))
    with op.batch_alter_table("devices") as devices:
        devices.alter_column("area_name", existing_type=sa.String(length=256), server_default=None)
        devices.alter_column("area_codes", existing_type=sa.JSON(), server_default=None)


def _create_entities() -> None:
    op.create_table(
        "dated_entities",
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.String(length=40), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "valid_from", name=op.f("pk_dated_entities")),
    )


def _move_programmes() -> None:
    old = sa.table("broadcast_programmes", *map(sa.column, ("id", "area", "title", "starts", "ends")))
    more = [sa.column("weekdays", sa.JSON()), sa.column("valid_from"), sa.column("valid_to")]
    new = sa.table(
        "dated_entities",
        sa.column("kind"), sa.column("id"), sa.column("valid_from"), sa.column("cells", sa.JSON()),
    )  # fmt: skip
    rows = op.get_bind().execute(sa.select(*old.columns, *more)).mappings()
    moved = [
        {
            "kind": "broadcast-programmes",
            "id": row["id"],
            "valid_from": row["valid_from"],
            "cells": _cells(row),
        }
        for row in rows
    ]
    if moved:
        op.bulk_insert(new, moved)
    op.drop_table("broadcast_programmes")


def _cells(row: sa.RowMapping) -> dict[str, str]:
    weekdays = row["weekdays"] if isinstance(row["weekdays"], list) else json.loads(row["weekdays"])
    cells = {name: row[name] for name in ("id", "area", "title", "valid_from", "valid_to") if row[name]}
    cells |= {name: row[name].removesuffix(":00") for name in ("starts", "ends")}
    return cells | {"weekdays": " ".join(_WEEKDAYS[day] for day in weekdays)}


def _create_pending_devices() -> None:
    op.create_table(
        "pending_devices",
        sa.Column(
            "row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("guessed_kind", sa.String(length=64), nullable=True),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("payload_bytes", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("journal", sa.String(length=256), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("dismissed_by", sa.String(length=256), nullable=True),
        sa.Column("dismissed_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_pending_devices")),
        sa.UniqueConstraint("identity", name=op.f("uq_pending_devices_identity")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_pending_devices_last_seen_ms"), "pending_devices", ["last_seen_ms"], unique=False
    )
