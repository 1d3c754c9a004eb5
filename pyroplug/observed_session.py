"""A server's end of a connection whose calls are observed. All calls go the long way there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from .context import Call, request_of
from .contracts import Buffer, Codec, Observe, ObservedCall, Payload, size_of
from .observation import Observation
from .session import ServerSession
from .wire import Flags, Message

__all__ = ["ObservedSession"]

_EXCEPTION, _ONEWAY = int(Flags.EXCEPTION), int(Flags.ONEWAY)
_Said = tuple[str, str, Any, "dict[str, Any] | None"]


class _WatchedCodec:
    """A codec for one request: it tells which call is read, and how large the answer is."""

    __slots__ = ("_begin", "_codec", "observation")

    def __init__(self, codec: Codec, observation: Observation, begin: Callable[[_Said], None]) -> None:
        self._codec = codec
        self._begin = begin
        self.observation = observation

    def loads(self, data: Buffer, /) -> Any:
        return self._codec.loads(data)

    def loads_call(self, data: Buffer, /) -> _Said:
        return self.noted(self._codec.loads_call(data))

    def noted(self, said: _Said) -> _Said:
        self._begin(said)
        return said

    def dumps(self, value: Any, /) -> Payload:
        payload = self._codec.dumps(value)
        self.observation.response_size = size_of(payload)
        return payload

    def dumps_call(
        self, object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None, /
    ) -> Payload:
        return self._codec.dumps_call(object_id, method, args, kwargs)


class ObservedSession(ServerSession):
    """Satisfies :class:`~pyroplug.contracts.Session`."""

    __slots__ = ("_observers",)

    def __init__(self, *args: Any, observers: Sequence[Observe], **options: Any) -> None:
        """Take what a :class:`~pyroplug.session.ServerSession` does, and who is told of each call."""
        super().__init__(*args, **options)
        self._observers = observers

    def handle_plain(self, piece: memoryview, size: int) -> None:
        """There is no short way."""

    @contextmanager
    def _watching(self, request: Message, codec: Codec) -> Iterator[_WatchedCodec]:
        def begin(said: _Said) -> None:
            sent = request.correlation_id
            observation.begin(
                self._observers,
                ObservedCall(
                    side="server",
                    object_id=said[0],
                    method=said[1],
                    oneway=bool(request.flags & _ONEWAY),
                    peer=self.client.peer,
                    correlation_id=None if sent is None else UUID(bytes=bytes(sent)),
                ),
            )

        observation = Observation()
        observation.request_size = size_of(request.payload)
        try:
            yield _WatchedCodec(codec, observation, begin)
        finally:
            observation.end()
            request.state = None  # it refers back to the request

    def _run(
        self, call: Call, codec: Codec, read: Callable[[bytes], Any], payload: bytes
    ) -> Sequence[Buffer]:
        with self._watching(request_of(call), codec) as watched:
            return super()._run(call, watched, lambda data: watched.noted(read(data)), payload)

    def _invoke_batch(self, request: Message, codec: Codec) -> Sequence[Buffer]:
        with self._watching(request, codec) as watched:
            return super()._invoke_batch(request, watched)

    def _invoke_oneway(self, request: Message, codec: Codec) -> None:
        with self._watching(request, codec) as watched:
            super()._invoke_oneway(request, watched)

    def _read_kept(self, request: Message, codec: Codec) -> _Said:
        said = super()._read_kept(request, codec)
        return codec.noted(said) if isinstance(codec, _WatchedCodec) else said

    # What goes wrong

    def _exception(
        self, request: Message, codec: Codec, error: BaseException, flags: int = _EXCEPTION
    ) -> Sequence[Buffer]:
        _note(codec, error)
        return super()._exception(request, codec, error, flags)

    def _wrapped(self, codec: Codec, error: BaseException) -> dict[str, Any]:
        _note(codec, error)
        return super()._wrapped(codec, error)

    def _oneway_failed(self, codec: Codec, call: Any, error: BaseException) -> None:
        _note(codec, error)
        super()._oneway_failed(codec, call, error)


def _note(codec: Codec, error: BaseException) -> None:
    if isinstance(codec, _WatchedCodec):
        codec.observation.error = error
