"""Pictures at rest: files in a folder, or objects in a store that fsspec knows, such as s3://bucket/folder."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

__all__ = ["EvidenceStoreError", "PictureStore"]


class EvidenceStoreError(Exception):
    """The picture store cannot be opened, or does not do what it should now."""


class PictureStore:
    """Pictures by their names. Whoever can read here sees faces and plates: for the service's account only.

    Raises:
        EvidenceStoreError: the URL names a store for which nothing is installed.
    """

    def __init__(self, url: str) -> None:
        try:
            self._files, self._root = fsspec.url_to_fs(url)
        except (ImportError, ValueError, OSError) as error:
            raise EvidenceStoreError(f"IOC_EVIDENCE_URL={url!r} cannot be used: {error}") from error

    def put(self, name: str, content: bytes) -> None:
        """Keep a picture; it is whole and durable, or not there, when this returns or raises.

        Raises:
            EvidenceStoreError: it could not be kept.
        """
        try:
            if isinstance(self._files, LocalFileSystem):
                _write_durably(Path(self._path(name)), content)
            else:
                self._files.pipe_file(self._path(name), content)
        except Exception as error:  # object stores raise errors of their own libraries
            raise EvidenceStoreError(f"a picture cannot be kept ({type(error).__name__})") from error

    def get(self, name: str) -> bytes | None:
        """A picture; None where there is none of that name.

        Raises:
            EvidenceStoreError: the store does not answer.
        """
        try:
            content: Any = self._files.cat_file(self._path(name))
        except FileNotFoundError:
            return None
        except Exception as error:
            raise EvidenceStoreError(f"a picture cannot be read ({type(error).__name__})") from error
        return bytes(content)

    def delete(self, name: str) -> None:
        """Remove a picture; one that is not there is no error.

        Raises:
            EvidenceStoreError: it could not be removed.
        """
        try:
            with suppress(FileNotFoundError):
                self._files.rm_file(self._path(name))
        except Exception as error:
            raise EvidenceStoreError(f"a picture cannot be removed ({type(error).__name__})") from error

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"


def _write_durably(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.touch(mode=0o600)
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
