"""Names of streets, villages and schools: from `simulators/places/`, or plain numbers for other cities."""

from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

__all__ = ["Street", "UnitNames", "names_of"]


class Street(Struct, frozen=True, forbid_unknown_fields=True):
    """A street and its direction in degrees clockwise from north."""

    name: str
    bearing_deg: float


class UnitNames(Struct, frozen=True, forbid_unknown_fields=True):
    """What there is in one ward or commune of before July 2025; at least one of each."""

    streets: tuple[Street, ...]
    villages: tuple[str, ...]
    schools: tuple[str, ...]


_NUMBERED = UnitNames(
    streets=tuple(Street(f"Đường số {number}", 35.0 * number) for number in range(1, 6)),
    villages=tuple(f"số {number}" for number in range(1, 6)),
    schools=("Trường Tiểu học số 1", "Trường THCS số 1"),
)


@cache
def _city_names(city_id: str) -> dict[str, UnitNames]:
    file = files("simulators.places") / f"{city_id}.yaml"
    if not file.is_file():
        return {}
    return msgspec.yaml.decode(file.read_bytes(), type=dict[str, UnitNames])


def names_of(city_id: str, unit_code: str) -> UnitNames:
    """Names for a unit; numbered ones when the city or the unit has no list.

    Raises:
        msgspec.ValidationError: the city's file breaks the description above.
    """
    return _city_names(city_id).get(unit_code, _NUMBERED)
