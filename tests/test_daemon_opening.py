"""Making a daemon: where it listens, what it publishes, and what it refuses to start with."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import Daemon, DaemonObject, Proxy, expose
from pyroplug.errors import (
    AddressError,
    ConfigError,
    DaemonError,
    PluginUnavailableError,
    PyroError,
    SecurityError,
)

from .running import Running, settings


@expose
class Thing:
    def name(self) -> str:
        return "thing"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that is in use."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


# Where


def test_it_listens_once_it_is_made() -> None:
    with Daemon(config=settings()) as daemon:
        host, _, port = daemon.locationStr.rpartition(":")
        assert host == "127.0.0.1"
        with socket.create_connection((host, int(port))):
            assert daemon.sock.getsockname() == (host, int(port))
        assert daemon.locations == [daemon.locationStr]
        assert daemon.natLocationStr is None
        assert daemon.locationStr in repr(daemon)


def test_the_configuration_says_where_if_nothing_else_does() -> None:
    with Daemon(config=settings(HOST="localhost")) as daemon:
        assert daemon.locationStr.startswith("localhost:")
    with Daemon("127.0.0.1", config=settings(HOST="no such host")) as daemon:
        assert daemon.locationStr.startswith("127.0.0.1:")


def test_addresses_as_objects() -> None:
    with Daemon(ipaddress.ip_address("127.0.0.1"), config=settings()) as daemon:
        assert daemon.uriFor("x").host == "127.0.0.1"


def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with Daemon(unixsocket=str(path), config=settings()) as daemon:
        assert path.is_socket()
        assert daemon.locationStr == f"./u:{path}"
        assert str(daemon.uriFor("thing")) == f"PYRO:thing@./u:{path}"
    assert not path.exists()


def test_many_locations_at_once(run_daemon: Callable[..., Running], tmp_path: Path) -> None:
    locations = ["127.0.0.1:0", f"./u:{tmp_path / 'a'}", "127.0.0.1:0", f"./u:{tmp_path / 'b'}"]
    running = run_daemon(daemon={"listen": locations}, thing=Thing())
    daemon = running.daemon
    assert len(daemon.locations) == len(set(daemon.locations)) == 4
    assert daemon.locationStr == daemon.locations[0]
    assert daemon.uriFor("thing").location == daemon.locations[0]
    assert daemon.locations[1] == locations[1]
    for location in daemon.locations:
        with Proxy(f"PYRO:thing@{location}") as proxy:
            assert proxy.name() == "thing"
    running.stop()
    assert not list(tmp_path.iterdir())


def test_one_location_as_a_text() -> None:
    with Daemon(listen="127.0.0.1:0", config=settings()) as daemon:
        assert len(daemon.locations) == 1


# What is published


def test_nat(run_daemon: Callable[..., Running]) -> None:
    daemon = run_daemon(daemon={"nathost": "example.org", "natport": 4000}, thing=Thing()).daemon
    assert daemon.natLocationStr == "example.org:4000"
    assert str(daemon.uriFor("thing")) == "PYRO:thing@example.org:4000"
    assert daemon.uriFor("thing", nat=False).location == daemon.locationStr
    assert daemon.proxyFor("thing")._pyroUri.location == "example.org:4000"
    with daemon.proxyFor("thing", nat=False) as proxy:
        assert proxy.name() == "thing"


def test_nat_with_the_real_port() -> None:
    port = ""
    for natport in (0, None):
        with Daemon(nathost="example.org", natport=natport, config=settings()) as daemon:
            port = daemon.locationStr.rpartition(":")[2]
            assert daemon.natLocationStr == f"example.org:{port}"


def test_nat_from_the_configuration(tmp_path: Path) -> None:
    with Daemon(config=settings(NATHOST="example.org", NATPORT=4000)) as daemon:
        assert daemon.natLocationStr == "example.org:4000"
    with Daemon(unixsocket=str(tmp_path / "s"), config=settings(NATHOST="example.org")) as daemon:
        assert daemon.natLocationStr == daemon.locationStr


def test_nat_with_an_ipv6_address_has_brackets() -> None:
    with Daemon(nathost="2001:db8::1", natport=4000, config=settings()) as daemon:
        assert str(daemon.uriFor("x")) == "PYRO:x@[2001:db8::1]:4000"


# Refusals


def refused(error: type[Exception], *named: object, **arguments: Any) -> str:
    """What a daemon says that does not start; each word of ``named`` is in it, and a hint."""
    arguments.setdefault("config", settings())
    with pytest.raises(error) as caught:
        Daemon(**arguments)
    text = str(caught.value)
    assert isinstance(caught.value, PyroError)
    assert caught.value.hint
    for word in named:
        assert str(word) in text
    return text


def test_a_port_in_use(taken: int) -> None:
    assert "in use" in refused(AddressError, taken, port=taken)


def test_what_was_opened_before_a_refusal_is_closed(taken: int, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    refused(AddressError, taken, listen=["127.0.0.1:0", f"./u:{path}", f"127.0.0.1:{taken}"])
    assert not path.exists()


@pytest.mark.parametrize("port", [-1, 65536, "80", 1.5, True, None])
def test_impossible_ports(port: Any) -> None:
    refused(AddressError, repr(port), port=port)


def test_a_host_that_is_not_here() -> None:
    refused(AddressError, "192.0.2.1", host="192.0.2.1")
    refused(AddressError, "no such host", host="no such host")


def test_a_missing_folder(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "socket"
    refused(AddressError, path, unixsocket=str(path))


def test_unknown_names() -> None:
    assert "threadpool" in refused(PluginUnavailableError, "quantum", config=settings(SERVERTYPE="quantum"))
    refused(PluginUnavailableError, "morse", config=settings(SERIALIZERS_ACCEPTED=("morse",)))
    refused(PluginUnavailableError, "morse", config=settings(SERIALIZER="morse"))
    refused(PluginUnavailableError, "nobody", config=settings(HANDSHAKE_VALIDATORS=("nobody",)))
    refused(PluginUnavailableError, "nobody", handshake=["nobody"])
    refused(PluginUnavailableError, "nothing", config=settings(RESOURCE_TRACKER="nothing"))
    refused(PluginUnavailableError, "pigeon", listen=["./pigeon:loft"])


@pytest.mark.parametrize("listen", [[], [5], ["./without a colon"], ["127.0.0.1:port"], ["127.0.0.1:70000"]])
def test_what_is_no_location(listen: Any) -> None:
    refused(AddressError, listen=listen)


def test_nat_that_makes_no_sense(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    refused(ConfigError, "example.org", path, nathost="example.org", unixsocket=path)
    refused(ConfigError, 4000, natport=4000)
    refused(ConfigError, 70000, nathost="example.org", natport=70000)
    refused(ConfigError, -1, nathost="example.org", natport=-1)
    refused(ConfigError, "'80'", nathost="example.org", natport="80")
    with pytest.raises(ValueError, match="needs a nathost"):
        Daemon(natport=4000, config=settings())


def test_settings_that_the_server_cannot_work_with() -> None:
    refused(ConfigError, "THREADPOOL_SIZE_MIN", config=settings(THREADPOOL_SIZE=5, THREADPOOL_SIZE_MIN=6))


class BadInterface(DaemonObject):
    def __init__(self, daemon: Daemon) -> None:
        raise RuntimeError("no interface today")


class Nothing(DaemonObject):
    """Loses what it inherits, as nothing of it is exposed."""

    ping = registered = info = get_metadata = None  # type: ignore[assignment]
    get_next_stream_item = get_next_stream_items = close_stream = None  # type: ignore[assignment]


def test_a_failing_interface_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with pytest.raises(RuntimeError, match="no interface today"):
        Daemon(unixsocket=str(path), interface=BadInterface, config=settings())
    assert not path.exists()
    with pytest.raises(DaemonError, match="exposes nothing"):
        Daemon(interface=Nothing, config=settings())


def test_what_is_no_socket() -> None:
    refused(AddressError, "a text", connected_socket="a text")
    with socket.socket() as unconnected, pytest.raises(AddressError):
        Daemon(connected_socket=unconnected, config=settings())


# The handshake's validators


class Nobody:
    name = "nobody"

    def open(self, settings: Any) -> Any:
        return self

    def validate(self, hello: Any) -> None:
        raise SecurityError(f"nobody may use {hello.object_id}")


def test_validators_as_objects(run_daemon: Callable[..., Running]) -> None:
    running = run_daemon(daemon={"handshake": [Nobody()]}, thing=Thing())
    with pytest.raises(PyroError, match="nobody may use thing"):
        running.proxy().name()


def test_a_daemon_that_never_came_to_be_can_be_closed(taken: int) -> None:
    daemon = Daemon.__new__(Daemon)
    with pytest.raises(AddressError):
        daemon.__init__(port=taken, config=settings())  # type: ignore[misc]
    daemon.close()
    assert "Daemon" in repr(daemon)
