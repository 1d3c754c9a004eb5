"""A daemon and its clients in memory: bytes in, bytes out, no socket and no thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import copy_context
from typing import Any

from pyroplug import wire
from pyroplug.config import Configuration
from pyroplug.context import ClientConnection
from pyroplug.contracts import Buffer, Codec, Connection, Peer
from pyroplug.daemon_object import DaemonObject
from pyroplug.hosting import Host
from pyroplug.marshalled import load_text
from pyroplug.objects import ObjectTable
from pyroplug.plugins import default_plugins
from pyroplug.receiver import Receiver
from pyroplug.selection import codec_for, select_for_daemon
from pyroplug.session import ServerSession
from pyroplug.streams import StreamTable, Threads
from pyroplug.uri import DAEMON_NAME
from pyroplug.values import registry
from pyroplug.wire import Flags, Message, MessageType

SERIALIZERS = ("serpent", "marshal", "json", "msgpack")
WIRE_IDS = {"serpent": 1, "marshal": 2, "json": 3, "msgpack": 4}
ADDRESS = ("192.0.2.7", 4711)


def settings_with(**values: Any) -> Configuration:
    """A configuration of its own, which knows no environment."""
    settings = Configuration(environ={})
    for name, value in values.items():
        setattr(settings, name, value)
    return settings


def surroundings() -> dict[Any, Any]:
    """What context variables there are, with a value."""
    return {variable: value for variable, value in copy_context().items() if value is not None}


def alone(function: Callable[..., Any], *args: Any) -> Any:
    """Run a function in a context of its own, as a task would be."""
    return copy_context().run(function, *args)


def codec_of(serializer: str) -> Codec:
    return codec_for(default_plugins(), serializer, settings_with(), registry)[1]


class FakeConnection:
    """Says who is at the other end."""

    def __init__(self) -> None:
        self.peer = Peer(ADDRESS, "memory")
        self.sock: Any = None
        self.shut = 0

    def fileno(self) -> int:
        return 99

    def shutdown(self) -> None:
        self.shut += 1

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a session must not use its connection's {name}")


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class MemoryDaemon:
    """A daemon's insides without a server. It remembers what happens to it."""

    def __init__(
        self,
        objects: Mapping[str, Any],
        accepted: Sequence[str] = SERIALIZERS,
        handshake: Iterable[Any] = (),
        threads: Threads | None = None,
        **settings: Any,
    ) -> None:
        self.settings = settings_with(SERIALIZERS_ACCEPTED=tuple(accepted), **settings)
        self.clock = Clock()
        self.table = ObjectTable(threading.RLock)
        self.streams = StreamTable(
            threading.RLock(),
            self.clock,
            lifetime=self.settings.ITER_STREAM_LIFETIME,
            linger=self.settings.ITER_STREAM_LINGER,
            per_client=self.settings.ITER_STREAMS_PER_CLIENT,
            prefetch=self.settings.ITER_STREAM_PREFETCH,
            threads=threads,
        )
        self.failures: list[tuple[Any, ...]] = []
        self.disconnected: list[ClientConnection] = []
        self.answer: Callable[[ClientConnection, Any], Any] = lambda client, data: "hello"
        self.methodcall_error_handler: Callable[..., object] = self._note
        selection = select_for_daemon(default_plugins(), self.settings, registry, handshake)
        self.host = Host(self, selection, self.table, self.streams, self.settings, MemoryDaemon.annotations)
        for object_id, target in {DAEMON_NAME: DaemonObject(self), **objects}.items():  # type: ignore[arg-type]
            self.table.add(object_id, target)

    def _note(self, daemon: object, *facts: Any) -> None:
        assert daemon is self
        self.failures.append(facts)

    @property
    def objectsById(self) -> dict[str, Any]:
        return self.table.items()

    @property
    def config(self) -> Configuration:
        return self.settings

    def validateHandshake(self, conn: ClientConnection, data: Any) -> Any:
        return self.answer(conn, data)

    def clientDisconnect(self, conn: ClientConnection) -> None:
        self.disconnected.append(conn)

    def annotations(self) -> Mapping[str, Buffer]:
        return {}

    def housekeeping(self) -> None:
        pass

    def metadata(self, object_id: str, /) -> Mapping[str, Any]:
        return self.table.get(object_id).exposure.metadata()


class Conversation:
    """One client of a daemon, as bytes. It moves them as a server model does."""

    def __init__(
        self,
        daemon: MemoryDaemon,
        serializer: str = "serpent",
        *,
        greeting: bool = True,
        scratch: int = 1 << 16,
        short_way: bool = True,
    ) -> None:
        self.short_way = short_way
        self.daemon = daemon
        self.codec = codec_of(serializer)
        self.serializer_id = WIRE_IDS[serializer]
        self.connection = FakeConnection()
        self.spawned: list[Callable[[], None]] = []
        self.session: ServerSession = daemon.host.open_session(
            self.connection, self._spawn, handshake=greeting
        )
        self._scratch = memoryview(bytearray(scratch))

    def send(self, *pieces: bytes) -> bytes:
        """All that comes back for pieces of bytes; after the session wants to end, nothing is read."""
        session, sent = self.session, []
        before = surroundings()
        for piece in pieces:
            rest = memoryview(piece)
            while rest and not session.closing:
                room = session.get_buffer(self._scratch)
                count = min(len(room), len(rest))
                room[:count] = rest[:count]
                rest = rest[count:]
                answer = session.handle_plain(room, count) if self.short_way else None
                del room  # Python 3.13 complains of memory that is lent when it becomes garbage
                if answer is not None:
                    sent += answer
                    assert surroundings() == before, "a request leaves its context behind"
                else:
                    for request in session.buffer_updated(count):
                        sent += session.handle(request)
                        assert surroundings() == before, "a request leaves its context behind"
                self._scratch[:] = bytes(len(self._scratch))  # nothing of it may have been kept
        return b"".join(sent)

    def ask(self, *pieces: bytes) -> Message | None:
        """The one answer; ``None`` if none comes."""
        messages = messages_in(self.send(*pieces))
        assert len(messages) <= 1
        return messages[0] if messages else None

    # Requests as bytes

    def hello(self, object_id: Any = "thing", handshake: Any = "hello", **parts: Any) -> bytes:
        return self.connect({"handshake": handshake, "object": object_id}, **parts)

    def connect(self, said: Any, **parts: Any) -> bytes:
        return self.bytes_of(MessageType.CONNECT, self.codec.dumps(said), **parts)

    def invoke(self, method: str, *args: Any, kwargs: Any = None, **parts: Any) -> bytes:
        object_id = parts.pop("object_id", "thing")
        payload = self.codec.dumps_call(object_id, method, args, {} if kwargs is None else kwargs)
        return self.bytes_of(MessageType.INVOKE, payload, **{"sequence": 1, **parts})

    def batch(self, *calls: Any, flags: int = 0, **parts: Any) -> bytes:
        payload = self.codec.dumps_call(parts.pop("object_id", "thing"), "<batch>", list(calls), None)
        return self.bytes_of(MessageType.INVOKE, payload, flags=flags | Flags.BATCH, **parts)

    def bytes_of(
        self,
        kind: int,
        payload: Buffer,
        *,
        flags: int = 0,
        sequence: int = 0,
        serializer_id: int | None = None,
        annotations: Mapping[str, Buffer] = wire.NO_ANNOTATIONS,
        correlation_id: bytes | None = None,
        compress: bool = False,
    ) -> bytes:
        serializer_id = self.serializer_id if serializer_id is None else serializer_id
        return b"".join(
            wire.encode(
                kind,
                serializer_id,
                flags,
                sequence,
                payload,
                annotations,
                correlation_id,
                compress=compress,
            )
        )

    # Requests and what they mean

    def greet(self, object_id: str = "thing") -> Conversation:
        """Be accepted."""
        answer = self.ask(self.hello(object_id))
        assert answer is not None
        assert answer.type == MessageType.CONNECTOK, self.text_of(answer)
        return self

    def call(self, method: str, *args: Any, **parts: Any) -> Any:
        """What a method returns; raises what it raises."""
        answer = self.ask(self.invoke(method, *args, **parts))
        assert answer is not None
        value = self.value_of(answer)
        if answer.flags & Flags.EXCEPTION:
            raise value
        return value

    def failure(self, method: str, *args: Any, **parts: Any) -> Any:
        """The exception that a method raises."""
        answer = self.ask(self.invoke(method, *args, **parts))
        assert answer is not None
        assert answer.type == MessageType.RESULT
        assert answer.flags & Flags.EXCEPTION
        return self.value_of(answer)

    def value_of(self, message: Message) -> Any:
        assert message.serializer_id == self.serializer_id
        return self.codec.loads(message.payload)

    def text_of(self, message: Message) -> str:
        """The text of a refusal, whoever was to read it."""
        if message.serializer_id == wire.TEXT_SERIALIZER_ID:
            return load_text(message.payload)
        return str(self.value_of(message))

    def _spawn(self, call: Callable[[], None], connection: Connection, size: int) -> None:
        assert connection is self.connection
        assert size >= 0
        self.spawned.append(call)

    def run_spawned(self) -> int:
        """Run the one-way calls that were handed over: how many."""
        calls = self.spawned[:]
        self.spawned.clear()
        before = surroundings()
        for call in calls:
            call()
            assert surroundings() == before, "a one-way call leaves its context behind"
        return len(calls)


def traceback_of(error: Any) -> str:
    """The remote traceback that came with an exception."""
    return "".join(error._pyroTraceback)


def messages_in(data: bytes) -> list[Message]:
    """The messages that bytes are, complete ones and nothing else."""
    receiver = Receiver(1 << 30)
    received: list[Message] = []
    rest = memoryview(data)
    scratch = memoryview(bytearray(max(len(data), 1)))
    while rest:
        room = receiver.get_buffer(scratch)
        count = min(len(room), len(rest))
        room[:count] = rest[:count]
        del room  # Python 3.13 complains of memory that is lent when it becomes garbage
        received += receiver.buffer_updated(count)
        assert receiver.error is None, receiver.error
        rest = rest[count:]
    assert receiver.idle
    return received


def answer_to(client: Conversation, request: bytes) -> Message:
    """The answer to a request that wants one."""
    answer = client.ask(request)
    assert answer is not None
    return answer


def refusal(client: Conversation, *pieces: bytes) -> str:
    """The text by which a client is refused."""
    answer = client.ask(*pieces)
    assert answer is not None
    assert answer.type == MessageType.CONNECTFAIL
    assert client.session.closing
    assert not client.session.accepted
    return client.text_of(answer)
