"""One call as its observers are told of it, at either side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from .contracts import CallOutcome, Observe, ObservedCall
from .loggers import logger

__all__ = ["Observation"]

log = logger(__name__)


class Observation:
    """Tells observers of a call's beginning and end. Nothing that they raise gets any further.

    :ivar request_size: bytes of the request's payload.
    :ivar response_size: bytes of the answer's payload.
    :ivar error: what the call raised.
    """

    __slots__ = ("_began", "_call", "_ends", "error", "request_size", "response_size")

    def __init__(self) -> None:
        self._began = perf_counter()
        self._call: ObservedCall | None = None
        self._ends: list[Callable[[CallOutcome], object]] = []
        self.request_size = self.response_size = 0
        self.error: BaseException | None = None

    def begin(self, observers: Sequence[Observe], call: ObservedCall) -> None:
        """The call begins, now that it is known which one it is."""
        self._call = call
        for observe in observers:
            try:
                end = observe(call)
                if end is not None:
                    self._ends.append(end)
            except BaseException as error:
                _contain(call, error)

    def end(self) -> None:
        """The call is over. Nobody is told of one that has not begun."""
        call = self._call
        if call is None or not self._ends:
            return
        seconds = perf_counter() - self._began
        outcome = CallOutcome(seconds, self.request_size, self.response_size, self.error)
        for end in reversed(self._ends):
            try:
                end(outcome)
            except BaseException as error:
                _contain(call, error)


def _contain(call: ObservedCall, error: BaseException) -> None:
    if isinstance(error, KeyboardInterrupt) and call.side == "client":
        raise error  # of the program's own
    log.error("an observer of calls failed at %s.%s", call.object_id, call.method, exc_info=error)
