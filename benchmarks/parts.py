"""The parts of a call, each end's, in microseconds.

Each end is timed without the other and without system calls, so that what is timed is the interpreter's work.
What cannot be timed by itself is a difference.

It is processor time, so that what other processes do is not counted. Everything is measured in turns, and the
least of each counts: whatever disturbs a measurement makes it longer.
"""

from __future__ import annotations

import gc
import math
import socket
import time
import timeit
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any, cast

from pyroplug.api import Daemon, Proxy, expose, oneway
from pyroplug.config import Configuration
from pyroplug.contracts import Codec, ServerModel, Settings, direct_io
from pyroplug.plugins import Kind, PluginSet
from pyroplug.values import registry

from .in_memory import LOCATION, MODEL, SCRATCH, InMemory, MemorySocket
from .kinds_of_calls import OBJECT, KindOfCall
from .memory_server import Feed, IdleSession, OpenSession, read_alone, serve_feed
from .served import Served

__all__ = ["MODELS", "Ends", "Part", "open_ends", "parts"]

MODELS = ("threadpool", "multiplex")
_LAPS = 3
_ANSWER = b"!" * 50
_MOST_ONEWAY = 500
"""One-way calls at a time: fewer than may wait for a thread, so that those who send them need not help."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a call.

    :ivar depth: 0 for an end of the connection, 1 for a part of that.
    """

    name: str
    depth: int
    microseconds: float


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of a connection that was used once.

    :ivar client: makes the call in the client's ordinary way, and the server answers.
    """

    client: Callable[[], object]
    memory: InMemory
    served: Served
    codec: Codec
    plugins: PluginSet
    settings: Settings


@contextmanager
def open_ends(serializer: str, kind: KindOfCall) -> Iterator[Ends]:
    """Both ends of a connection.

    Raises ``RuntimeError`` if they don't come to the right result.
    """
    memory = InMemory()
    plugins = PluginSet(plugins={MODEL: memory})
    settings = Configuration(environ={}, plugin_items=lambda: plugins.config_items)
    settings.SERVERTYPE, settings.SERIALIZER = MODEL, serializer
    settings.SERIALIZERS_ACCEPTED = (serializer,)
    oneway(Served.oneway)
    served = expose(Served)()
    with Daemon(listen=[LOCATION], config=settings, plugins=plugins) as daemon:
        uri = daemon.register(served, OBJECT)
        with Proxy[Any](uri, config=settings, plugins=plugins) as remote:
            client = kind.client(remote)
            if client() != kind.result:
                raise RuntimeError(f"{serializer}: {kind.name}: the answer is wrong")
            codec = plugins.get(Kind.SERIALIZER, serializer).codec(settings, registry)
            yield Ends(client, memory, served, codec, plugins, settings)


def parts(
    serializer: str, kind: KindOfCall, model: str = MODELS[0], seconds: float = 0.003, rounds: int = 20
) -> list[Part]:
    """The parts of a call.

    :param model: the server model.
    :param seconds: that a measurement takes; more if one message takes longer.
    :param rounds: in each of them, everything is measured once.
    """
    with ExitStack() as held:
        ends = held.enter_context(open_ends(serializer, kind))
        connected = held.enter_context(_connected())
        works = {
            **_works_of_client(ends, kind),
            **_works_of_session(ends, kind),
            "system calls": _transfer(connected, ends.memory.socket, kind),
            "nothing": _nothing,
        }
        measured = {name: _timed(work, seconds) for name, work in works.items()}
        measured |= _fed(ends, kind, model, seconds)
        least = _least(measured, rounds)
    return [
        Part(name, depth, time / len(kind.calls) * 1e6) for name, depth, time in _summed(least, kind.burst)
    ]


def _summed(least: dict[str, float], burst: int) -> Iterator[tuple[str, int, float]]:
    """Names, depths, and seconds of a message.

    :param burst: how many messages went over the real connection.
    """
    nothing = least["nothing"]
    client = least["client"] - least["replay"]
    inside = {
        "writing the call": least["write call"] - nothing,
        "reading the result": least["read result"] - nothing,
        "connection": least["connection"] - least["replay"],
    }
    yield "client", 0, client
    yield from ((name, 1, time) for name, time in inside.items())
    yield "all else", 1, client - sum(inside.values())
    server = least["server"] - least["feed"]
    inside = {
        "reading the call": least["read call"] - nothing,
        "finding and calling": least["calling"] - nothing,
        "writing the result": least["write result"] - nothing,
        "server model, connection": least["idle server"] - least["feed"],
    }
    yield "server", 0, server
    yield from ((name, 1, time) for name, time in inside.items())
    yield "all else", 1, server - sum(inside.values())
    system = (least["system calls"] - nothing) / burst
    yield "system calls", 0, system
    yield "all of it", 0, client + server + system


# What is measured ------------------------------------------------------------------------------------


def _works_of_client(ends: Ends, kind: KindOfCall) -> dict[str, Callable[[], object]]:
    sock, connection = ends.memory.socket, ends.memory.connection
    sock.replay()
    request = sock.request
    direct = direct_io(connection)
    assert direct is not None

    return {
        "client": ends.client,
        "replay": _exchange(sock.send, sock.recv_into, request, kind),
        "connection": _exchange(direct.send, direct.recv_into, request, kind),
    }


def _exchange(
    send: Callable[[bytes, int], object],
    receive: Callable[[memoryview], object],
    request: bytes,
    kind: KindOfCall,
) -> Callable[[], object]:
    memory = memoryview(bytearray(SCRATCH))
    if kind.oneway:
        return lambda: send(request, 0)
    return lambda: (send(request, 0), receive(memory))


def _works_of_session(ends: Ends, kind: KindOfCall) -> dict[str, Callable[[], object]]:
    codec, host = ends.codec, cast("Any", ends.memory.host)
    write = kind.writing(codec)
    call, result = write(), cast("bytes", codec.dumps(kind.result))
    session = host.open_session(ends.memory.connection, lambda call: call(), handshake=False)
    works: dict[str, Callable[[], object]] = {
        "write call": write,
        "read call": lambda: codec.loads_call(call),
        "calling": kind.calling(partial(host.dispatcher.resolve, session.client, OBJECT)),
        "write result": lambda: codec.dumps(kind.result),
        "read result": lambda: codec.loads(result),
    }
    if kind.oneway:
        works["write result"] = works["read result"] = _nothing  # there is none
    return works


def _fed(ends: Ends, kind: KindOfCall, name: str, seconds: float) -> dict[str, Callable[[], float]]:
    """A server with all that it does, one with a session that does nothing, and what feeds both."""
    model: ServerModel = ends.plugins.get(Kind.SERVER, name)
    host, settings, request = ends.memory.host, ends.settings, ends.memory.socket.request
    calls = max(1, round(seconds / timeit.timeit(ends.client, number=3) * 3))
    if kind.oneway:
        calls = max(1, min(calls, _MOST_ONEWAY) // kind.burst)
    idle = IdleSession(() if kind.oneway else (_ANSWER,), kind.is_plain)

    def done() -> Callable[[], int] | None:
        if not kind.oneway:
            return None
        count = ends.served.oneway_calls
        before = count()
        return lambda: (count() - before) // kind.burst

    def fed(serve: Callable[[Feed], None], done: Callable[[], int] | None = None) -> float:
        feed = Feed(request * kind.burst, calls, _LAPS, done)
        serve(feed)
        return feed.least / kind.burst

    real: OpenSession = partial(host.open_session, handshake=False)
    return {
        "server": lambda: fed(lambda feed: serve_feed(model, settings, real, feed), done()),
        "idle server": lambda: fed(lambda feed: serve_feed(model, settings, lambda *_: idle, feed)),
        "feed": lambda: fed(lambda feed: read_alone(feed, not kind.oneway)),
    }


def _transfer(
    ends: tuple[socket.socket, socket.socket], memory: MemorySocket, kind: KindOfCall
) -> Callable[[], object]:
    """The message and the answer go over a real connection, and nobody has to wait for them."""
    (client, server), request, answer = ends, memory.request, bytes(memory.answer)
    size, whole = len(request) * kind.burst, socket.MSG_WAITALL
    buffer = memoryview(bytearray(max(size, len(answer))))
    if kind.oneway:
        return _burst(
            kind.burst, partial(client.send, request), partial(server.recv_into, buffer, size, whole)
        )
    back = len(answer)
    return lambda: (
        client.send(request),
        server.recv_into(buffer, size, whole),
        server.send(answer),
        client.recv_into(buffer, back, whole),
    )


def _burst(count: int, send: Callable[[], object], receive: Callable[[], object]) -> Callable[[], object]:
    def run() -> None:
        for _ in repeat(None, count):
            send()
        receive()

    return run


@contextmanager
def _connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        listener.accept()[0] as server,
    ):
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield client, server


# Measuring -------------------------------------------------------------------------------------------


def _nothing() -> None:
    pass


def _timed(work: Callable[[], object], seconds: float) -> Callable[[], float]:
    """A function that measures once: the seconds that the work takes, and calling it."""
    timer = timeit.Timer(work, timer=time.process_time)
    count = max(1, round(seconds / min(timer.repeat(3, 1))))
    return lambda: timer.timeit(count) / count


def _least(works: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """What each of them takes at the least."""
    found = dict.fromkeys(works, math.inf)
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, work in works.items():
                found[name] = min(found[name], work())
            gc.collect()
    finally:
        if collecting:
            gc.enable()
    return found
