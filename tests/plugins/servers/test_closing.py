"""The end of a server: what runs is answered, everything is closed, nothing stays."""

from __future__ import annotations

import os
import signal
import threading
import time
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


def test_close_before_run(prepare: Start) -> None:
    running = prepare()
    client = running.connect()
    running.server.close(0)
    assert client.is_cut_off()
    running.server.run(lambda: True)
    running.server.events(running.server.sockets)
    running.server.wake()
    assert list(running.server.sockets) == []


def test_close_after_run(start: Start) -> None:
    running = start()
    client = running.connect()
    assert client.ask(b"ehello") == b"hello"
    running.going = False
    running.server.wake()
    running.thread.join(PATIENCE)
    running.server.close(PATIENCE)
    assert client.is_cut_off()
    assert running.host.all_lost_once


def test_close_twice_and_from_two_threads(start: Start, in_thread: Start) -> None:
    running = start()
    running.connect().ask(b"ehello")
    closers = [in_thread(running.server.close, PATIENCE) for _ in range(2)]
    for closer in closers:
        closer.result(PATIENCE)
    running.server.close(0)
    assert running.host.all_lost_once


def test_a_running_call_is_answered_before_the_end(start: Start, in_thread: Start) -> None:
    running = start()
    busy, idle = running.connect_many(2)
    assert idle.ask(b"ehello") == b"hello"
    busy.send(b"wthe answer")
    running.host.wait_for_call()
    closer = in_thread(running.server.close, PATIENCE)
    wait_until(lambda: running.listener.fileno() < 0)
    with pytest.raises(OSError, match="refused"):
        running.connect()
    assert not closer.done()
    running.host.gate.set()
    assert busy.receive() == b"the answer"
    assert busy.receive() is None
    closer.result(PATIENCE)
    assert running.host.all_lost_once


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


def test_one_way_calls_that_are_running_are_waited_for(start: Start, in_thread: Start) -> None:
    running = start()
    client = running.connect()
    client.send(b"ogate")
    running.host.wait_for_call()
    closer = in_thread(running.server.close, PATIENCE)
    wait_until(lambda: running.listener.fileno() < 0)
    assert client.ask(b"etoo late") == b"retired"
    running.host.gate.set()
    closer.result(PATIENCE)
    assert running.host.order == [b"gate"]


def test_a_large_answer_is_sent_before_the_end(start: Start, in_thread: Start, short: Start) -> None:
    short(STAY=0.001)
    running = start()
    client = running.connect()
    client.send(b"b20000000")
    client.exactly(4)
    closer = in_thread(running.server.close, PATIENCE)
    assert client.exactly(20_000_000) == b"x" * 20_000_000
    closer.result(PATIENCE)


def test_a_call_that_ignores_the_grace_is_cut_off(start: Start) -> None:
    running = start()
    client = running.connect()
    client.send(b"wtoo late")
    running.host.wait_for_call()
    before = time.monotonic()
    running.server.close(0.05)
    assert time.monotonic() - before < 5
    assert client.receive() is None
    assert running.host.all_lost_once


def test_a_reader_that_takes_nothing_does_not_hold_up_the_end(start: Start) -> None:
    running = start()
    client = running.connect()
    client.send(b"b20000000")
    client.exactly(4)
    running.server.close(0.05)
    assert running.host.all_lost_once
    assert len(client.exactly(20_000_000)) < 20_000_000


def test_close_from_within_a_call(start: Start) -> None:
    running = start()
    client, other = running.connect_many(2)
    assert other.ask(b"ehello") == b"hello"
    running.host.action = lambda: running.server.close(PATIENCE)
    assert client.ask(b"a") == b"done"
    assert client.receive() is None
    assert other.is_cut_off()
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()
    wait_until(lambda: running.host.all_lost_once)


def test_close_from_within_a_oneway_call(start: Start) -> None:
    running = start()
    client, other = running.connect_many(2)
    assert other.ask(b"ehello") == b"hello"
    running.host.action = lambda: running.server.close(PATIENCE)
    client.send(b"oaction")
    assert client.is_cut_off()
    assert other.is_cut_off()
    wait_until(lambda: running.host.order == [b"action"])


def test_close_while_a_call_closes_as_well(start: Start, in_thread: Start) -> None:
    running = start()
    client = running.connect()

    def wait_and_close() -> None:
        running.host.wait_at_gate()
        running.server.close(PATIENCE)

    running.host.action = wait_and_close
    client.send(b"a")
    running.host.wait_for_call()
    closer = in_thread(running.server.close, PATIENCE)
    running.host.gate.set()
    assert client.receive() == b"done"
    closer.result(PATIENCE)


def test_close_when_a_session_ends(start: Start) -> None:
    running = start()
    client, other = running.connect_many(2)
    assert other.ask(b"ehello") == b"hello"
    running.host.on_lost = lambda: running.server.close(PATIENCE)
    client.sock.close()
    assert other.is_cut_off()
    running.thread.join(PATIENCE)
    wait_until(lambda: running.host.all_lost_once)


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


def test_interrupted_run_can_be_closed(prepare: Start) -> None:
    running = prepare()
    client = running.connect()

    def interrupt() -> bool:
        if running.host.sessions:
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt):
        running.server.run(interrupt)
    running.server.close(PATIENCE)
    assert client.is_cut_off()
    assert running.host.all_lost_once


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
