"""Descriptors and what is to be done when they are ready. One turn: poll, then call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .poller import IN, Wakeup, new_poller

__all__ = ["Handler", "Reactor"]

Handler = Callable[[Any, int], None]
"""Called with what it was registered for, and the mask of what a descriptor is ready for. Raises nothing."""


class Reactor:
    """Calls the handlers of ready descriptors. All but ``turn`` may be called from any thread."""

    def __init__(self) -> None:
        """Raises ``OSError`` where the system has no room for it."""
        self._wakeup = Wakeup()
        try:
            self._poller = new_poller(self._wakeup)
        except BaseException:
            self._wakeup.close()
            raise
        self._poll = self._poller.poll
        # By descriptor, a handler and what it is registered for: less memory than a function for each.
        self._handlers: dict[int, tuple[Handler, Any]] = {}
        self._again: list[tuple[Handler, Any]] = []
        self.wake = self._wakeup.wake
        self.change = self._poller.modify
        """Watch for something else. Raises ``OSError``, or ``ValueError`` once closed."""
        self.add(self._wakeup.fileno(), IN, Wakeup.clear, self._wakeup)

    def fileno(self) -> int:
        """A descriptor that is readable when ``turn`` has something to do; -1 once closed."""
        return self._poller.fileno()

    def add(self, fd: int, mask: int, handler: Handler, subject: Any) -> None:
        """Call ``handler`` when ``fd`` is ready. Raises ``OSError``, or ``ValueError`` once closed.

        :param subject: what it is called with.
        """
        self._handlers[fd] = (handler, subject)
        try:
            self._poller.register(fd, mask)
        except BaseException:
            self._handlers.pop(fd, None)
            raise

    def remove(self, fd: int) -> None:
        """Forget ``fd``, which is still open or was closed by somebody else."""
        self._handlers.pop(fd, None)
        try:  # noqa: SIM105  # suppress() takes longer, and connections come and go
            self._poller.unregister(fd)
        except (OSError, ValueError, KeyError):
            pass

    def again(self, handler: Handler, subject: Any) -> None:
        """Call ``handler`` at the end of the next turn, which waits for nothing. In ``turn``'s thread."""
        self._again.append((handler, subject))

    @property
    def busy(self) -> bool:
        """Whether a handler wants to be called again without waiting."""
        return bool(self._again)

    def turn(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds, and call the handlers of all that is ready."""
        handlers = self._handlers
        again: list[tuple[Handler, Any]] | None = None
        if self._again:
            # Those that come up in this turn wait for the next one: others are ready, too.
            again, self._again = self._again, []
            timeout = 0
        poll = self._poll
        try:
            ready = poll(timeout)
        except (OSError, ValueError):
            if self.fileno() >= 0:
                raise
            return  # a signal handler has closed it meanwhile
        for fd, mask in ready:
            found = handlers.get(fd)
            if found is not None:
                handler, subject = found
                handler(subject, mask)
        if again:
            for handler, subject in again:
                handler(subject, IN)

    def close(self) -> None:
        """Forget everything, and give back what the operating system lent."""
        self._handlers.clear()
        self._again.clear()
        self._poller.close()
        self._wakeup.close()
