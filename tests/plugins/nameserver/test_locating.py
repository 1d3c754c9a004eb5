"""Where the name server is looked for, in which order, for how long, and what is said if it is nowhere."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_nameserver import discovery, locating
from pyroplug_nameserver.locating import Broadcast, Direct, Places, is_here, plan, share

from pyroplug.api import Daemon, Proxy, locate_ns
from pyroplug.errors import (
    AddressError,
    HandshakeError,
    NamingError,
    PluginUnavailableError,
    PyroError,
    SecurityError,
    TimeoutError,
)
from tests.fake_server import Peer, fake_server
from tests.running import Running, settings

from .fake import FakeNames
from .udp import responding

CLOSED = 1
"""A TCP port at which nobody listens."""


@pytest.fixture(autouse=True)
def not_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "PAUSE", 0.1)


# The plan, without a network

HOSTS = st.sampled_from(
    [
        "localhost",
        "127.0.0.1",
        "127.3.2.1",
        "::1",
        "./u:/run/ns",
        "192.168.1.5",
        "names.example.org",
        "fe80::1",
    ]
)
PORTS = st.integers(1, 65535)
PLACES = st.builds(Places, HOSTS, PORTS, PORTS)
MAYBE_PORT = st.none() | PORTS
PLATFORM = st.sampled_from(["linux", "darwin", "win32"])


@given(HOSTS, MAYBE_PORT, st.booleans(), PLACES, PLATFORM)
def test_with_a_host_it_is_looked_for_there_alone(
    host: str, port: int | None, broadcast: bool, places: Places, platform: str
) -> None:
    (step,) = plan(host, port, broadcast, places, platform=platform)
    assert isinstance(step, Direct)
    assert host in step.location
    if not host.startswith("./"):
        assert step.location.endswith(f":{port or places.port}")


@given(MAYBE_PORT, st.booleans(), PLACES, PLATFORM, st.sampled_from(["", None]))
def test_without_a_host(port: int | None, broadcast: bool, places: Places, platform: str, host: Any) -> None:
    steps = plan(host, port, broadcast, places, platform=platform)
    assert len(set(steps)) == len(steps), "nothing is tried twice"
    asking = [step for step in steps if isinstance(step, Broadcast)]
    assert asking == ([Broadcast(port or places.broadcast_port)] if broadcast else [])
    (configured,) = plan(places.host, places.port, False, places)
    assert configured in steps
    if is_here(places.host):
        (here,) = plan(places.host, port, False, places)
        assert steps[0] == here
        assert steps[-1] in (*asking, configured, Direct(f"127.0.1.1:{port or places.port}"))
        if port != places.port and configured != here:
            assert steps[-1] == configured, "the one that was not asked for comes last"
    else:
        assert steps == [*asking, configured]


@given(MAYBE_PORT, st.booleans(), PLACES, PLATFORM)
def test_debians_own_address(port: int | None, broadcast: bool, places: Places, platform: str) -> None:
    steps = plan("", port, broadcast, places, platform=platform)
    debian = Direct(f"127.0.1.1:{port or places.port}")
    wanted = platform == "linux" and is_here(places.host) and not places.host.startswith("./")
    assert (debian in steps) == wanted
    if wanted:
        assert steps.index(debian) == 1


PLACE = Places("names", 9090, 9091)


@pytest.mark.parametrize(
    ("host", "port", "location"),
    [
        ("host", None, "host:9090"),
        ("host", 4711, "host:4711"),
        ("10.0.0.1", None, "10.0.0.1:9090"),
        (ipaddress.ip_address("10.0.0.1"), 4711, "10.0.0.1:4711"),
        ("::1", None, "[::1]:9090"),
        ("[::1]", 4711, "[::1]:4711"),
        (ipaddress.ip_address("::1"), None, "[::1]:9090"),
        ("./u:/run/ns", None, "./u:/run/ns"),
        ("./u:/run/ns", 4711, "./u:/run/ns"),
        ("./other:x y", None, "./other:x y"),
    ],
)
def test_what_a_host_may_be(host: Any, port: int | None, location: str) -> None:
    assert plan(host, port, True, PLACE) == [Direct(location)]


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST.", "localhost.localdomain", "ip6-localhost", "shop.localhost"),
        *("127.0.0.1", "127.9.9.9", "::1", "[::1]", "./u:/run/ns"),
    ],
)
def test_what_is_this_machine(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize(
    "host", ["", "example.org", "127.0.0.1.example.org", "10.0.0.1", "::", "0.0.0.0", "./x:y"]
)
def test_what_is_not_for_certain(host: str) -> None:
    assert not is_here(host)


# The time that the steps share


@given(st.floats(0.001, 1000), st.integers(1, 5), st.floats(0.1, 5))
def test_steps_share_what_is_left(left: float, steps: int, most: float) -> None:
    rest = left
    for at in range(steps, 0, -1):
        mine = share(rest, at, most)
        assert mine is not None
        assert 0 < mine <= rest
        if at > 1:
            assert mine <= most
            rest -= mine
            assert rest >= left / steps * (at - 1) * 0.999, "each of the others has its part"
        else:
            assert mine == rest, "the last one has all of it"


def test_without_a_limit_only_the_last_one_has_none() -> None:
    assert share(None, 2, 3.0) == 3.0
    assert share(None, 1, 3.0) is None


# With servers


@pytest.fixture
def names(run_daemon: Callable[..., Running]) -> Running:
    """A running name server."""
    return run_daemon(**{"Pyro.NameServer": FakeNames(thing="PYRO:thing@h:1")})


def port_of(running: Running) -> int:
    return int(running.daemon.sock.getsockname()[1])


@pytest.fixture
def found() -> Iterator[list[Any]]:
    """Proxies to be released."""
    proxies: list[Any] = []
    yield proxies
    for proxy in proxies:
        proxy._pyroRelease()


@pytest.mark.parametrize("host", ["127.0.0.1", ipaddress.ip_address("127.0.0.1"), "localhost"])
def test_by_host_and_port(names: Running, host: Any) -> None:
    with locate_ns(host, port_of(names), config=settings()) as proxy:
        assert str(proxy._pyroUri) == f"PYRO:Pyro.NameServer@{host}:{port_of(names)}"
        assert proxy._pyroConnection is not None, "it is connected"
        assert proxy.lookup("thing").object == "thing"
    with locate_ns(host, config=settings(NS_PORT=port_of(names))) as proxy:
        proxy.lookup("thing")


def test_by_a_location(run_daemon: Callable[..., Running], tmp_path: Any) -> None:
    path = str(tmp_path / "names")
    run_daemon(daemon={"unixsocket": path}, **{"Pyro.NameServer": FakeNames()})
    with locate_ns(f"./u:{path}", config=settings()) as proxy:
        assert proxy._pyroUri.sockname == path
    with locate_ns(config=settings(NS_HOST=f"./u:{path}", BROADCAST_ADDRS=[])) as proxy:
        assert proxy._pyroUri.sockname == path


def test_at_the_configured_place(names: Running) -> None:
    """On this machine, where nobody has to be asked."""
    with responding() as responder:
        config = settings(NS_PORT=port_of(names), BROADCAST_ADDRS=["127.0.0.1"], NS_BCPORT=responder.port)
        with locate_ns(config=config) as proxy:
            assert proxy._pyroConnection is not None
        assert responder.questions == []


def test_a_port_alone_is_that_of_a_name_server_here(
    names: Running, run_daemon: Callable[..., Running]
) -> None:
    """As with Pyro5, and before the one at the configured port."""
    usual = run_daemon(**{"Pyro.NameServer": FakeNames()})
    config = settings(NS_PORT=port_of(usual), BROADCAST_ADDRS=["127.0.0.1"])
    with locate_ns(port=port_of(names), config=config) as proxy:
        assert proxy._pyroUri.port == port_of(names)
    with locate_ns(port=CLOSED, broadcast=False, config=config) as proxy:
        assert proxy._pyroUri.port == port_of(usual)


def test_what_is_found_is_asked_with_the_askers_configuration(names: Running) -> None:
    config = settings(NS_PORT=port_of(names), COMMTIMEOUT=17.0, SERIALIZER="json")
    with locate_ns(config=config) as proxy:
        assert proxy._pyroTimeout == 17.0
        assert proxy._pyroChannel.settings is config
        assert {"lookup", "yplookup", "list", "count", "ping"} <= proxy._pyroIdempotent


def test_by_asking_the_network(names: Running) -> None:
    with responding(f"PYRO:Pyro.NameServer@127.0.0.1:{port_of(names)}".encode()) as responder:
        config = settings(NS_PORT=CLOSED, BROADCAST_ADDRS=["127.0.0.1"], NS_BCPORT=responder.port)
        with locate_ns(config=config) as proxy:
            assert proxy._pyroConnection is not None
            assert proxy._pyroUri.port == port_of(names)
        config.NS_BCPORT = CLOSED
        with locate_ns(port=responder.port, config=config) as proxy:
            assert proxy._pyroUri.port == port_of(names)
        with pytest.raises(NamingError):
            locate_ns(port=responder.port, broadcast=False, config=config)


def test_of_several_answers_the_first_that_can_be_connected(names: Running) -> None:
    template = "PYRO:Pyro.NameServer@127.0.0.1:{}"
    answers = [b"nonsense", template.format(CLOSED).encode(), template.format(port_of(names)).encode()]
    with responding(*answers) as responder:
        config = settings(NS_PORT=CLOSED, BROADCAST_ADDRS=["127.0.0.1"], NS_BCPORT=responder.port)
        with locate_ns(config=config) as proxy:
            assert proxy._pyroUri.port == port_of(names)


def test_answers_that_lead_nowhere_come_to_an_end(names: Running) -> None:
    answers = [f"PYRO:Pyro.NameServer@127.0.0.1:{port}".encode() for port in range(1, 60)]
    with responding(*answers) as responder:
        config = settings(NS_PORT=CLOSED, BROADCAST_ADDRS=["127.0.0.1"], NS_BCPORT=responder.port)
        with pytest.raises(NamingError) as caught:
            locate_ns(config=config)
    assert str(caught.value).count("a broadcast was answered, and cannot connect to 127.0.0.1:") == 8


def test_elsewhere_the_network_is_asked_first(names: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locating, "is_here", lambda host: False)
    with responding() as responder:
        config = settings(
            NS_HOST="127.0.0.1",
            NS_PORT=port_of(names),
            BROADCAST_ADDRS=["127.0.0.1"],
            NS_BCPORT=responder.port,
        )
        with locate_ns(config=config) as proxy:
            assert proxy._pyroUri.port == port_of(names)
        assert len(responder.questions) == 3


# What is said


def refused(config: Any, *arguments: Any, **keywords: Any) -> NamingError:
    with pytest.raises(NamingError) as caught:
        locate_ns(*arguments, config=config, **keywords)
    return caught.value


def test_nowhere() -> None:
    error = refused(settings(NS_PORT=CLOSED, BROADCAST_ADDRS=["127.0.0.1"], NS_BCPORT=CLOSED))
    text = str(error)
    assert f"no name server found: cannot connect to localhost:{CLOSED}: " in text
    assert f"nobody answered a broadcast to UDP port {CLOSED}" in text
    assert "pyroplug ns" in (error.hint or "")
    assert "pyroplug doctor" in (error.hint or "")
    assert text.count("hint:") == 1
    assert isinstance(error.__cause__, AddressError)
    assert isinstance(error.__cause__.__cause__, OSError)


def test_not_there() -> None:
    error = refused(settings(), "127.0.0.1", CLOSED)
    assert f"no name server found: cannot connect to 127.0.0.1:{CLOSED}" in str(error)
    assert "broadcast" not in str(error).partition("\n")[0]


def test_nobody_could_be_asked() -> None:
    for addresses in ([], ["no such address.invalid"]):
        error = refused(settings(NS_PORT=CLOSED, BROADCAST_ADDRS=addresses))
        assert "no broadcast could be sent to UDP port 9091: " in str(error)


def test_nonsense_is_told() -> None:
    with responding(b"nonsense") as responder:
        config = settings(NS_PORT=CLOSED, BROADCAST_ADDRS=["127.0.0.1"], NS_BCPORT=responder.port)
        error = refused(config)
    assert "but for 3 datagrams that were no name server's" in str(error)


def test_another_daemon_at_the_place(run_daemon: Callable[..., Running]) -> None:
    error = refused(settings(), "127.0.0.1", port_of(run_daemon()))
    assert "unknown object" in str(error)
    assert isinstance(error.__cause__, HandshakeError)


def test_something_else_at_the_place() -> None:
    """Nothing of Pyro's: it answers, and in another language."""

    def script(peer: Peer) -> None:
        peer.sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" + b" " * 40)
        peer.receive()

    with fake_server(script) as server:
        location = server.uri.partition("@")[2]
        host, _, port = location.partition(":")
        error = refused(settings(BROADCAST_ADDRS=[], NS_HOST=host, NS_PORT=int(port)))
    assert location in str(error)
    assert isinstance(error.__cause__, PyroError)


class Closed(Daemon):
    def validateHandshake(self, conn: Any, data: Any) -> Any:
        raise SecurityError("members only")


def test_a_name_server_that_refuses_is_of_more_interest_than_empty_addresses(
    run_daemon: Callable[..., Running],
) -> None:
    running = run_daemon(cls=Closed, **{"Pyro.NameServer": FakeNames()})
    with responding(f"PYRO:Pyro.NameServer@127.0.0.1:{port_of(running)}".encode()) as responder:
        config = settings(NS_PORT=CLOSED, BROADCAST_ADDRS=["127.0.0.1"], NS_BCPORT=responder.port)
        error = refused(config)
    assert "members only" in str(error)
    assert "start one" not in str(error.hint)
    assert "refuses" in str(error.hint)
    assert isinstance(error.__cause__, (AddressError, HandshakeError))


SECRET = "open sesame, and quickly"


def test_secrets_are_the_configurations(run_daemon: Callable[..., Running]) -> None:
    guarded = run_daemon(
        HANDSHAKE_VALIDATORS=["shared-secret"],
        HANDSHAKE_SECRET=SECRET,
        **{"Pyro.NameServer": FakeNames()},
    )
    with locate_ns("127.0.0.1", port_of(guarded), config=settings(HANDSHAKE_SECRET=SECRET)) as proxy:
        assert proxy._pyroConnection is not None
    error = refused(settings(), "127.0.0.1", port_of(guarded))
    assert isinstance(error.__cause__, HandshakeError)
    assert "HANDSHAKE_SECRET" in str(error.hint)  # the server's own, instead of how to start another one


def test_who_cannot_prove_it_is_passed_by_in_the_network_and_an_error_at_the_place(
    run_daemon: Callable[..., Running],
) -> None:
    impostor = run_daemon(**{"Pyro.NameServer": FakeNames()})
    true = run_daemon(
        HANDSHAKE_VALIDATORS=["shared-secret"],
        HANDSHAKE_SECRET=SECRET,
        **{"Pyro.NameServer": FakeNames()},
    )
    config = settings(HANDSHAKE_SECRET=SECRET, HANDSHAKE_PROOFS=["shared-secret"], NS_PORT=CLOSED)
    with pytest.raises(SecurityError):
        locate_ns("127.0.0.1", port_of(impostor), config=config)
    answers = [f"PYRO:Pyro.NameServer@127.0.0.1:{port_of(it)}".encode() for it in (impostor, true)]
    with responding(*answers) as responder:
        config.BROADCAST_ADDRS, config.NS_BCPORT = ["127.0.0.1"], responder.port
        with locate_ns(config=config) as proxy:
            assert proxy._pyroUri.port == port_of(true)


def test_what_is_wrong_with_the_configuration_is_told_at_once() -> None:
    with pytest.raises(PluginUnavailableError):
        locate_ns("127.0.0.1", config=settings(SERIALIZER="absent"))
    with pytest.raises(PyroError, match="is no host name"):
        locate_ns("no host", config=settings())


# Time


@pytest.fixture
def silent() -> Iterator[int]:
    """A port at which somebody listens who never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_silent_place_leaves_time_for_the_others(names: Running, silent: int) -> None:
    with responding(f"PYRO:Pyro.NameServer@127.0.0.1:{port_of(names)}".encode()) as responder:
        config = settings(
            NS_PORT=silent, BROADCAST_ADDRS=["127.0.0.1"], NS_BCPORT=responder.port, COMMTIMEOUT=1.5
        )
        with locate_ns(config=config) as proxy:
            assert proxy._pyroUri.port == port_of(names)


def test_without_a_limit_a_silent_place_is_given_up_as_well(
    names: Running, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locating, "PROBE", 0.1)
    with responding(f"PYRO:Pyro.NameServer@127.0.0.1:{port_of(names)}".encode()) as responder:
        config = settings(NS_PORT=silent, BROADCAST_ADDRS=["127.0.0.1"], NS_BCPORT=responder.port)
        with locate_ns(config=config) as proxy:
            assert proxy._pyroUri.port == port_of(names)


def test_when_the_time_is_over(silent: int) -> None:
    error = refused(settings(COMMTIMEOUT=0.2), "127.0.0.1", silent)
    assert "within " in str(error)
    assert isinstance(error.__cause__, TimeoutError)


def test_a_proxys_limit_bounds_the_search(silent: int) -> None:
    with Proxy("PYRONAME:thing", config=settings(NS_PORT=silent, BROADCAST_ADDRS=[])) as proxy:
        proxy._pyroTimeout = 0.2
        with pytest.raises(NamingError, match="no name server found") as caught:
            proxy._pyroBind()
    assert str(silent) in str(caught.value)
