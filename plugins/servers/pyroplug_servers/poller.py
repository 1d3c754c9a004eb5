"""Waiting for many descriptors: a bare epoll, or what else the system has; and being woken from that.

A poller is told what to watch from any thread, and polled by one at a time. ``ONESHOT`` means that after
one event nothing more is reported until the next ``modify``.
"""

from __future__ import annotations

import contextlib
import select
import selectors
import socket
import threading
from collections import deque
from typing import Protocol

__all__ = ["IN", "ONESHOT", "OUT", "EpollPoller", "Poller", "SelectorPoller", "Wakeup", "new_poller"]

# Linux's own numbers, so that epoll needs no translation.
IN = 0x001
OUT = 0x004
ONESHOT = 1 << 30


class Wakeup:
    """Wakes a poller. ``wake`` is safe in signal handlers and in all threads, also after ``close``.

    It is a pair of sockets because a closed socket object refuses to write, while a closed descriptor may
    be somebody else's file by now.
    """

    __slots__ = ("_receiver", "_sender")

    def __init__(self) -> None:
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)

    def fileno(self) -> int:
        """What becomes readable; -1 once closed."""
        return self._receiver.fileno()

    def wake(self) -> None:
        """Make it readable."""
        # If it is full it is readable already.
        with contextlib.suppress(OSError):
            self._sender.send(b"\0")

    def clear(self, _mask: int = 0) -> None:
        """Make it unreadable again."""
        with contextlib.suppress(OSError):
            while self._receiver.recv(4096):
                pass

    def close(self) -> None:
        """Give both sockets back."""
        self._receiver.close()
        self._sender.close()


class Poller(Protocol):
    """What the two pollers have in common. After ``close`` they raise ``ValueError`` or do nothing."""

    def register(self, fd: int, mask: int, /) -> None:
        """Watch a descriptor. Raises ``OSError`` where the system refuses."""

    def modify(self, fd: int, mask: int, /) -> None:
        """Watch it for something else, or again after a one-shot event. Raises ``OSError``."""

    def unregister(self, fd: int, /) -> None:
        """Forget it. Raises ``OSError`` or ``KeyError`` if it is not watched."""

    def poll(self, timeout: float, /) -> list[tuple[int, int]]:
        """Wait up to ``timeout`` seconds: (descriptor, mask) pairs."""

    def fileno(self) -> int:
        """A descriptor that is readable when ``poll`` has something to tell; -1 where there is none."""

    def close(self) -> None:
        """Give back what the operating system lent. May be called twice."""


class EpollPoller:
    """Linux's epoll as it is: the kernel takes changes from all threads."""

    __slots__ = ("_epoll", "close", "modify", "poll", "register", "unregister")

    def __init__(self) -> None:
        self._epoll = epoll = select.epoll()
        # Bound once: a method that only forwards would be paid for in every call.
        self.register, self.modify, self.unregister = epoll.register, epoll.modify, epoll.unregister
        self.poll, self.close = epoll.poll, epoll.close

    def fileno(self) -> int:
        """The epoll's own descriptor."""
        return -1 if self._epoll.closed else self._epoll.fileno()


class SelectorPoller:
    """The same over a selector, for systems without epoll.

    Selectors are not made for several threads, so changes wait in a queue until the next poll; a poll that
    is under way is woken for them.
    """

    def __init__(self, wakeup: Wakeup, selector: selectors.BaseSelector | None = None) -> None:
        self._selector = selector or selectors.DefaultSelector()
        self._wakeup = wakeup
        self._masks: dict[int, int] = {}
        self._changed: deque[int] = deque()
        self._lock = threading.RLock()
        self._polling = False
        self._closed = False

    def register(self, fd: int, mask: int, /) -> None:
        """Watch a descriptor."""
        if self._closed:
            raise ValueError("the poller is closed")
        with self._lock:
            self._masks[fd] = mask
            self._changed.append(fd)
        if self._polling:
            self._wakeup.wake()

    def modify(self, fd: int, mask: int, /) -> None:
        """Watch it for something else."""
        self.register(fd, mask)

    def unregister(self, fd: int, /) -> None:
        """Forget it."""
        with self._lock:
            del self._masks[fd]
            # Not later: the number may be another file's by then.
            with contextlib.suppress(KeyError, ValueError, OSError, RuntimeError):
                self._selector.unregister(fd)

    def poll(self, timeout: float, /) -> list[tuple[int, int]]:
        """Wait up to ``timeout`` seconds."""
        self._polling = True
        try:
            self._apply()
            found = self._selector.select(timeout)
        finally:
            self._polling = False
        return [(key.fd, self._seen(key.fd, events)) for key, events in found]

    def fileno(self) -> int:
        """The selector's own descriptor, if its kind has one."""
        own = getattr(self._selector, "fileno", None)
        return -1 if self._closed or own is None else own()

    def close(self) -> None:
        """Close the selector."""
        if not self._closed:
            self._closed = True
            self._selector.close()

    def _apply(self) -> None:
        with self._lock:
            while self._changed:
                fd = self._changed.popleft()
                mask = self._masks.get(fd, 0)
                events = (selectors.EVENT_READ if mask & IN else 0) | (
                    selectors.EVENT_WRITE if mask & OUT else 0
                )
                with contextlib.suppress(KeyError, ValueError, OSError):
                    self._selector.unregister(fd)
                if events:
                    with contextlib.suppress(KeyError, ValueError, OSError):
                        self._selector.register(fd, events)

    def _seen(self, fd: int, events: int) -> int:
        with self._lock:
            if self._masks.get(fd, 0) & ONESHOT:
                self._masks[fd] = 0
                with contextlib.suppress(KeyError, ValueError, OSError):
                    self._selector.unregister(fd)
        return (IN if events & selectors.EVENT_READ else 0) | (OUT if events & selectors.EVENT_WRITE else 0)


def new_poller(wakeup: Wakeup) -> Poller:
    """The best that the system has. Raises ``OSError`` where it has no room for it."""
    return EpollPoller() if hasattr(select, "epoll") else SelectorPoller(wakeup)
