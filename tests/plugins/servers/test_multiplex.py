"""What is special to the multiplexer: one thread, which waits for nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_servers import MultiplexModel, limits

from .scripted import frame, wait_until

Start = Callable[..., Any]


@pytest.fixture
def model() -> Any:
    return MultiplexModel()


def test_all_calls_run_in_the_loop(start: Start) -> None:
    before = threading.active_count()
    running = start()
    names = {client.ask(b"t") for client in running.connect_many(10)}
    assert names == {b"the loop"}
    assert threading.active_count() == before + 1


def test_all_sessions_share_their_scratch_memory(start: Start) -> None:
    running = start()
    assert [client.ask(b"ehello") for client in running.connect_many(10)] == [b"hello"] * 10
    assert len(set.union(*[session.scratches for session in running.host.sessions])) == 1


def test_nothing_is_read_from_a_client_that_takes_no_answers(start: Start, short: Start) -> None:
    short(OUTBOX=50_000)
    running = start()
    client, good = running.connect(), running.connect()
    session = running.host.wait_for_session()
    client.sock.settimeout(0.1)
    with pytest.raises(TimeoutError):
        client.sock.sendall(frame(b"e" + b"x" * 100_000) * 200)
    assert good.ask(b"ehello") == b"hello"
    client.sock.settimeout(20)
    first = session.handled
    for _ in range(first):
        assert client.receive() == b"x" * 100_000
    wait_until(lambda: session.handled > first)


def test_a_client_that_sends_much_does_not_starve_others(start: Start) -> None:
    running = start()
    greedy, modest = running.connect_many(2)
    greedy.sock.sendall(frame(b"e" + b"x" * 100))
    session = running.host.wait_for_session()
    going = True

    def flood() -> None:
        data = frame(b"o") * 5000
        while going:
            greedy.sock.sendall(data)

    flooding = threading.Thread(target=flood)
    flooding.start()
    for _ in range(20):
        before = session.received
        assert modest.ask(b"ehello") == b"hello"
        # its own turn comes at most two pieces later
        assert session.received - before <= 4 * limits.SCRATCH + 1_000_000
    going = False
    flooding.join()
    greedy.sock.close()  # it reads nothing, and a server that closes would wait for that
