"""The version of the embedded store's layout, and what to do about another."""

from pathlib import Path

from store.telemetry import TelemetrySetupError

__all__ = ["check_format", "older_file", "refuse_older"]

_FORMAT = 2
_FILE = "format"


def older_file(folder: Path) -> Path:
    """Where format 1, which was one file, stood beside the folder."""
    return folder.with_name(f"{folder.name}.duckdb")


def refuse_older(folder: Path) -> None:
    """Do nothing where no telemetry of format 1 waits to be carried over.

    Raises:
        TelemetrySetupError: there is some.
    """
    older = older_file(folder)
    if older.exists():
        raise TelemetrySetupError(
            f"{str(older)!r} is telemetry of format 1, this version reads {_FORMAT}; run: ioc store migrate"
        )


def check_format(folder: Path) -> None:
    """Do nothing where the folder is of our format, or new: then it is made.

    Raises:
        TelemetrySetupError: another version made it; the sentence says what to do.
        OSError: it cannot be read or made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / _FILE
    if not file.exists():
        if {path.name for path in folder.iterdir()} - {f"{_FILE}.new"}:
            raise TelemetrySetupError(
                f"{str(folder)!r} has files but none named {_FILE!r}: it is no telemetry, or no whole copy"
            )
        aside = folder / f"{_FILE}.new"
        aside.write_text(f"{_FORMAT}\n", encoding="utf-8")
        aside.rename(file)
    found = file.read_text(encoding="utf-8").strip()
    if found != str(_FORMAT):
        raise TelemetrySetupError(
            f"{str(folder)!r} is telemetry of format {found!r}, this version reads {_FORMAT}: it is newer;"
            " start the version that made it"
        )
