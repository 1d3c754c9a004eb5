"""Processes that are forked: each has its own connections, and nobody disturbs the other's."""

from __future__ import annotations

import gc
import multiprocessing
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy, current_context, expose
from pyroplug.errors import ConnectionClosedError, PyroError, TimeoutError
from tests.running import BOTH_MODELS, Running, Way, release, settings
from tests.support import PATIENCE

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
SERVER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])
# The tests fork while their own daemons' threads run; Python warns of that since 3.12.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@expose
class Thing:
    def connection(self) -> int:
        """Tells connections apart."""
        return id(current_context.client)

    def process(self) -> int:
        return os.getpid()

    def count(self) -> Iterator[int]:
        yield from range(1000)


@EITHER
def test_a_proxy_in_a_forked_process_connects_anew(
    run_daemon: Callable[..., Running], in_child: Any, way: Way
) -> None:
    proxy = run_daemon(way, thing=Thing()).proxy()
    before = proxy.connection()

    def child() -> None:
        assert proxy._pyroConnection is None
        assert proxy.connection() != before
        proxy._pyroRelease()

    for _ in range(2):
        in_child(child)
        assert proxy.connection() == before


@EITHER
def test_both_call_at_the_same_time(run_daemon: Callable[..., Running], in_child: Any, way: Way) -> None:
    proxy = run_daemon(way, thing=Thing()).proxy()
    before = proxy.connection()
    child = os.fork()
    if not child:
        try:
            assert len({proxy.connection() for _ in range(200)} | {before}) == 2
            os._exit(0)
        finally:
            os._exit(1)
    assert {proxy.connection() for _ in range(200)} == {before}
    assert os.waitpid(child, 0)[1] == 0


def test_a_thread_that_connects_does_not_keep_a_forked_process_out(in_child: Any) -> None:
    """Only the parent has that thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        proxy = Proxy(f"PYRO:thing@127.0.0.1:{port}")
        proxy._pyroTimeout = PATIENCE
        failed: list[BaseException] = []

        def connect() -> None:
            proxy._pyroClaimOwnership()
            try:
                proxy._pyroBind()
            except PyroError as error:
                failed.append(error)

        thread = threading.Thread(target=connect)
        thread.start()
        accepted, _ = server.accept()

        def child() -> None:
            proxy._pyroClaimOwnership()
            proxy._pyroTimeout = 0.01
            with pytest.raises(TimeoutError):
                proxy._pyroBind()

        in_child(child)
        accepted.close()
        thread.join(PATIENCE)
        assert isinstance(failed[0], ConnectionClosedError)


@EITHER
def test_items_and_their_end_belong_to_the_parent(
    run_daemon: Callable[..., Running], in_child: Any, way: Way
) -> None:
    proxy = run_daemon(way, thing=Thing(), ITER_STREAM_PREFETCH=0).proxy()
    items, unwanted = proxy.count(), proxy.count()
    assert next(items) == 0
    unwanted.close()  # the server is told with the next call

    def child() -> None:
        nonlocal items, unwanted, proxy
        with pytest.raises(ConnectionClosedError, match="not connected"):
            next(items)
        del items, unwanted, proxy
        gc.collect()

    in_child(child)
    assert list(items) == list(range(1, 1000))


@EITHER
def test_a_daemon_in_a_forked_process_can_be_closed(
    run_daemon: Callable[..., Running], in_child: Any, way: Way
) -> None:
    running = run_daemon(way, thing=Thing())
    proxy, other = running.proxy(), running.proxy()
    before = proxy.connection()

    def child() -> None:
        with running.daemon as daemon:
            assert daemon.objectsById
        release(proxy)

    in_child(child)
    assert proxy.connection() == before
    assert other.process() == os.getpid()
    assert running.proxy().process() == os.getpid()


# What multiprocessing does


def _ask(arguments: tuple[Any, int]) -> Any:
    proxy, _ = arguments
    with proxy:
        proxy._pyroClaimOwnership()
        return proxy.process(), proxy.connection()


@SERVER
def test_proxies_as_arguments_in_a_pool(run_daemon: Callable[..., Running], server: str) -> None:
    proxy = run_daemon(Way(server), thing=Thing()).proxy()
    mine = proxy.connection()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        answers = pool.map(_ask, [(proxy, number) for number in range(20)])
        pool.close()
        pool.join()
    assert {process for process, _ in answers} == {os.getpid()}
    assert proxy.connection() == mine


@SERVER
def test_a_daemon_that_serves_in_a_forked_process(server: str, in_child: Any) -> None:
    daemon = Daemon(config=settings(SERVERTYPE=server, POLLTIMEOUT=0.05))
    uri = daemon.register(Thing(), "thing")
    asking, told = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(told)
            os.set_blocking(asking, False)

            def wanted() -> bool:
                try:
                    return os.read(asking, 1) != b""
                except BlockingIOError:
                    return True

            daemon.requestLoop(wanted)
            daemon.close()
            os._exit(0)
        finally:
            os._exit(1)
    os.close(asking)
    with Proxy(uri) as proxy:
        proxy._pyroTimeout = PATIENCE
        assert proxy.process() == child
    os.close(told)
    assert os.waitpid(child, 0)[1] == 0
    daemon.close()
