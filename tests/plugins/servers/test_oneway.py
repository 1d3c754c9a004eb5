"""One-way calls: outside the connection's own turn, few at a time, none lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .scripted import frame, wait_until

Start = Callable[..., Any]


def test_they_hold_up_nobody(start: Start) -> None:
    running = start()
    client = running.connect()
    client.send(b"ogate")
    running.host.wait_for_call()
    assert client.ask(b"ehello") == b"hello"
    assert running.host.order == []
    running.host.gate.set()
    wait_until(lambda: running.host.order == [b"gate"])
    assert all("oneway" in name for name in running.host.threads)


def test_they_run_in_the_order_of_their_arrival(start: Start) -> None:
    running = start(ONEWAY_THREADS=1)
    client = running.connect()
    words = [b"%d" % number for number in range(500)]
    client.sock.sendall(b"".join(frame(b"o" + word) for word in words))
    wait_until(lambda: len(running.host.order) == 500)
    assert running.host.order == words


def test_there_are_few_threads_for_them(start: Start) -> None:
    running = start(ONEWAY_THREADS=3)
    client = running.connect()
    client.sock.sendall(frame(b"ogate") * 50 + frame(b"ehello"))
    assert client.receive() == b"hello"
    running.host.wait_for_call(3)
    assert not running.host.waiting.acquire(timeout=0.05)
    running.host.gate.set()
    wait_until(lambda: len(running.host.order) == 50)
    assert len(set(running.host.threads)) == 3


def test_too_many_run_in_their_connections_own_turn(
    start: Start, short: Start, caplog: pytest.LogCaptureFixture
) -> None:
    short(ONEWAY_QUEUE=2, STUCK=0.0)
    running = start(ONEWAY_THREADS=1)
    client = running.connect()
    client.send(b"ogate")
    running.host.wait_for_call()
    client.sock.sendall(b"".join(frame(b"o%d" % number) for number in range(10)) + frame(b"ehello"))
    assert client.receive() == b"hello"
    assert running.host.order == [b"%d" % number for number in range(2, 10)]
    running.host.gate.set()
    wait_until(lambda: len(running.host.order) == 11)
    (warning,) = [record for record in caplog.records if "ONEWAY_THREADS" in record.message]
    assert "2 calls wait" in warning.message


def test_whatever_one_raises_ends_no_thread(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    running = start(ONEWAY_THREADS=1)
    client = running.connect()
    client.sock.sendall(frame(b"oexit") * 3 + frame(b"ofine"))
    wait_until(lambda: running.host.order == [b"fine"])
    assert len(set(running.host.threads)) == 1
    assert caplog.text.count("a one-way call failed") == 3


def test_many_short_ones_are_nothing_to_tell(
    start: Start, short: Start, caplog: pytest.LogCaptureFixture
) -> None:
    short(ONEWAY_QUEUE=2)
    running = start(ONEWAY_THREADS=1)
    client = running.connect()
    client.sock.sendall(b"".join(frame(b"o%d" % number) for number in range(500)) + frame(b"ehello"))
    assert client.receive() == b"hello"
    wait_until(lambda: len(running.host.order) == 500)
    assert "ONEWAY_THREADS" not in caplog.text
