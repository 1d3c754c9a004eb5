"""Two name servers on one folder: what is registered with one is found through the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyroplug.api import locate_ns, start_ns
from pyroplug.config import config
from pyroplug.errors import NamingError


@contextmanager
def name_server(folder: Path) -> Iterator[Any]:
    """A proxy of a name server that runs in a thread."""
    uri, daemon, _ = start_ns("127.0.0.1", 0, enableBroadcast=False, storage=f"sharednames:{folder}")
    loop = threading.Thread(target=daemon.requestLoop)
    loop.start()
    try:
        with locate_ns(uri.host, uri.port) as proxy:
            yield proxy
    finally:
        daemon.shutdown()
        loop.join(10)
        daemon.close()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Any]]:
    with ExitStack() as stack:
        yield [stack.enter_context(name_server(tmp_path / "names")) for _ in range(2)]


def within(seconds: float, there: Any) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_what_one_is_told_the_other_knows(servers: list[Any]) -> None:
    one, other = servers
    one.register("shop", "PYRO:shop@localhost:1", metadata=["open"])
    assert str(other.lookup("shop")) == "PYRO:shop@localhost:1"
    assert list(other.yplookup(meta_all=["open"])) == ["shop"]
    with pytest.raises(NamingError):
        other.register("shop", "PYRO:other@localhost:1", safe=True)
    assert str(one.lookup("shop")) == "PYRO:shop@localhost:1"  # it remembers that from now on
    other.register("shop", "PYRO:moved@localhost:2")
    assert within(5, lambda: str(one.lookup("shop")) == "PYRO:moved@localhost:2")
    assert other.remove("shop") == 1
    assert within(5, lambda: "shop" not in one.list())


def test_a_lease_lapses_in_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "NS_LEASE", 1.0)
    with name_server(tmp_path / "names") as one, name_server(tmp_path / "names") as other:
        one.register("shop", "PYRO:shop@localhost:1")
        assert "shop" in one.list()
        assert "shop" in other.list()
        assert within(5, lambda: "shop" not in one.list())
        assert "shop" not in other.list()
        for server in (one, other):
            with pytest.raises(NamingError):
                server.lookup("shop")
        other.register("shop", "PYRO:again@localhost:1", safe=True)
        assert str(one.lookup("shop")) == "PYRO:again@localhost:1"
