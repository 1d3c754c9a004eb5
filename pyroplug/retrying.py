"""When a call may be repeated, and after how long.

A call is repeated only where it cannot be carried out twice, or may be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from .errors import AddressError, CommunicationError, ConnectionClosedError, HandshakeError, TimeoutError
from .uri import DAEMON_NAME

__all__ = [
    "FIRST_PAUSE",
    "LONGEST_PAUSE",
    "Retries",
    "is_passing",
    "may_run_twice",
    "pauses",
    "until_it_works",
    "wait",
]

FIRST_PAUSE = 0.05
"""Seconds before the second attempt, at most."""
LONGEST_PAUSE = 2.0
"""Seconds between two attempts, at most."""

_READS = frozenset(("registered", "ping", "info", "get_metadata", "get_next_stream_items"))
"""What can be asked of any daemon twice: the last one names the position from which it wants items."""

_MARK = "mark the method with @idempotent, or add its name to the proxy's _pyroIdempotent"


def wait(seconds: float) -> None:
    """Sleep."""
    time.sleep(seconds)


def pauses(longest: float | None = None) -> Iterator[float]:
    """How long to wait before each further attempt, in seconds: ever longer, and never all clients at once.

    :param longest: none is longer.
    """
    import random  # nearly nobody needs it

    pause = FIRST_PAUSE
    longest = LONGEST_PAUSE if longest is None else min(longest, LONGEST_PAUSE)
    while True:
        pause = min(pause, longest)
        yield random.uniform(pause / 2, pause)
        pause *= 2


def is_passing(error: BaseException) -> bool:
    """Whether another attempt may succeed where this one failed: not after a lasting refusal, or nonsense."""
    if isinstance(error, (AddressError, HandshakeError)):
        return error.passing
    return isinstance(error, (ConnectionClosedError, TimeoutError))


def may_run_twice(target: str, method: str, args: Sequence[Any], marked: Collection[str]) -> bool:
    """Whether a call does the same, carried out twice, as if it were carried out once.

    :param target: the object's id.
    :param marked: the names of its methods that are marked as such.
    """
    if method == "<batch>":
        return all(call[0] in marked for call in args)
    return method == "__getattr__" or method in marked or (target == DAEMON_NAME and method in _READS)


class Retries:
    """The further attempts that a call has.

    :ivar left: how many there are.
    """

    __slots__ = ("_made", "_pauses", "left")

    def __init__(self) -> None:
        self.left = 0
        self._made = 0
        self._pauses: Iterator[float] | None = None

    def begin(self, most: int) -> None:
        """Another call has ``most`` further attempts."""
        self.left, self._made, self._pauses = most, 0, None

    def next(self, error: BaseException, harmless: bool, longest: float | None) -> None:
        """Return, after a while, if there is to be another attempt; otherwise raise ``error``.

        :param error: why the last attempt failed.
        :param harmless: the call may be carried out twice.
        :param longest: seconds to wait at most.
        """
        if not self._is_next(error, harmless):
            try:
                raise error
            finally:
                del error  # its traceback leads back here
        self.left -= 1
        self._made += 1
        if self._pauses is None:
            self._pauses = pauses(longest)
        wait(next(self._pauses))

    def _is_next(self, error: BaseException, harmless: bool) -> bool:
        if not isinstance(error, CommunicationError) or not is_passing(error):
            return False
        if self.left > 0 and (error.unsent or harmless):
            return True
        if error.hint is None:
            error.hint = self._advice(error.unsent, harmless)
        return False

    def _advice(self, unsent: bool, harmless: bool) -> str:
        if not unsent and not harmless:
            also = "" if self.left else ", and set _pyroMaxRetries (MAX_RETRIES)"
            return (
                "the call may have been carried out, or not: the answer is lost, so it was not repeated; "
                f"if it does no harm to repeat it, {_MARK}{also}"
            )
        if self._made:
            return f"it was repeated {self._made} times, as _pyroMaxRetries says"
        why = "was not carried out" if unsent else "may be carried out twice"
        return f"the call {why}: set _pyroMaxRetries (MAX_RETRIES) to have such calls repeated"


def until_it_works(attempt: Callable[[], object], tries: int) -> CommunicationError | None:
    """Try until it works: ``None`` then, or the last failure when ``tries`` attempts have failed.

    Raises at once what another attempt cannot change.
    """
    failure: CommunicationError | None = None
    for pause in pauses():
        if tries <= 0:
            break
        try:
            attempt()
        except CommunicationError as error:
            if not is_passing(error):
                raise
            failure = error
        else:
            return None
        tries -= 1
        if tries:
            wait(pause)
    return failure
