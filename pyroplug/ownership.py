"""Whose a proxy is. It has one connection, on which one call at a time can be under way."""

from __future__ import annotations

from threading import get_ident

from .context import Call, CallState, current_call, request_of
from .errors import PyroError
from .plain_exchange import InUseError
from .wire import Flags

__all__ = ["Owned", "current_user", "not_owner", "user_within"]

_ONEWAY = int(Flags.ONEWAY)


def current_user() -> object:
    """What stands for whoever is running: see :func:`user_within`."""
    return user_within(current_call.get())


def user_within(call: Call | CallState | None) -> object:
    """What stands for whoever is running a call, or none: usually the thread.

    The calls of one client come one after the other, and a server with many threads may run each in
    another one. What they have in common is the client, so that an object which exists for it can keep a
    proxy. One-way calls run beside the others, and count as threads.
    """
    if type(call) is list:
        client = call[0]
        if client.turn is not None and not request_of(call).flags & _ONEWAY:
            return client.turn
    return get_ident()


def not_owner() -> PyroError:
    """The error for a proxy that is used by somebody else."""
    return PyroError(
        "the calling thread is not the owner of this proxy",
        hint="give each thread a proxy of its own (copy.copy makes one), "
        "or take this one over with _pyroClaimOwnership()",
    )


class Owned:
    """What belongs to whoever made it, usually a thread, until somebody else claims it.

    :ivar owner: whom it belongs to, see :func:`user_within`.
    """

    def __init__(self) -> None:
        self.owner = current_user()
        self._door: list[None] = [None]
        self._inside = 0

    def enter(self) -> None:
        """Let in one thread until it leaves; raise :exc:`~pyroplug.plain_exchange.InUseError` for others."""
        try:
            self._door.pop()
        except IndexError:
            raise InUseError from None
        self._inside = get_ident()

    def was_left_behind(self) -> bool:
        """Let others in, in a forked process, if a thread is inside that is only in the parent."""
        if self._door or self._inside == get_ident():
            return False
        self.leave()
        return True

    def leave(self) -> None:
        """The counterpart of ``enter``."""
        self._door.append(None)

    def check_owner(self) -> None:
        """Raise :exc:`~pyroplug.errors.PyroError` in any thread but the one that it belongs to."""
        call = current_call.get()
        if (get_ident() if call is None else user_within(call)) != self.owner:
            raise not_owner()

    def claim(self) -> None:
        """Have it belong to this thread, as it is."""
        self.owner = current_user()
