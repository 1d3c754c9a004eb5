"""A proxy's way to its object where calls are observed. All calls go the long way there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from .channel import Channel
from .client import RemoteCall
from .context import current_state
from .contracts import Buffer, Observe, ObservedCall, Payload, size_of
from .line import Line
from .observation import Observation
from .selection import observers_for
from .wire import Flags, Message, unpack_header

__all__ = ["ObservedChannel"]

_ONEWAY = int(Flags.ONEWAY)


class ObservedChannel(Channel):
    """A channel that tells observers of its calls. Connecting is part of the call that needs it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        plugins = self.plugins()
        # One for all proxies of a configuration, as long as that does not change.
        self._observers: Sequence[Observe] = self.settings.derived(
            (observers_for, plugins), lambda: observers_for(plugins, self.settings)
        )
        self._observation: Observation | None = None
        self._begun = False
        self._written = [0]  # bytes of the payload that was written last

    def call(
        self,
        method: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any] | None,
        flags: int = 0,
        object_id: str | None = None,
    ) -> Any:
        """Call a remote method. Raises as :meth:`pyroplug.channel.Channel.call` does."""
        return self._call_fully(RemoteCall(object_id or "", method, args, kwargs or {}, flags))

    def _call_fully(self, call: RemoteCall) -> Any:
        outer, self._observation = (self._observation, self._begun), Observation()
        observation, self._begun = self._observation, False
        try:
            result = super()._call_fully(call)
            if type(result) is Message:  # as it came
                observation.response_size = size_of(result.payload)
            return result
        except BaseException as error:
            observation.error = error
            raise
        finally:
            self._observation, self._begun = outer
            observation.end()
            observation.error = None  # it leads back here

    def _request(self, line: Line, call: RemoteCall) -> tuple[Sequence[Buffer], int]:
        observation = self._observation
        if observation is None or self._begun:
            return super()._request(line, call)
        self._begun, self._written[0] = True, 0
        observation.begin(self._observers, _observed(line, call))
        request, sequence = super()._request(line, call)
        observation.request_size = self._written[0] or unpack_header(request[0])[5]
        return request, sequence

    def _result(self, message: Message) -> Any:
        if self._observation is not None:
            self._observation.response_size = size_of(message.payload)
        return super()._result(message)

    def _connect(self) -> None:
        outer, self._observation = self._observation, None  # what is asked here is not the call
        try:
            super()._connect()
        finally:
            self._observation = outer
        protocol = self._connected_line().protocol
        protocol.dumps_call = _measured(protocol.dumps_call, self._written)


def _observed(line: Line, call: RemoteCall) -> ObservedCall:
    state = current_state()
    sent = None if state is None else state.correlation_to_send()
    line.protocol.correlation_id = uuid4().bytes if sent is None else sent
    return ObservedCall(
        side="client",
        object_id=call.object_id,
        method=call.method,
        oneway=bool(call.flags & _ONEWAY),
        peer=line.connection.peer,
        correlation_id=UUID(bytes=bytes(line.protocol.correlation_id)),
    )


def _measured(dumps_call: Callable[..., Payload], written: list[int]) -> Callable[..., Payload]:
    """The same, and it notes how much it writes. It does not refer to the channel, which refers to it."""

    def measured(object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None, /) -> Payload:
        payload = dumps_call(object_id, method, args, kwargs)
        written[0] = size_of(payload)
        return payload

    return measured
