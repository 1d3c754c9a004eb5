"""Call observers: told of each call, for tracing, metrics and logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from .settings import Settings
from .transports import Peer

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["CallObserver", "CallOutcome", "Observe", "ObservedCall"]


class ObservedCall(NamedTuple):
    """A call that begins.

    :ivar side: where it is seen: at the ``client`` that makes it, or the ``server`` that runs it.
    :ivar object_id: the object; ``Pyro.Daemon`` for what proxies ask for by themselves, such as the items of
        remote iterators.
    :ivar method: the method. It is ``__getattr__`` or ``__setattr__`` for a property, and ``<batch>`` for a
        batch, which is one call here.
    :ivar oneway: nobody waits for the result. The client's part ends when it is sent.
    :ivar peer: the other end.
    :ivar correlation_id: what relates calls that have to do with each other, at both sides. A client that is
        observed always sends one.
    """

    side: Literal["client", "server"]
    object_id: str
    method: str
    oneway: bool
    peer: Peer
    correlation_id: UUID | None


class CallOutcome(NamedTuple):
    """How a call ended.

    :ivar seconds: how long it took: at the server from the arguments being read to the result being written,
        at the client from writing the arguments to the result being read, attempts that failed included.
    :ivar request_size: bytes of what was called and with what, as serialized.
    :ivar response_size: bytes of the result, likewise; 0 if there was none.
    :ivar error: what was raised; ``None`` if nothing was. Keeping it keeps all that its traceback leads to.
    """

    seconds: float
    request_size: int
    response_size: int
    error: BaseException | None


Observe: TypeAlias = Callable[[ObservedCall], "Callable[[CallOutcome], object] | None"]
"""Called when a call begins, in the thread and the context in which it is made or run: context variables that
are set here are seen by the method, and by the calls that it makes. What it returns is called at the call's
end, in the same context; ``None`` if that is of no interest.

It is used by many threads at once, and each call waits for it. What it raises is logged, and changes nothing.
"""


@runtime_checkable
class CallObserver(Protocol):
    """Wants to know of calls. Offered by ``pyroplug_call_observers``."""

    @property
    def name(self) -> str:
        """The name by which users choose it."""

    def open(self, settings: Settings, /) -> Observe:
        """What is told of the calls of one daemon, or of proxies.

        Raises :exc:`~pyroplug.errors.ConfigError` for settings that it cannot work with.
        """
