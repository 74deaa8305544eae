"""The way of the command line to the registry: a running service's API, else the files that nobody holds."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, Self

import httpx

from api.models.devices import DeviceView
from api.models.registering import ImportView, PendingView
from app.configuration import load_settings
from app.data_directory import DataDirectory
from app.errors import StartError
from app.operations import open_operations
from devices.clock import Clock, SystemClock
from devices.columns import LineProblem
from devices.entity import EntityKind
from devices.table_files import FileFormat
from store.operations.database import OperationsDatabase
from store.operations.errors import RegisteringRefusedError
from store.operations.registrar import Author, ImportMode, Registrar

__all__ = ["LocalRegistry", "RegistryAccess", "RemoteRegistry", "registry_access"]

_TIMEOUT_S = 300.0  # an import of a whole city is one request
_PAGE = 1_000
_MEDIA_TYPES = {FileFormat.CSV: "text/csv", FileFormat.GEOJSON: "application/geo+json"}


class RegistryAccess(Protocol):
    """What the command line does with the registry.

    Every method raises `StartError` where it cannot be reached, and `RegisteringRefusedError` where what was
    sent breaks rules.
    """

    def import_devices(self, content: bytes, file_format: FileFormat, mode: ImportMode) -> ImportView:
        """Take in a file of devices."""
        ...

    def export_devices(self, file_format: FileFormat) -> str:
        """The file of all devices."""
        ...

    def import_entities(self, kind: EntityKind, content: bytes, mode: ImportMode) -> ImportView:
        """Take in a file of dated entities."""
        ...

    def export_entities(self, kind: EntityKind) -> str:
        """The file of all entities of a kind."""
        ...

    def pending(self, *, dismissed: bool) -> Sequence[PendingView]:
        """The devices that wait to be adopted, or those dismissed; without their messages."""
        ...

    def adopt(self, pending: int, cells: Mapping[str, str]) -> DeviceView:
        """Register a pending device."""
        ...

    def dismiss(self, pending: int) -> None:
        """Show a pending device no more."""
        ...


@contextmanager
def registry_access(url: str | None, key: str | None, data: Path | None) -> Iterator[RegistryAccess]:
    """The API where a URL is given; else the store of a data directory, if no service holds it.

    Raises:
        StartError: there is neither; the sentence says what to give.
    """
    with ExitStack() as opened:
        if url is not None:
            if not key:
                raise StartError("--key or IOC_API_KEY: the API wants a key that may write devices")
            yield opened.enter_context(RemoteRegistry(url, key))
            return
        settings = load_settings(data_dir=data)
        folder = settings.data_dir
        if not folder.is_dir():
            raise StartError(f"--data: there is no folder {str(folder)!r}; give --url of a running service")
        try:
            directory = DataDirectory(folder)
        except StartError as error:
            raise StartError(f"{error}, or talk to that service: --url (IOC_API_URL) and --key") from error
        opened.callback(directory.release)
        database = open_operations(directory, settings)
        opened.callback(database.close)
        yield LocalRegistry(database)


class LocalRegistry:
    """The registry in the files of a service that does not run."""

    def __init__(self, database: OperationsDatabase, clock: Clock | None = None) -> None:
        self._registrar = Registrar(database)
        self._clock = clock or SystemClock()

    def import_devices(self, content: bytes, file_format: FileFormat, mode: ImportMode) -> ImportView:
        """Take in a file of devices."""
        report = self._registrar.import_devices(content, file_format, mode, self._author())
        return ImportView.of(report, dry_run=mode.dry_run)

    def export_devices(self, file_format: FileFormat) -> str:
        """The file of all devices."""
        return self._registrar.export_devices(file_format)

    def import_entities(self, kind: EntityKind, content: bytes, mode: ImportMode) -> ImportView:
        """Take in a file of dated entities."""
        report = self._registrar.import_entities(kind, content, mode, self._author())
        return ImportView.of(report, dry_run=mode.dry_run)

    def export_entities(self, kind: EntityKind) -> str:
        """The file of all entities of a kind."""
        return self._registrar.export_entities(kind)

    def pending(self, *, dismissed: bool) -> Sequence[PendingView]:
        """The devices that wait to be adopted, or those dismissed; without their messages."""
        found: list[PendingView] = []
        before: int | None = None
        while True:
            page = self._registrar.pending.list(dismissed=dismissed, before=before, limit=_PAGE)
            found += [PendingView.of(device, with_sample=False) for device in page.items]
            if page.next_after is None:
                return found
            before = page.next_after

    def adopt(self, pending: int, cells: Mapping[str, str]) -> DeviceView:
        """Register a pending device."""
        device, registry = self._registrar.adopt(pending, cells, self._author())
        return DeviceView.of(device, registry)

    def dismiss(self, pending: int) -> None:
        """Show a pending device no more."""
        self._registrar.dismiss(pending, self._author())

    def _author(self) -> Author:
        return Author(who="ioc", at_ms=self._clock.now_ms())


class RemoteRegistry:
    """The registry of a running service, over its API."""

    def __init__(self, url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._url = url
        try:
            self._client = httpx.Client(
                base_url=url, headers=headers, timeout=_TIMEOUT_S, transport=transport
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise StartError(f"--url: {url!r} is no address of an API ({error})") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def import_devices(self, content: bytes, file_format: FileFormat, mode: ImportMode) -> ImportView:
        """Take in a file of devices."""
        return self._import("/v1/devices/import", content, file_format, mode)

    def export_devices(self, file_format: FileFormat) -> str:
        """The file of all devices."""
        return self._asked("GET", "/v1/devices/export", params={"format": file_format.value}).text

    def import_entities(self, kind: EntityKind, content: bytes, mode: ImportMode) -> ImportView:
        """Take in a file of dated entities."""
        return self._import(f"/v1/entities/{kind.id}/import", content, FileFormat.CSV, mode)

    def export_entities(self, kind: EntityKind) -> str:
        """The file of all entities of a kind."""
        return self._asked("GET", f"/v1/entities/{kind.id}/export").text

    def pending(self, *, dismissed: bool) -> Sequence[PendingView]:
        """The devices that wait to be adopted, or those dismissed; without their messages."""
        found: list[PendingView] = []
        params: dict[str, Any] = {"dismissed": dismissed, "limit": _PAGE}
        while True:
            page = self._asked("GET", "/v1/pending-devices", params=params).json()
            found += [PendingView.model_validate(item) for item in page["items"]]
            if page["next"] is None:
                return found
            params["cursor"] = page["next"]

    def adopt(self, pending: int, cells: Mapping[str, str]) -> DeviceView:
        """Register a pending device."""
        answer = self._asked("POST", f"/v1/pending-devices/{pending}/adopt", json=dict(cells))
        return DeviceView.model_validate(answer.json())

    def dismiss(self, pending: int) -> None:
        """Show a pending device no more."""
        self._asked("POST", f"/v1/pending-devices/{pending}/dismiss")

    def _import(self, path: str, content: bytes, file_format: FileFormat, mode: ImportMode) -> ImportView:
        answer = self._asked(
            "POST",
            path,
            params={"dry_run": mode.dry_run, "replace": mode.replace},
            content=content,
            headers={"Content-Type": _MEDIA_TYPES[file_format]},
        )
        return ImportView.model_validate(answer.json())

    def _asked(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to a request.

        Raises:
            StartError: the service does not answer, or refuses.
            RegisteringRefusedError: what was sent breaks rules.
        """
        try:
            answer = self._client.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StartError(f"--url: {self._url!r} does not answer ({error})") from error
        if answer.is_success:
            return answer
        problem = _problem(answer)
        if problem.get("problems"):
            raise RegisteringRefusedError([LineProblem(**found) for found in problem["problems"]])
        raise StartError(f"the service refuses ({answer.status_code}): {problem.get('detail', answer.text)}")


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    """The members of a problem document; empty for an answer that is none."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
