"""Remote iterators as lines of JSON: each item as the daemon has written it, as soon as it is there."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from pyroplug.errors import PyroError, TimeoutError
from pyroplug.protocol import Flags

from .failures import Failure, described, remote_failure
from .pool import Lease

__all__ = ["Lines", "Slots"]

_DAEMON = "Pyro.Daemon"
_EXCEPTION, _ONEWAY = int(Flags.EXCEPTION), int(Flags.ONEWAY)


class Slots:
    """How many streams may be under way: each of them has a thread of the server's."""

    def __init__(self, number: int) -> None:
        self._left = threading.Semaphore(number)

    def take(self) -> bool:
        """Whether there was one left, which is taken now."""
        return self._left.acquire(blocking=False)

    def free(self) -> None:
        """Give one back."""
        self._left.release()


class Lines:
    """The items of one remote iterator; each is a line. What it raises is the last line.

    It keeps a proxy until it is closed, which ends the remote iterator if that has not ended.
    """

    def __init__(self, lease: Lease, stream_id: str, tracebacks: bool, slots: Slots) -> None:
        """
        :param lease: of a proxy whose connection the remote iterator belongs to.
        """
        self._lease: Lease | None = lease
        self._id, self._tracebacks, self._slots = stream_id, tracebacks, slots
        self._running = self._ended = False
        self._context = copy_context()  # it has the correlation id, wherever the server asks for items

    def begin(self) -> bool:
        """Whether it may be sent now; it is to be closed in any case."""
        self._running = self._slots.take()
        return self._running

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> bytes:
        line = None if self._ended or self._lease is None else self._context.run(self._next)
        if line is None:
            self.close()
            raise StopIteration
        return line

    def _next(self) -> bytes | None:
        try:
            message = self._ask("get_next_stream_item")
            line = bytes(message.payload)
            if not message.flags & _EXCEPTION:
                return line.replace(b"\n", b" ") + b"\n"
            self._ended = True
            if _is_the_end(line):
                return None
            return remote_failure(line, self._tracebacks).replace(b"\n", b" ") + b"\n"
        except TimeoutError:
            failure = Failure(504, "the remote object does not answer in time")
        except (PyroError, ValueError, RecursionError):
            failure = Failure(502, "the remote object cannot be reached")
        self._ended = True
        return described(failure) + b"\n"

    def close(self) -> None:
        """Want no more items. May be called twice."""
        lease, self._lease = self._lease, None
        if lease is None:
            return
        try:
            if not self._ended:
                self._lease = lease
                with suppress(PyroError):
                    self._context.run(self._ask, "close_stream", _ONEWAY)
                self._lease = None
            lease.end()
        finally:
            if self._running:
                self._slots.free()

    def _ask(self, method: str, flags: int = 0) -> Any:
        assert self._lease is not None
        proxy = self._lease.proxy
        proxy._pyroClaimOwnership()
        proxy._pyroRawWireResponse = True
        try:
            return proxy._pyroInvoke(method, (self._id,), {}, flags, _DAEMON)
        finally:
            proxy._pyroRawWireResponse = False


def _is_the_end(payload: bytes) -> bool:
    document = json.loads(payload)
    name = document.get("__class__") if type(document) is dict else None
    return isinstance(name, str) and name.rpartition(".")[2] == "StopIteration"
