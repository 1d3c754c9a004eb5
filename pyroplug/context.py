"""The context of a call: who makes it, and what travels beside arguments and results.

``current_context`` shows the call that is being handled, in whatever thread or task that happens; outside
of one it holds what a client wants to send along with its next calls, and what came back beside the last
result. Nothing passes from one request to another, and nothing that came in goes out again by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias

from .client_connection import ClientConnection
from .contracts import Buffer
from .errors import PyroError
from .wire import NO_ANNOTATIONS, Message, plain_message

if TYPE_CHECKING:
    from uuid import UUID

__all__ = [
    "CallContext",
    "CallState",
    "ClientConnection",
    "current_call",
    "current_context",
    "current_state",
    "keep_received",
    "request_of",
    "state_of",
]

Annotations = MutableMapping[str, Buffer]


class CallState:
    """What belongs to one request on a server, or to the calls that a client makes.

    :ivar client: whose request it is; ``None`` outside of one.
    :ivar message: the request; ``None`` outside of one.
    :ivar outgoing: annotations that go out with calls made from here; ``None`` if nobody touched them.
    :ivar response: annotations for the answer to the request; ``None`` if nobody set them.
    :ivar received: annotations that came with the last answer.
    :ivar shown: those of them that ``response`` began with.
    :ivar correlation_id: 16 bytes; ``None`` if there is none, or nobody asked for it yet.
    """

    __slots__ = ("client", "correlation_id", "message", "outgoing", "received", "response", "shown")

    def __init__(self, client: ClientConnection | None = None, message: Message | None = None) -> None:
        self.client = client
        self.message = message
        self.outgoing: Annotations | None = None
        self.response: Annotations | None = None
        self.received: Mapping[str, Buffer] | None = None
        self.shown: Mapping[str, Buffer] = NO_ANNOTATIONS
        self.correlation_id: bytes | None = None if message is None else message.correlation_id

    def to_send(self) -> Mapping[str, Buffer]:
        """The annotations for a call made from here: those set for it, and none that merely came in."""
        outgoing = self.outgoing
        if not outgoing:
            return {}
        if self.message is None:
            return outgoing
        return _new(outgoing, self.message.annotations)

    def to_answer(self) -> Mapping[str, Buffer]:
        """The annotations for the answer to the request: those set for it, and none of a nested call's."""
        return _new(self.response, self.shown) if self.response else {}

    def correlation_to_send(self) -> bytes | None:
        """The correlation id for a call made from here; within a request there always is one."""
        if self.correlation_id is None and self.message is not None:
            from uuid import uuid4

            self.correlation_id = uuid4().bytes
        return self.correlation_id

    @property
    def says_nothing(self) -> bool:
        """Whether it is as good as none: a client's, with nothing to send and nothing received."""
        return self.message is None and not (self.outgoing or self.received or self.correlation_id)

    def copy(self) -> CallState:
        """An independent state with the same values."""
        twin = CallState(self.client, self.message)
        twin.outgoing = self.outgoing
        twin.response = self.response
        twin.received = self.received
        twin.shown = self.shown
        twin.correlation_id = self.correlation_id
        return twin


def _new(annotations: Mapping[str, Buffer], known: Mapping[str, Buffer]) -> Mapping[str, Buffer]:
    return {key: value for key, value in annotations.items() if known.get(key) is not value}


Call: TypeAlias = "list[Any]"
"""A client's request: the client, and the message; or its header alone as long as nobody asks for more."""

current_call: ContextVar[Call | CallState | None] = ContextVar("pyroplug_call", default=None)
"""What is behind ``current_context``: a request, and whose it is; or what a client has set or received."""


def request_of(call: Call) -> Message:
    """The message of a request. Most requests are answered without one."""
    message: Message | tuple[Any, ...] = call[1]
    if type(message) is tuple:
        message = call[1] = plain_message(message, b"")
    return message  # type: ignore[return-value]


def state_of(call: Call) -> CallState:
    """The state of a request; made when somebody asks for it, as most requests need none."""
    message = request_of(call)
    state: CallState | None = message.state
    if state is None:
        state = message.state = CallState(call[0], message)
    return state


def current_state() -> CallState | None:
    """The state of the request that is being handled, or of a client; ``None`` if that has none yet."""
    found = current_call.get()
    return state_of(found) if type(found) is list else found  # type: ignore[return-value]


def _state_to_change() -> CallState:
    """A state that may be changed: a request's own, or a copy that no other task of a client sees."""
    state = current_state()
    if state is not None and state.message is not None:
        return state
    state = CallState() if state is None else state.copy()
    current_call.set(state)
    return state


def keep_received(annotations: Mapping[str, Buffer]) -> None:
    """Remember the annotations that came with an answer, in place of those of the one before."""
    state = current_state()
    if annotations or (state is not None and state.received):
        state = _state_to_change()
        state.received = annotations
    if state is not None and state.says_nothing:
        current_call.set(None)  # the next call is a plain one again


class _ClientAnnotations(MutableMapping[str, Buffer]):
    """A client's annotations, whoever looks at them: a task that changes them does so for itself alone."""

    __slots__ = ()

    def __getitem__(self, key: str) -> Buffer:
        return _outgoing()[key]

    def __setitem__(self, key: str, value: Buffer) -> None:
        _state_to_change().outgoing = {**_outgoing(), key: value}

    def __delitem__(self, key: str) -> None:
        rest = dict(_outgoing())
        del rest[key]
        _state_to_change().outgoing = rest

    def __iter__(self) -> Iterator[str]:
        return iter(_outgoing())

    def __len__(self) -> int:
        return len(_outgoing())

    def __repr__(self) -> str:
        return repr(dict(_outgoing()))

    def copy(self) -> dict[str, Buffer]:
        """A dictionary with the same annotations."""
        return dict(_outgoing())


def _outgoing() -> Mapping[str, Buffer]:
    state = current_state()
    return NO_ANNOTATIONS if state is None or state.outgoing is None else state.outgoing


_CLIENT_ANNOTATIONS = _ClientAnnotations()


class CallContext:
    """The context of the call that is being handled, or of the calls that a client makes."""

    __slots__ = ()

    @property
    def client(self) -> ClientConnection | None:
        """The connection with the client whose request is being handled; ``None`` outside of one."""
        state = current_state()
        return None if state is None else state.client

    @property
    def client_sock_addr(self) -> Any:
        """The client's address, such as ``(host, port)``; ``None`` outside of a request."""
        state = current_state()
        return None if state is None or state.client is None else state.client.peer.address

    @property
    def seq(self) -> int:
        """The request's sequence number; 0 outside of a request."""
        message = _message()
        return 0 if message is None else message.sequence

    @property
    def msg_flags(self) -> int:
        """The request's flags, see :class:`pyroplug.wire.Flags`; 0 outside of a request."""
        message = _message()
        return 0 if message is None else message.flags

    @property
    def serializer_id(self) -> int:
        """The wire id of the request's serializer; 0 outside of a request."""
        message = _message()
        return 0 if message is None else message.serializer_id

    @property
    def annotations(self) -> Annotations:
        """On a server those of the request; on a client those that go out with every call from here on.

        A dictionary of four-letter ids and bytes. What is added to it, or set, goes out with calls made
        from here; what came with a request does not.
        """
        state = current_state()
        if state is None or state.message is None:
            return _CLIENT_ANNOTATIONS
        if state.outgoing is None:
            state.outgoing = dict(state.message.annotations)
        return state.outgoing

    @annotations.setter
    def annotations(self, annotations: Annotations) -> None:
        _state_to_change().outgoing = annotations

    @property
    def response_annotations(self) -> Mapping[str, Buffer]:
        """On a server those for the answer to the request, on a client those of the last answer.

        Until a server's handler has looked at them or set them, they are those of the last nested call's
        answer; these do not become part of its own answer.
        """
        state = current_state()
        if state is None:
            return {}
        if state.message is None:
            return state.received or {}
        if state.response is None:
            state.shown = state.received or NO_ANNOTATIONS
            state.response = dict(state.shown)
        return state.response

    @response_annotations.setter
    def response_annotations(self, annotations: Annotations) -> None:
        state = _state_to_change()
        if state.message is None:
            state.received = annotations
        elif annotations is not state.response:
            state.response, state.shown = annotations, NO_ANNOTATIONS

    @property
    def correlation_id(self) -> UUID | None:
        """What relates all calls that come from one; within a request there always is one.

        :raises TypeError: on setting it to anything but a :class:`uuid.UUID` or ``None``.
        """
        state = current_state()
        data = None if state is None else state.correlation_to_send()
        from uuid import UUID

        return None if data is None else UUID(bytes=bytes(data))

    @correlation_id.setter
    def correlation_id(self, value: UUID | None) -> None:
        from uuid import UUID

        if value is not None and not isinstance(value, UUID):
            raise TypeError(f"a correlation id is a uuid.UUID, not a {type(value).__name__}: {value!r}")
        _state_to_change().correlation_id = None if value is None else value.bytes

    def track_resource(self, resource: Any) -> None:
        """Have the resource's ``close()`` called when the client's connection is lost.

        :raises PyroError: outside of a request, or where the tracker refuses.
        """
        client = _client()
        try:
            client.tracking.track(resource)
        except PyroError as error:
            if error.limit is not None:
                client.limit_reached(error.limit, f"{client.peer} was refused a resource: {error.args[0]}")
            raise

    def untrack_resource(self, resource: Any) -> None:
        """Forget a resource; one that is not tracked is ignored.

        :raises PyroError: outside of a request.
        """
        _client().tracking.untrack(resource)

    def to_global(self) -> dict[str, Any]:
        """Everything above as a dictionary, to be handed to another thread's ``from_global``."""
        return {
            "client": self.client,
            "client_sock_addr": self.client_sock_addr,
            "seq": self.seq,
            "msg_flags": self.msg_flags,
            "serializer_id": self.serializer_id,
            "annotations": dict(self.annotations),
            "response_annotations": dict(self.response_annotations),
            "correlation_id": self.correlation_id,
        }

    def from_global(self, values: Mapping[str, Any]) -> None:
        """Take over the context that ``to_global`` gave in another thread."""
        client, correlation = values["client"], values["correlation_id"]
        message = None
        if client is not None:
            message = Message(
                0, values["serializer_id"], values["msg_flags"], values["seq"], b"", values["annotations"]
            )
        state = CallState(client, message)
        state.outgoing = dict(values["annotations"])
        state.response = dict(values["response_annotations"]) if message is not None else None
        state.received = values["response_annotations"]
        state.correlation_id = None if correlation is None else correlation.bytes
        current_call.set(state)


def _message() -> Message | None:
    state = current_state()
    return None if state is None else state.message


def _client() -> ClientConnection:
    client = current_context.client
    if client is None:
        raise PyroError(
            "resources can be tracked only while a request of a client is being handled",
            hint="call it within a remote method, in the thread or task that runs the method",
        )
    return client


current_context = CallContext()
"""The context of whatever is running now."""
