"""``pyroplug serve``: real processes, called by either library, and known to a real name server."""

from __future__ import annotations

import importlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pyroplug_tools import keeping
from pyroplug_tools.keeping import kept_name

from pyroplug.api import URI, Proxy
from pyroplug.cli import main
from pyroplug.config import Configuration
from pyroplug.errors import NamingError
from tests.plugins.tools.programs import (
    LIBRARIES,
    NameServer,
    finding,
    free_port,
    name_server,
    program,
    typed,
)
from tests.support import PATIENCE, wait_until

SHOP = """
from pyroplug.api import behavior, expose

@expose
@behavior(instance_mode="single")
class Shop:
    def __init__(self):
        self.sold = 0
    def sell(self):
        self.sold += 1
        return self.sold

shop = Shop()

class Shed:
    def open(self):
        pass

class Slotted:
    __slots__ = ()
    @expose
    def open(self):
        pass

def make():
    return Slotted()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


@pytest.fixture(scope="module", params=LIBRARIES)
def names(request: pytest.FixtureRequest) -> Iterator[NameServer]:
    with name_server(library=request.param) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_is_known(request: pytest.FixtureRequest) -> None:
    if "names" in request.fixturenames:
        with Proxy(request.getfixturevalue("names").uri) as server:
            server.remove(regex=".*")


def serving(folder: Path, *arguments: str, names: NameServer | None = None) -> Any:
    environment = names.environment if names else {}
    return program("-m", "pyroplug", "serve", *arguments, folder=folder, **environment)


def registered(names: NameServer) -> dict[str, Any]:
    with Proxy(names.uri) as server:
        found: dict[str, Any] = server.list(return_metadata=True)
        return {name: (uri, set(tags)) for name, (uri, tags) in found.items() if name != "Pyro.NameServer"}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("target", ["shop:Shop", "shop:shop"])
def test_a_class_or_an_object_can_be_called(folder: Path, library: str, target: str) -> None:
    api = importlib.import_module(f"{library}.api")
    with serving(folder, target, "--id", "counter", "-H", "127.0.0.1") as server:
        uri = server.line()
        assert uri.startswith("PYRO:counter@127.0.0.1:")
        with api.Proxy(uri) as shop:
            assert [shop.sell(), shop.sell()] == [1, 2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("model", ["threadpool", "multiplex"])
def test_it_ends_in_order_as_soon_as_its_uri_is_known(folder: Path, number: int, model: str) -> None:
    """However little it has begun by then."""
    with serving(folder, "shop:Shop", "--server", model) as server:
        server.line()
        assert server.end(number) == 0
        assert (list(server.out), list(server.err)) == ([], [])


def test_after_a_while_as_well(folder: Path) -> None:
    with serving(folder, "shop:Shop") as server:
        with Proxy(server.line()) as shop:
            assert shop.sell() == 1
        assert server.end(signal.SIGTERM) == 0


def test_an_id_that_nobody_can_guess(folder: Path) -> None:
    with serving(folder, "shop:Shop") as server:
        assert len(URI(server.line()).object) > 30


def test_where_it_listens(folder: Path, tmp_path: Path) -> None:
    for arguments, location in (
        (["-u", "a socket"], "./u:a socket"),
        (["--listen", "./u:other", "--listen", "127.0.0.1:0"], "./u:other"),
        (["--transport", "unix:third", "--transport", "tcp:127.0.0.1:0"], "./u:third"),
    ):
        with serving(folder, "shop:Shop", *arguments) as server:
            uri = URI(server.line())
            assert uri.location == location
            assert typed("call", str(uri), "sell", folder=folder) == (0, "1\n", "")


def test_a_name_is_known_as_long_as_it_serves(folder: Path, names: NameServer) -> None:
    with serving(folder, "shop:Shop", "--name", "my.shop", "--tag", "b", "--tag", "a", names=names) as server:
        uri = server.line()
        assert registered(names) == {"my.shop": (uri, {"a", "b"})}
        assert typed("call", "my.shop", "sell", environment=names.environment) == (0, "1\n", "")
        assert server.end(signal.SIGTERM) == 0
        assert list(server.err) == []
    assert registered(names) == {}


def test_a_name_that_somebody_else_has_taken_is_left_alone(folder: Path, names: NameServer) -> None:
    with serving(folder, "shop:Shop", "--name", "my.shop", names=names) as server:
        server.line()
        with Proxy(names.uri) as asked:
            asked.register("my.shop", "PYRO:other@localhost:1")
        assert server.end(signal.SIGTERM) == 0
    assert registered(names) == {"my.shop": ("PYRO:other@localhost:1", set())}


def test_a_name_server_that_is_gone_in_the_end_is_told(folder: Path) -> None:
    with name_server() as names, serving(folder, "shop:Shop", "--name", "my.shop", names=names) as server:
        server.line()
        names.program.end(signal.SIGKILL)
        assert server.end(signal.SIGTERM) == 0
        assert "warning: the name my.shop could not be removed: " in "".join(server.err)


def test_a_name_server_that_was_started_again_is_told_again() -> None:
    settings = Configuration(environ={})
    uri = URI("PYRO:shop@localhost:4444")
    with name_server() as first:
        settings.NS_HOST, settings.NS_PORT = "127.0.0.1", first.port
        settings.BROADCAST_ADDRS, settings.NS_BCPORT = ("127.0.0.1",), first.port
        with kept_name("my.shop", uri, ["a"], settings, every=0.05) as where:
            assert str(where) == first.uri
            first.program.end(signal.SIGKILL)
            with name_server(first.port) as second:
                wait_until(lambda: registered(second) == {"my.shop": (str(uri), {"a"})})


class Known:
    """A name server in this process, which says what it has been asked."""

    def __init__(self) -> None:
        self.uri = ""
        self.said: list[str] = []
        self._pyroUri = "PYRO:Pyro.NameServer@nowhere:1"

    def __enter__(self) -> Known:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def register(self, name: str, uri: URI, metadata: Any) -> None:
        self.said.append("register")
        self.uri = str(uri)

    def lookup(self, name: str) -> str:
        self.said.append("lookup")
        return self.uri

    def remove(self, name: str) -> None:
        self.said.append("remove")


def test_a_name_is_renewed_as_long_as_it_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names may lapse where nobody renews them; what somebody else has taken over is theirs for good."""
    known = Known()
    monkeypatch.setattr(keeping, "locate_ns", lambda config: known)
    with kept_name("my.shop", URI("PYRO:shop@localhost:4444"), [], Configuration(environ={}), every=0.01):
        wait_until(lambda: known.said.count("register") > 2)
        known.uri = "PYRO:other@localhost:1"
        asked = known.said.count("lookup")
        wait_until(lambda: known.said.count("lookup") > asked + 1)
        registered = known.said.count("register")
        wait_until(lambda: known.said.count("lookup") > asked + 4)
        assert known.said.count("register") == registered
    assert (known.uri, known.said.count("remove")) == ("PYRO:other@localhost:1", 0)


def test_a_name_that_is_removed_in_the_end_stays_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if it is being looked at, to be registered again, just then."""
    asked, removed = threading.Event(), threading.Event()

    class Forgetful(Known):
        def lookup(self, name: str) -> str:
            if threading.current_thread().name.startswith("keeps") and not asked.is_set():
                self.uri = ""
                asked.set()
                removed.wait(0.5)  # as long as the end may take, were it not to wait for this
            if not self.uri:
                raise NamingError("unknown name")
            return super().lookup(name)

        def remove(self, name: str) -> None:
            super().remove(name)
            self.uri = ""
            removed.set()

    known = Forgetful()
    monkeypatch.setattr(keeping, "locate_ns", lambda config: known)
    with kept_name("my.shop", URI("PYRO:shop@localhost:4444"), [], Configuration(environ={}), every=0.01):
        assert asked.wait(PATIENCE)
    wait_until(lambda: not any(one.name.startswith("keeps") for one in threading.enumerate()))
    assert not known.uri


# What goes wrong -------------------------------------------------------------------------------------


def told(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    code, out, err = typed("serve", *arguments, folder=folder, environment=environment)
    assert out == ""
    return code, err


def test_nothing_is_exposed(folder: Path) -> None:
    code, err = told(folder, "shop:Shed")
    assert code == 1
    assert "shop.Shed exposes nothing" in err
    assert "@expose" in err


def test_an_object_that_cannot_be_registered(folder: Path) -> None:
    code, err = told(folder, "shop:make")
    assert code == 1
    assert err.startswith("error: ")
    assert "Traceback" not in err


def test_there_is_no_name_server(folder: Path) -> None:
    code, err = told(folder, "shop:Shop", "--name", "x", environment=finding(free_port()))
    assert code == 3
    assert err.startswith("error: no name server")


@pytest.mark.parametrize(
    ("arguments", "code", "about"),
    [
        (["shop:Shop", "--tag", "a"], 2, "--name"),
        (["shop:Shop", "--listen", "127.0.0.1:0", "-p", "1"], 2, "--listen"),
        (["shop:Shop", "--server", "ducks"], 2, "'ducks'"),
        (["shop:Shop", "-H", "192.0.2.1"], 1, "192.0.2.1"),
        (["shop:Shop", "--listen", "./morse:x"], 2, "morse"),
        (["shop:Shop", "--transport", "morse:x"], 2, "morse"),
        (["shop:Shop", "--transport", "unix"], 2, "unix:ADDRESS"),
        (["shop:Shop", "--transport", "unix:x", "-H", "localhost"], 2, "--transport"),
        (["nothing:Shop"], 1, "no module 'nothing'"),
        (["shop"], 2, "MODULE:NAME"),
    ],
)
def test_what_is_wrong_is_told(folder: Path, arguments: list[str], code: int, about: str) -> None:
    found, err = told(folder, *arguments)
    assert (found, about in err) == (code, True), err
    assert "Traceback" not in err


def test_help_says_what_can_be_served() -> None:
    assert "@expose" in CliRunner().invoke(main, ["serve", "--help"]).output
