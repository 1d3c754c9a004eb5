"""The responder answers one question, to those who asked, and not often; whatever else comes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_nameserver import broadcast
from pyroplug_nameserver.broadcast import BroadcastServer
from pyroplug_nameserver.discovery import QUESTION

from pyroplug.api import Daemon, start_ns
from pyroplug.config import Configuration
from pyroplug.errors import AddressError
from tests.running import settings
from tests.support import PATIENCE, wait_until

URI = "PYRO:Pyro.NameServer@ns.example:9090"


@contextmanager
def answering(uri: str = URI, **arguments: Any) -> Iterator[BroadcastServer]:
    host = "::1" if arguments.get("ipv6") else "127.0.0.1"
    with BroadcastServer(uri, host, 0, config=settings(), **arguments) as server:
        server.runInThread()
        yield server


@contextmanager
def asking(server: BroadcastServer) -> Iterator[socket.socket]:
    """A socket connected with a responder; what it sends is answered in order, if at all."""
    with socket.socket(server.sock.family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(server.sock.getsockname()[:2])
        yield sock


def test_the_question_is_answered() -> None:
    with answering() as server, asking(server) as sock:
        assert server.locationStr == f"127.0.0.1:{server.getPort()}"
        for _ in range(3):
            sock.send(QUESTION)
            assert sock.recv(1000) == URI.encode()


ODD = st.sampled_from([b"", b"GET_NSURI\n", b"GET_NSUR", b"get_nsuri"])


@given(st.lists(st.binary(max_size=2000) | ODD, max_size=20))
def test_nothing_else_is(datagrams: list[bytes]) -> None:
    with answering() as server, asking(server) as sock:
        for datagram in datagrams:
            if datagram != QUESTION:
                sock.send(datagram)
        sock.send(QUESTION)
        assert sock.recv(1000) == URI.encode()
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1000)


def test_who_asks_and_goes_away_harms_nobody() -> None:
    with answering() as server:
        for _ in range(20):
            with asking(server) as gone:
                gone.send(QUESTION)
        with asking(server) as sock:
            answer = _answer_of(sock)
        assert answer == URI.encode()


def _answer_of(sock: socket.socket) -> bytes:
    answers: list[bytes] = []
    sock.setblocking(False)

    def answered() -> bool:
        try:
            sock.send(QUESTION)
            answers.append(sock.recv(1000))
        except OSError:
            return False
        return True

    wait_until(answered, "an answer")
    return answers[0]


def test_over_ipv6() -> None:
    with answering(ipv6=True) as server, asking(server) as sock:
        assert server.locationStr == f"[::1]:{server.getPort()}"
        sock.send(QUESTION)
        assert sock.recv(1000) == URI.encode()


@pytest.mark.parametrize(
    ("uri", "ipv6", "host"),
    [
        ("PYRO:Pyro.NameServer@0.0.0.0:9090", False, "127.0.0.1"),
        ("PYRO:Pyro.NameServer@[::]:9090", True, "[::1]"),
    ],
)
def test_who_listens_everywhere_says_where_the_asker_can_reach_it(uri: str, ipv6: bool, host: str) -> None:
    with answering(uri, ipv6=ipv6) as server, asking(server) as sock:
        sock.send(QUESTION)
        assert sock.recv(1000) == f"PYRO:Pyro.NameServer@{host}:9090".encode()


# Amplification


def test_an_asker_gets_so_many_answers_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(broadcast.time, "monotonic", lambda: now[0])
    with BroadcastServer(URI, "127.0.0.1", 0, config=settings()) as server, asking(server) as sock:
        sock.setblocking(False)

        def answers(questions: int) -> int:
            for _ in range(questions):
                sock.send(QUESTION)
            server.processRequest()
            count = 0
            while True:
                try:
                    sock.recv(1000)
                except BlockingIOError:
                    return count
                count += 1

        assert answers(90) == broadcast.PER_ASKER
        assert answers(10) == 0
        now[0] += 0.5
        assert answers(90) == broadcast.PER_ASKER // 2
        now[0] += 3600
        assert answers(90) == broadcast.PER_ASKER


def test_all_together_get_so_many_and_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(broadcast.time, "monotonic", lambda: now[0])
    rate = broadcast._Rate()
    answered = sum(rate.allows(f"10.0.{number // 250}.{number % 250}") for number in range(5000))
    assert answered == broadcast.IN_ALL
    assert len(rate._askers) <= broadcast.ASKERS
    now[0] += 10
    assert rate.allows("10.9.9.9"), "those who have been quiet are forgotten"
    assert len(rate._askers) <= broadcast.ASKERS


def test_an_answer_is_short() -> None:
    long = f"PYRO:Pyro.NameServer@{'x' * 5000}:9090"
    with BroadcastServer(long, "127.0.0.1", 0, config=settings()) as server, asking(server) as sock:
        sock.send(QUESTION)
        server.processRequest()
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(10_000)
    assert len(URI) < 5 * len(QUESTION)


@pytest.mark.parametrize(
    ("asker", "answered"),
    [
        (("192.0.2.1", 5000), True),
        (("2001:db8::1", 5000, 0, 0), True),
        (("fe80::1%eth0", 5000, 0, 2), True),
        (("192.0.2.1", 0), False),
        (("255.255.255.255", 5000), False),
        (("224.0.0.1", 5000), False),
        (("0.0.0.0", 5000), False),
        (("ff02::1", 5000, 0, 0), False),
        (("::ffff:224.0.0.1", 5000, 0, 0), False),
        (("nonsense", 5000), False),
    ],
)
def test_only_one_machine_is_ever_answered(asker: Any, answered: bool) -> None:
    assert broadcast._may_be_answered(asker) is answered


def test_the_system_lets_it_send_no_broadcast() -> None:
    with BroadcastServer(URI, "127.0.0.1", 0, config=settings()) as server:
        assert server.sock.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST) == 0
        with pytest.raises(PermissionError):
            server.sock.sendto(b"x", ("127.255.255.255", 9))


# Life


def test_it_ends_its_thread_and_can_be_closed_twice() -> None:
    server = BroadcastServer(URI, "127.0.0.1", 0, config=settings())
    thread = server.runInThread()
    assert thread.is_alive()
    server.close()
    assert not thread.is_alive()
    assert not server.running
    assert server.sockets == []
    server.close()


def test_a_daemons_loop_can_serve_it() -> None:
    config = settings(SERVERTYPE="multiplex")
    with Daemon(config=config) as daemon, BroadcastServer(URI, "127.0.0.1", 0, config=config) as server:
        daemon.combine(server)
        thread = threading.Thread(target=daemon.requestLoop)
        thread.start()
        try:
            with asking(server) as sock:
                sock.send(QUESTION)
                assert sock.recv(1000) == URI.encode()
        finally:
            daemon.shutdown()
            thread.join()


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(AddressError, match=f"UDP port {port}: Address already in use") as caught:
            BroadcastServer(URI, "127.0.0.1", port, config=settings(SOCK_REUSE=False))
    assert "NS_BCPORT" in str(caught.value.hint)


# With a name server


def test_a_name_server_that_others_reach_has_a_responder_with_the_internal_address() -> None:
    config: Configuration = settings()
    uri, daemon, server = start_ns(
        "0.0.0.0", 0, bchost="127.0.0.1", bcport=0, nathost="outside.example", natport=5, config=config
    )
    with daemon, server:
        assert uri.host == "outside.example"
        assert server.nsUri == daemon.uriFor("Pyro.NameServer", nat=False)
        with asking(server) as sock:
            sock.send(QUESTION)
            server.processRequest()
            port = daemon.sock.getsockname()[1]
            assert sock.recv(1000) == f"PYRO:Pyro.NameServer@127.0.0.1:{port}".encode()


def test_no_responder_where_none_is_wanted_or_could_help() -> None:
    for host, wanted in (("127.0.0.1", True), ("0.0.0.0", False)):
        _, daemon, server = start_ns(host, 0, wanted, "127.0.0.1", 0, config=settings())
        with daemon:
            assert server is None


def test_where_the_responder_cannot_listen_nothing_is_left() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(AddressError, match="broadcast responder"):
            start_ns(
                "0.0.0.0", 0, True, "127.0.0.1", taken.getsockname()[1], config=settings(SOCK_REUSE=False)
            )


def test_a_name_server_everywhere_is_found_over_both_ip_versions() -> None:
    uri, daemon, server = start_ns("::", 0, bchost="::", bcport=0, config=settings())
    with daemon, server:
        server.runInThread()
        for family, host, said in (
            (socket.AF_INET6, "::1", "[::1]"),
            (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        ):
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.settimeout(PATIENCE)
                sock.connect((host, server.getPort()))
                sock.send(QUESTION)
                assert sock.recv(1000) == f"PYRO:Pyro.NameServer@{said}:{uri.port}".encode()
