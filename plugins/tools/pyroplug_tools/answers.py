"""Values as text: for people, and as JSON for programs."""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Mapping
from pprint import pformat
from typing import Any

from pyroplug.api import URI, Proxy
from pyroplug.commands import visible

__all__ = ["as_json", "as_text", "plain", "write"]

_WIDTH = 100


def as_text(value: Any) -> str | None:
    """For people: a text as it is, an address as such, anything else as Python writes it.

    ``None`` for ``None``: there is nothing to show.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (URI, Proxy)):
        return str(_address(value))
    return pformat(value, width=_WIDTH, sort_dicts=False)


def as_json(value: Any) -> str:
    """For programs: one line of JSON."""
    return json.dumps(plain(value), ensure_ascii=False)


def plain(value: Any) -> Any:
    """What JSON can say of a value; of what it knows nothing of, the text.

    Bytes become ``{"data": …, "encoding": "base64"}``, tuples and sets become lists, numbers that are none
    become text.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"data": base64.b64encode(value).decode("ascii"), "encoding": "base64"}
    if isinstance(value, Mapping):
        return {_key(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        ordered = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value
        return [plain(one) for one in ordered]
    return str(_address(value) if isinstance(value, (URI, Proxy)) else value)


def write(text: str) -> None:
    """A line on standard output, at once.

    On a terminal what is no text is escaped: what comes from elsewhere shall not give it orders. Characters
    that the output cannot have are escaped everywhere.
    """
    if sys.stdout.isatty():
        text = visible(text)
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(plain(key))


def _address(value: URI | Proxy[Any]) -> URI:
    return value if isinstance(value, URI) else value._pyroUri
