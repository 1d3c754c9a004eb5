"""Arguments that are passed on unread: a dispatcher needs to know neither their types nor their size.

A call with a blob as its only argument carries, beside the payload, what its sender says about it. The
payload stays as it came until somebody asks for its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from . import marshalled
from .contracts import Buffer, Codec
from .errors import ProtocolError, SerializeError
from .wire import Message

__all__ = ["BLOB_ANNOTATION", "ReceivedPayload", "SerializedBlob", "describe_blob", "read_blob"]

BLOB_ANNOTATION = "BLBI"


class ReceivedPayload:
    """The payload of a call that was received, as it came.

    :ivar data: the bytes.
    :ivar serializer_id: the wire id of the serializer that wrote them.
    """

    __slots__ = ("_codec", "data", "serializer_id")

    def __init__(self, data: bytes, serializer_id: int, codec: Codec) -> None:
        self.data = data
        self.serializer_id = serializer_id
        self._codec = codec

    def __getstate__(self) -> NoReturn:
        raise TypeError("a blob that was received goes on as the only argument of a call, and nowhere else")

    def value(self) -> Any:
        """What it stands for. Raises :exc:`~pyroplug.errors.SerializeError` if it cannot be read here."""
        return self._codec.loads_call(self.data)[2]


class SerializedBlob:
    """The only argument of a call, which those who pass it on need not read.

    :ivar info: what the sender says about it; it is read by everyone.
    """

    __slots__ = ("_contains_blob", "_data", "info")

    def __init__(self, info: Any, data: Any, is_blob: bool = False) -> None:
        """Make an argument of a value.

        :param info: plain values: None, numbers, texts, bytes, and containers of them.
        :param data: the value that travels; if ``is_blob``, a payload that was received.
        """
        if is_blob and not isinstance(data, ReceivedPayload):
            raise TypeError(f"a received payload is needed, not a {type(data).__name__}")
        self.info = info
        self._data = data
        self._contains_blob = is_blob

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.info!r:.80}{' as received' if self._contains_blob else ''}>"

    def deserialized(self) -> Any:
        """The value. Raises :exc:`~pyroplug.errors.SerializeError` if it cannot be read here."""
        return self._data.value() if self._contains_blob else self._data

    @property
    def received(self) -> ReceivedPayload | None:
        """The payload as it was received; ``None`` if the value was given here."""
        return self._data if self._contains_blob else None


def only_blob(args: Any, kwargs: Mapping[str, Any]) -> SerializedBlob:
    """The blob in the arguments of a call, whose first one it is.

    :raises SerializeError: it is not the only argument.
    """
    if len(args) > 1 or kwargs:
        raise SerializeError(
            "a SerializedBlob has to be the only argument of a call",
            hint="put the other values into its data, or into its info if those who pass it on need them",
        )
    blob: SerializedBlob = args[0]
    return blob


def describe_blob(blob: SerializedBlob, object_id: str, method: str) -> bytes:
    """What travels beside the payload; raises ``ProtocolError`` if the info is not plain."""
    return marshalled.dump((blob.info, object_id, method))


def read_blob(request: Message, codec: Codec) -> tuple[str, str, Any, dict[str, Any] | None]:
    """The call that a request makes with a blob: object id, method, arguments, keyword arguments.

    :raises ProtocolError: it does not say whom it is for.
    """
    described: Buffer = request.annotations.get(BLOB_ANNOTATION, b"")
    said = marshalled.load(described) if described else None
    if not isinstance(said, tuple) or len(said) != 3 or not all(isinstance(name, str) for name in said[1:]):
        raise ProtocolError("invalid data: a serialized blob does not say which object and method it is for")
    info, object_id, method = said
    payload = ReceivedPayload(request.payload, request.serializer_id, codec)
    return object_id, method, (SerializedBlob(info, payload, is_blob=True),), {}
