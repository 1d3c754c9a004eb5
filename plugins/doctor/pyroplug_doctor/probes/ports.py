"""TCP ports: whether each address of a host takes a connection, all of them asked at once."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from enum import Enum
from typing import NamedTuple

from .hosts import Target

__all__ = ["Attempt", "Reached", "found_nobody", "try_all"]

_FILTERED = frozenset({errno.ETIMEDOUT, errno.EPERM, errno.EACCES})
_UNREACHABLE = frozenset(
    {
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.EHOSTDOWN,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
    }
)


class Reached(Enum):
    """How far a connection got."""

    CONNECTED = "connected"
    REFUSED = "refused"
    FILTERED = "no answer"
    UNREACHABLE = "unreachable"


class Attempt(NamedTuple):
    """One address, and what came of it.

    :ivar reason: the system's, if it failed.
    """

    target: Target
    reached: Reached
    seconds: float
    reason: str = ""


def try_all(targets: Sequence[Target], timeout: float) -> list[Attempt]:
    """Connect to each target, at the same time, within ``timeout`` seconds. The connections are closed."""
    began = time.monotonic()
    done: dict[Target, Attempt] = {}

    def note(target: Target, number: int) -> None:
        seconds = time.monotonic() - began
        reason = os.strerror(number) if number else ""
        done[target] = Attempt(target, _reached(number), seconds, reason)

    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for target in targets:
            try:
                sock = stack.enter_context(socket.socket(target.family, socket.SOCK_STREAM))
                sock.setblocking(False)
                number = sock.connect_ex(target.address)
            except OSError as error:
                note(target, error.errno or errno.EHOSTUNREACH)
                continue
            if number in (errno.EINPROGRESS, errno.EWOULDBLOCK):
                selector.register(sock, selectors.EVENT_WRITE, target)
            else:
                note(target, number or found_nobody(sock))
        while selector.get_map():
            left = began + timeout - time.monotonic()
            ready = selector.select(left) if left > 0 else []
            if not ready:
                break
            for key, _ in ready:
                tried = key.fileobj
                assert isinstance(tried, socket.socket)
                selector.unregister(tried)
                number = tried.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                note(key.data, number or found_nobody(tried))
    for target in targets:
        if target not in done:
            done[target] = Attempt(target, Reached.FILTERED, timeout, f"no answer within {timeout:g} s")
    return [done[target] for target in targets]


def found_nobody(sock: socket.socket) -> int:
    """An error if the system gave this end the very port that nobody listens at, and it met itself."""
    return errno.ECONNREFUSED if sock.getpeername() == sock.getsockname() else 0


def _reached(number: int) -> Reached:
    if not number:
        return Reached.CONNECTED
    if number in _FILTERED:
        return Reached.FILTERED
    return Reached.UNREACHABLE if number in _UNREACHABLE else Reached.REFUSED
