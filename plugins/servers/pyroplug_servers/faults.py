"""Whatever escapes from code that is not the server's own: told, and contained."""

from __future__ import annotations

import logging
import threading

__all__ = ["contain"]

log = logging.getLogger("pyroplug_servers")


def contain(what: str, error: BaseException, loop_thread: int = 0) -> None:
    """Log an error that ends neither a thread nor a loop; call it while the error is handled.

    Ctrl-C in the main thread is meant for the program, and raised again.

    :param loop_thread: the thread that serves, if user code alone was run: it takes note of Ctrl-C before any
        code does, so that what looks like one there is none, or is not lost.
    """
    log.error("%s: %s", what, error or type(error).__name__, exc_info=error)
    in_main = threading.current_thread() is threading.main_thread()
    if isinstance(error, KeyboardInterrupt) and in_main and threading.get_ident() != loop_thread:
        raise error
