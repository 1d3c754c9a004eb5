"""What pyroplug has to reach, as data."""

from __future__ import annotations

from collections.abc import Iterator

from .contestant import MIXED, OURS, RAW, REAL_PYRO5
from .contestants import SERIALIZERS
from .kinds.bulk import chunked, transfer
from .kinds.crowd import CPU_TIME
from .kinds.idle import ALONE, active, cost
from .kinds.memory import memory
from .kinds.start_up import COMMAND, COMMAND_LIBRARIES, IMPORT, MEMORY, NOTHING
from .targets import OTHERS, VALUE, Target
from .workloads import Batch, ConnectCallClose, EchoRecord, EmptyCall, OnewayCalls, SingleCalls

__all__ = ["TARGETS"]

_THREADS = "msgpack threadpool tcp"
_LOOP = "msgpack multiplex tcp"
_EMPTY, _ECHO = EmptyCall.name, EchoRecord.name
_SIZES = (1, 8, 64)
_BOTH = ("up", "down")


def _targets() -> Iterator[Target]:
    yield from _latency()
    yield from _throughput()
    yield from _bulk()
    yield Target(f"{OURS} import pyroplug.api", IMPORT, NOTHING, 4.0)
    yield Target(f"{OURS} import pyroplug.api", MEMORY, VALUE, 8.0)
    yield Target(f"{OURS} list-plugins", COMMAND, COMMAND_LIBRARIES, 1.6)


def _latency() -> Iterator[Target]:
    for workload in (_EMPTY, _ECHO):
        for serializer in ("msgpack", "marshal"):
            yield Target(f"{OURS} {serializer} threadpool tcp", workload, RAW, 1.3)
            for other in ("multiplex tcp", "threadpool unix", "multiplex unix"):
                yield Target(f"{OURS} {serializer} {other}", workload, RAW, 1.45)
            yield Target(f"{OURS} {serializer} threadpool tcp", workload, OTHERS, 1.0)
        client, server = MIXED
        yield Target(f"{client} {_THREADS}", workload, RAW, 2.6)
        yield Target(f"{server} {_THREADS}", workload, RAW, 2.2)
    for serializer, empty, echo in (("serpent", 0.42, 0.75), ("json", 0.35, 0.6)):
        yield Target(f"{OURS} {serializer} threadpool tcp", _EMPTY, REAL_PYRO5, empty)
        yield Target(f"{OURS} {serializer} threadpool tcp", _ECHO, REAL_PYRO5, echo)
    for each in (_THREADS, _LOOP):
        yield Target(f"{OURS} {each}", SingleCalls.name, RAW, 2.5)


def _throughput() -> Iterator[Target]:
    yield Target(f"{OURS} {_THREADS}", CPU_TIME, RAW, 1.5)
    yield Target(f"{OURS} {_LOOP}", CPU_TIME, RAW, 1.0)
    yield Target(f"{OURS} {_THREADS}", OnewayCalls.name, RAW, 3.0)
    for serializer in SERIALIZERS:
        yield Target(f"{OURS} {serializer} threadpool tcp", Batch.name, RAW, 2.0)
    yield Target(f"{OURS} {_THREADS}", ConnectCallClose.name, RAW, 1.7)
    yield Target(f"{OURS} {_LOOP}", ConnectCallClose.name, RAW, 1.2)
    for each, kibibytes in ((_THREADS, 32.0), (_LOOP, 3.0)):
        yield Target(f"{OURS} {each}", active(10_000), ALONE, 1.2)
        yield Target(f"{OURS} {each}", cost(10_000), VALUE, kibibytes)


def _bulk() -> Iterator[Target]:
    contestant = f"{OURS} {_THREADS}"
    for size in _SIZES:
        for kind, at_most in (("bytes", 1.4), ("bytearray", 1.4), ("str", 3.5)):
            for way in _BOTH:
                yield Target(contestant, transfer(way, kind, size), RAW, at_most)
        yield Target(contestant, transfer("up", "memoryview", size), RAW, 1.4)
        yield Target(contestant, chunked(size), RAW, 2.0)
    for serializer, sender, receiver in (("msgpack", 0.1, 1.1), ("marshal", 1.0, 2.0)):
        for kind, ways in (("bytes", _BOTH), ("bytearray", _BOTH), ("memoryview", ("up",))):
            for way in ways:
                name = f"{OURS} {serializer} threadpool tcp"
                yield Target(name, memory(way, kind, "sender"), VALUE, sender)
                yield Target(name, memory(way, kind, "receiver"), VALUE, receiver)


TARGETS: tuple[Target, ...] = tuple(_targets())
