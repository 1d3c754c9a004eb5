"""Whatever escapes from code that is not the server's own: told, and contained."""

from __future__ import annotations

import logging
import threading

__all__ = ["contain"]

log = logging.getLogger("pyroplug_servers")


def contain(what: str, error: BaseException) -> None:
    """Log an error that ends neither a thread nor a loop; call it while the error is handled.

    Ctrl-C in the main thread is meant for the program, and raised again.
    """
    log.error("%s: %s", what, error or type(error).__name__, exc_info=error)
    if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
        raise error
