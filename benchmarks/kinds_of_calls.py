"""The kinds of calls that are taken apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pyroplug.api import BatchProxy
from pyroplug.contracts import Codec

from .served import RECORD

__all__ = ["KINDS_OF_CALLS", "OBJECT", "KindOfCall"]

OBJECT = "served"
"""What the object is called."""
_BATCH = 1000
_BURST = 20


@dataclass(frozen=True, slots=True)
class KindOfCall:
    """A kind of call.

    :ivar calls: what is called, in one message: a method, and its arguments.
    :ivar result: what has to come of it.
    :ivar oneway: whether it has no answer.
    :ivar burst: how many messages the server finds when it receives: several where nobody waits for answers.
    """

    name: str
    calls: Sequence[tuple[str, tuple[Any, ...]]]
    result: Any
    oneway: bool = False
    burst: int = 1

    @property
    def is_plain(self) -> bool:
        """Whether its message is nothing but a payload."""
        return len(self.calls) == 1 and not self.oneway

    def writing(self, codec: Codec) -> Callable[[], Any]:
        """A function that writes the payload."""
        method, args = self.calls[0]
        if len(self.calls) == 1:
            return lambda: codec.dumps_call(OBJECT, method, args, {})
        kwargs: dict[str, Any] = {}
        calls = [(method, args, kwargs) for method, args in self.calls]
        return lambda: codec.dumps_call(OBJECT, "<batch>", calls, {})

    def calling(self, resolve: Callable[[str, Sequence[Any]], Callable[..., Any]]) -> Callable[[], object]:
        """A function that finds what is called, and calls it."""
        calls = self.calls
        if len(calls) == 1:
            method, args = calls[0]
            return lambda: resolve(method, args)(*args)

        def run() -> None:
            for method, args in calls:
                resolve(method, args)(*args)

        return run

    def client(self, proxy: Any) -> Callable[[], object]:
        """A function that makes the call, as a program would."""
        method, args = self.calls[0]
        if len(self.calls) == 1:
            remote = getattr(proxy, method)
            return lambda: remote(*args)
        calls = [args for _, args in self.calls]

        def run() -> object:
            batch: Any = BatchProxy(proxy)
            for args in calls:
                getattr(batch, method)(*args)
            return list(batch())

        return run


KINDS_OF_CALLS = (
    KindOfCall("empty call", [("nop", ())], None),
    KindOfCall("echo of a 1 kB record", [("echo", (RECORD,))], RECORD),
    KindOfCall(f"one-way call, one of {_BURST}", [("oneway", ())], None, oneway=True, burst=_BURST),
    KindOfCall(
        f"call in a batch of {_BATCH:,}",
        [("add", (number, 1)) for number in range(_BATCH)],
        list(range(1, _BATCH + 1)),
    ),
)
