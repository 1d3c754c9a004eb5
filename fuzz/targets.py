"""What must hold, whatever the bytes: one function for each reader of them.

A target returns if all is well, whether the bytes mean something or not, and raises whatever should not have
been raised. It needs no network and leaves nothing behind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pyroplug import marshalled
from pyroplug.challenges import pack_challenges, unpack_challenges
from pyroplug.client import ClientProtocol, StreamReference
from pyroplug.contracts import Codec, Peer, joined
from pyroplug.errors import (
    CommunicationError,
    ConnectionClosedError,
    ProtocolError,
    PyroError,
    SecurityError,
    SerializeError,
)
from pyroplug.line import Line
from pyroplug.plugins import default_plugins
from pyroplug.receiver import Receiver
from pyroplug.selection import codec_for
from pyroplug.time_limit import TimeLimit
from pyroplug.uri import URI
from pyroplug.values import plain_classes, registry
from pyroplug.wire import Flags, Message, MessageType
from tests.conversation import (
    ADDRESS,
    SERIALIZERS,
    WIRE_IDS,
    Conversation,
    MemoryDaemon,
    alone,
    messages_in,
    settings_with,
)

from .thing import Thing

__all__ = ["TARGETS", "Target"]

Target = Callable[[bytes], None]

LIMIT = 1 << 16
"""Bytes of the largest message."""

_NAMES = tuple(SERIALIZERS)


@cache
def _codec(name: str) -> Codec:
    return codec_for(default_plugins(), name, settings_with(), registry)[1]


@cache
def _plain_codec(name: str) -> Codec:
    """What reads the greetings of strangers."""
    return codec_for(default_plugins(), name, settings_with(), plain_classes)[1]


# The wire --------------------------------------------------------------------------------------------


def receiver(data: bytes) -> None:
    """The first byte says how the rest is cut: the messages are the same as in one piece."""
    step, stream = 1 + (data[0] if data else 0), data[1:]
    whole, cut = Receiver(LIMIT), Receiver(LIMIT)
    for each in (whole, cut):
        each.codecs = {4: _codec("msgpack")}
    expected = [_facts(message) for message in _received(whole, stream, len(stream) + 1)]
    found = [_facts(message) for message in _received(cut, stream, step)]
    assert found == expected
    assert str(cut.error) == str(whole.error)
    assert whole.error is None or isinstance(whole.error, ProtocolError)


def _received(receiver: Receiver, stream: bytes, step: int) -> list[Message]:
    scratch, rest, messages = memoryview(bytearray(step)), memoryview(stream), list[Message]()
    while rest:
        room = receiver.get_buffer(scratch)
        count = min(len(room), len(rest), step)
        room[:count] = rest[:count]
        del room
        messages += receiver.buffer_updated(count)
        rest = rest[count:]
    return messages


def _facts(message: Message) -> tuple[Any, ...]:
    notes = {key: bytes(value) for key, value in message.annotations.items()}
    payload = bytes(joined(message.payload))
    return message.type, message.serializer_id, message.flags, message.sequence, payload, notes


# A server --------------------------------------------------------------------------------------------

_daemon: MemoryDaemon | None = None

_EXPECTED = (PyroError, AttributeError, TypeError)
"""What calls may raise that ``Thing`` does not expect."""


def session(data: bytes) -> None:
    """The first byte names a serializer, and whether the client has been accepted. The rest is what it sends.

    Every answer is a message that a client can read; and if the conversation goes on, a call is answered.
    """
    global _daemon  # noqa: PLW0603 - it takes long to make
    if _daemon is None:
        _daemon = MemoryDaemon({"thing": Thing}, MAX_MESSAGE_SIZE=LIMIT, MAX_HANDSHAKE_SIZE=LIMIT // 8)
    choice, stream = (data[0] if data else 0), data[1:]
    client = Conversation(_daemon, _NAMES[choice & 3], scratch=4096, greeting=not choice & 4)
    try:
        for answer in messages_in(client.send(stream)):
            _check_answer(answer)
        client.run_spawned()
        if client.session.accepted and not client.session.closing and client.session._receiver.idle:
            assert client.call("echo", 5) == 5
    finally:
        client.session.lost("the end of the bytes")


def _check_answer(answer: Message) -> None:
    if answer.type == MessageType.CONNECTFAIL and answer.serializer_id == WIRE_IDS["marshal"]:
        marshalled.load_text(answer.payload)
    elif answer.type in (MessageType.RESULT, MessageType.CONNECTOK, MessageType.CONNECTFAIL):
        value = _codec(_NAMES[answer.serializer_id - 1]).loads(answer.payload)
        if answer.flags & Flags.EXCEPTION:
            assert isinstance(value, _EXPECTED), repr(value)
    else:
        assert answer.type == MessageType.PING


# A client --------------------------------------------------------------------------------------------


class _Connection:
    """Gives a server's bytes, so many at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self.peer = Peer(ADDRESS, "memory")
        self.sock = None
        self._rest = memoryview(data)
        self._step = step

    def send(self, buffers: Any) -> None:
        """Nobody is there to receive it."""

    def recv_into(self, buffer: memoryview) -> int | None:
        count = min(len(buffer), len(self._rest), self._step)
        if not count:
            raise ConnectionClosedError("the end of the bytes")
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def set_timeout(self, seconds: float | None) -> None:
        """It never blocks."""

    def set_nonblocking(self) -> None:
        """Nor this."""

    def shutdown(self) -> None:
        """Nothing to do."""

    close = shutdown

    def fileno(self) -> int:
        return -1


def client(data: bytes) -> None:
    """The first byte names a serializer, the second how the rest comes: a server's answers."""
    if len(data) < 2:
        return
    name = _NAMES[data[0] & 3]
    codec = _codec(name)
    protocol = ClientProtocol(
        codec, WIRE_IDS[name], limit=LIMIT, compress=bool(data[0] & 4), codecs=_by_number
    )
    connection: Any = _Connection(data[2:], 1 + 16 * data[1])
    line = Line(connection, protocol, "the other side", TimeLimit(None))
    with contextlib.suppress(CommunicationError, SecurityError):
        alone(_converse, protocol, line, codec, bool(data[0] & 8))


def _converse(protocol: ClientProtocol, line: Line, codec: Codec, greets: bool) -> None:
    if greets:
        message = protocol.only(line.exchange(protocol.connect("thing", "hello", 0)))
        protocol.accepted(message)
    for sequence in range(1, 100):
        if sequence % 3 == 0:
            line.ping()
            continue
        if sequence % 2:
            payload: Any = line.dumps_call("thing", "echo", (5,), {})
            answer = line.exchange_plain(payload, sequence, 0)
            if isinstance(answer, bytes):
                _load(codec.loads, answer)
                continue
            assert answer is not None
            message = protocol.answer(answer, sequence)
        else:
            request = protocol.call("thing", "echo", (5,), {}, 0, sequence)
            message = protocol.answer(line.exchange(request), sequence)
        _check_result(protocol, message)


def _check_result(protocol: ClientProtocol, message: Message) -> None:
    loads = protocol.loads
    if message.serializer_id != protocol.serializer_id:
        loads = _by_number(message.serializer_id).loads
    is_readable, value = _load(loads, message.payload)
    try:
        result = protocol.result(message)
    except Exception as error:
        is_remote = is_readable and type(error) is type(value)
        if not is_remote and not isinstance(error, _LOADING):
            raise
    else:
        assert is_readable or isinstance(result, StreamReference)


def _by_number(serializer_id: int) -> Codec:
    if not 1 <= serializer_id <= len(_NAMES):
        raise SerializeError(f"no serializer {serializer_id}")
    return _codec(_NAMES[serializer_id - 1])


# Values ----------------------------------------------------------------------------------------------

_LOADING = (SerializeError, SecurityError)


def _load(loads: Callable[[Any], Any], data: Any) -> tuple[bool, Any]:
    """Whether a codec can read it, and what it reads."""
    try:
        return True, loads(data)
    except _LOADING:
        return False, None


def _serializer(name: str) -> Target:
    def read(data: bytes) -> None:
        codec, plain = _codec(name), _plain_codec(name)
        is_readable, value = _load(codec.loads, data)
        assert _load(codec.loads, bytearray(data))[0] is is_readable
        _load(plain.loads, data)
        _load(codec.loads_call, data)
        find_bulk = getattr(codec, "find_bulk", None)
        if find_bulk is not None:
            assert _load(codec.loads, _in_pieces(data, find_bulk))[0] is is_readable
        if is_readable:
            with contextlib.suppress(*_LOADING):
                codec.loads(joined(codec.dumps(value)))

    read.__doc__ = f"A payload in {name}: read as a value, as a call and by strangers, and written again."
    return read


def _in_pieces(data: bytes, find_bulk: Callable[[bytes, int], tuple[int, int] | None]) -> Any:
    pieces, rest = list[bytes](), data
    while found := find_bulk(rest[:4096], len(rest)):
        start, size = found
        if not 0 < start < min(4096, len(rest)) < start + size <= len(rest):
            break
        pieces += (rest[:start], rest[start : start + size])
        rest = rest[start + size :]
    return (*pieces, rest) if pieces and rest else tuple(pieces) or data


def beside(data: bytes) -> None:
    """What goes beside messages: marshalled values that are read by hand, and a handshake's challenges."""
    with contextlib.suppress(ProtocolError):
        value = marshalled.load(data)
        again = marshalled.load(marshalled.dump(value))
        assert again == value or repr(again) == repr(value)  # NaN is not equal to itself
    with contextlib.suppress(ProtocolError):
        parts = unpack_challenges(data)
        assert unpack_challenges(pack_challenges(parts)) == parts


def uri(data: bytes) -> None:
    """A URI's text; and one that a peer sends."""
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(PyroError):
        made = URI(text)
        assert URI(str(made)) == made
        assert URI.from_state(made.__getstate__()) == made
        hash(made)
    is_readable, state = _load(_codec("json").loads, data)
    if is_readable:
        with contextlib.suppress(SerializeError):
            URI.from_state(state)


TARGETS: Mapping[str, Target] = {
    "receiver": receiver,
    "session": session,
    "client": client,
    **{name: _serializer(name) for name in _NAMES},
    "beside": beside,
    "uri": uri,
}
