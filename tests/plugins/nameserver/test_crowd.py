"""Many clients that register and look up at once: nothing is lost, and of several one alone gets a name."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyroplug_nameserver.daemon import NameServerDaemon

from pyroplug.api import Proxy
from pyroplug.errors import NamingError
from tests.running import settings

CLIENTS = 50
NAMES = int(os.environ.get("NAMES_EACH", "6"))


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
@pytest.mark.parametrize("storage", ["memory", "sql"])
def test_nothing_is_lost(storage: str, server: str, tmp_path: Path) -> None:
    config = settings(SERVERTYPE=server)
    kept = "memory" if storage == "memory" else f"sql:{tmp_path / 'names.db'}"
    with NameServerDaemon("127.0.0.1", 0, storage=kept, config=config) as daemon:
        uri = daemon.uriFor("Pyro.NameServer")
        together = threading.Barrier(CLIENTS)

        def client(number: int) -> int:
            won = 0
            with Proxy(uri, config=settings()) as names:
                together.wait(60)
                for one in range(NAMES):
                    name = f"client{number}.{one}"
                    names.register(name, f"PYRO:{name}@host:1", safe=True, metadata=[f"client{number}"])
                    assert str(names.lookup(name)) == f"PYRO:{name}@host:1"
                    try:
                        names.register(f"contested{one}", f"PYRO:{name}@host:1", safe=True)
                        won += 1
                    except NamingError:
                        pass
                assert len(names.yplookup([f"client{number}"])) == NAMES
                names.remove(f"client{number}.0")
            return won

        loop = threading.Thread(target=daemon.requestLoop)
        loop.start()
        try:
            with ThreadPoolExecutor(CLIENTS) as pool:
                assert sum(pool.map(client, range(CLIENTS))) == NAMES
            with Proxy(uri, config=settings()) as names:
                listed = names.list(prefix="client")
                assert len(listed) == CLIENTS * (NAMES - 1)
                assert all(uri == f"PYRO:{name}@host:1" for name, uri in listed.items())
                assert names.count() == len(listed) + NAMES + 1
        finally:
            daemon.shutdown()
            loop.join()
