"""What is answered, before it is HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["JSON", "LINES", "Answer"]

JSON = "application/json; charset=utf-8"
LINES = "application/x-ndjson; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    :ivar body: bytes, or an iterable of them that has a ``close()``, for a body whose length is not known.
    :ivar headers: beside the usual ones.
    """

    body: bytes | Iterable[bytes] = b""
    content_type: str = JSON
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
