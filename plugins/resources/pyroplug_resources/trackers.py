"""The trackers, by the names under which a daemon chooses one."""

from __future__ import annotations

from pyroplug.contracts import Peer, Settings, Tracking

from .trackings import LimitedTracking, OrderedTracking, WeakTracking

__all__ = ["LimitedTracker", "OrderedTracker", "WeakTracker"]


class WeakTracker:
    """Keeps no resource alive: one that nobody else uses any more is forgotten. As Pyro5 does it."""

    name = "weak"

    def open(self, peer: Peer, _settings: Settings, /) -> Tracking:
        """A tracking for one connection; it takes only what can be referenced weakly."""
        return WeakTracking(peer)


class OrderedTracker:
    """Keeps resources alive, and closes them in the reverse order in which they were tracked."""

    name = "ordered"

    def open(self, peer: Peer, _settings: Settings, /) -> Tracking:
        """A tracking for one connection; it takes anything."""
        return OrderedTracking(peer)


class LimitedTracker:
    """As ``ordered``, and takes no more than MAX_RESOURCES_PER_CONNECTION from one connection."""

    name = "limited"

    def open(self, peer: Peer, settings: Settings, /) -> Tracking:
        """A tracking for one connection; it raises ``PyroError`` for a resource too many."""
        return LimitedTracking(peer, settings.MAX_RESOURCES_PER_CONNECTION)
