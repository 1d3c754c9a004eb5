"""The steps from a name to an object, with name servers of both libraries."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pyroplug_doctor.findings import Outcome
from pyroplug_doctor.names import Where
from pyroplug_doctor.remedies import Fault

from pyroplug.api import URI, Proxy, expose
from pyroplug.errors import NamingError
from tests.running import Running, Way

from .conftest import SHORT, Process, Thing, Walk, free_port, scripted, walk_to

RunDaemon = Callable[..., Running]
NOWHERE = {"BROADCAST_ADDRS": ("127.0.0.1",)}


@pytest.fixture
def where(names_uri: URI) -> Where:
    assert names_uri.host
    return Where(names_uri.host, names_uri.port)


@pytest.fixture
def register(names_uri: URI) -> Iterator[Callable[..., None]]:
    """Puts names into the name server, and takes them out in the end."""
    with Proxy(names_uri) as names:
        registered = []

        def register(name: str, uri: Any, **named: Any) -> None:
            registered.append(name)
            names.register(name, URI(str(uri)), **named)

        yield register
        for name in registered:
            names.remove(name)


# All is well ------------------------------------------------------------------------------------------


def test_a_name(run_daemon: RunDaemon, register: Callable[..., None], where: Where) -> None:
    running = run_daemon(thing=Thing())
    register("example.thing", running.daemon.uriFor("thing"))
    walk = walk_to("PYRONAME:example.thing", where)
    assert walk.reached, walk
    assert [it.step for it in walk.findings][:3] == ["name server", "address", "name"]
    assert walk.step("name").facts["uri"] == str(running.daemon.uriFor("thing"))


def test_the_uri_says_where_the_name_server_is(
    run_daemon: RunDaemon, register: Callable[..., None], names_uri: URI
) -> None:
    register("example.thing", run_daemon(thing=Thing()).daemon.uriFor("thing"))
    walk = walk_to(f"PYRONAME:example.thing@{names_uri.location}", Where("nowhere.invalid", 1))
    assert walk.reached, walk


def test_tags(run_daemon: RunDaemon, register: Callable[..., None], where: Where) -> None:
    register("example.thing", run_daemon(thing=Thing()).daemon.uriFor("thing"), metadata=["hot", "new"])
    walk = walk_to("PYROMETA:hot,new", where)
    assert walk.reached, walk
    assert walk.step("name").facts["name"] == "example.thing"


def test_the_name_server_itself(where: Where) -> None:
    walk = walk_to(None, where)
    assert walk.reached, walk
    assert walk.step("object", "name server").facts["object"] == "Pyro.NameServer"
    assert [it.step for it in walk.findings].count("address") == 1


def test_where_the_configuration_says(names_uri: URI) -> None:
    walk = walk_to(None, NS_HOST=names_uri.host, NS_PORT=names_uri.port, **NOWHERE)
    assert walk.reached, walk


def test_a_loopback_address_is_for_this_machine_alone(where: Where) -> None:
    found = walk_to(None, where).step("address", "name server")
    assert (found.outcome, found.fault) == (Outcome.WARNING, Fault.LOOPBACK)
    assert found.facts["what"] == "name server"


# Names ------------------------------------------------------------------------------------------------


def test_an_unknown_name(register: Callable[..., None], where: Where) -> None:
    register("example.greeting", "PYRO:x@127.0.0.1:1")
    walk = walk_to("PYRONAME:exampel.greeting", where)
    assert walk.fault == ("name", Fault.NAME_UNKNOWN), walk
    assert walk.failed.facts["similar"] == ["example.greeting"]
    assert not walk.reached


def test_unknown_tags(where: Where) -> None:
    assert walk_to("PYROMETA:cold", where).fault == ("name", Fault.NAME_UNKNOWN)


def test_a_name_that_stands_for_another(
    run_daemon: RunDaemon, register: Callable[..., None], where: Where
) -> None:
    uri = run_daemon(thing=Thing()).daemon.uriFor("thing")
    register("example.thing", uri)
    register("example.alias", "PYRONAME:example.thing")
    walk = walk_to("PYRONAME:example.alias", where)
    assert walk.reached, walk
    text = walk.step("name").text
    assert f"example.alias is PYRONAME:example.thing; example.thing is {uri} (" in text
    register("example.dangling", "PYRONAME:example.nothing")
    assert walk_to("PYRONAME:example.dangling", where).fault == ("name", Fault.NAME_UNKNOWN)


@pytest.mark.parametrize(
    ("uri", "text"),
    [("PYRONAME:example.alias", "without end"), ("PYRONAME:thing@elsewhere", "another name server")],
)
def test_a_name_that_leads_nowhere(register: Callable[..., None], where: Where, uri: str, text: str) -> None:
    register("example.alias", uri)
    walk = walk_to("PYRONAME:example.alias", where)
    assert walk.fault == ("name", Fault.NAME_UNUSABLE), walk
    assert text in walk.failed.text


def test_a_stale_registration(pyro5_server: Callable[..., Process], names_uri: URI, where: Where) -> None:
    server = pyro5_server(names=str(names_uri))
    assert walk_to("PYRONAME:example.thing", where).reached
    server.kill()
    walk = walk_to("PYRONAME:example.thing", where)
    assert walk.fault == ("port", Fault.STALE_REGISTRATION), walk


@pytest.mark.skipif("sys.platform != 'linux'", reason="127.0.0.2 is this machine on Linux alone")
def test_a_published_address_that_does_not_lead_to_the_server(
    run_daemon: RunDaemon, register: Callable[..., None], where: Where
) -> None:
    running = run_daemon(thing=Thing(), daemon={"nathost": "127.0.0.2", "natport": 0, "host": "127.0.0.1"})
    uri = running.daemon.uriFor("thing")
    assert uri.host == "127.0.0.2"
    register("example.thing", uri)
    walk = walk_to("PYRONAME:example.thing", where)
    assert walk.fault == ("port", Fault.PUBLISHED_ELSEWHERE), walk
    assert walk.failed.facts["instead"] == f"127.0.0.1:{uri.port}"


def test_a_published_address_at_which_nobody_listens(
    run_daemon: RunDaemon, register: Callable[..., None], where: Where
) -> None:
    nat = {"nathost": "127.0.0.1", "natport": free_port(), "host": "127.0.0.1"}
    register("example.thing", run_daemon(thing=Thing(), daemon=nat).daemon.uriFor("thing"))
    assert walk_to("PYRONAME:example.thing", where).fault == ("port", Fault.STALE_REGISTRATION)


# Name servers -----------------------------------------------------------------------------------------


def test_no_name_server_where_it_has_to_be() -> None:
    walk = walk_to("PYRONAME:example.thing", Where("127.0.0.1", free_port()))
    assert walk.fault == ("name server", Fault.NAME_SERVER_NOT_FOUND), walk
    assert walk.step("name").outcome is Outcome.SKIPPED
    assert "refused" in walk.failed.text
    assert not walk.reached


def test_no_name_server_anywhere() -> None:
    items = {
        "NS_HOST": "127.0.0.1",
        "NS_PORT": free_port(),
        "NS_BCPORT": free_port(socket.SOCK_DGRAM),
        **NOWHERE,
    }
    walk = walk_to(None, timeout=1.0, **items)
    assert walk.fault == ("name server", Fault.NAME_SERVER_NOT_FOUND), walk
    assert len(walk.failed.facts["tried"]) == 2
    assert any(it.startswith("broadcast to 127.0.0.1:") for it in walk.failed.facts["tried"])


def test_somebody_else_where_the_name_server_has_to_be() -> None:
    with scripted(lambda client: client.sendall(b"SSH-2.0-OpenSSH\r\n")) as port:
        walk = walk_to("PYRONAME:example.thing", Where("127.0.0.1", port))
    assert walk.fault == ("protocol", Fault.NOT_PYRO), walk
    assert walk.failed.scope == "name server"


def test_a_daemon_without_a_name_server(run_daemon: RunDaemon) -> None:
    port = run_daemon(thing=Thing()).daemon.uriFor("thing").port
    walk = walk_to("PYRONAME:example.thing", Where("127.0.0.1", port))
    assert walk.fault == ("object", Fault.OBJECT_UNKNOWN), walk


def test_a_name_server_at_a_unix_socket_that_is_not_there(tmp_path: Any) -> None:
    walk = walk_to("PYRONAME:example.thing", Where(f"./u:{tmp_path}/names", None))
    assert walk.fault == ("name server", Fault.NAME_SERVER_NOT_FOUND), walk


@expose
class Odd:
    """Calls itself a name server, and answers whatever it was made with."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def _say(self) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def lookup(self, name: str) -> Any:
        return self._say()

    def yplookup(self, meta_all: Any = None, meta_any: Any = None, return_metadata: bool = True) -> Any:
        return self._say()

    def list(self, prefix: Any = None) -> Any:
        return self._say()

    def count(self) -> Any:
        return self._say()


ODD_ANSWERS = [
    *(42, None, "", "thing", "PYRONAME:thing", [1, None], {}, {"a": 1}, {1: "x"}, {"a": [], "b": None}),
    *(KeyError("x"), RuntimeError("\x1b[2J"), NamingError("never heard of it"), SystemError()),
]


@pytest.mark.parametrize("target", ["PYRONAME:thing", "PYROMETA:thing"])
@pytest.mark.parametrize("answer", ODD_ANSWERS, ids=repr)
def test_a_name_server_that_answers_nonsense(run_daemon: RunDaemon, target: str, answer: Any) -> None:
    running = run_daemon(**{"Pyro.NameServer": Odd(answer)})
    walk = walk_to(target, Where("127.0.0.1", running.daemon.uriFor("Pyro.NameServer").port))
    assert walk.failed.step == "name", walk
    assert walk.failed.fault in (Fault.NAME_UNKNOWN, Fault.NAME_UNUSABLE, Fault.CALL_FAILED)
    assert walk.failed.text.isprintable()


# Broadcasts -------------------------------------------------------------------------------------------


@contextmanager
def answering(text: str) -> Iterator[int]:
    """Whoever asks for the name server is told this; the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.1)
        done = threading.Event()

        def run() -> None:
            while not done.is_set():
                try:
                    data, asker = sock.recvfrom(100)
                except TimeoutError:
                    continue
                if data == b"GET_NSURI":
                    sock.sendto(text.encode(), asker)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield int(sock.getsockname()[1])
        finally:
            done.set()
            thread.join()


def walk_asking(port: int, **named: Any) -> Walk:
    items = {"NS_HOST": "127.0.0.1", "NS_PORT": free_port(), "NS_BCPORT": port, **NOWHERE}
    return walk_to(None, timeout=1.0, **items, **named)


def test_a_broadcast_is_answered(names_uri: URI) -> None:
    with answering(str(names_uri)) as port:
        walk = walk_asking(port)
    assert walk.reached, walk
    assert str(names_uri.location) in walk.findings[0].text


def test_a_broadcast_is_answered_with_an_address_that_leads_nowhere() -> None:
    with answering(f"PYRO:Pyro.NameServer@127.0.0.1:{free_port()}") as port:
        walk = walk_asking(port)
    assert walk.fault == ("port", Fault.REFUSED), walk
    assert walk.failed.scope == "name server"


@pytest.mark.parametrize("text", ["PYRO:nonsense", "nonsense", ""])
def test_a_broadcast_is_answered_with_nonsense(text: str) -> None:
    with answering(text) as port:
        walk = walk_asking(port)
    assert walk.fault == ("name server", Fault.NAME_SERVER_NOT_FOUND), walk


def test_the_name_server_takes_no_connections(full_port: int) -> None:
    began = time.monotonic()
    walk = walk_to("PYRONAME:example.thing", Where("127.0.0.1", full_port), timeout=SHORT)
    assert time.monotonic() - began < 5 * SHORT
    assert walk.fault == ("name server", Fault.NAME_SERVER_NOT_FOUND), walk


def test_a_name_server_over_a_unix_socket(run_daemon: RunDaemon) -> None:
    """It is a daemon like any other; this one serves something else by the name server's id."""
    running = run_daemon(Way("threadpool", "unix"), **{"Pyro.NameServer": Thing()})
    location = running.daemon.uriFor("Pyro.NameServer").location
    assert location
    walk = walk_to(None, Where(location, None))
    assert walk.reached, walk
