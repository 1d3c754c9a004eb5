"""What holds for every test: a clean environment, bounded waiting, and nothing left behind."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from pyroplug.context import current_call
from pyroplug.testing.leaks import Watch

if TYPE_CHECKING:
    from .running import Running

# Here, for pyroplug and Pyro5 read their configuration when they are imported.
for _variable in [name for name in os.environ if name.startswith(("PYRO_", "PYROPLUG_"))]:
    del os.environ[_variable]

# A shell in the background has its children ignore Ctrl-C, and nohup has them ignore the end of the terminal;
# so do their own children. Some tests send these signals.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("brief", settings.get_profile("ci"), max_examples=25)  # --hypothesis-profile=brief
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_collection_finish() -> None:
    """Tests that collect garbage need not go through what describes all the others each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """No test leaves an open descriptor or a thread behind it, or finds what another one's calls brought."""
    current_call.set(None)
    watch = Watch()
    yield
    left = watch.left_behind()
    assert not left, "\n".join(["the test left something behind:", *left])


@pytest.fixture
def in_thread(nothing_left_behind: None) -> Callable[..., Future[Any]]:
    """Runs a function in a thread; its ``result()`` is asked for with a limit."""

    def in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(function(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        # a daemon, so that one which hangs fails its test and not the whole run
        threading.Thread(target=run, name=getattr(function, "__name__", "test"), daemon=True).start()
        return future

    return in_thread


@pytest.fixture
def in_child(nothing_left_behind: None) -> Callable[[Callable[[], None]], None]:
    """Runs a function in a forked process, which has to succeed."""

    def in_child(function: Callable[[], None]) -> None:
        pid = os.fork()
        if not pid:
            try:
                function()
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(pid, 0)[1] == 0

    return in_child


@pytest.fixture
def run_daemon(nothing_left_behind: None, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Makes daemons that serve in a thread, and ends them.

    ``run_daemon(way, thing=Thing(), ITER_STREAMING=False)`` registers what is written in small letters and
    sets the configuration items in capitals; ``cls`` is the daemon's class, ``daemon`` has more arguments.
    """
    from pyroplug.api import Daemon

    from .running import Running, Way, settings

    with ExitStack() as stack:

        def run_daemon(
            way: Way | None = None,
            cls: type[Daemon] = Daemon,
            daemon: dict[str, Any] | None = None,
            **named: Any,
        ) -> Running:
            way = way or Way()
            items = {name: named.pop(name) for name in list(named) if name.isupper()}
            arguments = daemon or {}
            if way.transport == "unix":
                arguments.setdefault("unixsocket", str(tmp_path / f"socket {len(list(tmp_path.iterdir()))}"))
            arguments.setdefault("config", settings(SERVERTYPE=way.server, **items))
            running = Running(cls(**arguments), stack)
            stack.callback(running.stop)
            for name, target in named.items():
                running.daemon.register(target, name)
            return running.start()

        yield run_daemon
