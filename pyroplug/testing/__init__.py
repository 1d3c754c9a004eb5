"""The kit for authors of plugins: a suite of tests for each contract, to subclass.

Of a plugin with a serializer this is all that has to be written::

    from pyroplug.testing import SerializerSuite

    class TestCbor(SerializerSuite):
        @pytest.fixture
        def serializer(self):
            return CborSerializer()

It needs ``pip install 'pyroplug[testing]'``. What a suite finds is told as a :exc:`Breach`: what the contract
promises, and what the plugin did. Modules are imported when a name of theirs is first used, so that who tests
a serializer has no sockets imported.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .clock import FakeClock
    from .comparing import same
    from .name_services import NameServiceSuite
    from .observers import CallObserverSuite
    from .plugins import PluginSuite
    from .serializers import SerializerSuite
    from .servers import ServerModelSuite
    from .storages import NameStorageSuite
    from .suite import Breach, Suite
    from .trackers import ResourceTrackerSuite
    from .transports import TransportSuite
    from .validators import HandshakeValidatorSuite, hello

__all__ = [
    "Breach",
    "CallObserverSuite",
    "FakeClock",
    "HandshakeValidatorSuite",
    "NameServiceSuite",
    "NameStorageSuite",
    "PluginSuite",
    "ResourceTrackerSuite",
    "SerializerSuite",
    "ServerModelSuite",
    "Suite",
    "TransportSuite",
    "hello",
    "same",
]

_MODULES = {
    "Breach": "suite",
    "CallObserverSuite": "observers",
    "FakeClock": "clock",
    "HandshakeValidatorSuite": "validators",
    "NameServiceSuite": "name_services",
    "NameStorageSuite": "storages",
    "PluginSuite": "plugins",
    "ResourceTrackerSuite": "trackers",
    "SerializerSuite": "serializers",
    "ServerModelSuite": "servers",
    "Suite": "suite",
    "TransportSuite": "transports",
    "hello": "validators",
    "same": "comparing",
}
"""Where each public name is."""

if missing := [name for name in ("pytest", "hypothesis") if importlib.util.find_spec(name) is None]:
    raise ModuleNotFoundError(
        f"pyroplug.testing needs {' and '.join(missing)}; get all it needs: pip install 'pyroplug[testing]'",
        name=missing[0],
    )


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
