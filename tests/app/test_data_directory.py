import os
import stat
from pathlib import Path

import pytest

from app.data_directory import DataDirectory
from app.errors import StartError


def test_data_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    directory.release()


def test_data_directory_held_by_a_process_names_it_to_the_next(tmp_path: Path) -> None:
    holder = DataDirectory(tmp_path)
    with pytest.raises(StartError, match=f"in use by process {os.getpid()}"):
        DataDirectory(tmp_path)
    holder.release()
    holder.release()
    DataDirectory(tmp_path).release()
