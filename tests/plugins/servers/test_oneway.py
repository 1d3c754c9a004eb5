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


def flood(client: Any, count: int, more: bytes = b"") -> None:
    """Send one-way calls, as many as the server takes now; the rest is sent by a thread."""
    client.sock.sendall(b"".join(frame(b"o%d" % number) for number in range(count)) + more)


def test_of_a_connection_with_too_many_nothing_more_is_read(
    start: Start, short: Start, caplog: pytest.LogCaptureFixture
) -> None:
    short(ONEWAY_QUEUE=20, ONEWAY_LEAST=2, STUCK=0.0, HOUSEKEEPING=0.05)
    running = start(ONEWAY_THREADS=1)
    client, other = running.connect(), running.connect()
    client.send(b"ogate")
    running.host.wait_for_call()
    flood(client, 10, frame(b"ehello"))
    assert other.ask(b"eothers") == b"others"  # also by the loop of a multiplex server
    wait_until(lambda: any("ONEWAY_THREADS" in record.message for record in caplog.records))
    assert running.host.order == []
    assert running.host.sessions[0].handled <= 1 + 6
    running.host.gate.set()
    assert client.receive() == b"hello"
    wait_until(lambda: len(running.host.order) == 11)
    assert running.host.order == [b"gate", *(b"%d" % number for number in range(10))]
    (warning,) = [record for record in caplog.records if "ONEWAY_THREADS" in record.message]
    assert "nothing more is read from 1 connections" in warning.message


def test_what_waits_is_limited_in_bytes(start: Start, short: Start) -> None:
    short(ONEWAY_QUEUE_BYTES=40_000, ONEWAY_LEAST_BYTES=1000)
    running = start(ONEWAY_THREADS=1)
    client = running.connect()
    client.send(b"ogate")
    running.host.wait_for_call()
    words = [b"o%d" % number + 3000 * b"x" for number in range(12)]
    client.sock.sendall(b"".join(map(frame, words)) + frame(b"ehello"))
    assert running.connect().ask(b"eothers") == b"others"
    wait_until(lambda: running.host.sessions[0].handled == 1 + 4)
    running.host.gate.set()
    assert client.receive() == b"hello"
    wait_until(lambda: len(running.host.order) == 13)


def test_a_client_that_has_gone_has_its_calls_run(start: Start, short: Start) -> None:
    short(ONEWAY_QUEUE=20, ONEWAY_LEAST=2)
    running = start(ONEWAY_THREADS=1)
    client = running.connect()
    client.send(b"ogate")
    running.host.wait_for_call()
    flood(client, 50)
    client.sock.close()
    assert running.connect().ask(b"eothers") == b"others"
    running.host.gate.set()
    wait_until(lambda: len(running.host.order) == 51)
    running.host.wait_until_lost()


def test_connections_take_turns(start: Start) -> None:
    running = start(ONEWAY_THREADS=1)
    client, other = running.connect(), running.connect()
    client.send(b"ogate")
    running.host.wait_for_call()
    flood(client, 100)
    wait_until(lambda: running.host.sessions[0].handled == 101)
    assert other.ask(b"eready") == b"ready"
    other.send(b"oother")
    wait_until(lambda: running.host.sessions[1].handled == 2)
    running.host.gate.set()
    wait_until(lambda: len(running.host.order) == 102)
    assert running.host.order.index(b"other") <= 2


def test_no_connection_has_all_threads(start: Start) -> None:
    running = start(ONEWAY_THREADS=8)
    client, other = running.connect(), running.connect()
    client.sock.sendall(frame(b"ogate") * 20)
    running.host.wait_for_call(6)
    assert not running.host.waiting.acquire(timeout=0.05)
    other.send(b"oother")
    wait_until(lambda: running.host.order == [b"other"])
    running.host.gate.set()
    wait_until(lambda: len(running.host.order) == 21)


def test_what_a_closing_server_has_not_run_is_told(
    start: Start, short: Start, caplog: pytest.LogCaptureFixture
) -> None:
    short(ONEWAY_QUEUE=20, ONEWAY_LEAST=2)
    running = start(ONEWAY_THREADS=1)
    client = running.connect()
    client.send(b"ogate")
    running.host.wait_for_call()
    flood(client, 50)
    wait_until(lambda: running.host.sessions[0].handled > 5)
    running.server.close(0.1)
    assert "no more one-way calls of 1 clients" in caplog.text
    running.host.gate.set()


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
