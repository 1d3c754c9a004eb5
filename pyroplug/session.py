"""The server's end of one connection, sans-IO: bytes come in, requests are run, bytes go out.

It knows the order of things on a connection: first a greeting that is accepted or refused, then requests.
It knows no socket and no thread. Whatever a peer sends, and whatever user code raises, becomes an answer;
nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import copy_context
from functools import partial
from typing import Any, NamedTuple

from . import wire
from .challenges import CHALLENGE_ANNOTATION, pack_challenges, unpack_challenges
from .context import CallState, ClientConnection, current_call, state_of
from .contracts import Buffer, Claimed, Codec, Connection, Hello, Spawn, Tracking
from .errors import ConnectionClosedError, DaemonError, ProtocolError, SecurityError
from .exception_reports import describe
from .gatekeeper import Asked
from .invocation import Invoker
from .loggers import logger
from .marshalled import dump_text
from .receiver import Receiver
from .service import Service
from .uri import DAEMON_NAME
from .wire import FAULT, NO_ANNOTATIONS, Flags, Message, MessageType, encode

__all__ = ["ServerSession"]

log = logger(__name__)

# Plain integers: an operation on an enum's member costs a microsecond.
_CONNECT, _CONNECTOK, _CONNECTFAIL = map(int, list(MessageType)[:3])
_INVOKE, _PING = int(MessageType.INVOKE), int(MessageType.PING)
_ONEWAY, _EXCEPTION, _TRY_AGAIN = int(Flags.ONEWAY), int(Flags.EXCEPTION), int(Flags.TRY_AGAIN)
_PONG = b"pong"
_SHUTTING_DOWN = "the daemon is shutting down"


class _Challenged(NamedTuple):
    """A greeting whose sender has challenges to pass first.

    :ivar request: the greeting; the message that brings the responses counts for nothing else.
    """

    request: Message
    hello: Hello
    asked: Mapping[str, Asked]


class ServerSession(Invoker):
    """One connection's conversation. Satisfies :class:`~pyroplug.contracts.Session`."""

    __slots__ = (
        "__weakref__",
        "_challenged",
        "_claim",
        "_greeting_codecs",
        "_lost",
        "_retired",
        "_tracking",
        "accepted",
        "closing",
    )

    def __init__(
        self,
        service: Service,
        connection: Connection,
        tracking: Tracking,
        spawn: Spawn,
        *,
        accepted: bool = False,
        annotate: bool = False,
        claim: Callable[[int, bool], Claimed] | None = None,
    ) -> None:
        """
        :param tracking: released when the connection is lost.
        :param spawn: runs one-way calls.
        :param accepted: there is no greeting.
        :param annotate: ``service.extra_annotations`` has something to say.
        :param claim: see :meth:`pyroplug.contracts.SessionHost.open_session`.
        """
        limits = service.limits
        receiver = Receiver(limits.message_size if accepted else limits.handshake_size)
        client = ClientConnection(connection, tracking, service)
        super().__init__(service, connection, client, receiver, spawn, annotate)
        self._greeting_codecs = service.greeting_codecs
        self._tracking = tracking
        self._claim = claim
        if accepted:
            receiver.codecs = service.codecs
        self._lost = self._retired = False
        self._challenged: _Challenged | None = None
        self._open = self.accepted = accepted
        self.closing = False

    def get_buffer(self, scratch: memoryview) -> memoryview:
        """Where to put what is received next."""
        return self._receiver.get_buffer(scratch)

    def buffer_updated(self, count: int) -> Sequence[Message]:
        """Take note of ``count`` received bytes: the requests that are complete now."""
        return self._receiver.buffer_updated(count)

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun to arrive, and the rest of it is still to come."""
        return not self._receiver.between

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with {self.client.peer}>"

    def _handle_other(self, request: Message) -> Sequence[Buffer]:
        """Anything but a request of an accepted client in a serializer that is accepted."""
        if self.closing:
            return ()
        if request is FAULT:
            return self._tell_fault()
        if self._retired and request.type in (_CONNECT, _INVOKE):
            return self._turn_away(request)
        if request.type == _CONNECT and not self.accepted:
            return self._connect(request)
        return self._handle_accepted(request) if self.accepted else self._out_of_order(request)

    def _handle_accepted(self, request: Message) -> Sequence[Buffer]:
        if request.type == _PING:
            return encode(_PING, request.serializer_id, 0, request.sequence, _PONG)
        if request.type == _INVOKE:
            return self._fail(ProtocolError(self._service.refusal(request.serializer_id)), request)
        return self._out_of_order(request)

    def refuse(self, reason: str, /, *, passing: bool = False) -> Sequence[Buffer]:
        """Turn the peer away."""
        self._end()
        log.info("%s refused: %s", self.client.peer, reason)
        flags = _TRY_AGAIN if passing else 0
        return encode(_CONNECTFAIL, wire.TEXT_SERIALIZER_ID, flags, 0, dump_text(reason))

    def retire(self) -> None:
        """Run nothing any more, as the server is closing."""
        self._retired = True
        self._open = False

    def lost(self, reason: str, /) -> None:
        """The connection is gone: everything that belonged to it is released."""
        if self._lost:
            return
        self._lost = True
        self._end()
        copy_context().run(self._release, reason)

    def _release(self, reason: str) -> None:
        # It may be another client's call that ends this connection.
        current_call.set(CallState(self.client))
        log.debug("%s is gone: %s", self.client.peer, reason)
        if self.accepted:  # of a client that was never there nobody takes leave
            self._service.client_lost(self.client, reason)
        self._service.streams.client_lost(self.client)
        try:
            self._tracking.release()  # before the instances go: they may be all that knows the resources
        finally:
            self.client.instances.clear()
            self._receiver.discard()
            self._open = False

    def _end(self) -> None:
        """Nothing is run any more, not even what was received together with the reason for that."""
        self.closing = True
        self._challenged = None
        self._open = False

    # The greeting

    def _connect(self, request: Message) -> Sequence[Buffer]:
        challenged, self._challenged = self._challenged, None
        greeting = request if challenged is None else challenged.request
        codec = self._codecs.get(greeting.serializer_id)
        if codec is None:
            return self.refuse(self._service.refusal(greeting.serializer_id))
        call = [self.client, greeting]
        token = current_call.set(call)
        try:
            if challenged is None:
                hello = self._hello(greeting)
                asked = self._service.gatekeeper.judge(hello)
                if asked:
                    return self._challenge(_Challenged(greeting, hello, asked), codec)
                proofs: Mapping[str, bytes] = {}
            else:
                hello, proofs = challenged.hello, self._proofs(challenged, request)
            claimed = self._take_place(hello)
            if claimed.reason:
                return self.refuse(claimed.reason, passing=True)
            answer = self._accept(greeting, hello, proofs, codec)
        except BaseException as error:
            self._end()
            log.info("%s refused: %s", self.client.peer, describe(error))
            return self._refusal(greeting, codec, describe(error))
        finally:
            current_call.reset(token)
            if self._challenged is None:
                greeting.state = None  # it refers back to the greeting
        self.accepted = True
        self._open = True
        if self._retired:  # meanwhile, by another thread
            self._open = False
        self._receiver.limit, self._receiver.codecs = self._limits.message_size, self._codecs
        return answer

    def _take_place(self, hello: Hello) -> Claimed:
        """Ask the server whether it has a place for a client."""
        if self._claim is None:
            return Claimed()
        claimed = self._claim(self.client.fileno(), hello.object_id == DAEMON_NAME)
        if claimed.kept:
            self._resolve = partial(_only_the_daemons_own, self._resolve)
        return claimed

    def _hello(self, request: Message) -> Hello:
        said = self._greeting_codecs[request.serializer_id].loads(request.payload)
        if not isinstance(said, dict) or not isinstance(said.get("object"), str):
            raise ProtocolError("invalid data: a connect message holds a handshake and an object's name")
        return Hello(self.client.peer, said["object"], said.get("handshake"), request.annotations)

    def _challenge(self, challenged: _Challenged, codec: Codec) -> Sequence[Buffer]:
        """Ask what is to be asked; a client that cannot answer all of it is refused at once."""
        able = _able_to_answer(challenged.request)
        missing = [asked.reason for name, asked in challenged.asked.items() if name not in able]
        if missing:
            raise SecurityError("\n".join(missing))
        questions = pack_challenges({name: asked.question for name, asked in challenged.asked.items()})
        text = "\n".join(asked.reason for asked in challenged.asked.values())
        answer = self._refusal(challenged.request, codec, text, {CHALLENGE_ANNOTATION: questions})
        if not self.closing:
            self._challenged = challenged
        return answer

    def _proofs(self, challenged: _Challenged, request: Message) -> Mapping[str, bytes]:
        responses = unpack_challenges(request.annotations.get(CHALLENGE_ANNOTATION, b""))
        return self._service.gatekeeper.verify(challenged.hello, challenged.asked, responses)

    def _accept(
        self, request: Message, hello: Hello, proofs: Mapping[str, bytes], codec: Codec
    ) -> Sequence[Buffer]:
        response, metadata = self._service.admit(self.client, hello)
        payload = codec.dumps({"handshake": response, "meta": metadata})
        if proofs:
            state = state_of([self.client, request])
            state.response = {**state.to_answer(), CHALLENGE_ANNOTATION: pack_challenges(proofs)}
        return self._answer(_CONNECTOK, request, 0, payload)

    def _refusal(
        self, request: Message, codec: Codec, text: str, annotations: Mapping[str, Buffer] = NO_ANNOTATIONS
    ) -> Sequence[Buffer]:
        try:
            payload = codec.dumps(text)
        except BaseException:  # no serializer that deserves the name
            return self.refuse(text)
        return encode(_CONNECTFAIL, request.serializer_id, 0, request.sequence, payload, annotations)

    def _turn_away(self, request: Message) -> Sequence[Buffer]:
        """Nothing is run any more. Who is told so may safely ask again somewhere else."""
        codec = self._codecs.get(request.serializer_id)
        if codec is None or not self.accepted or request.type == _CONNECT:
            return self.refuse(_SHUTTING_DOWN, passing=True)
        self._end()
        if request.flags & _ONEWAY:
            log.info("a one-way call of %s was not run: %s", self.client.peer, _SHUTTING_DOWN)
            return ()
        error = ConnectionClosedError(f"{_SHUTTING_DOWN}; this call was not run")
        return self._exception(request, codec, error, _EXCEPTION | _TRY_AGAIN)

    def _out_of_order(self, request: Message) -> Sequence[Buffer]:
        expected = _INVOKE if self.accepted else _CONNECT
        text = f"invalid msg type {request.type} received (expected: {expected})"
        return self._fail(ProtocolError(text), request) if self.accepted else self.refuse(text)

    def _tell_fault(self) -> Sequence[Buffer]:
        """Tell the peer how it broke the rules of the wire, if it can still understand an answer."""
        error = self._receiver.error
        assert error is not None
        if not self.accepted:
            return self.refuse(str(error))
        broken = self._receiver.broken
        if broken is None or broken.serializer_id not in self._codecs:
            self._end()
            return ()
        return self._fail(error, broken)

    def _fail(self, error: ProtocolError, request: Message) -> Sequence[Buffer]:
        """Answer with an error of the conversation itself, and end it."""
        self._end()
        log.info("%s: %s", self.client.peer, error)
        codec = self._codecs.get(request.serializer_id)
        if codec is None:
            return self.refuse(str(error))
        return self._exception(request, codec, error)


def _only_the_daemons_own(
    resolve: Callable[..., Callable[..., Any]], client: ClientConnection, object_id: str, *call: Any
) -> Callable[..., Any]:
    """What a dispatcher resolves for the operator of a full server, who has the place kept for that."""
    if object_id != DAEMON_NAME:
        raise DaemonError(
            f"this connection is there for {DAEMON_NAME} alone, not for {object_id!r}: the server is full, "
            "and this is the place that is kept for its operator",
            hint="connect again, for the object itself, when other clients are gone",
        )
    return resolve(client, object_id, *call)


def _able_to_answer(request: Message) -> Collection[str]:
    """The validators whose challenges the sender of a greeting says it can answer."""
    try:
        return unpack_challenges(request.annotations.get(CHALLENGE_ANNOTATION, b""))
    except ProtocolError:  # its own annotation, of the same name
        return ()
