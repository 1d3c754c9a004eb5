"""What is special to the thread pool: who gets a thread, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_servers import ThreadPoolModel

from pyroplug.errors import ConfigError

from .recording import RecordingListener
from .scripted import PATIENCE, frame, wait_until

Start = Callable[..., Any]


@pytest.fixture
def model() -> Any:
    return ThreadPoolModel()


def threads() -> int:
    return sum(thread.name.startswith("pyroplug-threadpool-worker") for thread in threading.enumerate())


def test_calls_run_side_by_side(start: Start) -> None:
    running = start(THREADPOOL_SIZE=5)
    clients = running.connect_many(5)
    for client in clients:
        client.send(b"wword")
    running.host.wait_for_call(5)
    running.host.gate.set()
    assert [client.receive() for client in clients] == [b"word"] * 5


def test_more_calls_than_workers_wait_for_their_turn(start: Start) -> None:
    running = start(THREADPOOL_SIZE=3)
    clients = running.connect_many(10)
    for client in clients:
        client.send(b"wword")
    running.host.wait_for_call(3)
    late = running.connect()
    late.send(b"ehello")
    assert not running.host.waiting.acquire(timeout=0.05)
    assert threads() == 3
    running.host.gate.set()
    assert [client.receive() for client in clients] == [b"word"] * 10
    assert late.receive() == b"hello"


def test_busy_clients_share_too_few_workers(start: Start, in_thread: Start) -> None:
    running = start(THREADPOOL_SIZE=2)

    def talk() -> int:
        client = running.connect()
        return sum(client.ask(b"ehello") == b"hello" for _ in range(200))

    talks = [in_thread(talk) for _ in range(6)]
    assert [talk.result(PATIENCE) for talk in talks] == [200] * 6


def test_one_worker_does_not_wait_for_one_client_while_others_are_there(start: Start, short: Start) -> None:
    short(STAY=3.0)
    running = start(THREADPOOL_SIZE=1, THREADPOOL_SIZE_MIN=1)
    clients = running.connect_many(4)
    running.host.wait_for_session(3)
    for _ in range(5):
        assert [client.ask(b"ehello") for client in clients] == [b"hello"] * 4


def test_a_worker_stays_with_a_client_that_calls_in_a_row(start: Start, short: Start) -> None:
    short(STAY=1.0)
    running = start(THREADPOOL_SIZE=4)
    one, other = running.connect_many(2)
    names = {(one.ask(b"t"), other.ask(b"t")) for _ in range(20)}
    assert len(names) == 1
    assert len(set(names.pop())) == 2


def test_a_call_costs_one_receive_and_one_send(prepare: Start, settings: Start, short: Start) -> None:
    short(STAY=1.0)
    running = prepare()
    server, listener = running.server, RecordingListener(running.listener)
    running.server = ThreadPoolModel().create(running.host, [listener], [], settings())
    running.thread.start()
    client = running.connect()
    for _ in range(3):
        assert client.ask(b"ehello") == b"hello"
    (connection,) = listener.connections
    wait_until(lambda: connection.calls["direct recv_into"] == 4)  # the last one waits
    connection.calls.clear()
    for _ in range(100):
        assert client.ask(b"ehello") == b"hello"
    wait_until(lambda: connection.calls["direct recv_into"] == 100)
    assert connection.calls == {"direct recv_into": 100, "direct send": 100}
    running.server.close(PATIENCE)
    server.close(0)


def test_the_pool_grows_when_needed_and_shrinks_when_not(start: Start, short: Start) -> None:
    short(WORKER_IDLE=0.05, STAY=0.001)
    running = start(THREADPOOL_SIZE=6, THREADPOOL_SIZE_MIN=2)
    assert threads() == 0
    clients = running.connect_many(6)
    assert clients[0].ask(b"ehello") == b"hello"
    assert threads() == 1
    for client in clients:
        client.send(b"wword")
    running.host.wait_for_call(6)
    assert threads() == 6
    running.host.gate.set()
    assert [client.receive() for client in clients] == [b"word"] * 6
    wait_until(lambda: threads() == 2)
    assert clients[0].ask(b"ehello") == b"hello"


def test_silent_clients_hold_no_thread(start: Start, short: Start) -> None:
    short(WORKER_IDLE=0.02, STAY=0.001)
    running = start(THREADPOOL_SIZE=6, THREADPOOL_SIZE_MIN=1)
    clients = running.connect_many(30)
    assert [client.ask(b"ehello") for client in clients] == [b"hello"] * 30
    wait_until(lambda: threads() == 1)


def test_a_worker_does_not_wait_for_the_rest_of_a_small_message(start: Start, short: Start) -> None:
    short(STAY=1.0)
    running = start()
    client = running.connect()
    client.sock.sendall(frame(b"ehello")[:6])
    session = running.host.wait_for_session()
    wait_until(lambda: session.received == 6)
    wait_until(lambda: not running.server._workers.outstanding, 0.5)
    client.sock.sendall(frame(b"ehello")[6:])
    assert client.receive() == b"hello"


def test_workers_have_scratch_memory_of_their_own(start: Start, short: Start) -> None:
    short(STAY=1.0)
    running = start(THREADPOOL_SIZE=3)
    clients = running.connect_many(3)
    assert [client.ask(b"ehello") for client in clients] == [b"hello"] * 3
    scratches = [session.scratches for session in running.host.sessions]
    assert len(set.union(*scratches)) == 3


def test_a_slow_call_delays_no_newcomer(start: Start) -> None:
    running = start(THREADPOOL_SIZE=2)
    running.connect().send(b"wword")
    running.host.wait_for_call()
    for _ in range(10):
        assert running.connect().ask(b"ehello") == b"hello"


def test_slow_housekeeping_delays_nobody(start: Start, short: Start) -> None:
    short(HOUSEKEEPING=0.001)
    running = start()
    running.host.housekeeping = running.host.wait_at_gate
    running.host.wait_for_call()
    assert running.connect().ask(b"ehello") == b"hello"
    assert not running.host.waiting.acquire(timeout=0.05)


@pytest.mark.parametrize(("size", "least"), [(0, 0), (5, 0), (3, 4), (-1, -1)])
def test_unusable_sizes(settings: Start, size: int, least: int) -> None:
    with pytest.raises(ConfigError, match="THREADPOOL_SIZE"):
        ThreadPoolModel().create(None, [], [], settings(THREADPOOL_SIZE=size, THREADPOOL_SIZE_MIN=least))  # type: ignore[arg-type]
