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


def test_requests_behind_a_large_answer_keep_their_order(start: Start, short: Start) -> None:
    short(STAY=0.001, OUTBOX=100_000)
    running = start()
    client = running.connect()
    client.sock.sendall(b"".join(frame(b"b%d" % (size * 300_000)) for size in range(1, 12)))
    session = running.host.wait_for_session()
    threading.Event().wait(0.05)
    assert session.handled < 11, "it goes on although the reader takes nothing"
    assert [len(client.receive() or b"") for _ in range(11)] == [size * 300_000 for size in range(1, 12)]


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
