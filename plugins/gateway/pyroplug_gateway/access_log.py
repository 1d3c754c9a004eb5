"""Requests in the log: a line for people, and the same facts for programs.

Each is logged when its answer is complete: at the level INFO, and WARNING for the statuses from 500 on. A
record has an attribute ``request``, a dictionary. Parameters are not logged, and neither is the key.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["begin", "log", "printable"]

log = logging.getLogger("pyroplug_gateway.access")

_LONGEST = 200
"""Characters of what a client has put into a line."""

Finish = Callable[[int, int, str], None]


def begin(environ: Mapping[str, Any]) -> Finish | None:
    """A request begins; what it gives is told the status, the bytes and the correlation id in the end."""
    if not log.isEnabledFor(logging.WARNING):
        return None
    start = time.perf_counter()

    def finish(status: int, size: int, correlation_id: str) -> None:
        level = logging.INFO if status < 500 else logging.WARNING
        if log.isEnabledFor(level):
            facts = {
                "client": printable(environ.get("REMOTE_ADDR", "")),
                "method": printable(environ.get("REQUEST_METHOD", "")),
                "path": printable(_path(environ)),
                "status": status,
                "size": size,
                "seconds": time.perf_counter() - start,
                "correlation_id": correlation_id,
            }
            log.log(level, "%s", _LINE.format_map(facts), extra={"request": facts})

    return finish


def _path(environ: Mapping[str, Any]) -> str:
    """As a text; WSGI has bytes, of which it makes characters."""
    path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return path.encode("latin-1", "replace").decode("utf-8", "replace")


_LINE = "{client} {method} {path}: {status}, {size:,} bytes, {seconds:.6f} s, correlation id {correlation_id}"


def printable(text: str) -> str:
    """A text of a client's, or of another process, as a line may have it."""
    text = text[:_LONGEST]
    return "".join(char if char.isprintable() and char != " " else repr(char)[1:-1] for char in text)
