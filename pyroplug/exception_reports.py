"""What clients are told of an exception: what it says, where it was raised, and what stands for it.

Nothing that an exception's class does keeps it from being told.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType

from .errors import PyroError, format_traceback, get_pyro_traceback
from .service import SessionLimits

__all__ = ["describe", "shortened", "substitute_for", "traceback_of"]


def describe(error: BaseException) -> str:
    """What an exception says; something even if it cannot."""
    try:
        return str(error) or type(error).__name__
    except BaseException:
        return f"{type(error).__name__}, whose text cannot be had"


def traceback_of(error: BaseException, limits: SessionLimits) -> list[str] | None:
    """The lines that tell where it was raised; ``None`` if clients are not told."""
    if not limits.tracebacks:
        return None
    trace = _trace_of(error)
    while trace is not None and trace.tb_next is not None and _is_own(trace.tb_frame):
        trace = trace.tb_next  # people look for their own code
    for tell, closely in (
        (get_pyro_traceback, limits.detailed_traceback),
        (get_pyro_traceback, False),
        (format_traceback, False),
    ):
        with suppress(BaseException):  # of a local variable's repr, or of the exception itself
            return tell(type(error), error, trace, closely)
    return []


_trace_of: Callable[[BaseException], TracebackType | None] = vars(BaseException)["__traceback__"].__get__
"""Whatever a class of somebody's making has under that name."""


def _is_own(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).startswith("pyroplug.")


def shortened(lines: list[str], room: int) -> list[str]:
    """A traceback's end, of so many characters; the same list if that is all of it."""
    if sum(map(len, lines)) <= room:
        return lines
    kept: list[str] = []
    for line in reversed(lines):
        if len(line) > room:
            break
        kept.append(line)
        room -= len(line)
    return ["(the beginning of this traceback is left out: it is too long to be sent)\n", *reversed(kept)]


def substitute_for(error: BaseException, trouble: BaseException, limits: SessionLimits) -> PyroError:
    """What is sent in the place of an exception that cannot be.

    :param trouble: why it cannot.
    """
    room = min(2000, limits.message_size // 8)
    named = f"{type(error).__module__}.{type(error).__qualname__}: {describe(error)}"
    return PyroError(
        f"the remote exception cannot be sent ({describe(trouble)[:room]}); it was {named[:room]}"
    )
