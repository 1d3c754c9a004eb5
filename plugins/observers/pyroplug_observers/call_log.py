"""Calls in the log: a line for people, and the same facts for programs.

Each is logged when it is over: at the level INFO, and WARNING if it has failed. A record has an attribute
``call``, a dictionary with what :class:`~pyroplug.contracts.ObservedCall` and
:class:`~pyroplug.contracts.CallOutcome` say, as texts and numbers. Arguments and results are not logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from pyroplug.contracts import CallOutcome, ObservedCall

__all__ = ["observe"]

log = logging.getLogger("pyroplug_observers.calls")

_LONGEST = 200
"""Characters of what a peer, or an exception, has put into a line."""


def observe(call: ObservedCall) -> Callable[[CallOutcome], None] | None:
    """A call begins; what it gives writes the line at its end."""
    if not log.isEnabledFor(logging.WARNING):
        return None

    def write(outcome: CallOutcome) -> None:
        level = logging.INFO if outcome.error is None else logging.WARNING
        if log.isEnabledFor(level):
            facts = _facts(call, outcome)
            log.log(level, "%s", _line(facts), extra={"call": facts})

    return write


def _facts(call: ObservedCall, outcome: CallOutcome) -> dict[str, str | float | bool | None]:
    return {
        "side": call.side,
        "object_id": _printable(call.object_id),
        "method": _printable(call.method),
        "oneway": call.oneway,
        "peer": _printable(str(call.peer)),
        "correlation_id": None if call.correlation_id is None else str(call.correlation_id),
        "seconds": outcome.seconds,
        "request_size": outcome.request_size,
        "response_size": outcome.response_size,
        "error": None if outcome.error is None else _printable(_described(outcome.error)),
    }


def _line(facts: dict[str, str | float | bool | None]) -> str:
    way = "to" if facts["side"] == "client" else "from"
    told = [
        f"{facts['side']}: {facts['object_id']}.{facts['method']} {way} {facts['peer']}: "
        f"{facts['seconds']:.6f} s, {facts['request_size']:,} bytes in, {facts['response_size']:,} out",
        "one-way" if facts["oneway"] else "",
        f"failed: {facts['error']}" if facts["error"] is not None else "",
        f"correlation id {facts['correlation_id']}" if facts["correlation_id"] is not None else "",
    ]
    return ", ".join(filter(None, told))


def _described(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:
        text = "its text cannot be had"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _printable(text: str) -> str:
    """In one line, of a bounded length: peers choose what is in it."""
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return shown if shown.isprintable() else repr(shown)[1:-1]
