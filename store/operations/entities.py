"""Dated entities at rest."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from devices.entity import Entity, EntityKey, EntityKind, entity_cells, key_of, read_entity
from store.operations.audit import AuditEntry, append_audit
from store.operations.counters import Counter, allocate
from store.operations.database import OperationsDatabase
from store.operations.errors import OperationsSetupError
from store.operations.tables import dated_entities

__all__ = ["EntityRepository"]


class EntityRepository:
    """Dated entities of all kinds, each kind read and written as a whole.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def load(self, kind: EntityKind) -> Sequence[Any]:
        """All entities of a kind, those of the past too, by id and validity.

        Raises:
            OperationsSetupError: a row breaks a rule that this program has and the one that wrote it had not.
        """
        with self._database.read() as connection:
            return [_entity(kind, cells) for cells in _standing(connection, kind).values()]

    def replace(self, kind: EntityKind, entities: Iterable[Entity], *, who: str, at_ms: int) -> None:
        """Make these the kind's entities. The change is audited; equal ones leave no trace."""
        cells = {key_of(entity): entity_cells(kind, entity) for entity in entities}
        with self._database.write() as connection:
            if _standing(connection, kind) == cells:
                return
            connection.execute(delete(dated_entities).where(dated_entities.c.kind == kind.id))
            rows = [
                {"kind": kind.id, "id": entity_id, "valid_from": valid_from, "cells": line}
                for (entity_id, valid_from), line in cells.items()
            ]
            if rows:
                connection.execute(insert(dated_entities), rows)
            entry = AuditEntry(
                at_ms=at_ms,
                who=who,
                action="entities.replace",
                target=kind.id,
                detail={"entities": len(rows)},
            )
            append_audit(connection, entry)
            allocate(connection, Counter.REGISTRY, 1)


def _standing(connection: Connection, kind: EntityKind) -> dict[EntityKey, dict[str, str]]:
    table = dated_entities
    query = select(table).where(table.c.kind == kind.id).order_by(table.c.id, table.c.valid_from)
    return {(row.id, row.valid_from): row.cells for row in connection.execute(query)}


def _entity(kind: EntityKind, cells: dict[str, str]) -> Entity:
    entity, problems = read_entity(kind, cells, 0)
    if entity is None:
        raise OperationsSetupError(
            f"the operations store holds {kind.id} {cells.get('id')!r} that this program cannot read:"
            f" {problems[0]}"
        )
    return entity
