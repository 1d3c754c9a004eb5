"""The end of a server: what runs is answered, everything is closed, nothing stays."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_servers import ThreadPoolModel

from .scripted import PATIENCE, frame, wait_until

Start = Callable[..., Any]


def test_close_ends_the_loop_and_the_connections(start: Start) -> None:
    running = start()
    clients = running.connect_many(5)
    assert [client.ask(b"ehello") for client in clients] == [b"hello"] * 5
    running.server.close(PATIENCE)
    assert running.host.all_lost_once
    assert all(client.is_cut_off() for client in clients)
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()
    with pytest.raises(OSError, match="refused"):
        running.connect()


def test_what_a_client_sent_too_late_does_not_cost_it_the_answer(start: Start, in_thread: Start) -> None:
    running = start()
    client = running.connect()
    client.send(b"wthe answer")
    running.host.wait_for_call()
    client.send(b"e" + b"too late" * 1000)
    closer = in_thread(running.server.close, PATIENCE)
    wait_until(lambda: running.listener.fileno() < 0)
    running.host.gate.set()
    assert client.receive() == b"the answer"
    assert client.receive() == b"retired"
    assert client.receive() is None
    closer.result(PATIENCE)


def test_requests_that_come_while_calls_are_running_are_turned_away(start: Start, in_thread: Start) -> None:
    running = start()
    busy, asking, silent, gone, slow = running.connect_many(5)
    for client in (asking, silent, gone, slow):
        assert client.ask(b"ehello") == b"hello"
    busy.send(b"wthe answer")
    running.host.wait_for_call()
    closer = in_thread(running.server.close, PATIENCE)
    wait_until(lambda: running.listener.fileno() < 0)
    assert asking.ask(b"etoo late") == b"retired"
    assert asking.receive() is None
    slow.sock.sendall(frame(b"etoo late")[:6])
    gone.sock.close()
    assert not closer.done()
    slow.sock.sendall(frame(b"etoo late")[6:])
    assert slow.receive() == b"retired"
    running.host.gate.set()
    assert busy.receive() == b"the answer"
    assert busy.receive() is silent.receive() is None
    closer.result(PATIENCE)
    assert running.host.all_lost_once


def test_oneway_calls_get_the_grace_too(start: Start, in_thread: Start) -> None:
    running = start(ONEWAY_THREADS=1)
    client = running.connect()
    client.sock.sendall(frame(b"ogate") + frame(b"osecond") + frame(b"ehello"))
    assert client.receive() == b"hello"
    running.host.wait_for_call()
    closer = in_thread(running.server.close, PATIENCE)
    running.host.gate.set()
    closer.result(PATIENCE)
    assert running.host.order == [b"gate", b"second"]


def test_oneway_calls_that_wait_too_long_are_dropped_and_told_of(start: Start, caplog: Any) -> None:
    running = start(ONEWAY_THREADS=1)
    client = running.connect()
    client.sock.sendall(frame(b"ogate") + frame(b"osecond") + frame(b"ehello"))
    assert client.receive() == b"hello"
    running.host.wait_for_call()
    running.server.close(0)
    assert "1 waiting calls were dropped" in caplog.text
    assert running.host.order == []


def test_ctrl_c_in_the_loop_passes_through(prepare: Start) -> None:
    running = prepare(POLLTIMEOUT=PATIENCE)
    client = running.connect()

    def interrupt() -> None:
        running.host.wait_for_session()
        threading.Event().wait(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        running.server.run(lambda: True)
    thread.join()
    running.server.close(PATIENCE)
    assert client.is_cut_off()


def test_workers_are_gone_after_close(start: Start) -> None:
    before = threading.active_count()
    running = start(model=ThreadPoolModel(), THREADPOOL_SIZE=8)
    clients = running.connect_many(8)
    for client in clients:
        client.send(b"wword")
    running.host.wait_for_call(8)
    running.host.gate.set()
    assert all(client.receive() == b"word" for client in clients)
    running.server.close(PATIENCE)
    running.thread.join(PATIENCE)
    assert threading.active_count() == before
