"""What the server's end of a connection needs from its daemon. Nothing here does anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from .context import ClientConnection
from .contracts import Buffer, Codec, Hello
from .dispatch import Dispatcher
from .gatekeeper import Gatekeeper
from .refusals import Refusals
from .streams import StreamTable

__all__ = ["Service", "SessionLimits"]


class SessionLimits(NamedTuple):
    """What a session is held to.

    :ivar message_size: bytes of the largest message, either way.
    :ivar handshake_size: bytes of the largest message from a peer that is not accepted yet.
    :ivar compress: whether large answers are compressed.
    :ivar streaming: whether iterators may be returned.
    :ivar tracebacks: whether clients get the tracebacks of exceptions.
    :ivar detailed_traceback: whether tracebacks show local variables.
    """

    message_size: int
    handshake_size: int
    compress: bool = False
    streaming: bool = True
    tracebacks: bool = True
    detailed_traceback: bool = False


class Service(Protocol):
    """What a session needs from the daemon that it belongs to."""

    @property
    def codecs(self) -> Mapping[int, Codec]:
        """The serializers that are accepted, by wire id."""

    @property
    def greeting_codecs(self) -> Mapping[int, Codec]:
        """The same serializers for peers that are not accepted yet: they make no objects."""

    @property
    def gatekeeper(self) -> Gatekeeper:
        """Asks the handshake's validators."""

    @property
    def dispatcher(self) -> Dispatcher:
        """Finds what a request wants to have called."""

    @property
    def streams(self) -> StreamTable:
        """The iterators that clients consume."""

    @property
    def refusals(self) -> Refusals:
        """Counts what limits have refused."""

    @property
    def limits(self) -> SessionLimits:
        """What sessions are held to."""

    def refusal(self, serializer_id: int, /) -> str:
        """Why a serializer is not accepted."""

    def admit(self, client: ClientConnection, hello: Hello, /) -> tuple[Any, Mapping[str, Any]]:
        """Accept a peer that the validators agree to: the answer, and the metadata of the object it wants.

        Raises any exception to refuse it, whose text the peer is told.
        """

    def extra_annotations(self) -> Mapping[str, Buffer]:
        """Annotations for every answer."""

    def call_failed(
        self,
        client: ClientConnection,
        method: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        error: BaseException,
        /,
    ) -> None:
        """Take note of an exception that user code raised. Raises nothing."""

    def client_lost(self, client: ClientConnection, reason: str, /) -> None:
        """Take note that a connection is gone. Raises nothing."""
