"""Full servers: too many clients, no descriptors left; and the operator, who gets in."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from pyroplug.errors import HandshakeError
from tests.support import wait_until

from . import words
from .harness import MODELS, PLACES, PROMPT, AttackedServer, Place, attacked, is_over


def ping(server: AttackedServer) -> str:
    """What the operator does: it has to work within a second, if not at the first attempt."""
    before = time.monotonic()
    with server.proxy("Pyro.Daemon") as daemon:
        daemon._pyroMaxRetries = 5
        daemon.ping()
        info = str(daemon.info())
    assert time.monotonic() - before < PROMPT
    return info


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_full_server_tells_so_and_lets_in_its_operator(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path, MAX_CONNECTIONS=5, HANDSHAKE_TIMEOUT=2.0) as (server, good, crowd):
        for _ in range(4):
            crowd.add(words.accepted(server))
        before = server.usage()
        with good.asking():
            for number in range(50):
                with server.proxy() as late, pytest.raises(HandshakeError, match="MAX_CONNECTIONS"):
                    late.echo(1)
                if not number % 10:
                    assert "MAX_CONNECTIONS" in ping(server)
        assert "MAX_CONNECTIONS 50" in ping(server)
        assert server.log.count("MAX_CONNECTIONS") == 1
        server.wait_until_back(before)
        crowd.close()
        wait_until(lambda: is_let_in(server))


def is_let_in(server: AttackedServer) -> bool:
    try:
        with server.proxy() as proxy:
            return bool(proxy.echo(1) == 1)
    except HandshakeError:
        return False


@pytest.mark.parametrize("place", MODELS, ids=str)
def test_the_operators_place_is_for_nothing_else_and_not_for_long(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path, MAX_CONNECTIONS=1, HANDSHAKE_TIMEOUT=1.0) as (server, _, crowd):
        before = server.usage()
        with server.proxy("Pyro.Daemon") as daemon:
            daemon.ping()
            with (
                server.proxy("Pyro.Daemon") as second,
                pytest.raises(HandshakeError, match="MAX_CONNECTIONS"),
            ):
                second.ping()
        server.wait_until_back(before)  # it takes a moment to see that they are gone
        sock = crowd.add(words.accepted(server, "Pyro.Daemon"))
        begun = time.monotonic()
        sock.sendall(words.call("echo", 1))
        assert b"DaemonError" in words.hear(sock, b"operator")
        sock.sendall(words.call("note", 1))
        words.hear(sock, b"operator")
        sock.sendall(words.call("ping", object_id="Pyro.Daemon"))
        words.hear(sock, b"null")
        assert is_over(sock, 2.2)
        assert time.monotonic() - begun > 0.8
        ping(server)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_strangers_take_no_place_of_a_client(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path, MAX_CONNECTIONS=3) as (server, good, crowd):
        crowd.open(50, server.connect)
        good.ask_anew()
        crowd.add(words.accepted(server))
        ping(server)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_no_descriptors_left(place: Place, tmp_path: Path) -> None:
    files = 80
    with attacked(place, tmp_path, files=files, HANDSHAKE_TIMEOUT=2.0) as (server, good, crowd):
        before = server.usage()
        with good.asking():
            refused = 0
            while refused < 3:  # clients, until there is no room for them
                sock = crowd.add(server.connect_ready())
                sock.sendall(words.hello())
                refused += b"ulimit" in words.hear(sock, b"PYRO")
            assert "open files" in ping(server)
        assert 30 < server.usage().files < files
        assert server.busy(0.5) < 0.3
        # Others come on top of that, who say nothing; they are as many as they like.
        with good.asking():
            crowd.open(60, server.connect)
            for _ in range(3):
                ping(server)
                crowd.open(10, server.connect)
        assert server.usage().files < files
        assert server.busy(0.5) < 0.3
        assert server.log.count("open no more files") == 1
        assert re.search(r"open files \(ulimit -n\) \d+", ping(server))
        crowd.close()
        server.wait_until_back(before)
        good.ask_anew()


@pytest.mark.parametrize("place", MODELS, ids=str)
def test_a_program_that_has_used_up_the_descriptors(place: Place, tmp_path: Path) -> None:
    with attacked(place, tmp_path, files=80) as (server, good, crowd), server.proxy() as proxy:
        assert proxy.take_files() > 10
        with good.asking():
            crowd.open(20, server.connect)
            assert server.busy(1.0) < 0.3
        assert server.log.count("accepting pauses") == 1
        proxy.give_back_files()
        good.ask_anew()
        assert "open files" in ping(server)
