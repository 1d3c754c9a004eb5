"""The name service passes the suite that every name service has to pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar

import pytest
from pyroplug_nameserver import PyroNames

from pyroplug.config import Configuration
from pyroplug.contracts import NameServerOptions
from pyroplug.testing import NameServiceSuite
from pyroplug.testing.patience import start


class TestPyroNames(NameServiceSuite):
    serves = True
    configuration: ClassVar[Mapping[str, Any]] = {"NS_HOST": "127.0.0.1"}

    @pytest.fixture
    def service(self) -> PyroNames:
        return PyroNames()

    @pytest.fixture
    def known(
        self, service: PyroNames, context: Any, settings: Configuration
    ) -> Iterator[Mapping[str, Collection[str]]]:
        uri, daemon, _ = service.start(NameServerOptions("127.0.0.1", 0, False), context)
        loop = start(daemon.requestLoop)
        settings.NS_PORT = uri.port
        with service.locate("", None, False, context) as names:
            names.register("a", "PYRO:a@192.0.2.1:1", metadata=["x", "y"])
            names.register("b", "PYRO:b@192.0.2.1:2", metadata=["x"])
            names.register("c", "PYRONAME:a")
        yield {
            "PYRONAME:a": ["PYRO:a@192.0.2.1:1"],
            "PYRONAME:c": ["PYRO:a@192.0.2.1:1"],
            "PYROMETA:x": ["PYRO:a@192.0.2.1:1", "PYRO:b@192.0.2.1:2"],
            "PYROMETA:x,y": ["PYRO:a@192.0.2.1:1"],
            f"PYRONAME:b@127.0.0.1:{uri.port}": ["PYRO:b@192.0.2.1:2"],
        }
        daemon.shutdown()
        loop.result(self.patience)
        daemon.close()
