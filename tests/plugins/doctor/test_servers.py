"""The steps to a direct address: each fault is set up, with real sockets and servers, and found."""

from __future__ import annotations

import contextlib
import http.server
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyroplug_doctor.findings import Outcome
from pyroplug_doctor.remedies import Fault
from pyroplug_doctor.servers import examine

from pyroplug.api import URI, DaemonObject, expose
from pyroplug.errors import PyroError
from tests.running import Running, Way

from .conftest import SHORT, Process, Thing, Walk, free_port, listening, port_of, scripted, situation, walk_to

RunDaemon = Callable[..., Running]
STEPS = ["address", "host name", "port", "TLS", "protocol", "handshake", "serializer", "call", "object"]


# All is well ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("serializer", ["serpent", "json", "msgpack"])
@pytest.mark.parametrize("way", [Way("threadpool"), Way("multiplex")], ids=str)
def test_calls_get_through(run_daemon: RunDaemon, way: Way, serializer: str) -> None:
    running = run_daemon(way, thing=Thing())
    walk = walk_to(running.daemon.uriFor("thing"), SERIALIZER=serializer)
    assert walk.reached, walk
    assert [it.step for it in walk.findings] == STEPS
    assert "1 method and 0 attributes" in walk.step("object").text
    assert walk.step("protocol").facts["version"] == 502
    assert walk.step("serializer").text == f"{serializer} is accepted"


@pytest.mark.parametrize("serializer", ["serpent", "json", "msgpack", "marshal"])
def test_calls_get_through_to_pyro5(pyro5_server: Callable[..., Process], serializer: str) -> None:
    walk = walk_to(pyro5_server().said, SERIALIZER=serializer)
    assert walk.reached, walk


def test_a_daemon_counts_the_call(run_daemon: RunDaemon) -> None:
    """It is a real one: a daemon that answers its greeting and no call is not reached."""
    running = run_daemon(thing=Thing())
    running.daemon.objectsById["Pyro.Daemon"].ping = None  # type: ignore[attr-defined]
    walk = walk_to(running.daemon.uriFor("thing"))
    assert walk.fault == ("call", Fault.CALL_FAILED), walk
    assert not walk.reached


@pytest.mark.parametrize("fault", [RuntimeError("no"), KeyError(), ValueError("\x1b[2J"), PyroError("no")])
def test_a_daemon_whose_own_object_fails(run_daemon: RunDaemon, fault: Exception) -> None:
    @expose
    class Failing(DaemonObject):
        def ping(self) -> None:
            raise fault

    running = run_daemon(thing=Thing(), daemon={"interface": Failing})
    walk = walk_to(running.daemon.uriFor("thing"))
    assert walk.fault == ("call", Fault.CALL_FAILED), walk
    assert walk.failed.text.isprintable()


# Addresses --------------------------------------------------------------------------------------------


def test_a_loopback_address_is_for_this_machine_alone(run_daemon: RunDaemon) -> None:
    walk = walk_to(run_daemon(thing=Thing()).daemon.uriFor("thing"))
    found = walk.step("address")
    assert (found.outcome, found.fault) == (Outcome.WARNING, Fault.LOOPBACK)
    assert walk.reached


def test_all_addresses_are_no_address(pyro5_server: Callable[..., Process]) -> None:
    """Pyro5 publishes 0.0.0.0 where a daemon listens on it."""
    uri = pyro5_server("0.0.0.0").said
    assert "@0.0.0.0:" in uri
    walk = walk_to(uri)
    found = walk.step("address")
    assert (found.outcome, found.fault) == (Outcome.WARNING, Fault.WILDCARD)


def test_a_host_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    walk = walk_to("PYRO:thing@nowhere.invalid:9090")
    assert walk.fault == ("host name", Fault.HOST_UNKNOWN), walk
    assert walk.step("port").outcome is Outcome.SKIPPED


Resolve = Callable[[str, list[tuple[int, str]]], None]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Has a host name stand for addresses, in this process."""
    original = socket.getaddrinfo
    known: dict[str, list[tuple[int, str]]] = {}

    def getaddrinfo(host: Any, port: Any, *args: Any, **named: Any) -> Any:
        if host not in known:
            return original(host, port, *args, **named)
        return [
            (
                family,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0)[: 4 if family == socket.AF_INET6 else 2],
            )
            for family, address in known[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known.__setitem__


def test_a_host_name_that_is_the_machine_itself(run_daemon: RunDaemon, resolve: Resolve) -> None:
    resolve("desk", [(socket.AF_INET, "127.0.1.1")])
    walk = walk_to("PYRO:thing@desk:1", timeout=SHORT)
    found = walk.step("host name")
    assert (found.outcome, found.fault) == (Outcome.WARNING, Fault.HOST_IS_LOOPBACK)


def test_a_host_with_both_ip_versions_and_a_server_on_one(run_daemon: RunDaemon, resolve: Resolve) -> None:
    resolve("both.test", [(socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")])
    running = run_daemon(thing=Thing())
    walk = walk_to(f"PYRO:thing@both.test:{running.daemon.uriFor('thing').port}")
    found = walk.step("port")
    assert (found.outcome, found.fault) == (Outcome.WARNING, Fault.ONE_IP_VERSION)
    assert found.facts["works"] == 4
    assert [it["outcome"] for it in found.facts["addresses"]][1] == "connected"
    assert walk.reached, walk


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6")
def test_ipv6(run_daemon: RunDaemon) -> None:
    uri = run_daemon(thing=Thing(), daemon={"host": "::1"}).daemon.uriFor("thing")
    walk = walk_to(uri)
    assert walk.reached, walk
    assert f"[::1]:{uri.port}" in walk.step("port").text


def test_localhost_of_another_machine() -> None:
    """A name server elsewhere knows an object by an address that is everybody's own."""
    uri = URI(f"PYRO:thing@localhost:{free_port()}")
    walk = Walk(list(examine(uri, situation(), "object", "192.0.2.1:9090")))
    assert walk.fault == ("port", Fault.LOOPBACK), walk
    assert "192.0.2.1:9090" in walk.failed.text


# Ports ------------------------------------------------------------------------------------------------


def test_nobody_listens() -> None:
    walk = walk_to(f"PYRO:thing@127.0.0.1:{free_port()}")
    assert walk.fault == ("port", Fault.REFUSED), walk
    assert [it.outcome for it in walk.findings[3:]] == [Outcome.SKIPPED] * 6
    assert [it.step for it in walk.findings] == STEPS
    assert not walk.reached


def test_nothing_comes_back(full_port: int) -> None:
    """A firewall that drops everything looks like that, too."""
    walk = walk_to(f"PYRO:thing@127.0.0.1:{full_port}", timeout=SHORT)
    assert walk.fault == ("port", Fault.FILTERED), walk
    assert f"{SHORT:g} s" in walk.failed.text


# Who is there -----------------------------------------------------------------------------------------


@pytest.fixture
def http_port() -> Iterator[int]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("serializer", ["serpent", "json"])
def test_an_http_server(http_port: int, serializer: str) -> None:
    """It answers when a line has ended; a greeting in serpent happens to have one."""
    walk = walk_to(f"PYRO:thing@127.0.0.1:{http_port}", timeout=1.0, SERIALIZER=serializer)
    assert walk.fault == ("protocol", Fault.NOT_PYRO), walk
    assert walk.failed.facts["who"] == "an HTTP server"


def test_an_ssh_server() -> None:
    with scripted(lambda client: client.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")) as port:
        walk = walk_to(f"PYRO:thing@127.0.0.1:{port}")
    assert walk.fault == ("protocol", Fault.NOT_PYRO), walk
    assert "SSH-2.0-OpenSSH_9.2p1" in walk.failed.text


def test_control_characters_are_not_printed() -> None:
    with scripted(lambda client: client.sendall(b"\x1b[2J\x07nonsense")) as port:
        walk = walk_to(f"PYRO:thing@127.0.0.1:{port}")
    assert walk.fault == ("protocol", Fault.NOT_PYRO), walk
    assert walk.failed.text.isprintable()


def pyro4_refusal(client: socket.socket) -> None:
    client.recv(1000)
    text = b"unsupported protocol version"
    client.sendall(struct.pack("!4sHHHHiHHHH", b"PYRO", 48, 3, 0, 0, len(text), 3, 0, 0, 0) + text)


def future_refusal(client: socket.socket) -> None:
    client.recv(1000)
    client.sendall(b"PYRO" + (504).to_bytes(2, "big") + bytes(34))


@pytest.mark.parametrize(
    ("answer", "fault", "version"),
    [(pyro4_refusal, Fault.PYRO4, 48), (future_refusal, Fault.OTHER_VERSION, 504)],
)
def test_another_version(answer: Callable[[socket.socket], None], fault: Fault, version: int) -> None:
    with scripted(answer) as port:
        walk = walk_to(f"PYRO:thing@127.0.0.1:{port}")
    assert walk.fault == ("protocol", fault), walk
    assert walk.failed.facts["version"] == version


def test_nobody_speaks() -> None:
    with listening() as sock:
        walk = walk_to(f"PYRO:thing@127.0.0.1:{port_of(sock)}", timeout=SHORT)
    assert walk.fault == ("protocol", Fault.SILENT), walk


def test_connections_are_closed_at_once() -> None:
    with scripted(lambda client: None) as port:
        walk = walk_to(f"PYRO:thing@127.0.0.1:{port}")
    assert walk.fault == ("protocol", Fault.CLOSED), walk


def drip(client: socket.socket) -> None:
    """What could become a Pyro message in a very long time."""
    client.recv(1000)
    client.settimeout(SHORT / 3)
    for byte in b"PYRO\x01":
        with contextlib.suppress(TimeoutError):
            client.sendall(bytes((byte,)))
            client.recv(1000)


def test_one_byte_now_and_then_does_not_last_longer() -> None:
    def server(client: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            drip(client)

    with scripted(server) as port:
        walk = walk_to(f"PYRO:thing@127.0.0.1:{port}", timeout=SHORT)
    assert walk.fault == ("protocol", Fault.SILENT), walk
    assert "b'P" in walk.failed.text
    assert SHORT <= (walk.failed.seconds or 0) < 2 * SHORT


# What a Pyro server refuses -----------------------------------------------------------------------------


def test_the_handshake_is_refused(run_daemon: RunDaemon) -> None:
    items = {"HANDSHAKE_VALIDATORS": ["shared-secret"], "HANDSHAKE_SECRET": "a horse and a battery"}
    running = run_daemon(thing=Thing(), **items)
    uri = running.daemon.uriFor("thing")
    walk = walk_to(uri)
    assert walk.fault == ("handshake", Fault.HANDSHAKE_REFUSED), walk
    assert "secret" in walk.failed.facts["reason"]
    assert walk_to(uri, HANDSHAKE_SECRET="a horse and a battery").reached


def test_a_server_of_pyro5_has_rules_of_its_own(pyro5_server: Callable[..., Process]) -> None:
    walk = walk_to(pyro5_server(password="open sesame").said)
    assert walk.fault == ("handshake", Fault.HANDSHAKE_REFUSED), walk
    assert walk.failed.facts["reason"] == "that is not the word"


def test_the_server_does_not_prove_itself(run_daemon: RunDaemon) -> None:
    items = {"HANDSHAKE_SECRET": "a horse and a battery", "HANDSHAKE_PROOFS": ("shared-secret",)}
    walk = walk_to(run_daemon(thing=Thing()).daemon.uriFor("thing"), **items)
    assert walk.fault == ("handshake", Fault.PROOF_MISSING), walk


@pytest.mark.parametrize("model", ["threadpool", "multiplex"])
def test_the_server_is_full(run_daemon: RunDaemon, model: str) -> None:
    running = run_daemon(Way(model), thing=Thing(), MAX_CONNECTIONS=1)
    running.proxy("thing").echo(1)
    walk = walk_to(running.daemon.uriFor("thing"), timeout=2.0)
    assert walk.failed.fault in (Fault.SERVER_BUSY, Fault.SILENT, Fault.CLOSED)


def test_the_serializer_is_not_accepted(run_daemon: RunDaemon) -> None:
    running = run_daemon(thing=Thing(), SERIALIZERS_ACCEPTED=["json", "msgpack"], SERIALIZER="json")
    walk = walk_to(running.daemon.uriFor("thing"), SERIALIZER="serpent")
    assert walk.step("handshake").outcome is Outcome.OK
    assert walk.fault == ("serializer", Fault.SERIALIZER_REFUSED), walk
    assert set(walk.failed.facts["accepted"]) == {"json", "msgpack"}


def test_the_serializer_is_not_here(run_daemon: RunDaemon) -> None:
    walk = walk_to(run_daemon(thing=Thing()).daemon.uriFor("thing"), SERIALIZER="cbor")
    assert walk.fault == ("handshake", Fault.SERIALIZER_MISSING), walk


@pytest.mark.parametrize("pyro5", [False, True])
def test_the_object_is_unknown(
    run_daemon: RunDaemon, pyro5_server: Callable[..., Process], pyro5: bool
) -> None:
    uri = pyro5_server().said if pyro5 else str(run_daemon(thing=Thing()).daemon.uriFor("thing"))
    walk = walk_to(uri.replace("thing", "thingy"))
    assert walk.fault == ("object", Fault.OBJECT_UNKNOWN), walk
    assert walk.failed.facts["similar"] == ["thing"]


def test_a_daemon_that_does_not_say_what_it_serves(run_daemon: RunDaemon) -> None:
    running = run_daemon(thing=Thing(), DAEMON_INFO=False)
    walk = walk_to(str(running.daemon.uriFor("thing")).replace("thing", "thingy"))
    assert walk.fault == ("object", Fault.OBJECT_UNKNOWN), walk
    assert walk.failed.facts["similar"] == []


def test_the_object_exposes_nothing(pyro5_server: Callable[..., Process]) -> None:
    """A daemon of Pyro5 serves such an object; ours refuses to."""
    walk = walk_to(pyro5_server().said.replace("thing", "shy"))
    assert walk.fault == ("object", Fault.EXPOSES_NOTHING), walk
