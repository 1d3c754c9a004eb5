"""What goes wrong, as HTTP has it: a status, and a JSON document that tells of an exception as Pyro does."""

from __future__ import annotations

import json
from typing import Any

from .tracebacks import without_folders

__all__ = ["Failure", "described", "remote_failure"]

_WIRE_NAMES = {
    403: "Pyro5.errors.SecurityError",
    404: "Pyro5.errors.NamingError",
    502: "Pyro5.errors.CommunicationError",
    503: "Pyro5.errors.CommunicationError",
    504: "Pyro5.errors.TimeoutError",
}
"""What the failures are for clients that know Pyro's exceptions; anything else is a PyroError."""


class Failure(Exception):
    """A request that ends with an error status, without a remote method's doing.

    :ivar status: of the answer.
    :ivar headers: of the answer, beside the usual ones.
    """

    def __init__(self, status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers


def described(failure: Failure) -> bytes:
    """A failure as the JSON document of an exception. It has no traceback: that would be the gateway's."""
    document = {
        "__class__": _WIRE_NAMES.get(failure.status, "Pyro5.errors.PyroError"),
        "__exception__": True,
        "args": [failure.text],
        "attributes": {},
    }
    return json.dumps(document).encode()


def remote_failure(payload: bytes, tracebacks: bool) -> bytes:
    """A remote exception's document: as it came, but for its tracebacks.

    :param tracebacks: whether they are passed on; of files in them only the names are, without folders.
    :raises ValueError: it is no JSON.
    """
    if b"_pyroTraceback" not in payload:
        return payload
    document = json.loads(payload)
    _clean(document, tracebacks)
    return json.dumps(document).encode()


def _clean(document: Any, tracebacks: bool) -> None:
    """Change every traceback in a document, in place."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if type(value) is dict:
            if "_pyroTraceback" in value:
                lines = value.pop("_pyroTraceback")
                if tracebacks and isinstance(lines, list):
                    value["_pyroTraceback"] = [without_folders(str(line)) for line in lines]
            waiting += value.values()
        elif type(value) is list:
            waiting += value
