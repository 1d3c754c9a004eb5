"""One remote iterator: takes the items from a local one, each exactly once, and gives them to a client.

A client that says how many items it has received can ask again for what did not arrive: the answer that was
given last is kept until then. Items are taken when they are asked for. Beyond that

- an iterator over what is in memory is taken several items at a time;
- any other one may be run *ahead*, in a thread of its own, once it has shown itself quick: its next item may
  take any time, and meanwhile those that are ready go out. It runs ahead only so far, and when an item was
  slow, not any further.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextvars import copy_context
from enum import IntEnum
from sys import exc_info
from types import TracebackType
from typing import Any, Protocol

from pyroplug.context import current_call, request_of
from pyroplug.errors import PyroError
from pyroplug.loggers import logger
from pyroplug.wire import Message

from .items import never_waits, size_of

__all__ = ["Condition", "ItemStream", "State", "Threads", "terminated"]

log = logger(__name__)

QUICK = 0.001
"""Seconds in which an item comes at once; where the client is away for longer, so may the item."""
FIRST_WINDOW = 4
"""So many items an iterator runs ahead at first; twice as many each time that its client has taken all."""
ROOM = 1 << 21
"""Bytes of items that are ready, by estimation, from which on it runs no further."""


class State(IntEnum):
    """How it goes on after some items: what clients are told beside them."""

    MORE = 0
    """Ask for more."""
    ENDED = 1
    """There is nothing more."""
    FAILED = 2
    """Then the iterator raised something: asking for a single item tells it."""
    IN_USE = 3
    """Another connection has the stream, until it is noticed that this one is gone."""


class Condition(Protocol):
    """What :class:`threading.Condition` is."""

    def __enter__(self) -> Any: ...

    def __exit__(self, *_: Any) -> Any: ...

    def wait(self) -> Any:
        """Let go of it until ``notify_all`` is called."""

    def notify_all(self) -> Any:
        """Wake up those who wait."""


class Threads(Protocol):
    """Lends threads."""

    def condition(self) -> Condition:
        """A new condition, whose lock is reentrant."""

    def start(self, task: Callable[[], None], /) -> None:
        """Run a task in a thread. Raises ``RuntimeError`` if there is none to be had."""

    def close(self) -> None:
        """No more tasks will come for now."""


class ItemStream:
    """The items of one iterator. Safe for use by many threads: the iterator runs in one at a time."""

    __slots__ = (
        *("_answered", "_at_hand", "_busy", "_clock", "_closed", "_condition", "_context", "_due", "_given"),
        *("_iterator", "_most", "_outcome", "_patience", "_position", "_quick", "_ready", "_room", "_size"),
        *("_start", "_window"),
    )

    def __init__(
        self,
        iterator: Iterator[Any],
        condition: Condition,
        clock: Callable[[], float],
        start: Callable[[Callable[[], None]], None] | None,
        most: int,
        room: int = ROOM,
    ) -> None:
        """
        :param start: runs a task in a thread of its own; ``None`` to run nothing ahead.
        :param most: how many items may be taken before they are asked for.
        :param room: bytes that they may have, about.
        """
        self._iterator: Iterator[Any] | None = iterator
        self._condition = condition
        # The same for all items, as if the iterator were consumed where it was made.
        self._context = copy_context()
        self._context.run(current_call.set, None)
        self._clock = clock
        self._start = start
        self._most = most
        self._room = room
        self._window = min(FIRST_WINDOW, most)
        self._at_hand = never_waits(iterator)
        self._position = 0  # items that the client is known to have
        self._given: list[Any] = []  # those of the last answer
        self._ready: deque[Any] = deque()  # those behind them
        self._size = 0  # of what is ready, counted until all of it is taken
        self._outcome: BaseException | None = None  # what the iterator raised in the end
        self._busy = False  # somebody is in the iterator
        self._due = False  # it is to run ahead
        self._quick = False
        self._closed = False
        self._answered = clock()
        self._patience = QUICK

    # For requests

    def next_item(self) -> Any:
        """The next item, alone. Whatever was given before has arrived, or does not matter any more.

        :raises BaseException: what the iterator raised, ``StopIteration`` in the end.
        :raises PyroError: the stream was closed.
        """
        while True:
            with self._condition:
                self._acknowledge(self._position + len(self._given))
                if self._ready:
                    self._position += 1
                    return self._pop()
                if self._outcome is not None:
                    outcome, self._outcome, self._closed = self._outcome, None, True
                    break
                claimed = self._claim()
            if claimed:
                self._produce(1)
        try:
            raise outcome
        finally:
            del outcome  # it refers to this frame

    def take(self, position: int, most: int) -> tuple[list[Any], State]:
        """What is ready, at least one item if any is to come, and how it goes on.

        :param position: how many items the client has received; the others it is given again.
        :param most: how many it wants.
        :raises PyroError: the stream was closed, or is not at that position.
        """
        self._patience = max(QUICK, self._clock() - self._answered)
        while True:
            with self._condition:
                self._acknowledge(position)
                if self._given or self._ready or self._outcome is not None:
                    answer = self._answer(most)
                    break
                claimed = self._claim()
            if claimed:
                self._produce(most)
        self._answered = self._clock()
        if position:  # who wants but the first item has no use for more
            self._run_ahead()
        return answer

    def close(self) -> None:
        """Close the iterator, once; if it is running, as soon as it returns."""
        with self._condition:
            self._closed = True
            self._ready.clear()
            self._given = []
            self._condition.notify_all()
            busy = self._busy
        if not busy:
            self._dispose()

    # Under the condition

    def _acknowledge(self, position: int) -> None:
        arrived = position - self._position
        if not 0 <= arrived <= len(self._given):
            raise PyroError(f"the item stream is at item {self._position}, and cannot go to {position}")
        del self._given[:arrived]
        self._position = position

    def _answer(self, most: int) -> tuple[list[Any], State]:
        if not self._given:
            self._given = [self._pop() for _ in range(min(most, len(self._ready)))]
            if len(self._given) >= self._window:
                self._window = min(2 * self._window, self._most)
        items = self._given[:most]
        if len(items) < len(self._given) or self._ready or self._outcome is None:
            return items, State.MORE
        clean = type(self._outcome) is StopIteration and not self._outcome.args
        return items, State.ENDED if clean else State.FAILED

    def _pop(self) -> Any:
        item = self._ready.popleft()
        if not self._ready:
            self._size = 0
        return item

    def _claim(self) -> bool:
        """Have the iterator to oneself: whether that worked; otherwise something has changed since."""
        if self._closed:
            raise terminated()
        if self._busy:
            self._condition.wait()
            return False
        self._busy = True
        return True

    def _may_run_ahead(self) -> bool:
        return (
            self._quick
            and not (self._busy or self._closed or self._outcome is not None)
            and len(self._ready) < self._window
            and self._size < self._room
        )

    # The iterator

    def _produce(self, most: int) -> None:
        """Take something from the iterator, which was claimed: one item, or several that are at hand."""
        iterator = self._iterator
        assert iterator is not None
        count = min(most, self._most) if self._at_hand else 1
        began = self._clock()
        items, size, outcome = self._context.run(_next_items, iterator, count, self._room, current_call.get())
        with self._condition:
            self._busy = False
            self._ready.extend(items)
            self._size += size
            self._outcome = outcome
            self._quick = not self._at_hand and self._clock() - began <= self._patience
            over = self._closed or outcome is not None
            self._condition.notify_all()
        outcome = None
        if over:
            self._dispose()

    def _run_ahead(self) -> None:
        if self._start is None or not self._most:
            return
        with self._condition:
            if self._due or not self._may_run_ahead():
                return
            self._due = True
        call = current_call.get()
        try:
            self._start(lambda: copy_context().run(self._pump, call))
        except RuntimeError as error:
            log.debug("an item stream does not run ahead: %s", error)
            self._due = False

    def _pump(self, call: Any) -> None:
        """Run ahead, until there is no room or no need."""
        current_call.set(_twin(call))
        while True:
            with self._condition:
                if not self._may_run_ahead():
                    self._due = False
                    return
                self._busy = True
            self._produce(1)

    def _dispose(self) -> None:
        with self._condition:
            iterator, self._iterator = self._iterator, None
        try:
            close = getattr(iterator, "close", None)
            if close is not None:
                self._context.run(_called, close, current_call.get())
        except BaseException:  # user code; a generator that is running elsewhere cannot be closed either
            log.debug("closing an item stream failed", exc_info=True)


def _next_items(
    iterator: Iterator[Any], count: int, room: int, call: Any
) -> tuple[list[Any], int, BaseException | None]:
    """Up to ``count`` items, and not many more than ``room`` bytes; their size; what the iterator raised."""
    current_call.set(call)
    items: list[Any] = []
    size = 0
    try:
        items.append(next(iterator))
        size = size_of(items[0])
        while len(items) < count and size < room:
            items.append(next(iterator))
            size += size_of(items[-1])
    except BaseException as error:
        if isinstance(error, StopIteration) and type(error) is not StopIteration:
            # The client may not have that class, and would miss the end.
            return items, size, StopIteration(*error.args)
        # Without this frame, which refers back to it, and which nobody is interested in.
        return items, size, BaseException.with_traceback(error, _beyond(exc_info()[2]))
    finally:
        current_call.set(None)  # the context lives on, and would keep the request alive
    return items, size, None


def _beyond(trace: TracebackType | None) -> TracebackType | None:
    return trace and trace.tb_next


def _called(function: Callable[[], object], call: Any) -> None:
    current_call.set(call)
    function()


def terminated() -> PyroError:
    """The error for a stream that is no more, and for one that never was."""
    return PyroError("item stream terminated")


def _twin(call: Any) -> Any:
    """The same request for another thread, with a state of its own."""
    if type(call) is not list:
        return call
    message = request_of(call)
    twin = Message(
        message.type,
        message.serializer_id,
        message.flags,
        message.sequence,
        b"",
        message.annotations,
        message.correlation_id,
    )
    return [call[0], twin]
