"""The built-in call observers: who wants to know of calls, at either side.

Here is what the plugin offers; ``call_log`` does the work.
"""

from __future__ import annotations

from pyroplug.contracts import CallObserver, Observe, Settings
from pyroplug.hookspecs import hookimpl

__all__ = ["CallLog"]


class CallLog:
    """Logs each call when it is over: see :mod:`pyroplug_observers.call_log`."""

    name = "call-log"

    def open(self, _settings: Settings, /) -> Observe:
        """What writes to the log ``pyroplug_observers.calls``; no setting changes it."""
        from .call_log import observe  # it imports logging, for whoever chooses it

        return observe


@hookimpl
def pyroplug_call_observers() -> list[CallObserver]:
    """One that writes to the log."""
    return [CallLog()]
