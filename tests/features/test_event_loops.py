"""Loops: a daemon's own, those of programs that watch its sockets, and one loop for several daemons."""

from __future__ import annotations

import asyncio
import select
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy, expose, oneway, serve
from pyroplug.errors import CommunicationError, DaemonError
from tests.features.programs import pyro5_proxy
from tests.running import BOTH_MODELS, Running, Way, settings
from tests.support import PATIENCE, wait_for, wait_until

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
SERVER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])


@pytest.fixture(autouse=True)
def frequent_housekeeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyroplug_servers.limits.HOUSEKEEPING", 0.1)


@expose
class Thing:
    def __init__(self) -> None:
        self.noted = threading.Event()

    def echo(self, value: Any) -> Any:
        return value

    def thread(self) -> int:
        return threading.get_ident()

    def count(self) -> Iterator[int]:
        yield from range(200)

    @oneway
    def note(self) -> None:
        self.noted.set()


class Housekeeping(Daemon):
    def __init__(self, **arguments: Any) -> None:
        self.kept = threading.Event()
        super().__init__(**arguments)

    def housekeeping(self) -> None:
        self.kept.set()


def daemon_for(
    way: Way, tmp_path: Path, name: str = "socket", cls: type[Daemon] = Daemon, **items: Any
) -> Daemon:
    where: dict[str, Any] = {"unixsocket": str(tmp_path / name)} if way.transport == "unix" else {}
    daemon = cls(config=settings(SERVERTYPE=way.server, **items), **where)
    daemon.register(Thing(), "thing")
    return daemon


def use(uri: Any, make: Callable[[Any], Any] = Proxy) -> int:
    """All kinds of traffic, over several connections."""
    for _ in range(3):
        with make(uri) as proxy:
            proxy._pyroTimeout = PATIENCE
            assert [proxy.echo(number) for number in range(20)] == list(range(20))
            assert len(proxy.echo("x" * 1_000_000)) == 1_000_000
            assert list(proxy.count()) == list(range(200))
            proxy.note()
            thread = proxy.thread()
    return int(thread)


# Hand-written loops


def with_select(daemon: Daemon, going: Callable[[], bool]) -> None:
    while going():
        daemon.events(select.select(daemon.sockets, [], [], 0.05)[0])


def with_poll(daemon: Daemon, going: Callable[[], bool]) -> None:
    while going():
        poll, sockets = select.poll(), {sock.fileno(): sock for sock in daemon.sockets}
        for sock in sockets.values():
            poll.register(sock, select.POLLIN)
        daemon.events([sockets[fd] for fd, _ in poll.poll(50)])


def with_selectors(daemon: Daemon, going: Callable[[], bool]) -> None:
    while going():
        with selectors.DefaultSelector() as selector:
            for sock in daemon.sockets:
                selector.register(sock, selectors.EVENT_READ)
            daemon.events([key.fileobj for key, _ in selector.select(0.05)])  # type: ignore[misc]


def with_asyncio(daemon: Daemon, going: Callable[[], bool]) -> None:
    """One that looks after new sockets each time that something has happened."""

    async def main() -> None:
        loop, watched = asyncio.get_running_loop(), dict[int, Any]()

        def happened() -> None:
            daemon.events(list(watched.values()))
            watch()

        def watch() -> None:
            wanted = {sock.fileno(): sock for sock in daemon.sockets}
            for fd in watched.keys() - wanted.keys():
                loop.remove_reader(fd)
                del watched[fd]
            for fd in wanted.keys() - watched.keys():
                loop.add_reader(fd, happened)
                watched[fd] = wanted[fd]

        watch()
        while going():
            await asyncio.sleep(0.01)
        for fd in watched:
            loop.remove_reader(fd)

    asyncio.run(main())


@EITHER
@pytest.mark.parametrize(
    "run", [with_select, with_poll, with_selectors, with_asyncio], ids=lambda run: run.__name__
)
def test_hand_written_loops(in_thread: Any, way: Way, tmp_path: Path, run: Any) -> None:
    with daemon_for(way, tmp_path) as daemon:
        users = [in_thread(use, daemon.uriFor("thing")) for _ in range(2)]
        run(daemon, lambda: not all(user.done() for user in users))
        threads = {user.result(PATIENCE) for user in users}
        if way.server == "multiplex":
            assert threads == {threading.get_ident()}


@SERVER
def test_a_hand_written_loop_and_real_pyro5(in_thread: Any, server: str, tmp_path: Path) -> None:
    with daemon_for(Way(server), tmp_path) as daemon:
        user = in_thread(use, daemon.uriFor("thing"), pyro5_proxy)
        with_select(daemon, lambda: not user.done())
        assert user.result(PATIENCE)


@EITHER
def test_time_passes_in_hand_written_loops_too(way: Way, tmp_path: Path, in_thread: Any) -> None:
    with daemon_for(way, tmp_path, cls=Housekeeping, COMMTIMEOUT=0.1) as daemon:
        kept: threading.Event = daemon.kept  # type: ignore[attr-defined]

        def idle() -> bool:
            with Proxy(daemon.uriFor("thing")) as proxy:
                assert proxy.echo(1) == 1
                assert proxy._pyroConnection is not None
                proxy._pyroConnection.sock.settimeout(PATIENCE)
                return bool(proxy._pyroConnection.sock.recv(1) == b"")

        ended = in_thread(idle)
        with_select(daemon, lambda: not (ended.done() and kept.is_set()))
        assert ended.result() is True


# One loop for several daemons


@pytest.mark.parametrize("first", BOTH_MODELS, ids=str)
@pytest.mark.parametrize("second", BOTH_MODELS, ids=str)
def test_combined_daemons(in_thread: Any, first: Way, second: Way, tmp_path: Path) -> None:
    with (
        daemon_for(first, tmp_path) as main,
        daemon_for(second, tmp_path, "other", Housekeeping, COMMTIMEOUT=5.0) as other,
        daemon_for(first, tmp_path, "third") as third,
    ):
        main.combine(other)
        main.combine(third)
        loop = in_thread(main.requestLoop)
        users = [in_thread(use, daemon.uriFor("thing")) for daemon in (main, other, third, other)]
        for user in users:
            user.result(PATIENCE)
        wait_for(other.kept, "the other one's housekeeping")  # type: ignore[attr-defined]
        third.close()
        with Proxy(other.uriFor("thing")) as proxy:
            assert proxy.echo(1) == 1
        main.shutdown()
        loop.result(PATIENCE)


@EITHER
def test_a_combined_daemon_in_a_hand_written_loop(in_thread: Any, way: Way, tmp_path: Path) -> None:
    with daemon_for(way, tmp_path) as main, daemon_for(way, tmp_path, "other") as other:
        main.combine(other)
        user = in_thread(use, other.uriFor("thing"))
        with_select(main, lambda: not user.done())
        user.result()
        with pytest.raises(DaemonError, match="itself"):
            main.combine(main)


# The daemon's own


@EITHER
def test_housekeeping(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, cls=Housekeeping, thing=Thing())
    wait_for(running.daemon.kept)  # type: ignore[attr-defined]
    assert running.proxy().echo(1) == 1


@EITHER
def test_the_condition_is_asked_every_polltimeout(way: Way, tmp_path: Path) -> None:
    asked: list[int] = []
    with daemon_for(way, tmp_path, POLLTIMEOUT=0.01) as daemon:
        daemon.requestLoop(lambda: asked.append(1) or len(asked) < 5)  # type: ignore[func-returns-value]
        daemon.requestLoop(loopCondition=lambda: False)
    assert len(asked) == 5


@EITHER
def test_a_with_block_in_a_thread(in_thread: Any, way: Way, tmp_path: Path) -> None:
    made: Future[Daemon] = Future()

    def server() -> None:
        with daemon_for(way, tmp_path) as daemon:
            made.set_result(daemon)
            daemon.requestLoop()

    running = in_thread(server)
    daemon = made.result(PATIENCE)
    uri = daemon.uriFor("thing")
    use(uri)
    daemon.shutdown()
    running.result(PATIENCE)
    with Proxy(uri) as proxy, pytest.raises(CommunicationError):
        proxy.echo(1)


@EITHER
def test_thousands_of_quick_connections(run_daemon: Callable[..., Running], in_thread: Any, way: Way) -> None:
    # On a busy machine all that knock may be there at once.
    running = run_daemon(way, thing=Thing(), THREADPOOL_SIZE=4, MAX_GREETINGS="1000:30:1000")
    uri = running.daemon.uriFor("thing")
    address, family = running.daemon.sock.getsockname(), running.daemon.sock.family

    def call() -> int:
        for number in range(250):
            with Proxy(uri) as proxy:
                assert proxy.echo(number) == number
        return 250

    def knock() -> int:
        for _ in range(500):
            with socket.socket(family) as sock:
                sock.connect(address)
        return 500

    assert (
        sum(client.result(PATIENCE) for client in [in_thread(call), in_thread(knock), in_thread(call)])
        == 1000
    )
    assert running.proxy().echo(1) == 1
    server: Any = running.daemon.transportServer.server
    wait_until(lambda: len(server._links) == 1, "the end of all other connections")


# serve()


@SERVER
@pytest.mark.parametrize("form", ["positional", "keyword", "daemon", "simple", "quiet"])
def test_serve(in_thread: Any, server: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = Future[Daemon]()

    @expose
    class Own:
        def hello(self) -> str:
            return "hello"

        def leave(self) -> str:
            daemon: Daemon = self._pyroDaemon  # type: ignore[attr-defined]
            made.set_result(daemon)
            daemon.shutdown()
            return "the last answer"

    own, port = Own(), free_port()
    objects: dict[Any, str | None] = {own: "own", Thing(): None}
    run: Callable[[], None]
    if form == "positional":
        run = lambda: serve(objects, "127.0.0.1", port, None, False, True)  # noqa: E731
    elif form == "keyword":
        run = lambda: serve(objects=objects, host="127.0.0.1", port=port, use_ns=False)  # noqa: E731
    elif form == "simple":
        run = lambda: Daemon.serveSimple(objects, host="127.0.0.1", port=port, ns=False)  # noqa: E731
    else:
        given = Daemon(port=port, config=settings(SERVERTYPE=server))
        run = lambda: serve(objects, daemon=given, use_ns=False, verbose=form != "quiet")  # noqa: E731
    serving = in_thread(run)
    with Proxy(f"PYRO:own@127.0.0.1:{port}") as proxy:
        wait_until(lambda: connected(proxy), "the daemon")
        assert proxy.hello() == "hello"
        assert proxy.leave() == "the last answer"
    serving.result(PATIENCE)
    assert made.result().__class__ is Daemon
    with pytest.raises(Exception, match="closed"):
        made.result().requestLoop()
    printed = capsys.readouterr().out
    if form == "quiet":
        assert printed == ""
    else:
        assert f"uri = PYRO:own@127.0.0.1:{port}\n" in printed
        assert "uri = PYRO:obj_" in printed
        assert printed.endswith("Pyro daemon running.\n")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def connected(proxy: Any) -> bool:
    try:
        proxy._pyroBind()
    except CommunicationError:
        return False
    return True
