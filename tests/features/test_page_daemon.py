"""What the page of tips says that a daemon sees, and what it does not look at."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import Pyro5.api
import pytest

from pyroplug.api import Daemon, Proxy, current_context, expose, oneway
from tests.running import Running, Way, settings
from tests.support import PATIENCE, wait_for

EITHER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])


@expose
class Shelf:
    def count(self) -> int:
        return 3


class Echoing(Daemon):
    """Sends back what it is sent, by its own annotations."""

    greetings: list[bytes]

    def validateHandshake(self, conn: Any, data: Any) -> str:
        self.greetings.append(bytes(current_context.annotations["MINE"]))
        return "hello"

    def annotations(self) -> dict[str, bytes]:
        return {"ECHO": bytes(current_context.annotations.get("MINE", b"nothing"))}


@EITHER
@pytest.mark.parametrize("library", ["pyroplug", "Pyro5"])
def test_the_daemon_sees_the_annotations_of_the_message(
    run_daemon: Callable[..., Running], server: str, library: str
) -> None:
    Echoing.greetings = []
    running = run_daemon(Way(server), cls=Echoing, shelf=Shelf())
    context = current_context if library == "pyroplug" else Pyro5.api.current_context
    with (Proxy if library == "pyroplug" else Pyro5.api.Proxy)(str(running.daemon.uriFor("shelf"))) as shelf:
        shelf._pyroTimeout = PATIENCE
        try:
            for number in (b"first", b"second"):
                context.annotations = {"MINE": number}
                assert shelf.count() == 3
                assert bytes(context.response_annotations["ECHO"]) == number
        finally:
            context.annotations = {}
        shelf.count()
        assert bytes(context.response_annotations["ECHO"]) == b"nothing"
    assert Echoing.greetings == [b"first"]


class Slow:
    def __init__(self) -> None:
        self.begun, self.client_left = threading.Event(), threading.Event()
        self.seen: SimpleQueue[Any] = SimpleQueue()

    @expose
    @oneway
    def work(self) -> None:
        self.begun.set()
        wait_for(self.client_left)
        self.seen.put(current_context.client_sock_addr)


@EITHER
@pytest.mark.parametrize("library", ["pyroplug", "Pyro5"])
def test_a_one_way_call_knows_whose_it_is_when_the_client_has_left(
    run_daemon: Callable[..., Running], server: str, library: str
) -> None:
    class Noting(Daemon):
        def clientDisconnect(self, conn: Any) -> None:
            slow.client_left.set()

    slow = Slow()
    running = run_daemon(Way(server), cls=Noting, slow=slow)
    with (Proxy if library == "pyroplug" else Pyro5.api.Proxy)(str(running.daemon.uriFor("slow"))) as proxy:
        proxy._pyroTimeout = PATIENCE
        proxy.work()
        wait_for(slow.begun)
        address = proxy._pyroLocalSocket
    assert slow.seen.get(timeout=PATIENCE) == address


@EITHER
def test_other_arguments_are_not_used_with_a_connected_socket(in_thread: Any, server: str) -> None:
    here, there = socket.socketpair()
    with here, there:
        arguments: dict[str, Any] = {"host": "nowhere.invalid", "port": 1, "nathost": "x", "natport": 2}
        with Daemon(**arguments, connected_socket=there, config=settings(SERVERTYPE=server)) as daemon:
            assert daemon.locations == []
            daemon.register(Shelf(), "shelf")
            loop = in_thread(daemon.requestLoop)
            with Proxy("shelf", connected_socket=here) as shelf:
                shelf._pyroTimeout = PATIENCE
                assert shelf.count() == 3
        loop.result(PATIENCE)
