"""The client's end of one connection, sans-IO: calls become bytes, bytes become answers.

It knows the messages and their order, and no socket; when to connect, how long to wait and what to try again
is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from . import wire
from .blobs import BLOB_ANNOTATION, SerializedBlob, describe_blob, only_blob
from .context import current_call, current_state, keep_received
from .contracts import Buffer, Codec, Payload, joined
from .errors import CommunicationError, ConnectionClosedError, HandshakeError, ProtocolError, SerializeError
from .marshalled import load_text
from .receiver import Receiver
from .values import attach_remote_traceback
from .wire import (
    FAULT,
    NO_ANNOTATIONS,
    Flags,
    Message,
    MessageType,
    encode,
    largest_plain,
)

__all__ = ["ClientProtocol", "RemoteCall", "StreamReference"]

# Plain integers: an operation on an enum's member costs a microsecond.
_CONNECT, _CONNECTOK, _CONNECTFAIL = map(int, list(MessageType)[:3])
_INVOKE, _RESULT, _PING = map(int, list(MessageType)[3:])
_EXCEPTION, _STREAM = int(Flags.EXCEPTION), int(Flags.ITEM_STREAM_RESULT)
_KEEP, _TRY_AGAIN = int(Flags.KEEP_SERIALIZED), int(Flags.TRY_AGAIN)
_NOT_RUN = _EXCEPTION | _TRY_AGAIN

PING_SERIALIZER_ID = 42
"""What a ping names as its serializer, having nothing to serialize."""
STREAM_ANNOTATION = "STRM"
ITEMS_ANNOTATION = "ITMS"


class RemoteCall(NamedTuple):
    """What is called, with what; ``flags`` are the message's."""

    object_id: str
    method: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    flags: int = 0


class StreamReference:
    """Stands for a remote iterator, as an answer.

    :ivar stream_id: by which its items are asked for.
    :ivar several: whether they can be had several at a time.
    """

    __slots__ = ("several", "stream_id")

    def __init__(self, stream_id: str, several: bool = False) -> None:
        self.stream_id = stream_id
        self.several = several


class ClientProtocol:
    """Makes requests and reads answers, of one connection.

    :ivar dumps_call: gives the payload of a call.
    :ivar loads: gives the value of an answer's payload.
    :ivar serializer_id: of the serializer that both are of.
    :ivar limit: bytes of the largest message, either way.
    :ivar correlation_id: of requests, where the context has none; ``None`` for none.
    :ivar plain_size: bytes of the largest payload that :mod:`pyroplug.plain_exchange` may send.

    Per request: send what ``call`` gives, then until ``buffer_updated`` gives messages, receive into
    ``get_buffer``; find the ``answer`` in them, and ``result`` tells what it means. When anything up to
    ``answer`` raises, the connection is of no more use; what ``result`` raises concerns that call alone.
    """

    __slots__ = (
        "_answer_ids",
        "_codec",
        "_codecs",
        "_compress",
        "_receiver",
        "buffer_updated",
        "correlation_id",
        "dumps_call",
        "get_buffer",
        "limit",
        "loads",
        "plain_size",
        "serializer_id",
    )

    def __init__(
        self,
        codec: Codec,
        serializer_id: int,
        *,
        limit: int,
        compress: bool,
        codecs: Callable[[int], Codec] | None = None,
    ) -> None:
        """
        :param limit: bytes of the largest message, either way.
        :param compress: whether large requests are compressed.
        :param codecs: gives other serializers' codecs by wire id, for answers to blobs that were passed on.
        """
        self._codec = codec
        self.dumps_call = codec.dumps_call
        self.loads = codec.loads
        self.serializer_id = serializer_id
        self.limit = limit
        self.plain_size = largest_plain(limit, compress)
        self._compress = compress
        self.correlation_id: bytes | None = None
        self._codecs = codecs
        self._answer_ids: tuple[int, ...] = (serializer_id,)  # the last blob that was passed on adds its own
        self._receiver = Receiver(limit)
        self._receiver.codecs = {serializer_id: codec}
        self.get_buffer = self._receiver.get_buffer
        self.buffer_updated = self._receiver.buffer_updated

    # Out

    def connect(
        self,
        object_id: str,
        handshake: Any,
        sequence: int,
        annotations: Mapping[str, Buffer] = NO_ANNOTATIONS,
    ) -> Sequence[Buffer]:
        """The greeting. Raises as ``call`` does.

        :param annotations: beside those of the current context.
        """
        payload = self._codec.dumps({"handshake": handshake, "object": object_id})
        return self._encode(_CONNECT, 0, sequence, payload, annotations)

    def respond(self, sequence: int, annotations: Mapping[str, Buffer]) -> Sequence[Buffer]:
        """What follows on a greeting that was answered with a question.

        :param sequence: of the greeting.
        :param annotations: the response.
        """
        return encode(_CONNECT, self.serializer_id, 0, sequence, b"", annotations)

    def call(
        self,
        object_id: str,
        method: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        flags: int,
        sequence: int,
    ) -> Sequence[Buffer]:
        """A call.

        :raises SerializeError: the arguments cannot be sent.
        :raises MessageTooLargeError: they are too large.
        :raises ProtocolError: an annotation of the current context cannot be sent.
        """
        if args and type(args[0]) is SerializedBlob:
            return self._call_with_blob(object_id, method, only_blob(args, kwargs), flags, sequence)
        return self._encode(_INVOKE, flags, sequence, self.dumps_call(object_id, method, args, kwargs))

    def request(self, payload: Payload, sequence: int, flags: int) -> Sequence[Buffer]:
        """A call whose payload is there already. Raises as ``call`` does, but for ``SerializeError``."""
        return self._encode(_INVOKE, flags, sequence, payload)

    def _call_with_blob(
        self, object_id: str, method: str, blob: SerializedBlob, flags: int, sequence: int
    ) -> Sequence[Buffer]:
        """A call whose payload goes out as it came in, if it did, in the serializer in which it came."""
        about = {BLOB_ANNOTATION: describe_blob(blob, object_id, method)}
        received = blob.received
        if received is None:
            payload = self.dumps_call(object_id, method, blob.deserialized(), {})
            return self._encode(_INVOKE, flags | _KEEP, sequence, payload, about)
        self._answer_ids = (self.serializer_id, received.serializer_id)
        return self._encode(_INVOKE, flags | _KEEP, sequence, received.data, about, received.serializer_id)

    def ping(self) -> Sequence[Buffer]:
        """A sign of life, which wants one back."""
        return encode(_PING, PING_SERIALIZER_ID, 0, 0, b"ping")

    def _encode(
        self,
        kind: int,
        flags: int,
        sequence: int,
        payload: Payload,
        annotations: Mapping[str, Buffer] = NO_ANNOTATIONS,
        serializer_id: int | None = None,
    ) -> Sequence[Buffer]:
        state = current_state()
        correlation_id = None if state is None else state.correlation_to_send()
        return encode(
            kind,
            self.serializer_id if serializer_id is None else serializer_id,
            flags,
            sequence,
            payload,
            annotations if state is None else {**state.to_send(), **annotations},
            self.correlation_id if correlation_id is None else correlation_id,
            compress=self._compress,
            limit=self.limit,
        )

    # In

    def only(self, messages: Sequence[Message]) -> Message:
        """The one message that was received.

        :raises ProtocolError: the peer breaks the rules of the wire; the connection is of no more use.
        """
        if messages[-1] is FAULT:
            assert self._receiver.error is not None
            from copy import copy  # for when something is wrong

            # A twin: where it is raised leads back to the receiver, which keeps it.
            raise copy(self._receiver.error)
        if len(messages) > 1:
            raise ProtocolError("invalid data: more than one answer to a single call")
        return messages[0]

    def refused(self, message: Message) -> bool:
        """Whether a message refuses the greeting."""
        return message.type == _CONNECTFAIL

    def accepted(self, message: Message) -> Mapping[str, Any]:
        """The answer to the greeting: a mapping with ``handshake`` and ``meta``.

        :raises HandshakeError: the peer refuses; the text is its reason.
        :raises ProtocolError: it answers something else.
        """
        if message.type == _CONNECTFAIL:
            error = HandshakeError(self._reason(message))
            error.passing = bool(message.flags & _TRY_AGAIN)
            raise error
        if message.type != _CONNECTOK:
            raise ProtocolError(f"invalid msg type {message.type} received (expected: {_CONNECTOK})")
        if message.serializer_id != self.serializer_id:
            raise self._other_serializer(message)
        said = self.loads(message.payload)
        if not isinstance(said, dict) or not {"handshake", "meta"} <= said.keys():
            raise ProtocolError(
                "invalid data: the answer to the greeting lacks the handshake or the metadata"
            )
        keep_received(message.annotations)
        return said

    def _reason(self, message: Message) -> str:
        try:
            if message.serializer_id == self.serializer_id:
                return str(self.loads(message.payload))
            if message.serializer_id == wire.TEXT_SERIALIZER_ID:
                return load_text(message.payload)
        except Exception:
            return "it gave a reason that cannot be read here"
        return f"it gave a reason in serializer {message.serializer_id}, which is not in use here"

    def answer(self, messages: Sequence[Message], sequence: int) -> Message:
        """The answer to a request, which is all that was received.

        :param sequence: of the request.
        :raises ProtocolError: there is something else.
        :raises SerializeError: it comes in another serializer.
        :raises ConnectionClosedError: the peer says that it has not run the call, and runs none any more.
        """
        message = messages[0]
        if (
            message.type != _RESULT
            or message.sequence != sequence
            or message.serializer_id not in self._answer_ids
            or len(messages) != 1
        ):
            raise self._unexpected(self.only(messages), sequence)
        if message.flags & _NOT_RUN == _NOT_RUN:
            raise self._not_run(message)
        return message

    def result(self, message: Message) -> Any:
        """The result of a call; a :class:`StreamReference` stands for an iterator.

        :raises SerializeError: it cannot be read here.
        :raises BaseException: what the call raised remotely.
        """
        if message.annotations or current_call.get() is not None:
            keep_received(message.annotations)
        loads = self.loads
        if message.serializer_id != self.serializer_id:
            loads = self._foreign_codec(message.serializer_id).loads
        if message.flags & _EXCEPTION:
            return self._raise(message, loads)
        return loads(message.payload)

    def whole(self, message: Message) -> Message:
        """A message as programs want it that read it themselves: its payload is in one piece."""
        message.payload = joined(message.payload)
        return message

    def _foreign_codec(self, serializer_id: int) -> Codec:
        if self._codecs is None:
            raise SerializeError(f"there is no serializer {serializer_id} here to read the answer")
        return self._codecs(serializer_id)

    def _raise(self, message: Message, loads: Callable[[Buffer], Any]) -> StreamReference:
        if message.flags & _STREAM and STREAM_ANNOTATION in message.annotations:
            stream_id = bytes(message.annotations[STREAM_ANNOTATION]).decode("ascii", "replace")
            return StreamReference(stream_id, ITEMS_ANNOTATION in message.annotations)
        error = loads(message.payload)
        if not isinstance(error, BaseException):
            raise SerializeError(f"the peer sent an exception that is none: {error!r:.200}")
        attach_remote_traceback(error)
        raise error

    def _not_run(self, message: Message) -> CommunicationError:
        said = self._codec.loads(message.payload) if message.serializer_id == self.serializer_id else ""
        error = said if type(said) is ConnectionClosedError else ConnectionClosedError(f"{said!s:.200}")
        error.unsent = True
        return error

    def _unexpected(self, message: Message, sequence: int) -> ProtocolError:
        if message.type == _CONNECTFAIL:
            return ProtocolError(f"the peer ended the conversation: {self._reason(message)}")
        if message.type != _RESULT:
            return ProtocolError(f"invalid msg type {message.type} received (expected: {_RESULT})")
        if message.sequence != sequence:
            return ProtocolError(f"the answer belongs to request {message.sequence}, not to {sequence}")
        return self._other_serializer(message)

    def _other_serializer(self, message: Message) -> SerializeError:
        return SerializeError(
            f"the peer answered with serializer {message.serializer_id}, "
            f"and was asked with {self.serializer_id}"
        )

    def pong(self, message: Message) -> None:
        """Check the answer to a ping. Raises :exc:`~pyroplug.errors.ProtocolError` if it is none."""
        if message.type != _PING:
            raise ProtocolError(f"invalid msg type {message.type} received (expected: {_PING})")
