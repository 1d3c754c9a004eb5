"""Serializers, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from .settings import Buffer, Settings

__all__ = ["ClassConverter", "Codec", "Serializer"]


class ClassConverter(Protocol):
    """Given to serializers: turns objects into plain dictionaries and back, the same way for all of them."""

    def converter_for(self, value: Any, /) -> Callable[[Any], Any] | None:
        """What was registered for an object: gives its stand-in, as ``to_dict`` would. ``None`` for nothing.

        For formats with rules of their own, which a registration overrides.
        """

    def to_dict(self, value: Any, /) -> Any:
        """A plain stand-in for an object that the format has no way to write.

        It is usually a dictionary with a ``__class__`` entry; its values may again need converting.
        Raises :exc:`~pyroplug.errors.SerializeError` where there is no way, and whatever a registered
        converter raises.
        """

    def from_dict(self, data: dict[str, Any], /) -> Any:
        """The object for a dictionary that has a ``__class__`` entry.

        Raises :exc:`~pyroplug.errors.SerializeError` or :exc:`~pyroplug.errors.SecurityError` for a class
        that must not be made here, and whatever a registered converter raises.
        """

    def recreate(self, value: Any, /) -> Any:
        """A value with each dictionary in it that has a ``__class__`` entry put through ``from_dict``.

        Lists, tuples and dictionaries are walked. Raises as ``from_dict`` does.
        """


class Codec(Protocol):
    """Values to bytes and back, for one configuration. Used by many threads at once.

    What is dumped may be read by a peer in another process and of another version; what is loaded comes
    from a stranger. Each method raises :exc:`~pyroplug.errors.SerializeError` and nothing else of its own;
    what :class:`ClassConverter` raises passes through.
    """

    def dumps(self, value: Any, /) -> Buffer:
        """The value as bytes."""

    def loads(self, data: Buffer, /) -> Any:
        """The value back from bytes."""

    def dumps_call(
        self, object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None, /
    ) -> Buffer:
        """A call as bytes.

        :param args: the positional arguments, a sequence; with a blob, the blob's value takes their place.
        """

    def loads_call(self, data: Buffer, /) -> tuple[str, str, Any, dict[str, Any] | None]:
        """A call back: object id, method, positional and keyword arguments.

        In the place of the positional arguments is what the peer put there, which may be no sequence.
        """


@runtime_checkable
class Serializer(Protocol):
    """A serialization format. Offered by ``pyroplug_serializers``.

    Two serializers may share a ``wire_id`` only if each reads what the other writes. Ids 1 to 63 are the
    project's own, 64 to 127 are for registered third parties, 128 to 255 for private use.
    """

    @property
    def name(self) -> str:
        """The name by which users choose it."""

    @property
    def wire_id(self) -> int:
        """The number by which messages name it, 1 to 255."""

    @property
    def carries(self) -> frozenset[str]:
        """What survives a round trip unchanged beyond JSON's types: type names such as ``bytes``, ``set``."""

    def codec(self, settings: Settings, classes: ClassConverter, /) -> Codec:
        """The codec for one daemon or proxy. Raises :exc:`~pyroplug.errors.ConfigError`."""
