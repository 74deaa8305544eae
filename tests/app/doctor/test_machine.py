"""Clock, disk and permissions, each broken for real."""

from pathlib import Path
from typing import Any

import pytest

from app.doctor.finding import Finding, Level
from app.doctor.machine import look_at_clock, look_at_disk, look_at_permissions
from app.settings import ServiceSettings
from devices.clock import SteppedClock, SystemClock


def settings_of(**given: Any) -> ServiceSettings:
    return ServiceSettings(**given)


def bad(found: list[Finding]) -> list[str]:
    return [finding.seen for finding in found if finding.level is Level.BAD]


def test_machine_that_is_well_has_nothing_bad(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    settings = settings_of(data_dir=tmp_path / "data", journal_cap_mb=1, mqtt_password_file=secret)
    found = [
        *look_at_clock(settings, SystemClock()),
        *look_at_disk(settings),
        *look_at_permissions(settings),
    ]
    assert {finding.level for finding in found} == {Level.GOOD}
    assert not settings.data_dir.exists()


def test_clock_of_1970_is_seen() -> None:
    assert bad(list(look_at_clock(settings_of(), SteppedClock(5)))) == [
        "the machine's clock says 5 ms since 1970"
    ]


def test_city_that_is_none_is_seen() -> None:
    assert bad(list(look_at_clock(settings_of(city="atlantis"), SystemClock()))) == [
        "the city of city='atlantis' is not known"
    ]


def test_disk_that_the_journal_would_fill_is_seen(tmp_path: Path) -> None:
    [seen] = bad(list(look_at_disk(settings_of(data_dir=tmp_path, journal_cap_mb=10**12))))
    assert seen.endswith(f"the journal may still take {10**12} MB")


def test_journal_at_its_cap_is_seen(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(bytes(2 * 1_048_576))
    assert bad(list(look_at_disk(settings_of(data_dir=tmp_path, journal_cap_mb=2)))) == [
        "the journal has reached its cap, 2 MB"
    ]


def test_folder_that_cannot_be_made_is_seen(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    [seen] = bad(list(look_at_permissions(settings_of(data_dir=tmp_path / "file" / "data"))))
    assert seen.endswith("cannot be written")


def test_folder_that_others_may_enter_is_seen(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    (tmp_path / "data").chmod(0o755)
    [finding] = look_at_permissions(settings_of(data_dir=tmp_path / "data"))
    assert (finding.level, finding.to_do) == (Level.BAD, f"chmod 700 {tmp_path}/data")


@pytest.mark.parametrize(("mode", "level"), [(0o604, Level.BAD), (0o640, Level.NOTE), (0o600, Level.GOOD)])
def test_secret_that_others_may_read_is_seen(tmp_path: Path, mode: int, level: Level) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(mode)
    found = list(look_at_permissions(settings_of(data_dir=tmp_path / "data", influx_token_file=secret)))
    assert found[-1].level is level


def test_secret_that_is_missing_is_seen(tmp_path: Path) -> None:
    settings = settings_of(data_dir=tmp_path / "data", operations_password_file=tmp_path / "nowhere")
    [seen] = bad(list(look_at_permissions(settings)))
    assert "operations_password_file" in seen
