"""An operations database of this test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.operations.database import OperationsDatabase, sqlite_url


@pytest.fixture
def database(tmp_path: Path) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield opened
    opened.close()
