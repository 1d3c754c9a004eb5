"""The serializers, by name and by the number that messages have for them; they are plugins.

A serializer here is one with the process-wide configuration, and with the classes that are registered
for the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from pyroplug.api import SerializerBase, config
from pyroplug.contracts import Codec, Serializer, joined
from pyroplug.plugins import Kind, default_plugins
from pyroplug.values import registry

__all__ = [
    "JsonSerializer",
    "MarshalSerializer",
    "MsgpackSerializer",
    "SerializerBase",
    "SerpentSerializer",
    "serializers",
    "serializers_by_id",
]

K = TypeVar("K")


class PluginSerializer(SerializerBase):
    """The serializer of a plugin, with the methods that Pyro5's have.

    :cvar plugin_name: the name by which it is chosen.
    """

    plugin_name: str = ""

    def __init__(self) -> None:
        """Find the plugin. Raises :exc:`~pyroplug.errors.PluginUnavailableError`."""
        self._serializer: Serializer = default_plugins().get(Kind.SERIALIZER, self.plugin_name)
        self.serializer_id = self._serializer.wire_id

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._serializer is self._serializer

    def __hash__(self) -> int:
        return hash(self.plugin_name)

    def dumps(self, data: Any) -> bytes:
        """A value as bytes. Raises :exc:`~pyroplug.errors.SerializeError` if that is impossible."""
        return bytes(joined(self._codec.dumps(data)))

    def loads(self, data: Any) -> Any:
        """The value back from bytes. Raises :exc:`~pyroplug.errors.SerializeError` if that is impossible."""
        return self._codec.loads(data)

    def dumpsCall(self, obj: str, method: str, vargs: Any, kwargs: Any) -> bytes:
        """A call as bytes. Raises as ``dumps`` does."""
        return bytes(joined(self._codec.dumps_call(obj, method, vargs, kwargs)))

    def loadsCall(self, data: Any) -> Any:
        """A call back: object id, method, arguments and keyword arguments. Raises as ``loads`` does."""
        return self._codec.loads_call(data)

    @property
    def _codec(self) -> Codec:
        # Anew each time: the configuration may have changed.
        return self._serializer.codec(config, registry)


class SerpentSerializer(PluginSerializer):
    """Python literals."""

    plugin_name = "serpent"


class MarshalSerializer(PluginSerializer):
    """Python's own format for code; a daemon accepts it only where its configuration names it."""

    plugin_name = "marshal"


class JsonSerializer(PluginSerializer):
    """JSON."""

    plugin_name = "json"


class MsgpackSerializer(PluginSerializer):
    """MessagePack."""

    plugin_name = "msgpack"


_CLASSES = {
    cls.plugin_name: cls for cls in (SerpentSerializer, MarshalSerializer, JsonSerializer, MsgpackSerializer)
}


class _Offered(Mapping[K, SerializerBase], Generic[K]):
    """The serializers that plugins offer, found when somebody looks."""

    def __init__(self, key: Callable[[Serializer], K]) -> None:
        self._key = key

    def _names(self) -> dict[K, str]:
        offered: Mapping[str, Serializer] = default_plugins().all(Kind.SERIALIZER)
        return {self._key(each): name for name, each in offered.items()}

    def __getitem__(self, key: K) -> SerializerBase:
        name = self._names()[key]
        cls = _CLASSES.get(name)
        return cls() if cls is not None else type("Serializer", (PluginSerializer,), {"plugin_name": name})()

    def __iter__(self) -> Iterator[K]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __repr__(self) -> str:
        return f"<serializers {', '.join(map(str, self))}>"


serializers: Mapping[str, SerializerBase] = _Offered(lambda each: each.name)
serializers_by_id: Mapping[int, SerializerBase] = _Offered(lambda each: each.wire_id)
