"""The daemon of a name server, and how one is started."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyroplug_nameserver.daemon import NameServerDaemon
from pyroplug_nameserver.storages.memory import MemoryStore

from pyroplug.api import URI, Daemon, Proxy, locate_ns, start_ns, start_ns_loop
from pyroplug.config import Configuration
from pyroplug.errors import AddressError, ConfigError, HandshakeError, NamingError, PluginError
from pyroplug.hookspecs import hookimpl
from pyroplug.plugins import PluginSet

OWN = "Pyro.NameServer"
SECRET = "sixteen characters at least"


@pytest.fixture
def config() -> Configuration:
    config = Configuration(environ={})
    config.COMMTIMEOUT = 10.0
    return config


@contextmanager
def serving(daemon: Daemon) -> Iterator[Any]:
    thread = threading.Thread(target=daemon.requestLoop)
    thread.start()
    try:
        yield daemon
    finally:
        daemon.close()
        thread.join()


def test_a_name_server_is_started_and_found(config: Configuration) -> None:
    uri, daemon, responder = start_ns("127.0.0.1", 0, config=config)
    assert responder is None, "nobody on the network can reach it"
    with serving(daemon):
        assert uri == daemon.uriFor(OWN)
        with locate_ns("127.0.0.1", uri.port, config=config) as names:
            assert names.lookup(OWN) == uri
            names.register("a", "PYRO:a@host:1", metadata=["x"])
            assert names.list(prefix="a", return_metadata=True) == {"a": ("PYRO:a@host:1", {"x"})}
        with Proxy(f"PYRONAME:{OWN}@127.0.0.1:{uri.port}", config=config) as names:
            assert names.count() == 2


def test_a_name_server_at_a_unix_socket(config: Configuration, tmp_path: Path) -> None:
    path = str(tmp_path / "ns.sock")
    uri, daemon, responder = start_ns(unixsocket=path, config=config)
    assert responder is None
    assert uri == URI(f"PYRO:{OWN}@./u:{path}")
    with serving(daemon), Proxy(uri, config=config) as names:
        assert names.list() == {OWN: str(uri)}


def test_the_port_is_the_configured_one(config: Configuration) -> None:
    with Daemon(host="127.0.0.1", config=config) as other:
        config.NS_PORT = other.uriFor("x").port
        config.HOST = "127.0.0.1"
        with pytest.raises(AddressError):
            NameServerDaemon(config=config)


def test_behind_nat_the_outer_address_is_published(config: Configuration) -> None:
    uri, daemon, _ = start_ns("127.0.0.1", 0, nathost="ns.example", natport=5555, config=config)
    with daemon:
        assert str(uri) == f"PYRO:{OWN}@ns.example:5555"
        assert daemon.nameserver.lookup(OWN) == uri


def test_a_storage_is_chosen_by_name_and_lasts(config: Configuration, tmp_path: Path) -> None:
    storage = f"sql:{tmp_path / 'names.db'}"
    with NameServerDaemon("127.0.0.1", 0, storage=storage, config=config) as daemon:
        daemon.nameserver.register("a", "PYRO:a@host:1")
    assert daemon.nameserver is None
    with NameServerDaemon("127.0.0.1", 0, storage=storage, config=config) as daemon:
        assert daemon.nameserver.lookup("a") == URI("PYRO:a@host:1")
        assert daemon.nameserver.count() == 2


def test_a_store_can_be_given_and_is_closed_with_the_daemon(config: Configuration) -> None:
    store = MemoryStore()
    with NameServerDaemon("127.0.0.1", 0, storage=store, config=config) as daemon:
        assert daemon.nameserver.storage is store
    with pytest.raises(NamingError, match="closed"):
        store.count()
    daemon.close()


@pytest.mark.parametrize("storage", ["dbm:file", "sql:", "sql::memory:", "memory:x"])
def test_a_storage_that_there_is_not_is_a_value_error(config: Configuration, storage: str) -> None:
    with pytest.raises(ValueError, match=r"storage|sql"):
        NameServerDaemon("127.0.0.1", 0, storage=storage, config=config)


class Broken:
    """A storage of somebody else's."""

    name = "broken"

    def __init__(self, opened: Any) -> None:
        self._opened = opened

    def open(self, _address: str, _settings: Any, /) -> Any:
        if isinstance(self._opened, Exception):
            raise self._opened
        return self._opened

    @hookimpl
    def pyroplug_name_storages(self) -> list[Any]:
        return [self]


@pytest.mark.parametrize(
    ("opened", "told"),
    [
        (None, "has no 'get'"),
        (object(), "has no 'get'"),
        (KeyError("x"), "its open() raised KeyError"),
        (ValueError("x"), "its open() raised ValueError"),
    ],
)
def test_a_faulty_storage_is_blamed(config: Configuration, opened: Any, told: str) -> None:
    plugins = PluginSet(plugins={"acme": Broken(opened)})
    with pytest.raises(PluginError, match="the name storage 'broken'") as caught:
        NameServerDaemon("127.0.0.1", 0, storage="broken:here", config=config, plugins=plugins)
    assert told in str(caught.value)
    assert "plugin's fault" in str(caught.value.hint)


def test_where_the_daemon_fails_the_storage_is_closed(config: Configuration) -> None:
    store = MemoryStore()
    with pytest.raises(AddressError):
        NameServerDaemon("host.invalid.", 0, storage=store, config=config)
    with pytest.raises(NamingError, match="closed"):
        store.count()


def test_who_cleans_too_often_is_told(config: Configuration) -> None:
    config.NS_AUTOCLEAN = 2.9
    for error in (ConfigError, ValueError):
        with pytest.raises(error, match="cannot be smaller than 3"):
            NameServerDaemon("127.0.0.1", 0, config=config)


def test_handshake_validators_protect_it(config: Configuration) -> None:
    config.HANDSHAKE_VALIDATORS = ("shared-secret",)
    config.HANDSHAKE_SECRET = SECRET
    uri, daemon, _ = start_ns("127.0.0.1", 0, config=config)
    with serving(daemon):
        stranger = Configuration(environ={})
        with pytest.raises((HandshakeError, NamingError)):
            locate_ns("127.0.0.1", uri.port, config=stranger)
        with locate_ns("127.0.0.1", uri.port, config=config) as names:
            names.register("a", "PYRO:a@host:1")
            assert names.count() == 2


def test_the_loop_tells_where_it_is_and_ends(
    config: Configuration, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = f"sql:{tmp_path / 'names.db'}"
    with NameServerDaemon("127.0.0.1", 0, storage=store, config=config) as daemon:
        daemon.nameserver.register("a", "PYRO:a@host:1")
    config.POLLTIMEOUT = 0.05
    start_ns_loop("127.0.0.1", 0, storage=store, loopCondition=lambda: False, config=config)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Not starting broadcast server")
    assert "contains 1 existing registrations" in lines[1]
    assert lines[2].startswith("NS running on 127.0.0.1:")
    assert lines[2].endswith("(127.0.0.1)")
    assert lines[3].startswith(f"URI = PYRO:{OWN}@127.0.0.1:")
    assert lines[4] == "NS shut down."
