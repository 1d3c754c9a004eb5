"""Running requests: from a message to the message that answers it.

A call runs within its own context; whatever it raises, of any class, becomes an answer. What is the
conversation's order, and which serializers it may use, is the session's business.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .context import CallState, ClientConnection, current_state
from .contracts import Buffer, Codec
from .errors import ProtocolError, PyroError, get_pyro_traceback
from .service import Service
from .values import exception_to_dict, wrapped_exception
from .wire import NO_ANNOTATIONS, TEXT_SERIALIZER_ID, Flags, Message, MessageType, encode, encode_text

__all__ = ["Invoker", "describe"]

log = logging.getLogger(__name__)

# Plain integers: an operation on an enum's member costs a microsecond.
_RESULT, _CONNECTFAIL = int(MessageType.RESULT), int(MessageType.CONNECTFAIL)
_EXCEPTION, _BATCH, _ONEWAY = int(Flags.EXCEPTION), int(Flags.BATCH), int(Flags.ONEWAY)
_STREAM, _KEEP = int(Flags.ITEM_STREAM_RESULT), int(Flags.KEEP_SERIALIZED)
_SPECIAL = _BATCH | _ONEWAY | _KEEP

STREAM_ANNOTATION = "STRM"

_NO_ITERATORS = frozenset((type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set))
"""Types of results that need no closer look before they are sent."""

_enter, _leave = current_state.set, current_state.reset


class Invoker:
    """Runs the requests of one connection."""

    __slots__ = ("_annotate", "_client", "_limits", "_resolve", "_service", "_spawn")

    def __init__(
        self,
        service: Service,
        client: ClientConnection,
        spawn: Callable[[Callable[[], None]], None],
        annotate: bool,
    ) -> None:
        """
        :param spawn: runs a one-way call outside the connection's own turn.
        :param annotate: ``service.extra_annotations`` has something to say.
        """
        self._service = service
        self._client = client
        self._spawn = spawn
        self._annotate = annotate
        self._limits = service.limits
        self._resolve = service.dispatcher.resolve

    def invoke(self, request: Message, codec: Codec) -> Sequence[Buffer]:
        """Run a request: what to send, nothing if it wants no answer. Raises nothing."""
        if request.flags & _SPECIAL:
            return self._invoke_special(request, codec)
        state = CallState(self._client, request)
        token = _enter(state)
        call: Any = None
        try:
            object_id, method, args, kwargs = codec.loads_call(request.payload)
            target = self._resolve(self._client, object_id, method)
            call = (object_id, method, args, kwargs or {})
            result = target(*args, **kwargs) if kwargs else target(*args)
            if type(result) not in _NO_ITERATORS and hasattr(type(result), "__next__"):
                return self._open_stream(request, codec, result, state)
            payload = codec.dumps(result)
            if state.response is None and not self._annotate:
                return encode(
                    _RESULT,
                    request.serializer_id,
                    0,
                    request.sequence,
                    payload,
                    NO_ANNOTATIONS,
                    state.correlation_id,
                    compress=self._limits.compress,
                    limit=self._limits.message_size,
                )
            return self.answer(_RESULT, request, 0, payload, state)
        except BaseException as error:
            if call is not None:
                self._note_failure(call, error)
            return self.exception(request, codec, error, state)
        finally:
            _leave(token)

    def _invoke_special(self, request: Message, codec: Codec) -> Sequence[Buffer]:
        if request.flags & _KEEP:
            unsupported = ProtocolError("serialized blobs are not supported by this daemon")
            return self.exception(request, codec, unsupported, CallState(self._client, request))
        if request.flags & _ONEWAY:
            self._spawn(lambda: self._invoke_oneway(request, codec))
            return ()
        state = CallState(self._client, request)
        token = _enter(state)
        try:
            payload = codec.dumps(self._run_batch(request, codec))
            return self.answer(_RESULT, request, _BATCH, payload, state)
        except BaseException as error:
            return self.exception(request, codec, error, state)
        finally:
            _leave(token)

    def _invoke_oneway(self, request: Message, codec: Codec) -> None:
        token = _enter(CallState(self._client, request))
        call: Any = None
        try:
            if request.flags & _BATCH:
                self._run_batch(request, codec)
                return
            object_id, method, args, kwargs = codec.loads_call(request.payload)
            target = self._resolve(self._client, object_id, method)
            call = (object_id, method, args, kwargs or {})
            target(*args, **(kwargs or {}))
        except BaseException as error:
            if call is None:
                log.warning("a one-way call of %s failed: %s", self._client.peer, describe(error))
            else:
                self._note_failure(call, error)
        finally:
            _leave(token)

    def _run_batch(self, request: Message, codec: Codec) -> list[Any]:
        """The results in order; the last is a wrapped exception if a call failed, which ends the batch."""
        object_id, _, calls, _ = codec.loads_call(request.payload)
        results: list[Any] = []
        for method, args, kwargs in calls:
            call: Any = None
            try:
                target = self._resolve(self._client, object_id, method)
                call = (object_id, method, args, kwargs or {})
                result = target(*args, **(kwargs or {}))
                if hasattr(type(result), "__next__"):
                    raise ProtocolError(f"{method}: an iterator cannot be the result of a call in a batch")
                results.append(result)
            except BaseException as error:
                if call is not None:
                    self._note_failure(call, error)
                results.append(wrapped_exception(error, self._traceback(error)))
                break
        return results

    def _open_stream(
        self, request: Message, codec: Codec, iterator: Any, state: CallState
    ) -> Sequence[Buffer]:
        """Answer with the id of a stream; whoever knows nothing of streams takes it for an exception."""
        annotations = dict(state.to_answer())
        if self._limits.streaming:
            text = "the result is an iterator, which this client does not know how to consume"
            annotations[STREAM_ANNOTATION] = self._service.streams.open(iterator, self._client).encode(
                "ascii"
            )
        else:
            text = "the result is an iterator, and the daemon's ITER_STREAMING is off"
        state.response = annotations
        payload = codec.dumps(exception_to_dict(ProtocolError(text), ()))
        return self.answer(_RESULT, request, _EXCEPTION | _STREAM, payload, state)

    # Answers

    def answer(
        self, kind: int, request: Message, flags: int, payload: Buffer, state: CallState
    ) -> Sequence[Buffer]:
        """The message that answers a request, with all annotations that are due."""
        annotations = state.to_answer()
        if self._annotate:
            annotations = {**annotations, **self._service.extra_annotations()}
        return encode(
            kind,
            request.serializer_id,
            flags,
            request.sequence,
            payload,
            annotations,
            state.correlation_id,
            compress=self._limits.compress,
            limit=self._limits.message_size,
        )

    def exception(
        self, request: Message, codec: Codec, error: BaseException, state: CallState
    ) -> Sequence[Buffer]:
        """Answer with an exception; with words about it if it cannot be sent."""
        try:
            payload = codec.dumps(exception_to_dict(error, self._traceback(error)))
            return self.answer(_RESULT, request, _EXCEPTION, payload, state)
        except BaseException as trouble:
            substitute = PyroError(
                f"the remote exception cannot be sent ({describe(trouble)}); it was {_named(error)}"[:4000]
            )
        try:
            payload = codec.dumps(exception_to_dict(substitute, self._traceback(error)))
            return encode(_RESULT, request.serializer_id, _EXCEPTION, request.sequence, payload)
        except BaseException:
            log.exception("%s: an exception cannot be serialized", self._client.peer)
            text = encode_text(f"the remote exception cannot be sent; it was {_named(error)}"[:4000])
            return encode(_CONNECTFAIL, TEXT_SERIALIZER_ID, 0, request.sequence, text)

    def _note_failure(
        self, call: tuple[str, str, Sequence[Any], Mapping[str, Any]], error: BaseException
    ) -> None:
        object_id, method, args, kwargs = call
        if self._service.dispatcher.is_callback(object_id, method):
            log.warning("the callback %s.%s raised an exception", object_id, method, exc_info=error)
        self._service.call_failed(self._client, method, args, kwargs, error)

    def _traceback(self, error: BaseException) -> list[str]:
        trace = error.__traceback__
        if trace is not None and trace.tb_next is not None:
            trace = trace.tb_next  # the first frame is one of this module
        return get_pyro_traceback(type(error), error, trace, self._limits.detailed_traceback)


def describe(error: BaseException) -> str:
    """What an exception says; something even if it cannot."""
    try:
        return str(error) or type(error).__name__
    except BaseException:
        return f"{type(error).__name__}, whose text cannot be had"


def _named(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}: {describe(error)}"
