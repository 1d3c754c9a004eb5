"""Where the microseconds of a call go: ``python -m benchmarks.profile_call``.

Both ends are in this process and without sockets, so that what is timed is the interpreter's work and nothing
of the system's; ``--system-calls`` counts the rest. What cannot be timed by itself is a difference.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import timeit
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyroplug.api import Daemon, Proxy, expose
from pyroplug.config import Configuration
from pyroplug.contracts import Buffer, Codec
from pyroplug.plugins import Kind, PluginSet
from pyroplug.values import registry

from .contestant import Served
from .in_memory import LOCATION, MODEL, InMemory, MemoryConnection
from .system_calls import count_system_calls, show_system_calls
from .workloads import RECORD, WORKLOADS, Workload

__all__ = ["Part", "main", "parts"]

_REPEATS = 9
_PROFILED = 0.5
"""Seconds of calls that a profile is made of; while it is made they take several times as long."""
_SERIALIZERS = ("msgpack", "marshal", "json", "serpent")
_OBJECT = "served"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a call.

    :ivar depth: 0 for an end of the connection, 1 for a part of that.
    """

    name: str
    depth: int
    microseconds: float


@dataclass(frozen=True, slots=True)
class _Ends:
    """A connection that was used once.

    :ivar client: calls in the client's ordinary way, answered from memory.
    """

    client: Callable[[], object]
    connection: MemoryConnection
    codec: Codec


_METHODS: dict[str, tuple[str, tuple[Any, ...]]] = {
    WORKLOADS[0].name: ("nop", ()),
    WORKLOADS[1].name: ("echo", (RECORD,)),
}


@contextmanager
def _ends(serializer: str, workload: Workload, replay: bool = True) -> Iterator[_Ends]:
    memory = InMemory()
    plugins = PluginSet(plugins={MODEL: memory})
    settings = Configuration(environ={}, plugin_items=lambda: plugins.config_items)
    settings.SERVERTYPE, settings.SERIALIZER = MODEL, serializer
    with Daemon(listen=[LOCATION], config=settings, plugins=plugins) as daemon:
        uri = daemon.register(expose(Served)(), _OBJECT)
        proxy = Proxy[Any](uri, config=settings, plugins=plugins)
        with proxy as remote:
            if not workload.verify(remote):
                raise RuntimeError(f"{serializer}: {workload.name}: the answer is wrong")
            if replay:
                memory.connection.replay()
            codec = plugins.get(Kind.SERIALIZER, serializer).codec(settings, registry)
            name, args = _METHODS[workload.name]
            method = getattr(remote, name)
            yield _Ends(lambda: method(*args), memory.connection, codec)


def parts(serializer: str, workload: Workload, seconds: float = 0.01) -> list[Part]:
    """The parts of a call, both ends'.

    :param seconds: for each of nine measurements of each part, the best of which counts.
    """
    with _ends(serializer, workload) as ends:
        return list(_parts(ends, workload, seconds))


def _parts(ends: _Ends, workload: Workload, seconds: float) -> Iterator[Part]:
    def best(work: Callable[[], object]) -> float:
        return _best(work, seconds)

    codec, connection, session = ends.codec, ends.connection, ends.connection.session
    name, args = _METHODS[workload.name]
    value = args[0] if args else None
    call, result = _joined(codec.dumps_call(_OBJECT, name, args, {})), _joined(codec.dumps(value))
    ends.client()
    request, memory = connection.request, memoryview(bytearray(16 * 1024))
    nothing = best(lambda: None)
    writing_call = best(lambda: codec.dumps_call(_OBJECT, name, args, {})) - nothing
    reading_call = best(lambda: codec.loads_call(call)) - nothing
    writing, reading = best(lambda: codec.dumps(value)) - nothing, best(lambda: codec.loads(result)) - nothing

    message = [request]

    def replay() -> None:
        connection.send(message)
        connection.recv_into(memory)

    client = best(ends.client) - best(replay)
    yield Part("client", 0, client)
    yield Part("writing the call", 1, writing_call)
    yield Part("reading the result", 1, reading)
    yield Part("all else", 1, client - writing_call - reading)

    session.get_buffer(memory)[: len(request)] = request
    size = len(request)
    requests = session.buffer_updated(size)
    lending = best(lambda: session.get_buffer(memory)) - nothing
    cutting = best(lambda: session.buffer_updated(size)) - nothing
    handling = best(lambda: session.handle(requests[0])) - nothing
    yield Part("server", 0, lending + cutting + handling)
    yield Part("reading the call", 1, reading_call)
    yield Part("writing the result", 1, writing)
    yield Part("bytes to a message", 1, lending + cutting)
    yield Part("all else", 1, handling - reading_call - writing)


def _joined(written: Buffer | tuple[Buffer, ...]) -> bytes:
    return b"".join(written) if isinstance(written, tuple) else bytes(written)


def _best(work: Callable[[], object], seconds: float) -> float:
    """Microseconds that it takes at best: whatever disturbs a measurement makes it longer."""
    timer = timeit.Timer(work)
    timer.timeit(10)
    count = max(10, round(seconds / (timer.timeit(50) / 50)))
    return min(timer.repeat(_REPEATS, count)) / count * 1e6


def _show(serializers: Sequence[str]) -> None:
    columns = [(serializer, workload) for workload in WORKLOADS for serializer in serializers]
    found = [parts(*column) for column in columns]
    width = len(serializers) * 9
    print(f"{'Microseconds of a call':<26}" + "  ".join(f"{each.name:>{width}}" for each in WORKLOADS))
    print(" " * 26 + "  ".join("".join(f"{each:>9}" for each in serializers) for _ in WORKLOADS))
    for row in zip(*found, strict=True):
        cells = [f"{part.microseconds:>9.2f}" for part in row]
        groups = ["".join(cells[i : i + len(serializers)]) for i in range(0, len(cells), len(serializers))]
        print(f"{'  ' * row[0].depth + row[0].name:<26}" + "  ".join(groups))


def _show_functions(serializer: str, workload: Workload) -> None:
    print(f"\nFunctions of both ends, {serializer}, {workload.name}:")
    with _ends(serializer, workload, replay=False) as ends:
        profile, call = cProfile.Profile(), ends.client
        calls = max(10, round(_PROFILED / timeit.timeit(call, number=10) * 10))
        profile.enable()
        for _ in range(calls):
            call()
        profile.disable()
    pstats.Stats(profile, stream=sys.stdout).strip_dirs().sort_stats("tottime").print_stats(30)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and show."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.profile_call", description="Shows where the microseconds of a call go."
    )
    parser.add_argument("serializer", nargs="*", help=f"some of {', '.join(_SERIALIZERS)}; all by default")
    parser.add_argument("--functions", action="store_true", help="list the functions that take longest, too")
    parser.add_argument("--system-calls", action="store_true", help="count system calls, with strace")
    options = parser.parse_args(arguments)
    serializers = options.serializer or _SERIALIZERS
    if not set(serializers) <= set(_SERIALIZERS):
        parser.error(f"there are {', '.join(_SERIALIZERS)}")
    _show(serializers)
    if options.functions:
        for workload in WORKLOADS:
            _show_functions(serializers[0], workload)
    if options.system_calls:
        print()
        show_system_calls(count_system_calls())
    return 0


if __name__ == "__main__":
    sys.exit(main())
