"""What clients can do with time: half messages, drips, answers that nobody takes."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from tests.support import wait_until

from . import words
from .harness import MODELS, PLACES, AttackedServer, Crowd, GoodClient, Place, attacked, is_over

DEADLINE = 1.0
LATE = DEADLINE / 2 + 0.7
"""Seconds that it may take the server beyond that to notice, on a busy machine."""


def clients(server: AttackedServer, crowd: Crowd, count: int) -> list[socket.socket]:
    """Connections that have been accepted, so that they are no strangers."""
    return [crowd.add(words.accepted(server)) for _ in range(count)]


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "dripping"])
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_message_that_does_not_arrive_is_not_waited_for(place: Place, drips: bool, tmp_path: Path) -> None:
    with attacked(place, tmp_path, MESSAGE_TIMEOUT=DEADLINE, THREADPOOL_SIZE=4) as (server, good, crowd):
        before = server.usage()
        socks = clients(server, crowd, 12)
        begun = time.monotonic()
        for number, sock in enumerate(socks):
            whole = words.call("echo", "whole", sequence=7) if number % 2 else b""
            sock.sendall(whole + words.call("echo", "x" * 500)[: 10 + 40 * (number // 4)])
        with good.asking():
            if drips:
                with crowd.dripping(b" ", every=0.03):
                    assert all(is_over(sock, DEADLINE + LATE) for sock in socks)
            else:
                assert all(is_over(sock, DEADLINE + LATE) for sock in socks)
        assert DEADLINE * 0.9 < time.monotonic() - begun < DEADLINE + LATE
        server.wait_until_back(before)
        assert server.log.count("MESSAGE_TIMEOUT") == 1


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_large_message_at_a_fair_speed_is_waited_for(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path, MESSAGE_TIMEOUT=0.3) as (server, _, crowd):
        (sock,) = clients(server, crowd, 1)
        said = words.call("size", "x" * 100_000)
        for start in range(0, len(said), 5000):
            sock.sendall(said[start : start + 5000])
            threading.Event().wait(0.06)
        assert words.hear(sock, b"100000")


@pytest.mark.parametrize("place", MODELS, ids=str)
def test_a_fast_beginning_is_no_excuse(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path, MESSAGE_TIMEOUT=DEADLINE) as (server, _, crowd):
        before = server.usage()
        (sock,) = clients(server, crowd, 1)
        sock.sendall(words.call("size", "x" * 30_000_000)[:20_000_000])
        assert is_over(sock, 2 * DEADLINE + 2 * LATE)
        server.wait_until_back(before)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_an_answer_that_nobody_takes_is_not_kept(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path, MESSAGE_TIMEOUT=DEADLINE, THREADPOOL_SIZE=4) as (server, good, crowd):
        before = server.usage()
        with good.asking():
            for sock in clients(server, crowd, 6):
                sock.sendall(words.call("text", 6 << 20))
                threading.Event().wait(0.05)
            wait_until(lambda: server.usage().files == before.files, limit=DEADLINE + 4 * LATE)
        server.wait_until_back(before, memory=16 << 20)
        assert server.log.count("MESSAGE_TIMEOUT") == 1


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_slow_reader_at_a_fair_speed_has_all_of_it(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path, MESSAGE_TIMEOUT=0.5) as (server, good, crowd):
        (sock,) = clients(server, crowd, 1)
        size = 8 << 20
        sock.sendall(words.call("text", size))
        taken = 0
        with good.asking():
            while taken < size:
                portion = 0
                while portion < 1 << 19:
                    piece = sock.recv(1 << 19)
                    assert piece, "the server has ended the connection"
                    portion += len(piece)
                    if taken + portion >= size:
                        break
                taken += portion
                threading.Event().wait(0.1)
        assert b"MESSAGE_TIMEOUT" not in server.log.encode()


@pytest.mark.parametrize("place", MODELS, ids=str)
def test_senders_that_keep_workers_busy_keep_no_others_out(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path, THREADPOOL_SIZE=4, THREADPOOL_SIZE_MIN=4) as (server, good, crowd):
        socks = clients(server, crowd, 12)
        for sock in socks:
            sock.sendall(words.claim(words.INVOKE, 100 << 20))
        over = threading.Event()

        def send() -> None:
            while not over.wait(0.03):
                for sock in socks:
                    sock.sendall(b" " * 5000)

        thread = threading.Thread(target=send, name="the senders", daemon=True)
        thread.start()
        try:
            with good.asking():
                for _ in range(5):
                    good.ask_anew()
                    threading.Event().wait(0.2)
        finally:
            over.set()
            thread.join(20)


def crowd_of_slow_ones(server: AttackedServer, good: GoodClient, crowd: Crowd) -> None:
    with good.asking():
        clients(server, crowd, 60)  # silent
        for sock in clients(server, crowd, 60):  # half closed
            sock.shutdown(socket.SHUT_WR)
        for sock in clients(server, crowd, 60):  # half a message
            sock.sendall(words.call("echo", "x")[:45])
        for sock in clients(server, crowd, 60):  # half a message, half closed
            sock.sendall(words.call("echo", "x")[:45])
            sock.shutdown(socket.SHUT_WR)
        for sock in clients(server, crowd, 30):  # slow readers
            sock.sendall(words.call("text", 1 << 20))
        good.ask_anew()
        with crowd.dripping(b" ", every=0.2):
            for _ in range(3):
                good.ask_anew()
                threading.Event().wait(0.2)


@pytest.mark.parametrize("place", [*MODELS, Place("multiplex", "tls")], ids=str)
def test_hundreds_of_slow_clients_hold_up_nobody(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path, THREADPOOL_SIZE=8) as (server, good, crowd):
        before = server.usage()
        crowd_of_slow_ones(server, good, crowd)
        assert server.busy(0.5) < 0.5
        crowd.close()
        server.wait_until_back(before, memory=24 << 20)
