"""A call that shuts its daemon down is answered, though the program ends as soon as its loop is over."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy, expose
from tests.running import settings
from tests.support import PATIENCE, wait_for

MOMENT = 0.2
EITHER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])

PROGRAM = """
from pyroplug.api import Daemon, config, expose
config.SERVERTYPE = {server!r}
class Ending:
    @expose
    def end(self):
        self._pyroDaemon.shutdown()
        return list(range(300_000))  # takes its time to be written
daemon = Daemon("127.0.0.1")
print(daemon.register(Ending(), "ending"), flush=True)
daemon.requestLoop()
"""


@EITHER
def test_a_program_that_does_nothing_more(server: str) -> None:
    command = [sys.executable, "-c", PROGRAM.format(server=server)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with Proxy(process.stdout.readline().strip()) as ending:
            ending._pyroTimeout = PATIENCE
            assert len(ending.end()) == 300_000
        assert process.wait(PATIENCE) == 0


class Ending:
    _pyroDaemon: Daemon

    def __init__(self) -> None:
        self.ended, self.go_on = threading.Event(), threading.Event()

    @expose
    def end(self) -> str:
        self._pyroDaemon.shutdown()
        self.ended.set()
        wait_for(self.go_on)
        return "good night"


def test_neither_the_loop_nor_closing_is_over_before_that(in_thread: Callable[..., Future[Any]]) -> None:
    ending = Ending()
    with Daemon(config=settings(SHUTDOWN_TIMEOUT=PATIENCE)) as daemon:
        uri = daemon.register(ending)
        loop = in_thread(daemon.requestLoop)

        def call() -> str:
            with Proxy(uri) as proxy:
                return str(proxy.end())

        answer = in_thread(call)
        wait_for(ending.ended)
        closing = in_thread(daemon.close)
        for waiting in (loop, closing):
            with pytest.raises(NotYet):
                waiting.result(MOMENT)
        ending.go_on.set()
        assert answer.result(PATIENCE) == "good night"
        loop.result(PATIENCE)
        closing.result(PATIENCE)


@EITHER
def test_it_is_not_waited_for_without_end(in_thread: Callable[..., Future[Any]], server: str) -> None:
    ending = Ending()
    with Daemon(config=settings(SERVERTYPE=server, SHUTDOWN_TIMEOUT=MOMENT)) as daemon:
        uri = daemon.register(ending)
        loop = in_thread(daemon.requestLoop)

        def call() -> str:
            with Proxy(uri) as proxy:
                return str(proxy.end())

        answer = in_thread(call)
        wait_for(ending.ended)
        if server == "threadpool":  # otherwise the call is what the loop is doing
            loop.result(PATIENCE)
        ending.go_on.set()
        answer.exception(PATIENCE)
        loop.result(PATIENCE)
