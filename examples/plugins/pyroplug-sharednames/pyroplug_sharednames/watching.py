"""Who wants to know of changes, and the thread that looks for them while there is anybody."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Changed", "Watchers"]

log = logging.getLogger(__name__)

Changed = Callable[[str | None], object]


class Watchers:
    """Those who are told of changes. For any thread."""

    def __init__(self, look: Callable[[], object], every: float) -> None:
        """
        :param look: looks at everything, and has what changed told.
        :param every: seconds between two looks.
        """
        self._look = look
        self._every = every
        self._lock = threading.Lock()
        self._told: list[Changed] = []
        self._end: threading.Event | None = None
        self._thread: threading.Thread | None = None
        self._mine = threading.local()

    def add(self, changed: Changed) -> Callable[[], None]:
        """Have somebody told; what is returned ends that."""
        heard = [True]

        def told(name: str | None) -> None:
            if heard:
                changed(name)

        with self._lock:
            self._told = [*self._told, told]
            if self._thread is None:
                self._end = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._end,), name="shared names", daemon=True
                )
                self._thread.start()

        def stop() -> None:
            heard.clear()
            with self._lock:
                self._told = [other for other in self._told if other is not told]
                nobody = not self._told
            if nobody:
                self.close()

        return stop

    def tell(self, name: str | None) -> None:
        """Tell all of them that a name may have changed."""
        waiting: list[str | None] | None = getattr(self._mine, "waiting", None)
        if waiting is not None:
            waiting.append(name)
            return
        for told in self._told:
            told(name)

    @contextmanager
    def later(self) -> Iterator[None]:
        """What this thread has to tell is told at the end of it: they may use the store then."""
        self._mine.waiting = []
        try:
            yield
        finally:
            waiting, self._mine.waiting = self._mine.waiting, None
        for name in waiting:
            self.tell(name)

    def close(self) -> None:
        """Look no more."""
        with self._lock:
            thread, self._thread = self._thread, None
            if self._end is not None:
                self._end.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self, end: threading.Event) -> None:
        lost = False
        while not end.wait(self._every):
            try:
                self._look()
            except Exception as error:  # the disk may come back
                if not lost:
                    log.warning("cannot look for changes of names: %s", error)
                lost = True
            else:
                if lost:
                    self.tell(None)
                lost = False
