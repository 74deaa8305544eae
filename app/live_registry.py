"""The registry of a running service: what every part works with now, and how a change reaches them."""

from collections.abc import Callable, Sequence

from devices.plans import Programme
from devices.registry import Registry

__all__ = ["LiveRegistry"]


class LiveRegistry:
    """Holds the registry and the programmes, and tells its followers when they change.

    Reading and changing are safe from any thread. Followers are told in the order in which they began to
    follow, with what then holds.
    """

    def __init__(self, registry: Registry, programmes: Sequence[Programme]) -> None:
        self._now = (registry, tuple(programmes))
        self._followers: list[Callable[[], None]] = []

    @property
    def registry(self) -> Registry:
        """The registry as it is now."""
        return self._now[0]

    @property
    def programmes(self) -> Sequence[Programme]:
        """The broadcast programmes as they are now."""
        return self._now[1]

    def follow(self, told: Callable[[], None]) -> None:
        """Call this after every change."""
        self._followers.append(told)

    def change(self, registry: Registry, programmes: Sequence[Programme]) -> None:
        """Let these hold from now on; nobody is told when they hold already."""
        changed = (registry, tuple(programmes))
        if changed == self._now:
            return
        self._now = changed
        for told in self._followers:
            told()
