"""Resource trackers: what a client holds on the server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

from .settings import Settings
from .transports import Peer

__all__ = ["ResourceTracker", "Tracking"]


class Tracking(Protocol):
    """The resources of one connection."""

    @property
    def resources(self) -> Iterable[Any]:
        """Those that are tracked now."""

    def track(self, resource: Any, /) -> None:
        """Have the resource's ``close()`` called when the connection is lost.

        Raises :exc:`~pyroplug.errors.PyroError` to refuse it. Where a limit is the reason, the error's
        attribute ``limit`` is the name of its configuration item: then the refusal is counted.
        """

    def untrack(self, resource: Any, /) -> None:
        """Forget it. An unknown one is ignored."""

    def release(self) -> None:
        """Close what is still tracked; called exactly once. Raises nothing."""


@runtime_checkable
class ResourceTracker(Protocol):
    """Looks after what a client holds on the server. Offered by ``pyroplug_resource_trackers``."""

    @property
    def name(self) -> str:
        """The name by which users choose it."""

    def open(self, peer: Peer, settings: Settings, /) -> Tracking:
        """A tracking for one connection."""
