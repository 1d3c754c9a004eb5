"""Serializers, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from .payloads import Payload
from .settings import Buffer, Settings

__all__ = ["BulkCodec", "ClassConverter", "Codec", "Serializer"]


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

    def dumps(self, value: Any, /) -> Payload:
        """The value as bytes.

        Sets of texts are written in any case, as lists where the format has no sets: a daemon tells proxies
        in them what its objects have.

        These may be several buffers. Large ones may be memory of the value itself instead of copies, also
        if it can be changed: whoever sends them sees to it that nobody does so meanwhile.
        """

    def loads(self, data: Buffer, /) -> Any:
        """The value back from bytes."""

    def dumps_call(
        self, object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None, /
    ) -> Payload:
        """A call as bytes, likewise.

        :param args: the positional arguments, a sequence; with a blob, the blob's value takes their place.
        """

    def loads_call(self, data: Buffer, /) -> tuple[str, str, Any, dict[str, Any] | None]:
        """A call back: object id, method, positional and keyword arguments.

        In the place of the positional arguments is what the peer put there, which may be no sequence.
        """


class BulkCodec(Codec, Protocol):
    """A codec that has large byte strings received into memory of their own, which the program then gets.

    It is up to a codec whether it is one. If it is, it may be given a payload in pieces: ``loads`` and
    ``loads_call`` take a tuple of bytes. In it every second one, beginning with the second, is a byte string
    that ``find_bulk`` has found, and is to be part of the value as it is; what comes before it ends where
    that begins. The last piece may be either.
    """

    def loads(self, data: Payload, /) -> Any:
        """The value back from bytes."""

    def loads_call(self, data: Payload, /) -> tuple[str, str, Any, dict[str, Any] | None]:
        """A call back."""

    def find_bulk(self, head: bytes, size: int, /) -> tuple[int, int] | None:
        """The first large byte string of a payload: where it begins, and its length; ``None`` for none.

        It is asked about large payloads only, before these have arrived, and again about what follows after
        such a byte string. What it says decides where bytes are received, and about nothing else: it raises
        nothing, whatever a stranger has sent.

        :param head: how the payload begins, or how it goes on; some thousand bytes, of which it must look at
            no more than a bounded part. The byte string has to begin within them, not at their very start,
            and to reach beyond them.
        :param size: bytes of the whole of it; the byte string has to end within.
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
        """What survives a round trip unchanged beyond JSON's types: type names such as ``bytes``, ``set``.

        Names that mean the same to all: bytes, bytearray, complex, tuple, set, frozenset, datetime, aware
        datetime, date, time, timedelta, uuid, decimal; and of dictionaries integer keys, tuple keys.
        """

    def codec(self, settings: Settings, classes: ClassConverter, /) -> Codec:
        """The codec for one daemon or proxy. Raises :exc:`~pyroplug.errors.ConfigError`."""
