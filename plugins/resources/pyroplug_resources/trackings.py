"""The resources of one connection: kept by identity, closed once, whatever goes wrong.

Any thread may track, untrack and release at any time. No resource is compared, hashed or closed while the
lock is held; the lock is reentrant, for a resource that is collected just then may untrack itself.
"""

from __future__ import annotations

import threading
import weakref
from typing import Any

from pyroplug.contracts import Peer
from pyroplug.errors import PyroError

__all__ = ["LimitedTracking", "OrderedTracking", "UntrackableError", "WeakTracking"]


class UntrackableError(PyroError, TypeError):
    """This tracker cannot track a resource of that type. Pyro5 raises ``TypeError`` there."""


class OrderedTracking:
    """Holds on to resources; closes the last one first."""

    __slots__ = ("_held", "_lock", "_peer", "_released")

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._held: dict[int, Any] = {}  # by identity, in the order of tracking
        self._lock = threading.RLock()
        self._released = False

    @property
    def resources(self) -> tuple[Any, ...]:
        """Those that are tracked now, in the order of tracking."""
        with self._lock:
            return tuple(self._held.values())

    def track(self, resource: Any, /) -> None:
        """Have ``close()`` called when the connection is lost; at once if it is lost already."""
        with self._lock:
            if not self._released:
                if id(resource) not in self._held:
                    self._hold(resource)
                return
        _close_all([resource], self._peer)

    def untrack(self, resource: Any, /) -> None:
        """Forget it. An unknown one is ignored."""
        with self._lock:
            self._held.pop(id(resource), None)

    def release(self) -> None:
        """Close what is still tracked."""
        with self._lock:
            self._released = True
            if not self._held:  # as for most connections
                return
            resources = list(self.resources)
            self._held.clear()
        _close_all(resources, self._peer)

    def _hold(self, resource: Any) -> None:
        self._held[id(resource)] = resource


class LimitedTracking(OrderedTracking):
    """Holds on to so many resources, and refuses further ones."""

    __slots__ = ("_limit",)

    def __init__(self, peer: Peer, limit: int) -> None:
        super().__init__(peer)
        self._limit = limit

    def _hold(self, resource: Any) -> None:
        if len(self._held) >= self._limit:
            refusal = PyroError(
                f"this connection may hold {self._limit} resources, and holds as many already: "
                f"the {type(resource).__name__} is not tracked",
                hint="close and untrack some of them, or raise MAX_RESOURCES_PER_CONNECTION in the daemon",
            )
            refusal.limit = "MAX_RESOURCES_PER_CONNECTION"
            raise refusal
        super()._hold(resource)


class WeakTracking(OrderedTracking):
    """Knows resources as long as somebody else holds on to them."""

    __slots__ = ()

    @property
    def resources(self) -> tuple[Any, ...]:
        """Those that are tracked now and still in use."""
        with self._lock:
            references = list(self._held.values())
        return tuple(one for one in (reference() for reference in references) if one is not None)

    def _hold(self, resource: Any) -> None:
        held, key = self._held, id(resource)

        def gone(_reference: weakref.ref[Any]) -> None:
            # Before the resource's memory, and with it its identity, is another's. Takes no lock: it is
            # called wherever a thread happens to be.
            held.pop(key, None)

        try:
            held[key] = weakref.ref(resource, gone)
        except TypeError:
            raise UntrackableError(
                f"the resource tracker 'weak' cannot track a {type(resource).__name__}: "
                f"it cannot be referenced weakly",
                hint="set RESOURCE_TRACKER to 'ordered', or give its class a __weakref__ slot",
            ) from None


def _close_all(resources: list[Any], peer: Peer) -> None:
    """Close the last one first, each whatever becomes of the others."""
    interrupt: KeyboardInterrupt | None = None
    while resources:
        resource = resources.pop()
        try:
            resource.close()
        except BaseException as error:
            # What the user typed is for the main thread; anything else is that resource's own affair.
            if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
                interrupt = error
            else:
                import logging  # for when something is wrong

                log = logging.getLogger("pyroplug_resources")
                kind = type(resource).__qualname__
                log.exception("closing a %s failed, which was tracked for %s", kind, peer)
    if interrupt is not None:
        raise interrupt
