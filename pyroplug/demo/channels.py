"""Connected channels for a child process: pickled, while the sockets in them are inherited."""

from __future__ import annotations

import base64
import io
import pickle
import socket
from typing import Any

__all__ = ["pack", "unpack"]


def pack(channel: Any) -> tuple[str, list[int]]:
    """A channel as text, and the descriptors that the child has to inherit under their numbers.

    :raises Exception: it cannot be pickled.
    """
    buffer = io.BytesIO()
    pickler = _Pickler(buffer)
    pickler.dump(channel)
    return base64.b64encode(buffer.getvalue()).decode("ascii"), pickler.descriptors


def unpack(text: str) -> Any:
    """The channel again, in the child. The text must be the parent's."""
    return _Unpickler(io.BytesIO(base64.b64decode(text))).load()


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.descriptors: list[int] = []

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, socket.socket):
            return None
        self.descriptors.append(obj.fileno())
        return obj.fileno()


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        return socket.socket(fileno=pid)
