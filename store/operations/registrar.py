"""Changing what is registered: devices and dated entities, from files and from devices that spoke up."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devices.columns import LineProblem
from devices.device import Device
from devices.device_table import device_cells, read_device
from devices.entity import EntityKind, entity_cells, entity_problems, key_of, read_entity
from devices.entity_catalogue import entity_kinds
from devices.errors import RegistryError
from devices.import_plan import Plan, plan_import
from devices.plans import PROGRAMMES, Programme
from devices.registry import Registry
from devices.registry_checks import registry_problems
from devices.registry_files import read_devices, write_devices
from devices.table_files import FileFormat, read_lines, write_lines
from store.operations.adoption import adopted_cells, identified, unknown_cells, wrong_native_id
from store.operations.audit import AuditEntry
from store.operations.database import OperationsDatabase
from store.operations.devices import DeviceRepository
from store.operations.entities import EntityRepository
from store.operations.errors import RegisteringRefusedError
from store.operations.pending import PendingRepository

__all__ = ["Author", "ImportMode", "ImportReport", "Registrar"]

RegistryListener = Callable[[Registry, Sequence[Programme]], None]


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who changes something, and when (epoch ms)."""

    who: str
    at_ms: int


@dataclass(frozen=True, kw_only=True)
class ImportMode:
    """How an import works: only say what it would do; let go what is not in the file."""

    dry_run: bool = False
    replace: bool = False


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import did, or would do; nothing at all while there are problems. Ids, or id and day."""

    added: Sequence[str]
    changed: Mapping[str, Sequence[str]]
    removed: Sequence[str]
    unchanged: int
    problems: Sequence[LineProblem]


class Registrar:
    """The one way in for changes of the registry and of dated entities; one change at a time in a city.

    A change is checked against what stands: two API servers must not each let in what the other makes wrong.
    `on_change` is told what then holds, after it is durable. Every method raises `OperationsUnavailableError`
    when the database does not answer; nothing was changed then.
    """

    def __init__(self, database: OperationsDatabase, on_change: RegistryListener | None = None) -> None:
        self._database = database
        self._devices = DeviceRepository(database)
        self._entities = EntityRepository(database)
        self.pending = PendingRepository(database)
        self._on_change = on_change
        self._turn = threading.Lock()

    def import_devices(
        self, content: bytes, file_format: FileFormat, mode: ImportMode, author: Author
    ) -> ImportReport:
        """Take in the devices of a file.

        Raises:
            RegisteringRefusedError: a line is bad, and it is no dry run; nothing was changed.
        """
        devices, problems = read_devices(content, file_format)
        with self._turn, self._database.turn():
            standing = self._devices.load()
            plan = plan_import(standing, devices, key_of=_id_of, cells_of=device_cells, replace=mode.replace)
            registry, found = _planned(standing, plan)
            report = _report(plan, [*problems, *plan.problems, *found], str)
            if _is_to_be_done(report, mode) and registry is not None:
                self._write(registry, plan, "registry.import", author)
        return report

    def export_devices(self, file_format: FileFormat) -> str:
        """The file of all devices; importing it changes nothing."""
        return write_devices(self._devices.load().values(), file_format)

    def entities(self, kind: EntityKind) -> Sequence[Any]:
        """All entities of a kind, those of the past too, by id and validity."""
        return self._entities.load(kind)

    def import_entities(
        self, kind: EntityKind, content: bytes, mode: ImportMode, author: Author
    ) -> ImportReport:
        """Take in the dated entities of a CSV file.

        Raises:
            RegisteringRefusedError: a line is bad, and it is no dry run; nothing was changed.
        """
        lines, problems = read_lines(content, FileFormat.CSV, kind.columns)
        entities: list[tuple[int, Any]] = []
        for line in lines:
            entity, bad_cells = read_entity(kind, line.cells, line.number)
            problems += bad_cells
            if entity is not None:
                entities.append((line.number, entity))
        with self._turn, self._database.turn():
            standing = {key_of(entity): entity for entity in self._entities.load(kind)}
            plan = plan_import(
                standing,
                entities,
                key_of=key_of,
                cells_of=lambda entity: entity_cells(kind, entity),
                replace=mode.replace,
            )
            found = entity_problems(kind, list(plan.result.values()), self._known_ids(kind))
            problems += plan.problems
            problems += [LineProblem(plan.lines.get(key, 0), *problem) for key, *problem in found]
            report = _report(plan, problems, lambda key: f"{key[0]} from {key[1]}")
            if _is_to_be_done(report, mode):
                self._entities.replace(kind, plan.result.values(), **vars(author))
                if kind in PROGRAMMES:
                    self._tell(self._devices.load())
        return report

    def export_entities(self, kind: EntityKind) -> str:
        """The CSV file of all entities of a kind; importing it changes nothing."""
        cells = [entity_cells(kind, entity) for entity in self._entities.load(kind)]
        return write_lines(cells, FileFormat.CSV, kind.columns)

    def adopt(self, row: int, cells: Mapping[str, str], author: Author) -> tuple[Device, Registry]:
        """Register a pending device with the values of these cells; gives the device and its registry.

        Where the registry has the id already, the device gets the identity besides its own, and what the
        cells say anew.

        Raises:
            NoSuchRecordError: no such device is pending.
            RegisteringRefusedError: the cells make no device that the registry may have.
        """
        with self._turn, self._database.turn():
            pending = self.pending.get(row)
            standing = self._devices.load()
            device, problems = read_device(adopted_cells(pending, cells, standing), 1)
            problems += unknown_cells(cells)
            if device is None:
                raise RegisteringRefusedError(problems)
            device = identified(device, pending)
            plan = plan_import(standing, [(1, device)], key_of=_id_of, cells_of=device_cells, replace=False)
            registry, found = _planned(standing, plan)
            problems += [*found, *wrong_native_id(device, pending)]
            if problems or registry is None:
                raise RegisteringRefusedError(problems)
            self._write(registry, plan, "device.adopt", author)
        return device, registry

    def dismiss(self, row: int, author: Author) -> None:
        """Show a pending device no more.

        Raises:
            NoSuchRecordError: no such device is pending.
        """
        self.pending.dismiss(row, **vars(author))

    def _write(self, registry: Registry, plan: Plan[str, Device], action: str, author: Author) -> None:
        """Make this the registry, and tell."""
        counts = {"changed": len(plan.written), "removed": len(plan.removed)}
        entry = AuditEntry(action=action, target="registry", detail=counts, **vars(author))
        self._devices.update(registry, [*plan.added, *plan.changed], plan.removed, entry)
        self._tell(registry)

    def _tell(self, registry: Registry) -> None:
        self.pending.forget_known(registry)
        if self._on_change is not None:
            programmes = [one for kind in PROGRAMMES for one in self._entities.load(kind)]
            self._on_change(registry, programmes)

    def _known_ids(self, kind: EntityKind) -> Mapping[str, frozenset[str]]:
        """The ids that the kind's columns may refer to."""
        referred = {column.refers_to for column in kind.columns}
        known = {
            other.id: frozenset(entity.id for entity in self._entities.load(other))
            for other in entity_kinds().values()
            if other.id in referred
        }
        return known | ({"device": frozenset(self._devices.load())} if "device" in referred else {})


def _id_of(device: Device) -> str:
    return device.id


def _is_to_be_done(report: ImportReport, mode: ImportMode) -> bool:
    """Whether there is something to write.

    Raises:
        RegisteringRefusedError: it may not be written.
    """
    if mode.dry_run:
        return False
    if report.problems:
        raise RegisteringRefusedError(report.problems)
    return bool(report.added or report.changed or report.removed)


def _report(
    plan: Plan[Any, Any], problems: Sequence[LineProblem], text: Callable[[Any], str]
) -> ImportReport:
    return ImportReport(
        added=[text(key) for key in plan.added],
        changed={text(key): columns for key, columns in plan.changed.items()},
        removed=[text(key) for key in plan.removed],
        unchanged=plan.unchanged,
        problems=sorted(problems, key=lambda problem: problem.line),
    )


def _planned(standing: Registry, plan: Plan[str, Device]) -> tuple[Registry | None, list[LineProblem]]:
    """The registry that a plan would make, or what is wrong with it."""
    moved = list(_moved_ids(standing, plan))
    try:
        # Checking twice is for the files that are wrong.
        registry = Registry(plan.result.values())
    except RegistryError:
        return None, [*_registry_problems(plan), *moved]
    return (None, moved) if moved else (registry, [])


def _registry_problems(plan: Plan[str, Device]) -> Iterator[LineProblem]:
    """What is wrong with the devices that a plan would leave, by the lines of the file."""
    for problem in registry_problems(list(plan.result.values())):
        line = plan.lines.get(problem.device, 0)
        device = plan.result[problem.device]
        value = device_cells(device).get(problem.column, "")
        text = problem.text if line else f"of {problem.device}: {problem.text}"
        yield LineProblem(line, problem.column, text, value)


def _moved_ids(standing: Registry, plan: Plan[str, Device]) -> Iterator[LineProblem]:
    """Ids that the file gives to a device of another kind."""
    for device_id in plan.changed:
        before, after = standing[device_id].kind, plan.result[device_id].kind
        if before != after:
            rule = f"is that of a {before}: an id never moves to another device, take a new one"
            yield LineProblem(plan.lines[device_id], "kind", rule, after)
