"""How a suite tells a plugin's author what is wrong: what the contract promises, and what was seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from pyroplug.errors import PluginError
from pyroplug.plugins.conformance import check
from pyroplug.plugins.kinds import Kind

from .suite import Breach

__all__ = ["fail", "raises", "require", "same_bytes", "satisfies", "shown", "works"]

_Error = TypeVar("_Error", bound=BaseException)
_Result = TypeVar("_Result")
_LONGEST_SHOWN = 60


def fail(promise: str, seen: str) -> NoReturn:
    """Fail the test with a :exc:`Breach`.

    :param promise: what the contract says.
    :param seen: what happened instead.
    """
    __tracebackhide__ = True
    raise Breach(promise, seen)


def require(kept: object, promise: str, seen: str) -> None:
    """Fail the test unless a promise is kept."""
    __tracebackhide__ = True
    if not kept:
        fail(promise, seen)


def satisfies(kind: Kind, offered: object, promise: str) -> None:
    """Fail the test unless what a plugin offers has all that the contract of its kind demands."""
    __tracebackhide__ = True
    try:
        check(kind, offered)
    except PluginError as fault:
        raise Breach(promise, str(fault.args[0]), fault.hint or "") from None


def raises(kind: type[_Error] | tuple[type[_Error], ...], promise: str, call: Callable[[], Any]) -> _Error:
    """The error of this kind that a call raises; with another one, or none, the test fails."""
    __tracebackhide__ = True
    try:
        result = call()
    except kind as error:
        return error
    except Exception as error:
        fail(promise, f"it raised {type(error).__module__}.{type(error).__qualname__}: {error}")
    fail(promise, f"it raised nothing and returned {shown(result)}")


def works(promise: str, call: Callable[[], _Result]) -> _Result:
    """What a call returns, which must not raise anything."""
    __tracebackhide__ = True
    try:
        return call()
    except Exception as error:
        fail(promise, f"it raised {type(error).__module__}.{type(error).__qualname__}: {error}")


def same_bytes(got: bytes, expected: bytes, promise: str) -> None:
    """Fail the test unless the bytes are the same; it is told where they begin to differ."""
    __tracebackhide__ = True
    if got == expected:
        return
    place = next((i for i, (a, b) in enumerate(zip(got, expected, strict=False)) if a != b), None)
    if place is not None:
        difference = f"byte {place} is {got[place]:#04x} and not {expected[place]:#04x}"
    elif len(got) < len(expected):
        difference = f"the last {len(expected) - len(got)} of {len(expected)} bytes are missing"
    else:
        difference = f"there are {len(got) - len(expected)} bytes too many"
    fail(promise, f"{difference} ({shown(got)} for {shown(expected)})")


def shown(value: object) -> str:
    """A value in a few words; long bytes with their length."""
    text = repr(value)
    if len(text) <= _LONGEST_SHOWN:
        return text
    size = f" ({len(value)} bytes)" if isinstance(value, (bytes, bytearray)) else ""
    return f"{text[:_LONGEST_SHOWN]}…{size}"
