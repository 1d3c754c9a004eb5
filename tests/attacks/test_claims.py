"""Messages that claim to be large: memory follows the bytes that arrive, in a real server's process."""

from __future__ import annotations

import resource
import socket
from functools import partial
from pathlib import Path

import pytest

from pyroplug import wire
from pyroplug.errors import SerializeError
from pyroplug.marshalled import load_text
from tests.conversation import WIRE_IDS, codec_of, messages_in
from tests.support import wait_until

from .harness import MODELS, AttackedServer, Crowd, Place, attacked, everything_said

MANY = 1000
GIB = 1 << 30
MIB = 1 << 20

HELLO = b"".join(
    wire.encode(1, 4, 0, 0, codec_of("msgpack").dumps({"handshake": "hello", "object": "service"}))
)


def header(payload: int, chunks: int = 0, kind: int = 4) -> bytes:
    return wire.pack_header(wire.PREFIX, kind, 4, 0, 1, payload, chunks, bytes(16), 0, wire.MAGIC)


def accepted(server: AttackedServer, crowd: Crowd, count: int) -> list[socket.socket]:
    """So many connections whose greeting was accepted: a few at a time, as no more than that may greet."""
    found: list[socket.socket] = []
    while len(found) < count:
        socks = crowd.open(min(50, count - len(found)), server.connect, HELLO)
        for sock in socks:
            assert sock.recv(1 << 16)[6] == wire.MessageType.CONNECTOK
        found += socks
    return found


def pid_of(server: AttackedServer) -> int:
    return server._process.pid


def say(server: AttackedServer, socks: list[socket.socket], data: bytes) -> None:
    for sock in socks:
        sock.sendall(data)
    have_it_read(server)


def have_it_read(server: AttackedServer) -> None:
    """Wait until the server has nothing to do any more."""
    wait_until(lambda: server.busy(0.1) < 0.3)


@pytest.mark.parametrize("place", MODELS, ids=str)
def test_a_thousand_that_claim_the_largest_message(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path) as (server, good, crowd):
        socks = accepted(server, crowd, MANY)
        # What is never touched costs no memory, but addresses, of which there may be few as well.
        space = int((server._proc / "statm").read_text().split()[0]) * resource.getpagesize()
        resource.prlimit(pid_of(server), resource.RLIMIT_AS, (space + GIB, space + GIB))

        def claim() -> None:
            for number, sock in enumerate(socks):
                sizes = [(GIB, 0), (0, GIB), (GIB // 2, GIB // 2), (GIB - 100, 100)]
                sock.sendall(header(*sizes[number % 4]) + bytes(1000))
            have_it_read(server)
            good.ask()

        before = server.usage()
        assert server.peak(claim) < 50 * MIB
        good.ask_anew()
        crowd.close()
        server.wait_until_back(before, memory=16 * MIB)


@pytest.mark.parametrize("place", MODELS, ids=str)
def test_what_is_just_short_of_complete_costs_what_has_arrived(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path) as (server, good, crowd):
        for size in (100, 70_000, 300_000):
            message = header(size) + b"x" * size
            socks = accepted(server, crowd, 200)
            peak = server.peak(partial(say, server, socks, message[:-1]))
            assert peak < 2 * len(socks) * len(message) + 16 * MIB
            good.ask()
            crowd.close()


@pytest.mark.parametrize("place", MODELS, ids=str)
def test_strangers_may_claim_little(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path) as (server, good, crowd):
        for payload, chunks in ((GIB, 0), (1 << 16, 1), (1, 0xFFFFFFFF)):
            sock = crowd.open(1, server.connect, header(payload, chunks, kind=1))[0]
            (answer,) = messages_in(everything_said(sock))
            assert answer.type == wire.MessageType.CONNECTFAIL
            assert "larger than the allowed 65,536" in load_text(answer.payload)
            good.ask()


HOSTILE = {
    "serpent": b"[" * 100_000,
    "json": b'{"object":' * 100_000,
    "msgpack": b"\xdd\0\1\x86\xa0" * 1000 + bytes(95_000),
    "marshal": b"(\xff\xff\xff\x7f" * 100,
}


@pytest.mark.parametrize("place", MODELS, ids=str)
@pytest.mark.parametrize("serializer", HOSTILE)
def test_hostile_payloads_are_answered_and_the_connection_lives_on(
    place: Place, serializer: str, tmp_path: Path
) -> None:
    codec, number = codec_of(serializer), WIRE_IDS[serializer]
    hello = codec.dumps({"handshake": "hello", "object": "service"})
    call = codec.dumps_call("service", "echo", ("fine",), {})
    with attacked(place, tmp_path, SERIALIZERS_ACCEPTED=[serializer]) as (server, good, crowd):
        sock = crowd.add(server.connect())
        sock.sendall(b"".join(wire.encode(1, number, 0, 0, hello)))
        assert sock.recv(1 << 16)[6] == wire.MessageType.CONNECTOK

        def attack() -> None:
            for _ in range(20):
                sock.sendall(b"".join(wire.encode(4, number, 0, 1, HOSTILE[serializer])))
                (answer,) = messages_in(sock.recv(1 << 16))
                assert answer.flags & wire.Flags.EXCEPTION
                assert type(codec.loads(answer.payload)) is SerializeError

        assert server.peak(attack) < 20 * MIB
        sock.sendall(b"".join(wire.encode(4, number, 0, 2, call)))
        (answer,) = messages_in(sock.recv(1 << 16))
        assert codec.loads(answer.payload) == "fine"
        good.ask()
