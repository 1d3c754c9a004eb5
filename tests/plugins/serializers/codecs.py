"""What the tests of the serializers share: our codecs and real Pyro5's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import Pyro5.client
import Pyro5.core
import Pyro5.serializers
from pyroplug_json import JsonSerializer
from pyroplug_marshal import MarshalSerializer
from pyroplug_msgpack import MsgpackSerializer
from pyroplug_serpent import SerpentSerializer

from pyroplug.contracts import Codec, Serializer
from pyroplug.values import ClassRegistry

SERIALIZERS: dict[str, Serializer] = {
    "serpent": SerpentSerializer(),
    "marshal": MarshalSerializer(),
    "json": JsonSerializer(),
    "msgpack": MsgpackSerializer(),
}
NAMES = list(SERIALIZERS)


def pyro5_registry() -> ClassRegistry:
    """A registry that knows Pyro5's own classes, as the kernel's modules make it know pyroplug's."""

    def from_state(cls: Any) -> Any:
        def make(state: Any) -> Any:
            value = cls.__new__(cls)
            value.__setstate__(state)
            return value

        return make

    classes = ClassRegistry()
    for cls, name in ((Pyro5.core.URI, "Pyro5.core.URI"), (Pyro5.client.Proxy, "Pyro5.client.Proxy")):
        classes.register_wire_class(cls, name, lambda value: value.__getstate__(), from_state(cls))
    return classes


def ours(name: str, classes: ClassRegistry | None = None, *, bytes_repr: bool = False) -> Codec:
    """A codec of pyroplug."""
    settings: Any = SimpleNamespace(SERPENT_BYTES_REPR=bytes_repr)
    return SERIALIZERS[name].codec(settings, classes if classes is not None else pyro5_registry())


class Theirs:
    """Real Pyro5's serializer, with the methods that a codec has."""

    def __init__(self, name: str) -> None:
        serializer: Any = Pyro5.serializers.serializers[name]
        self.dumps, self.loads = serializer.dumps, serializer.loads
        self.dumps_call, self.loads_call = serializer.dumpsCall, serializer.loadsCall


def as_argument(value: Any, sender: Any, receiver: Any) -> Any:
    """What becomes of a value as the only argument of a call."""
    object_id, method, (argument,), kwargs = receiver.loads_call(
        sender.dumps_call("object", "method", (value,), {})
    )
    assert (object_id, method, kwargs) == ("object", "method", {})
    return argument


def as_result(value: Any, sender: Any, receiver: Any) -> Any:
    """What becomes of a value as the result of a call."""
    return receiver.loads(sender.dumps(value))
