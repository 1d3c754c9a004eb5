"""What both server models do with connections, good and bad ones."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_transports import SocketPairTransport

from .scripted import PATIENCE, frame, wait_until

Start = Callable[..., Any]
BIG = 24 << 20


def test_answers_requests_in_a_row(start: Start) -> None:
    client = start().connect()
    for number in range(200):
        assert client.ask(b"e%d" % number) == b"%d" % number


def test_answers_after_a_silence(start: Start, short: Start) -> None:
    short(STAY=0.005)
    running = start()
    client = running.connect()
    for _ in range(5):
        assert client.ask(b"ehello") == b"hello"
        threading.Event().wait(0.02)


def test_requests_sent_at_once_are_answered_in_order(start: Start) -> None:
    client = start().connect()
    client.sock.sendall(b"".join(frame(b"e%d" % number) for number in range(500)))
    assert [client.receive() for _ in range(500)] == [b"%d" % number for number in range(500)]


def test_many_clients(start: Start) -> None:
    running = start()
    clients = running.connect_many(100)
    for round_ in range(3):
        for number, client in enumerate(clients):
            client.send(b"e%d/%d" % (number, round_))
        for number, client in enumerate(clients):
            assert client.receive() == b"%d/%d" % (number, round_)


def test_clients_in_threads(start: Start, in_thread: Start) -> None:
    running = start(THREADPOOL_SIZE=3)

    def talk(number: int) -> bool:
        client = running.connect()
        return all(client.ask(b"e%d" % (number * n)) == b"%d" % (number * n) for n in range(100))

    assert all(future.result(PATIENCE) for future in [in_thread(talk, number) for number in range(8)])


@pytest.mark.parametrize("said", [b"", b"\0", frame(b"ehello")[:7]], ids=["nothing", "a byte", "half"])
def test_silent_clients_hold_up_nobody(start: Start, said: bytes) -> None:
    running = start(THREADPOOL_SIZE=2)
    for client in running.connect_many(50):
        client.sock.sendall(said)
    assert running.connect().ask(b"ehello") == b"hello"


def test_half_a_message_is_kept_until_the_rest_comes(start: Start) -> None:
    running = start(THREADPOOL_SIZE=2)
    halves, good = running.connect_many(20), running.connect()
    for number, client in enumerate(halves):
        client.sock.sendall(frame(b"e%d" % number)[:5])
    assert good.ask(b"ehello") == b"hello"
    for number, client in enumerate(halves):
        client.sock.sendall(frame(b"e%d" % number)[5:])
        assert client.receive() == b"%d" % number


def test_a_dripping_client_gets_its_answer_and_holds_up_nobody(start: Start) -> None:
    running = start(THREADPOOL_SIZE=1, THREADPOOL_SIZE_MIN=1)
    dripping, good = running.connect(), running.connect()
    session = running.host.wait_for_session()
    for count, byte in enumerate(frame(b"ehello"), 1):
        dripping.sock.sendall(bytes([byte]))
        wait_until(lambda count=count: session.received == count)
        assert good.ask(b"estill there?") == b"still there?"
    assert dripping.receive() == b"hello"


def test_a_large_request(start: Start) -> None:
    client = start().connect()
    body = b"y" * (5 << 20)
    sender = threading.Thread(target=client.send, args=(b"e" + body,))
    sender.start()
    assert client.receive() == body
    sender.join()


def test_a_large_answer(start: Start) -> None:
    client = start().connect()
    assert client.ask(b"b%d" % BIG) == b"x" * BIG
    assert client.ask(b"ehello") == b"hello"


def test_slow_readers_hold_up_nobody(start: Start, short: Start) -> None:
    short(STAY=0.01)
    running = start(THREADPOOL_SIZE=2)
    slow = running.connect_many(5)
    for client in slow:
        client.send(b"b%d" % BIG)
        client.send(b"eafterwards")
    good = running.connect()
    for _ in range(20):
        assert good.ask(b"ehello") == b"hello"
    for client in slow:
        assert client.receive() == b"x" * BIG
        assert client.receive() == b"afterwards"
        assert client.ask(b"ehello") == b"hello"


def test_requests_behind_a_large_answer_keep_their_order(start: Start, short: Start) -> None:
    short(STAY=0.001, OUTBOX=100_000)
    running = start()
    client = running.connect()
    client.sock.sendall(b"".join(frame(b"b%d" % (size * 300_000)) for size in range(1, 12)))
    session = running.host.wait_for_session()
    threading.Event().wait(0.05)
    assert session.handled < 11, "it goes on although the reader takes nothing"
    assert [len(client.receive() or b"") for _ in range(11)] == [size * 300_000 for size in range(1, 12)]


def test_a_reader_that_goes_away_is_noticed(start: Start, short: Start) -> None:
    short(STAY=0.001)
    running = start()
    client = running.connect()
    client.send(b"b%d" % BIG)
    client.exactly(10)
    client.sock.close()
    running.host.wait_until_lost()


def test_a_client_that_only_listens_gets_its_answer(start: Start) -> None:
    client = start().connect()
    client.sock.sendall(frame(b"b%d" % BIG) + frame(b"eand more"))
    client.sock.shutdown(socket.SHUT_WR)
    assert client.receive() == b"x" * BIG
    assert client.receive() == b"and more"
    assert client.receive() is None


def test_the_end_of_a_connection_is_told_once(start: Start) -> None:
    running = start()
    clients = running.connect_many(3)
    for client in clients:
        client.ask(b"ehello")
        client.sock.close()
    running.host.wait_until_lost(3)
    assert running.host.all_lost_once
    assert "client closed" in running.host.sessions[0].ends[0]


@pytest.mark.parametrize("letter", [b"r", b"x"])
def test_whatever_is_raised_harms_one_connection_only(
    start: Start, caplog: pytest.LogCaptureFixture, letter: bytes
) -> None:
    running = start(THREADPOOL_SIZE=2)
    good = running.connect()
    with caplog.at_level(logging.ERROR, "pyroplug_servers"):
        for _ in range(6):
            bad = running.connect()
            bad.send(letter)
            assert bad.is_cut_off()
            assert good.ask(b"ehello") == b"hello"
        wait_until(lambda: sum(record.exc_info is not None for record in caplog.records) == 6)


def test_an_interrupt_that_user_code_raises_does_not_end_the_server(start: Start) -> None:
    running = start()
    bad, good = running.connect_many(2)
    bad.send(b"i")
    assert bad.is_cut_off()
    assert good.ask(b"ehello") == b"hello"


@pytest.mark.parametrize("method", ["get_buffer", "buffer_updated", "lost"])
def test_a_fault_in_any_method_of_a_session_is_contained(
    start: Start, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    running = start()
    bad, good = running.connect(), running.connect()
    session = running.host.wait_for_session()

    def fail(*_: object) -> None:
        session.ends.append("told")
        raise SystemExit

    setattr(session, method, fail)
    bad.send(b"ehello")
    if method == "lost":
        bad.sock.close()
    else:
        assert bad.is_cut_off()
    wait_until(lambda: caplog.records)
    assert good.ask(b"ehello") == b"hello"
    session.ends[:] = ["told"]


def test_a_session_that_cannot_be_opened_harms_nobody_else(start: Start, monkeypatch: Any) -> None:
    running = start()
    good = running.connect()
    assert good.ask(b"ehello") == b"hello"
    with monkeypatch.context() as patch:
        patch.setattr(running.host, "open_session", lambda *_, **__: 1 / 0)
        assert running.connect().is_cut_off()
    assert good.ask(b"ehello") == b"hello"


def test_connections_that_exist_already_are_served(start: Start, settings: Start) -> None:
    ours, theirs = socket.socketpair()
    connection = SocketPairTransport().adopt(ours, settings())
    running = start(connection)
    theirs.settimeout(PATIENCE)
    with ours, theirs:
        theirs.sendall(frame(b"ehello"))
        assert theirs.recv(100) == frame(b"hello")
        assert running.host.sessions[0].handshake is False
        assert running.connect().ask(b"ehello") == b"hello"
        assert running.host.sessions[1].handshake is True
        running.server.close(PATIENCE)
        ours.sendall(b"it is still mine")
        assert theirs.recv(100) == b"it is still mine"


def test_nothing_is_taken_from_a_connection_that_the_user_goes_on_using(
    start: Start, settings: Start
) -> None:
    ours, theirs = socket.socketpair()
    running = start(SocketPairTransport().adopt(ours, settings()))
    theirs.settimeout(PATIENCE)
    with ours, theirs:
        theirs.sendall(frame(b"cbye"))
        assert theirs.recv(100) == frame(b"bye")
        running.host.wait_until_lost()
        theirs.sendall(b"something else")
        assert ours.recv(100) == b"something else"


def test_housekeeping_goes_on(start: Start, short: Start) -> None:
    short(HOUSEKEEPING=0.01)
    host = start().host
    for _ in range(3):
        host.housekept.clear()
        assert host.housekept.wait(PATIENCE)


def test_who_polls_often_has_the_house_kept_often(start: Start, short: Start) -> None:
    short(HOUSEKEEPING=1000.0)
    host = start(POLLTIMEOUT=0.01).host
    for _ in range(3):
        host.housekept.clear()
        assert host.housekept.wait(PATIENCE)
