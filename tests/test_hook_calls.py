"""Plugins are chosen when a daemon or proxy is made; while messages are on their way, nobody asks for any."""

from __future__ import annotations

import importlib.metadata
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import redirect_stdout
from importlib.metadata import entry_points
from io import StringIO
from types import FrameType, SimpleNamespace
from typing import Any

import pluggy
import pytest

from pyroplug import hookspecs
from pyroplug.api import Daemon, Proxy, expose
from pyroplug.config import Configuration
from pyroplug.hookspecs import hookimpl
from pyroplug.plugins import PluginSet
from tests.support import PATIENCE

CALLS = 1000
SERIALIZERS = ("serpent", "marshal", "json", "msgpack")
MODELS = ("threadpool", "multiplex")

PACKAGES = tuple(f"{name}." for name in (pluggy.__name__, importlib.metadata.__name__, "pyroplug.plugins"))
HOOKS = frozenset(name for name in vars(hookspecs) if name.startswith("pyroplug_"))


class Watcher:
    """Counts functions that begin, in all threads, and notes those that find plugins or ask them something.

    New modules count as well. Nothing is patched, so that it does not matter in which way a hook is reached.
    """

    def __init__(self) -> None:
        self.functions = 0
        self.forbidden: Counter[str] = Counter()
        self._before: set[str] | None = None

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if self._before is None or event != "call":
            return
        self.functions += 1
        module, name = f"{frame.f_globals.get('__name__')}.", frame.f_code.co_name
        if module.startswith(PACKAGES) or name in HOOKS:
            self.forbidden[module + name] += 1

    def __enter__(self) -> None:
        self._before = set(sys.modules)

    def __exit__(self, *_: object) -> None:
        assert self._before is not None
        self.forbidden.update(f"import {name}" for name in set(sys.modules) - self._before)
        self._before = None


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    """It is there before a server's threads are, and idle outside of its ``with``."""
    watcher, before = Watcher(), sys.getprofile()
    threading.setprofile(watcher)
    sys.setprofile(watcher)
    try:
        yield watcher
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


def no_serializers() -> list[Any]:
    return []


def call_a_hook() -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.register(SimpleNamespace(pyroplug_serializers=hookimpl(no_serializers)))
    manager.hook.pyroplug_serializers()


def call_its_implementation() -> None:
    from pyroplug_msgpack import pyroplug_serializers

    pyroplug_serializers()


def look_for_entry_points() -> None:
    entry_points(group=hookspecs.PROJECT)


def build_a_set() -> None:
    PluginSet(autoload=False)


def import_something() -> None:
    sys.modules.pop("this", None)
    with redirect_stdout(StringIO()):
        importlib.import_module("this")


MISDEEDS = {
    function.__name__: function
    for function in (
        call_a_hook,
        call_its_implementation,
        look_for_entry_points,
        build_a_set,
        import_something,
    )
}


@expose
class Stock:
    def __init__(self) -> None:
        self.count = 0

    def add(self, number: int) -> int:
        self.count += number
        return self.count

    def misbehave(self, how: str) -> None:
        MISDEEDS[how]()


@pytest.fixture
def stock(
    request: pytest.FixtureRequest, watcher: Watcher, in_thread: Callable[..., Future[Any]]
) -> Iterator[Any]:
    """A connected proxy; its server is in this process, in threads that are watched too."""
    settings = Configuration(environ={})
    settings.SERVERTYPE, settings.SERIALIZER = request.param
    with Daemon(host="127.0.0.1", config=settings) as daemon:
        uri = daemon.register(Stock())
        serving = in_thread(daemon.requestLoop)
        with Proxy[Any](uri, config=settings) as proxy:
            yield proxy
        daemon.shutdown()
        serving.result(PATIENCE)


@pytest.mark.parametrize(
    "stock", [(model, name) for model in MODELS for name in SERIALIZERS], indirect=True, ids="-".join
)
def test_a_call_asks_no_plugin_for_anything(stock: Any, watcher: Watcher) -> None:
    stock.add(0)  # connects, and has everything made that is made once
    with watcher:
        for _ in range(CALLS):
            stock.add(1)
    assert stock.add(0) == CALLS
    assert not watcher.forbidden
    # of each end and call there were some: both were watched
    assert watcher.functions > 10 * CALLS


@pytest.mark.parametrize("how", MISDEEDS)
@pytest.mark.parametrize("stock", [(model, "json") for model in MODELS], indirect=True, ids="-".join)
def test_it_would_be_noticed_on_the_server(stock: Any, watcher: Watcher, how: str) -> None:
    stock.add(0)
    with watcher:
        stock.misbehave(how)
    assert watcher.forbidden


@pytest.mark.parametrize("how", MISDEEDS)
def test_it_would_be_noticed_on_the_client(watcher: Watcher, how: str) -> None:
    with watcher:
        MISDEEDS[how]()
    assert watcher.forbidden
