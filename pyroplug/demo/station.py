"""One server process and its client process: a server model, a transport, and some serializers."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyroplug.contracts import Transport

from .channels import pack
from .child import Child, ChildError
from .parent import described
from .server import stock_id

__all__ = ["Plan", "Station", "Unreachable"]

_GRACE = 4.0
"""Seconds that processes get to end by themselves."""


class Unreachable(Exception):
    """By its own account the transport leads to no other process."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one server process is started for."""

    server: str
    transport: str
    serializers: tuple[str, ...]


class Station:
    """A server and its client, for one plan."""

    def __init__(self, plan: Plan, folder: Path, timeout: float) -> None:
        self.plan = plan
        self._folder = folder
        self._timeout = timeout
        self._location: str | None = None
        self._ends: list[str | None] = [None, None]
        self._children: list[Child] = []

    def start(self, transport: Transport) -> None:
        """Start both processes; do not wait for them.

        :raises Unreachable: the transport has no way for trials.
        :raises ChildError: the transport fails, or a process cannot be started.
        """
        self._folder.mkdir()
        self._location, pair = limited(lambda: _way(transport, str(self._folder)), self._timeout)
        try:
            for number, name in enumerate(("server", "client")):
                descriptors: list[int] = []
                if pair is not None:
                    self._ends[number], descriptors = _packed(pair[number])
                log = self._folder / f"{name}.log"
                self._children.append(Child(name, f"{__package__}.{name}", log, descriptors))
        finally:
            for end in pair or ():
                with suppress(Exception):
                    end.close()
        self._children[0].tell(
            server=self.plan.server,
            serializers=self.plan.serializers,
            folder=str(self._folder),
            location=self._location,
            channel=self._ends[0],
        )

    def wait(self, since: float) -> None:
        """Wait until both are ready. Raises :exc:`ChildError` if one is not in time, or cannot be at all.

        :param since: when they were started, as :func:`time.monotonic` tells time.
        """
        said = [child.hear(self._timeout, since) for child in self._children]
        for child, message in zip(self._children, said, strict=True):
            if "failed" in message:
                raise ChildError(f"the {child.name} did not start: {message['failed']}")
        locations = said[0]["locations"]
        self._children[1].tell(location=locations[0] if locations else None, channel=self._ends[1])

    def play(self, serializer: str, calls: int) -> tuple[str, float]:
        """Have the client use its stock through a serializer: the answer, and the microseconds of a call.

        :raises ChildError: an answer is wrong, or does not come in time.
        """
        client = self._children[1]
        client.tell(
            transport=self.plan.transport,
            serializer=serializer,
            stock=stock_id(self.plan.serializers.index(serializer)),
            calls=calls,
            # Half of the time: if it is the server that hangs, the client is left to tell of it.
            patience=self._timeout / 2,
        )
        message = client.hear(self._timeout)
        if "failed" in message:
            raise ChildError(message["failed"])
        return message["answer"], message["microseconds"]

    def dismiss(self) -> None:
        """Have both processes end; do not wait."""
        for child in self._children:
            child.dismiss()

    def close(self) -> None:
        """End both processes, and wait until they have ended."""
        self.dismiss()
        deadline = time.monotonic() + _GRACE
        for child in self._children:
            child.reap(deadline)


def limited(function: Callable[[], Any], timeout: float) -> Any:
    """What a plugin's function returns. Raises :exc:`ChildError` if it fails, or takes too long."""
    results: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            results.put((function(), None))
        except Exception as error:
            results.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = results.get(timeout=timeout)
    except queue.Empty:
        raise ChildError(f"the transport gave no way for trials within {timeout:g} seconds") from None
    if isinstance(error, Unreachable):
        raise error
    if error is not None:
        raise ChildError(f"the transport gave no way for trials: {described(error)}") from error
    return result


def _way(transport: Transport, folder: str) -> tuple[str | None, tuple[Any, Any] | None]:
    """A location to listen at, or the two ends of a connection."""
    address = transport.loopback_address(folder)
    if address is not None:
        return (address if transport.scheme is None else f"./{transport.scheme}:{address}"), None
    pair = transport.loopback_pair()
    if pair is None:
        raise Unreachable
    first, second = pair
    return None, (first, second)


def _packed(end: Any) -> tuple[str, list[int]]:
    try:
        return pack(end)
    except Exception as error:
        raise ChildError(
            f"a {type(end).__name__} cannot be handed to a process: {described(error)}"
        ) from error
