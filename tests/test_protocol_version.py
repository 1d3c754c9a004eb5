"""How to find out which protocol version a server speaks, and a client."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

import pyroplug.protocol
from pyroplug import wire
from pyroplug.api import expose

from .running import Running, Way
from .support import PATIENCE

WAYS = [Way(server, transport) for server in ("threadpool", "multiplex") for transport in ("tcp", "unix")]
EXPECTED = bytes.fromhex("50 59 52 4f 01 f6")
CHUNK = bytes(64 * 1024)


@expose
class Thing:
    def echo(self, value: int) -> int:
        return value


def connected(running: Running) -> socket.socket:
    listening = running.daemon.sock
    peer = socket.socket(listening.family)
    peer.settimeout(PATIENCE)
    peer.connect(listening.getsockname())
    return peer


def first_bytes(peer: socket.socket) -> bytes:
    """The first six bytes that come, read one by one; a reset before them raises."""
    return b"".join(peer.recv(1) for _ in range(6))


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("amount", [1, 40, 10_000_000])
def test_a_daemon_that_is_sent_zeros_answers_with_its_version(
    run_daemon: Callable[..., Running], way: Way, amount: int
) -> None:
    running = run_daemon(way, thing=Thing())
    with connected(running) as peer:
        with contextlib.suppress(ConnectionError):  # it may have heard enough
            peer.sendall(bytes(amount))
        assert first_bytes(peer) == EXPECTED
    assert running.proxy("thing").echo(3) == 3


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_zeros_without_end_neither_reset_the_answer_nor_hold_up_the_daemon(
    run_daemon: Callable[..., Running], in_thread: Callable[..., object], way: Way
) -> None:
    """As a program does that only reads when it has sent what it wanted to."""
    running = run_daemon(way, thing=Thing())

    def send_on(peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer.sendall(CHUNK)

    with connected(running) as peer:
        sending = in_thread(send_on, peer)
        assert first_bytes(peer) == EXPECTED
        assert running.proxy("thing").echo(3) == 3
        peer.shutdown(socket.SHUT_RDWR)
        sending.result(PATIENCE)  # type: ignore[attr-defined]


@pytest.mark.skipif(not (shutil.which("nc") and shutil.which("od")), reason="nc and od are not installed")
@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
def test_with_the_tools_of_the_shell(run_daemon: Callable[..., Running], server: str) -> None:
    running = run_daemon(Way(server), thing=Thing())
    host, port = running.daemon.sock.getsockname()
    shown = subprocess.run(
        f"nc {host} {port} </dev/zero | od -N 6 -t x1c",
        shell=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    ).stdout
    assert shown.splitlines()[0].split() == ["0000000", "50", "59", "52", "4f", "01", "f6"]
    assert shown.splitlines()[1].split() == ["P", "Y", "R", "O", "001", "366"]


def test_the_client_tells_it() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "import pyroplug.protocol as p; print(p.PROTOCOL_VERSION)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert shown == "502\n"


def test_it_is_that_of_pyro5() -> None:
    import Pyro5.protocol

    assert pyroplug.protocol.PROTOCOL_VERSION == Pyro5.protocol.PROTOCOL_VERSION
    assert b"PYRO" + Pyro5.protocol.PROTOCOL_VERSION.to_bytes(2, "big") == EXPECTED


def test_the_module_has_what_the_wire_has() -> None:
    for name in pyroplug.protocol.__all__:
        assert getattr(pyroplug.protocol, name) is getattr(wire, name)
