"""Dead names are removed, and no others, whatever transport they have and whatever happens."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyroplug_nameserver import cleaning
from pyroplug_nameserver.cleaning import AutoCleaner
from pyroplug_nameserver.daemon import NameServerDaemon
from pyroplug_nameserver.server import NameServer
from pyroplug_nameserver.storages.memory import MemoryStore
from pyroplug_transports.tcp import TcpTransport

from pyroplug.api import Daemon, Proxy
from pyroplug.config import Configuration
from pyroplug.errors import AddressError, ConfigError, NamingError, TimeoutError
from tests.certificates import Authority
from tests.plugins.tools.programs import free_port
from tests.running import settings
from tests.support import wait_until

OWN = "Pyro.NameServer"


@pytest.fixture
def config() -> Configuration:
    return settings(NS_AUTOCLEAN=3.0, COMMTIMEOUT=0.5)


@pytest.fixture
def names(config: Configuration) -> NameServer:
    return NameServer(own=lambda: f"PYRO:{OWN}@127.0.0.1:1", config=config)


@contextmanager
def serving(**arguments: Any) -> Iterator[Daemon]:
    with Daemon(**arguments) as daemon:
        thread = threading.Thread(target=daemon.requestLoop)
        thread.start()
        try:
            yield daemon
        finally:
            daemon.shutdown()
            thread.join()


def cleaned(cleaner: AutoCleaner, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What is left after two rounds, the second one when what is dead has been so for long enough."""
    cleaner.clean()
    later = time.monotonic() + cleaner.max_unreachable_time
    with monkeypatch.context() as patch:
        patch.setattr(cleaning.time, "monotonic", lambda: later)
        cleaner.clean()
    return set(cleaner.nameserver.list())


def test_what_is_gone_for_long_enough_is_removed(
    names: NameServer, config: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = f"127.0.0.1:{free_port()}"
    with serving(config=settings()) as daemon:
        names.register("alive", daemon.uriFor("x"))
        names.register("dead1", f"PYRO:x@{dead}")
        names.register("dead2", f"PYRO:y@{dead}")
        cleaner = AutoCleaner(names, config=config)
        cleaner.clean()
        assert set(cleaner.unreachable) == {dead}
        assert set(names.list()) == {OWN, "alive", "dead1", "dead2"}, "not at once"
        cleaner.clean()
        assert set(names.list()) == {OWN, "alive", "dead1", "dead2"}, "not yet"
        assert cleaned(cleaner, monkeypatch) == {OWN, "alive"}
        assert not cleaner.unreachable


def test_what_comes_back_is_kept(
    names: NameServer, config: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    names.register("a", f"PYRO:x@127.0.0.1:{port}")
    cleaner = AutoCleaner(names, config=config)
    cleaner.clean()
    assert cleaner.unreachable
    with serving(port=port, config=settings()):
        assert cleaned(cleaner, monkeypatch) == {OWN, "a"}
        assert not cleaner.unreachable


def test_unix_sockets_alive_and_dead(
    names: NameServer, config: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(unixsocket=str(tmp_path / "alive.sock"), config=settings()):
        names.register("alive", f"PYRO:x@./u:{tmp_path / 'alive.sock'}")
        names.register("dead", f"PYRO:x@./u:{tmp_path / 'dead.sock'}")
        assert cleaned(AutoCleaner(names, config=config), monkeypatch) == {OWN, "alive"}


def test_who_refuses_is_there(
    names: NameServer, config: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = settings(HANDSHAKE_VALIDATORS=["shared-secret"], HANDSHAKE_SECRET="sixteen characters at least")
    with serving(config=guarded) as daemon:
        names.register("guarded", daemon.uriFor("x"))
        assert cleaned(AutoCleaner(names, config=config), monkeypatch) == {OWN, "guarded"}


@pytest.mark.parametrize("asking", ["with a certificate", "without one", "without TLS"])
@pytest.mark.parametrize("answering", ["with TLS", "without"])
def test_over_tls_or_not_who_is_there_is_kept(
    names: NameServer,
    config: Configuration,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    asking: str,
    answering: str,
) -> None:
    authority = Authority(tmp_path)
    own, friend = authority.issue("own"), authority.issue("friend")
    items = {**own.server(), "SSL_REQUIRECLIENTCERT": True, "SSL_CACERTS": authority.file}
    if asking != "without TLS":
        config.SSL, config.SSL_CACERTS = True, authority.file
    if asking == "with a certificate":
        config.SSL_CLIENTCERT, config.SSL_CLIENTKEY = friend.cert, friend.key
    with serving(config=settings(**items if answering == "with TLS" else {})) as daemon:
        names.register("alive", daemon.uriFor("x"))
        names.register("dead", f"PYRO:x@127.0.0.1:{free_port()}")
        assert cleaned(AutoCleaner(names, config=config), monkeypatch) == {OWN, "alive"}


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """Somebody who is no daemon of ours, and what he does with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:

        def run() -> None:
            while True:
                try:
                    sock = stack.enter_context(listener.accept()[0])
                except OSError:
                    return
                answer(sock)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


TLS_ALERT = bytes.fromhex("15030300020228")


@pytest.mark.parametrize(
    "answer",
    [
        lambda sock: sock.sendall(TLS_ALERT),
        lambda sock: sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 100),
        lambda sock: sock.close(),
        lambda sock: None,
    ],
    ids=["TLS", "HTTP", "closes", "silent"],
)
def test_whoever_takes_the_connection_is_there(
    names: NameServer, config: Configuration, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    with answering(answer) as location:
        names.register("odd", f"PYRO:x@{location}")
        assert cleaned(AutoCleaner(names, config=config), monkeypatch) == {OWN, "odd"}


def test_what_cannot_be_judged_is_kept(
    names: NameServer, config: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {
        "elsewhere": "PYRO:x@./carrier-pigeon:coop",
        "name": "PYRONAME:other",
        "tags": "PYROMETA:a,b",
    }
    for name, uri in kept.items():
        names.register(name, uri)
    names.storage.put(names.storage.get("name")._replace(name="junk", uri="no uri"), replace=True)
    assert cleaned(AutoCleaner(names, config=config), monkeypatch) == {OWN, "junk", *kept}


@pytest.mark.parametrize(
    ("fault", "gone"),
    [
        (OSError(errno.EMFILE, "Too many open files"), False),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), False),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), False),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), False),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), True),
        (OSError(errno.EHOSTUNREACH, "No route to host"), True),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), True),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "before", [None, TimeoutError("nothing was said")], ids=["at once", "when it is late"]
)
def test_troubles_of_this_machine_are_not_the_addresses(
    names: NameServer,
    config: Configuration,
    monkeypatch: pytest.MonkeyPatch,
    fault: OSError,
    gone: bool,
    before: Exception | None,
) -> None:
    """Who has no more files, or no network, would find everybody dead, and forget all names."""

    def bind(self: Proxy) -> None:
        raise before or refused()

    def refused(*_: object) -> AddressError:
        error = AddressError("it cannot be connected")
        error.__cause__ = fault
        return error

    def connect(*_: object) -> None:
        raise refused()

    monkeypatch.setattr(Proxy, "_pyroBind", bind)
    monkeypatch.setattr(TcpTransport, "connect", connect)
    names.register("a", "PYRO:x@host:1")
    assert cleaned(AutoCleaner(names, config=config), monkeypatch) == ({OWN} if gone else {OWN, "a"})


def test_what_is_registered_anew_meanwhile_is_kept(
    names: NameServer, config: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    names.register("a", f"PYRO:x@127.0.0.1:{free_port()}")
    cleaner = AutoCleaner(names, config=config)
    cleaner.clean()

    def moves(*_: Any) -> bool:
        names.register("a", "PYRO:x@127.0.0.1:9")
        return False

    monkeypatch.setattr(cleaning, "is_there", moves)
    assert cleaned(cleaner, monkeypatch) == {OWN, "a"}


def test_an_address_is_asked_once_and_many_at_a_time(
    names: NameServer, config: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1000):
        names.register(f"n{number}", f"PYRO:x{number}@host{number % 40}:1")
    asked: list[str] = []
    together = threading.Barrier(20)

    def there(location: str, *_: Any) -> bool:
        asked.append(location)
        together.wait(20)
        return True

    monkeypatch.setattr(cleaning, "is_there", there)
    AutoCleaner(names, config=config).clean()
    assert sorted(asked) == sorted({f"host{number}:1" for number in range(40)})


def test_a_failing_store_and_failing_questions_end_nothing(
    names: NameServer, config: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []

    def failing(*_: Any, **__: Any) -> Any:
        rounds.append(1)
        raise NamingError("the disk is gone") if len(rounds) % 2 else RuntimeError("a fault")

    monkeypatch.setattr(AutoCleaner, "override_autoclean_min", True)
    config.NS_AUTOCLEAN = 0.01
    monkeypatch.setattr(names.storage, "find", failing)
    cleaner = AutoCleaner(names, config=config)
    cleaner.start()
    wait_until(lambda: len(rounds) > 4, "some rounds")
    assert cleaner.is_alive()
    cleaner.stop = True
    cleaner.join()


def test_a_daemon_cleans_and_ends_its_cleaner(config: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AutoCleaner, "override_autoclean_min", True)
    monkeypatch.setattr(AutoCleaner, "max_unreachable_time", 0.05)
    config.NS_AUTOCLEAN = 0.02
    store = MemoryStore()
    with NameServerDaemon("127.0.0.1", 0, storage=store, config=config) as daemon:
        thread = threading.Thread(target=daemon.requestLoop)
        thread.start()
        with Proxy(daemon.uriFor(OWN), config=settings()) as proxy:
            proxy.register("dead", f"PYRO:x@127.0.0.1:{free_port()}")
            wait_until(lambda: proxy.count() == 1, "the dead name to be removed")
        cleaner = daemon.cleaner_thread
        assert cleaner is not None
        daemon.close()
        thread.join()
        assert not cleaner.is_alive()
        assert daemon.cleaner_thread is None


def test_a_period_that_is_too_short_is_refused(names: NameServer, config: Configuration) -> None:
    config.NS_AUTOCLEAN = 2.0
    for error in (ConfigError, ValueError):
        with pytest.raises(error, match="cannot be smaller than 3"):
            AutoCleaner(names, config=config)
