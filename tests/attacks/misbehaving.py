"""Code that raises whatever it is told to, wherever it is run; a server of its own serves it, too."""

from __future__ import annotations

import asyncio
import builtins
import sys
from collections.abc import Callable, Iterator
from typing import Any

from pyroplug.api import expose, oneway
from pyroplug.errors import ConnectionClosedError


class UnknownError(Exception):
    """No client has it."""


class ChoosyError(Exception):
    """Cannot be made from its arguments alone."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")
        self.second = second


class UnsendableError(Exception):
    """Has something that no serializer takes."""

    def __init__(self, text: str) -> None:
        super().__init__(text, sys._getframe())


class DumbError(Exception):
    """Raises when it is asked for anything."""

    def __str__(self) -> str:
        raise SystemExit("no text")

    __repr__ = __str__

    def __reduce__(self) -> Any:
        raise SystemExit("no reduction")

    def __getstate__(self) -> Any:
        raise KeyboardInterrupt("no state")

    def __del__(self) -> None:
        self.gone = True


class HollowError(Exception):
    """Has something else in the places where exceptions keep what they are."""

    args = "none"  # type: ignore[assignment]

    @property
    def _pyroTraceback(self) -> Any:
        raise GeneratorExit("no remote traceback")


class OwnBase(BaseException):
    """Is no ``Exception``."""


class OwnStop(StopIteration):
    """Is one only by inheritance."""


def _deep() -> RecursionError:
    def dive() -> None:
        dive()

    try:
        dive()
    except RecursionError as error:
        return error
    raise AssertionError


def _crowded() -> BaseException:
    error = ValueError("x" * 10_000)
    error.__dict__[5] = "an attribute without a name"  # type: ignore[index]
    error.huge = ["y" * 10_000] * 10  # type: ignore[attr-defined]
    return error


def _circular() -> BaseException:
    error = ValueError("round")
    error.itself = error  # type: ignore[attr-defined]
    error.__cause__ = error
    return error


MAKERS: dict[str, Callable[[], BaseException]] = {
    "SystemExit": lambda: SystemExit(3),
    "KeyboardInterrupt": lambda: KeyboardInterrupt("not yours"),
    "GeneratorExit": lambda: GeneratorExit("over"),
    "RecursionError": _deep,
    "MemoryError": lambda: MemoryError("none left"),
    "CancelledError": lambda: asyncio.CancelledError("cancelled"),
    "StopIteration": lambda: StopIteration("value"),
    "OwnStop": lambda: OwnStop("value"),
    "StopAsyncIteration": lambda: StopAsyncIteration("value"),
    "UnknownError": lambda: UnknownError("unknown"),
    "ChoosyError": lambda: ChoosyError(1, 2),
    "UnsendableError": lambda: UnsendableError("with a frame"),
    "DumbError": lambda: DumbError("dumb"),
    "HollowError": lambda: HollowError("hollow"),
    "OwnBase": lambda: OwnBase("base"),
    "UnicodeDecodeError": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    "ConnectionClosedError": lambda: ConnectionClosedError("nested"),
    "AssertionError": AssertionError,
    "crowded": _crowded,
    "circular": _circular,
}
if hasattr(builtins, "ExceptionGroup"):
    MAKERS["ExceptionGroup"] = lambda: builtins.ExceptionGroup("two", [ValueError(1), UnknownError(2)])
    MAKERS["BaseExceptionGroup"] = lambda: builtins.BaseExceptionGroup("two", [ValueError(1), SystemExit(2)])
    MAKERS["deep group"] = lambda: builtins.ExceptionGroup("o", [builtins.ExceptionGroup("i", [OSError(2)])])


class Iteration:
    """An iterator that gives two items and then raises; it cannot be closed either."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._left = 2

    def __iter__(self) -> Iteration:
        return self

    def __next__(self) -> int:
        if not self._left:
            raise MAKERS[self._kind]()
        self._left -= 1
        return self._left

    def close(self) -> None:
        raise MAKERS[self._kind]()


class Unwritable:
    """Its converter raises."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


class Hostile:
    """Raises when anything is asked of it; and when it goes."""

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(name)

    def __del__(self) -> None:
        raise SystemExit("in __del__")

    __repr__ = __str__ = __len__ = __iter__ = __reduce__ = __del__  # type: ignore[assignment]


@expose
class Service:
    """Raises what it is told to."""

    noted = 0

    def fail(self, kind: str) -> None:
        raise MAKERS[kind]()

    @property
    def broken(self) -> None:
        raise MAKERS[self._kind]()

    @broken.setter
    def broken(self, kind: str) -> None:
        self._kind = kind
        raise MAKERS[kind]()

    @oneway
    def note(self, kind: str = "") -> None:
        self.noted += 1
        if kind:
            raise MAKERS[kind]()

    def noted_so_far(self) -> int:
        return self.noted

    def iterate(self, kind: str) -> Iteration:
        return Iteration(kind)

    def generate(self, kind: str) -> Iterator[int]:
        yield 1
        raise MAKERS[kind]()

    def unwritable(self, kind: str) -> Unwritable:
        return Unwritable(kind)

    def hostile(self) -> Hostile:
        return Hostile()

    def take(self, value: Any) -> str:
        return type(value).__name__

    def fine(self) -> str:
        return "fine"

    def echo(self, value: Any) -> Any:
        return value
