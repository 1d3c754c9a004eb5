"""Name servers that answer those who ask the whole network."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Broadcast", "ask"]

_QUESTION = b"GET_NSURI"
_TRIES = 3
_ENOUGH = 2048


class Broadcast(NamedTuple):
    """What came of it.

    :ivar asked: the addresses to which the question went.
    :ivar unasked: those to which it could not go, and why.
    :ivar answers: what is said to be the name server's URI, without repetitions.
    """

    asked: list[str]
    unasked: dict[str, str]
    answers: list[str]


def ask(addresses: Iterable[str], port: int, timeout: float) -> Broadcast:
    """Ask for the name server, and listen until somebody answers, or the seconds are over."""
    asked: dict[str, None] = {}
    unasked: dict[str, str] = {}
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        selectors.DefaultSelector() as selector,
    ):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
        for _ in range(_TRIES):
            for address in addresses:
                where = f"{address}:{port}"
                try:
                    sock.sendto(_QUESTION, (address, port))
                    asked[where] = None
                except OSError as error:
                    unasked[where] = os.strerror(error.errno) if error.errno else str(error)
            answers = _answers(sock, selector, time.monotonic() + timeout / _TRIES)
            if answers:
                return Broadcast(list(asked), unasked, answers)
    return Broadcast(list(asked), unasked, [])


def _answers(sock: socket.socket, selector: selectors.BaseSelector, deadline: float) -> list[str]:
    while (left := deadline - time.monotonic()) > 0 and selector.select(left):
        try:
            data = sock.recv(_ENOUGH)
        except OSError as error:
            if error.errno not in (errno.ECONNREFUSED, errno.EAGAIN, errno.EINTR):
                return []
            continue
        text = data.decode("ascii", "replace")
        if text.startswith("PYRO:"):
            return [text]
    return []
