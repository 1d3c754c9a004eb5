"""Running requests: from a message to the message that answers it.

A call runs within its own context; whatever it raises, of any class, becomes an answer. What is the
conversation's order, and which serializers it may use, is the session's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from .blobs import read_blob
from .context import Call, ClientConnection, current_call, request_of, state_of
from .contracts import Buffer, Codec, Connection, Payload, Spawn, size_of
from .errors import ProtocolError
from .exception_reports import describe, shortened, substitute_for, traceback_of
from .loggers import logger
from .marshalled import dump_text
from .receiver import Receiver
from .service import Service
from .steady import steady
from .values import exception_to_dict, registry, wrapped_exception
from .wire import (
    HEADER_SIZE,
    INVOKE_PREFIX,
    MAGIC,
    NO_ANNOTATIONS,
    RESULT_PREFIX,
    TEXT_SERIALIZER_ID,
    Flags,
    Message,
    MessageType,
    encode,
    largest_plain,
    pack_plain_header,
    unpack_plain_header,
)

__all__ = ["Invoker"]

log = logger(__name__)

# Plain integers: an operation on an enum's member costs a microsecond.
_INVOKE, _RESULT = int(MessageType.INVOKE), int(MessageType.RESULT)
_CONNECTFAIL = int(MessageType.CONNECTFAIL)
_EXCEPTION, _BATCH, _ONEWAY = int(Flags.EXCEPTION), int(Flags.BATCH), int(Flags.ONEWAY)
_STREAM, _KEEP = int(Flags.ITEM_STREAM_RESULT), int(Flags.KEEP_SERIALIZED)

STREAM_ANNOTATION = "STRM"
ITEMS_ANNOTATION = "ITMS"
"""Tells who knows it that the stream's items can be had several at a time."""

_NO_ITERATORS = frozenset((type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set))
"""Types of results that need no closer look before they are sent."""

_SEQUENCES = frozenset((list, tuple))
_NO_CALL = "invalid data: a call in a batch is a name, arguments and keyword arguments"
_NO_SEQUENCE = "a call's arguments are a list or a tuple"

_enter = current_call.set


class Invoker:
    """Runs the requests of one connection. It is the part of a session that this is.

    A request has a context of its own: nothing that it sets there is seen by the next one in this thread.

    :ivar client: who makes the requests.
    """

    __slots__ = (
        "_annotate",
        "_codecs",
        "_connection",
        "_largest",
        "_limits",
        "_open",
        "_plain_size",
        "_receiver",
        "_resolve",
        "_service",
        "_spawn",
        "client",
    )

    def __init__(
        self,
        service: Service,
        connection: Connection,
        client: ClientConnection,
        receiver: Receiver,
        spawn: Spawn,
        annotate: bool,
    ) -> None:
        """
        :param receiver: of the connection.
        :param spawn: runs one-way calls.
        :param annotate: ``service.extra_annotations`` has something to say.
        """
        limits = service.limits
        self.client = client
        self._connection = connection
        self._service = service
        self._receiver = receiver
        self._spawn = spawn
        self._annotate = annotate
        self._open = False  # whether requests are run: not before the greeting, nor after the end
        self._codecs = service.codecs
        self._resolve = service.dispatcher.resolve
        self._limits = limits
        self._largest = limits.message_size + HEADER_SIZE
        # An answer that something is to be added to is never a plain one.
        self._plain_size = -1 if annotate else largest_plain(limits.message_size, limits.compress)

    def handle(self, request: Message) -> Sequence[Buffer]:
        """Run a request: what to send, nothing if it wants no answer. Raises nothing."""
        codec, flags = self._codecs.get(request.serializer_id), request.flags
        if request.type != _INVOKE or codec is None or not self._open:
            return copy_context().run(self._handle_other, request)
        if flags & _ONEWAY:
            self._spawn_oneway(request, codec)
            return ()
        if flags & _BATCH:
            return copy_context().run(self._invoke_batch, request, codec)
        read = (lambda _: self._read_kept(request, codec)) if flags & _KEEP else codec.loads_call
        return copy_context().run(self._run, [self.client, request], codec, read, request.payload)

    def handle_plain(self, piece: memoryview, size: int) -> Sequence[Buffer] | None:
        """The short way, from what was received: see :meth:`pyroplug.contracts.Session.handle_plain`."""
        if HEADER_SIZE <= size <= self._largest and self._open and self._receiver.between:
            header = unpack_plain_header(piece)
            prefix, serializer_id, flags, _, length, chunks, magic = header
            if (
                length == size - HEADER_SIZE
                and prefix == INVOKE_PREFIX
                and not flags
                and not chunks
                and magic == MAGIC
            ):
                codec = self._codecs.get(serializer_id)
                if codec is not None:
                    payload = piece[HEADER_SIZE:size].tobytes()
                    call = [self.client, header]
                    # Who has another _run() has no short way.
                    return copy_context().run(_run, self, call, codec, codec.loads_call, payload)
        return None

    def _handle_other(self, request: Message) -> Sequence[Buffer]:
        """Handle what is no request, or none that may be run."""
        raise NotImplementedError

    def _run(
        self, call: Call, codec: Codec, read: Callable[[bytes], Any], payload: bytes
    ) -> Sequence[Buffer]:
        _enter(call)
        said: Any = None
        is_running = False
        try:
            said = object_id, method, args, kwargs = read(payload)
            resolve = self._resolve  # what is no method is faster to call when it is taken out first
            target = resolve(self.client, object_id, method, args)
            if type(args) not in _SEQUENCES:  # unpacking a proxy, for one, would call somewhere else
                raise TypeError(_NO_SEQUENCE)
            is_running = True
            if kwargs:
                result = target(*args, **kwargs)
            elif args:
                result = target(*args)
            else:  # there is nothing to unpack, which takes longer than to look
                result = target()
            is_running = False  # whatever fails from here on is not the method
            if type(result) not in _NO_ITERATORS and hasattr(type(result), "__next__"):
                return self._open_stream(request_of(call), codec, result, object_id)
            dumps = codec.dumps
            answer = dumps(result)
            header, size = call[1], len(answer)
            if type(header) is tuple and size <= self._plain_size and type(answer) is bytes:
                # What encode() would give, in half of the time.
                head = pack_plain_header(RESULT_PREFIX, header[1], 0, header[3], size, 0, MAGIC)
                return (head + answer,)
            result = None  # nobody else may have it, see steady()
            return self._answer(_RESULT, request_of(call), 0, answer)
        except BaseException as error:
            if is_running:
                self._note_failure(said, error)
            return self._exception(request_of(call), codec, error)
        finally:
            if type(call[1]) is not tuple:
                call[1].state = None  # it refers back to the request

    def _invoke_batch(self, request: Message, codec: Codec) -> Sequence[Buffer]:
        _enter([self.client, request])
        try:
            payload = codec.dumps(self._run_batch(request, codec))
            return self._answer(_RESULT, request, _BATCH, payload)
        except BaseException as error:
            return self._exception(request, codec, error)

    def _spawn_oneway(self, request: Message, codec: Codec) -> None:
        try:
            context, payload = copy_context(), request.payload
            # What waits keeps Python's garbage collector busy, so that it is as little as possible.
            call = (
                partial(context.run, self._invoke_oneway, request, codec)
                if context
                else partial(_run_oneway, self, request, codec)
            )
            self._spawn(call, self._connection, len(payload) if type(payload) is bytes else size_of(payload))
        except BaseException as error:
            log.warning("a one-way call of %s is lost: %s", self.client.peer, describe(error))

    def _invoke_oneway(self, request: Message, codec: Codec) -> None:
        _enter([self.client, request])
        call: Any = None
        try:
            if request.flags & _BATCH:
                self._run_batch(request, codec)
                return
            keep = request.flags & _KEEP
            said = self._read_kept(request, codec) if keep else codec.loads_call(request.payload)
            object_id, method, args, kwargs = said
            target = self._resolve(self.client, object_id, method, args)
            if type(args) not in _SEQUENCES:
                raise TypeError(_NO_SEQUENCE)
            call = said
            if kwargs:
                target(*args, **kwargs)
            else:
                target(*args)
        except BaseException as error:
            self._oneway_failed(codec, call, error)

    def _read_kept(self, request: Message, codec: Codec) -> tuple[str, str, Any, dict[str, Any] | None]:
        return read_blob(request, codec)

    def _oneway_failed(self, codec: Codec, call: Any, error: BaseException) -> None:
        """:param call: what was called; ``None`` if it did not come to that."""
        if call is None:
            log.warning("a one-way call of %s failed: %s", self.client.peer, describe(error))
        else:
            self._note_failure(call, error)

    def _run_batch(self, request: Message, codec: Codec) -> list[Any]:
        """The results in order; the last is a wrapped exception if a call failed, which ends the batch."""
        object_id, _, calls, _ = codec.loads_call(request.payload)
        if not isinstance(calls, (list, tuple)):
            raise ProtocolError("invalid data: a batch is a list of calls")
        results: list[Any] = []
        client, append, resolve = self.client, results.append, self._resolve
        sequences, no_iterators = _SEQUENCES, _NO_ITERATORS
        known: dict[str, Callable[..., Any]] = {}
        is_lasting = self._service.dispatcher.is_lasting
        for each in calls:
            try:
                if type(each) not in sequences or len(each) != 3:
                    raise ProtocolError(_NO_CALL)
                method, args, kwargs = each
                if type(method) is not str or (kwargs and type(kwargs) is not dict):
                    raise ProtocolError(_NO_CALL)
                if type(args) not in sequences:
                    raise TypeError(_NO_SEQUENCE)
                target = known.get(method)
                if target is None:
                    target = resolve(client, object_id, method, args)
                    if is_lasting(object_id, method):
                        known[method] = target
                try:
                    result = target(*args, **kwargs) if kwargs else target(*args)
                except BaseException as error:
                    self._note_failure((object_id, method, args, kwargs), error)
                    raise
                if type(result) not in no_iterators and hasattr(type(result), "__next__"):
                    raise ProtocolError(f"{method}: an iterator cannot be the result of a call in a batch")
                append(result)
            except BaseException as error:
                append(self._wrapped(codec, error))
                break
        return results

    def _wrapped(self, codec: Codec, error: BaseException) -> dict[str, Any]:
        """An exception as one of a batch's results; words about it if it cannot be sent."""
        lines = traceback_of(error, self._limits)
        try:
            wrapped = wrapped_exception(registry.raised_to_dict(error, lines))
            codec.dumps(wrapped)
            return wrapped
        except BaseException as trouble:
            return wrapped_exception(
                exception_to_dict(substitute_for(error, trouble, self._limits), lines or ())
            )

    def _open_stream(self, request: Message, codec: Codec, iterator: Any, object_id: str) -> Sequence[Buffer]:
        """Answer with the id of a stream; whoever knows nothing of streams takes it for an exception."""
        if not self._limits.streaming:
            error = ProtocolError("the result is an iterator, and the daemon's ITER_STREAMING is off")
            payload = codec.dumps(exception_to_dict(error, ()))
            return self._answer(_RESULT, request, _EXCEPTION | _STREAM, payload)
        error = ProtocolError("the result is an iterator, which this client does not know how to consume")
        payload = codec.dumps(exception_to_dict(error, ()))
        alone = self._service.dispatcher.expects_one_call(object_id)
        stream_id = self._service.streams.open(iterator, self.client, alone=alone)
        try:
            state = state_of([self.client, request])
            about = {STREAM_ANNOTATION: stream_id.encode("ascii"), ITEMS_ANNOTATION: b"1"}
            state.response = {**state.to_answer(), **about}
            return self._answer(_RESULT, request, _EXCEPTION | _STREAM, payload)
        except BaseException:
            self._service.streams.close(stream_id, self.client)
            raise

    # Answers

    def _answer(self, kind: int, request: Message, flags: int, payload: Payload) -> Sequence[Buffer]:
        """The message that answers a request, with all annotations that are due."""
        state = request.state  # as long as nobody has asked for it, there is nothing in it
        annotations = NO_ANNOTATIONS if state is None else state.to_answer()
        if self._annotate:
            annotations = {**annotations, **self._service.extra_annotations()}
            state = request.state
        return encode(
            kind,
            request.serializer_id,
            flags,
            request.sequence,
            steady(payload),
            annotations,
            request.correlation_id if state is None else state.correlation_id,
            compress=self._limits.compress,
            limit=self._limits.message_size,
        )

    def _exception(
        self, request: Message, codec: Codec, error: BaseException, flags: int = _EXCEPTION
    ) -> Sequence[Buffer]:
        """Answer with an exception; with words about it if it cannot be sent."""
        lines = traceback_of(error, self._limits)
        few = lines and shortened(lines, self._limits.message_size // 4)
        trouble: BaseException | None = None
        for told in (lines, few, few):
            try:
                payload = codec.dumps(registry.raised_to_dict(error, told))
                return self._answer(_RESULT, request, flags, payload)
            except BaseException as problem:
                trouble = problem
                if told is few or type(problem) is ProtocolError:  # annotations that cannot be sent
                    state_of([self.client, request]).response = None
        assert trouble is not None
        substitute = substitute_for(error, trouble, self._limits)
        attempts: tuple[Callable[[], Any], ...] = (
            lambda: registry.raised_to_dict(error, few),
            lambda: exception_to_dict(substitute, few or ()),
            lambda: exception_to_dict(substitute, ()),
        )
        for described in attempts:  # with nothing beside it
            with suppress(BaseException):
                return encode(
                    _RESULT,
                    request.serializer_id,
                    flags,
                    request.sequence,
                    codec.dumps(described()),
                    correlation_id=request.correlation_id,
                    limit=self._limits.message_size,
                )
        log.error("%s: an exception cannot be serialized: %s", self.client.peer, describe(trouble))
        return encode(_CONNECTFAIL, TEXT_SERIALIZER_ID, 0, request.sequence, dump_text(str(substitute)))

    def _note_failure(
        self, call: tuple[str, str, Sequence[Any], Mapping[str, Any] | None], error: BaseException
    ) -> None:
        object_id, method, args, kwargs = call
        kwargs = kwargs or {}
        if self._service.dispatcher.is_callback(object_id, method):
            log.warning("the callback %s.%s raised an exception", object_id, method, exc_info=error)
        self._service.call_failed(self.client, method, args, kwargs, error)


_run = Invoker._run


def _run_oneway(invoker: Invoker, request: Message, codec: Codec) -> None:
    """Run a one-way call in a context in which nothing is set."""
    Context().run(invoker._invoke_oneway, request, codec)
