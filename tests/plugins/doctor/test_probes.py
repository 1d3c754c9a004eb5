"""Each question to the network by itself."""

from __future__ import annotations

import errno
import socket
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_doctor.conversing import similar
from pyroplug_doctor.findings import on_one_line
from pyroplug_doctor.names import Where
from pyroplug_doctor.probes import broadcasts, first_bytes, hosts, ports
from pyroplug_doctor.probes.first_bytes import Who, classify
from pyroplug_doctor.probes.hosts import AddressKind, Target
from pyroplug_doctor.probes.ports import Reached
from pyroplug_doctor.probes.tls import speaks_tls

from tests.support import PATIENCE

from .conftest import SHORT, free_port, listening, port_of, scripted, situation

# Hosts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("localhost", AddressKind.LOOPBACK),
        ("LocalHost.", AddressKind.LOOPBACK),
        ("127.0.1.1", AddressKind.LOOPBACK),
        ("::1", AddressKind.LOOPBACK),
        ("::ffff:127.0.0.1", AddressKind.LOOPBACK),
        ("0.0.0.0", AddressKind.WILDCARD),
        ("::", AddressKind.WILDCARD),
        ("169.254.3.4", AddressKind.LINK_LOCAL),
        ("fe80::1", AddressKind.LINK_LOCAL),
        ("fe80::1%eth0", AddressKind.ORDINARY),
        ("192.168.1.2", AddressKind.ORDINARY),
        ("2001:db8::1", AddressKind.ORDINARY),
        ("server.example.org", AddressKind.NAME),
        ("localhost.example.org", AddressKind.NAME),
    ],
)
def test_kinds_of_addresses(host: str, kind: AddressKind) -> None:
    assert hosts.kind_of(host) is kind


def test_looking_up_waits_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    def getaddrinfo(*_args: Any, **_named: Any) -> Any:
        let_go.wait(PATIENCE)
        raise OSError("too late")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(hosts.SilenceError):
        hosts.look_up("slow.test", 1, 0.05)
    (thread,) = [it for it in threading.enumerate() if it.name == "look up slow.test"]
    let_go.set()
    thread.join(PATIENCE)


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "..", "a\0b"])
def test_hosts_that_cannot_be_looked_up(host: str) -> None:
    try:
        found = hosts.look_up(host, 1, PATIENCE)
    except OSError:  # the reason is the system's
        return
    pytest.fail(f"it is {found}")


def test_addresses_for_people() -> None:
    assert str(Target(socket.AF_INET6, ("::1", 80, 0, 0))) == "[::1]:80"
    assert Target(socket.AF_INET6, ("::1", 80, 0, 0)).version == 6
    assert str(Target(socket.AF_INET, ("127.0.0.1", 80))) == "127.0.0.1:80"


# Ports ------------------------------------------------------------------------------------------------


def target(port: int) -> Target:
    return Target(socket.AF_INET, ("127.0.0.1", port))


def test_all_addresses_are_tried_at_once(full_port: int) -> None:
    with listening() as sock:
        targets = [target(full_port), target(free_port()), target(port_of(sock))]
        began = time.monotonic()
        attempts = ports.try_all(targets, SHORT)
        assert time.monotonic() - began < 2 * SHORT
    assert [it.target for it in attempts] == targets
    assert [it.reached for it in attempts] == [Reached.FILTERED, Reached.REFUSED, Reached.CONNECTED]
    assert attempts[0].seconds == SHORT
    assert attempts[2].seconds < SHORT


def test_a_socket_that_has_met_itself_has_reached_nobody() -> None:
    """It happens to who connects to a port from which the system lends ports."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        try:
            sock.connect(sock.getsockname())
        except OSError:
            pytest.skip("this system does not do that")
        assert ports.found_nobody(sock) == errno.ECONNREFUSED


def test_no_targets() -> None:
    assert ports.try_all([], SHORT) == []


def test_an_address_that_this_system_cannot_use() -> None:
    (attempt,) = ports.try_all([Target(socket.AF_INET, ("255.255.255.255", 9))], SHORT)
    assert attempt.reached is not Reached.CONNECTED
    assert attempt.reason


# First bytes ------------------------------------------------------------------------------------------

HEADER = b"PYRO" + (502).to_bytes(2, "big") + bytes(34)


@pytest.mark.parametrize(
    ("data", "who", "name"),
    [
        (HEADER, Who.PYRO, "a Pyro server"),
        (HEADER[:6], Who.PYRO, "a Pyro server"),
        (b"PYRO\0\x30", Who.OTHER_PYRO, "a Pyro server of another version"),
        (b"HTTP/1.1 400 Bad Request\r\n", Who.OTHER, "an HTTP server"),
        (b"<!doctype html>", Who.OTHER, "an HTTP server"),
        (b"SSH-2.0-x", Who.OTHER, "an SSH server"),
        (b"220 mail.example.org ESMTP", Who.OTHER, "a mail or FTP server"),
        (b"\x15\x03\x01\0\x02\x02\x46", Who.TLS, "a server that speaks TLS"),
        (b"\x15\x04", Who.OTHER, "a server of another kind"),
        (b"PYRAMID", Who.OTHER, "a server of another kind"),
        (b"\0", Who.OTHER, "a server of another kind"),
    ],
)
def test_who_sends_such_bytes(data: bytes, who: Who, name: str) -> None:
    found = classify(data)
    assert found is not None
    assert (found.who, found.name, found.data) == (who, name, data)


@pytest.mark.parametrize("data", [b"P", b"PYRO", b"PYRO\1", b"H", b"SSH", b"\x15", b"22"])
def test_more_bytes_are_needed(data: bytes) -> None:
    assert classify(data) is None


@given(st.binary(min_size=9, max_size=600))
def test_enough_bytes_are_always_somebodys(data: bytes) -> None:
    found = classify(data)
    assert found is not None
    assert (found.version is not None) == data.startswith(b"PYRO")


@given(st.binary(min_size=1, max_size=40), st.integers(0, 40))
def test_what_is_known_does_not_change_with_more_bytes(data: bytes, size: int) -> None:
    early = classify(data[: max(size, 1)])
    later = classify(data)
    assert early is None or (later is not None and (early.who, early.name) == (later.who, later.name))


def test_the_greeting_is_a_whole_message() -> None:
    hello = first_bytes.greeting(situation(SERIALIZER="json"))
    assert hello[:7] == b"PYRO" + (502).to_bytes(2, "big") + b"\1"
    assert b"Pyro.Daemon" in hello
    assert len(first_bytes.greeting(situation(SERIALIZER="cbor"))) == 40


def test_no_more_is_read_than_tells_who_it_is() -> None:
    with scripted(flood) as port:
        answer = first_bytes.ask(f"127.0.0.1:{port}", situation())
    assert answer.who is Who.OTHER
    assert len(answer.data) <= 512


def flood(client: socket.socket) -> None:
    try:
        for _ in range(1000):
            client.sendall(b"x" * 100_000)
    except OSError:
        pass


def test_nobody_is_there() -> None:
    answer = first_bytes.ask(f"127.0.0.1:{free_port()}", situation())
    assert answer.who is Who.NOBODY
    assert "refused" in str(answer.error)


def test_tls_is_not_spoken_by_others() -> None:
    assert not speaks_tls("127.0.0.1", free_port(), SHORT)
    with scripted(lambda client: client.sendall(b"SSH-2.0-x\r\n")) as port:
        assert not speaks_tls("127.0.0.1", port, PATIENCE)
    with listening() as sock:
        assert not speaks_tls("127.0.0.1", port_of(sock), SHORT)


# Broadcasts -------------------------------------------------------------------------------------------


def test_where_no_question_can_be_sent_to() -> None:
    found = broadcasts.ask(["nowhere.invalid", "127.0.0.1"], 9, 0.15)
    assert list(found.unasked) == ["nowhere.invalid:9"]
    assert found.answers == []


@pytest.mark.parametrize(
    ("host", "port", "location"),
    [
        ("", None, "localhost:9090"),
        ("", 4000, "localhost:4000"),
        ("server", None, "server:9090"),
        ("server", 4000, "server:4000"),
        ("::1", 4000, "[::1]:4000"),
        ("[::1]", 4000, "[::1]:4000"),
        ("./u:/run/names", None, "./u:/run/names"),
    ],
)
def test_where_a_name_server_is_looked_for(host: str, port: int | None, location: str) -> None:
    assert Where(host, port).location(situation()) == location


def test_a_port_alone_is_that_of_a_name_server_here() -> None:
    assert Where("", 4000).location(situation(NS_HOST="::1")) == "[::1]:4000"
    assert Where("", 4000).location(situation(NS_HOST="names.example.org")) == "names.example.org:9090"


# Words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        ("greter", ["greeter", "shop"], ["greeter"]),
        ("Greeter", ["greeter"], ["greeter"]),
        ("shop", ["example.shop", "x"], ["example.shop"]),
        ("example.shop", ["shop"], ["shop"]),
        ("shop", ["x", ""], []),
        ("shop", [], []),
    ],
)
def test_similar_names(name: str, names: list[str], found: list[str]) -> None:
    assert similar(name, names) == found


def test_similar_names_are_looked_for_among_many() -> None:
    names = (f"object {number} {'x' * 50}" for number in range(10**9))
    assert similar("thing", names) == []
    assert similar("x" * 300, ["x" * 300]) == []


@given(st.text())
def test_what_others_say_is_on_one_line(text: str) -> None:
    line = on_one_line(text)
    assert line.isprintable()
    assert len(line) <= 603
