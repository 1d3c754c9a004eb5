"""Which names are exposed. Nothing here asks a name server."""

from __future__ import annotations

import re

from pyroplug.errors import ConfigError

__all__ = ["Exposed", "alternatives"]

LONGEST_NAME = 255
"""Characters; no longer name is matched, so that no pattern takes long for what strangers send."""
INTERNAL = "Pyro."
_EXPLICIT = r"Pyro\."


class Exposed:
    """Says of a name whether it is exposed.

    The pattern is a regular expression for the whole name. One of its alternatives that ends in ``\\.``
    stands for all names that begin like this, as it does for Pyro5. Pyro's own names, such as
    ``Pyro.NameServer``, are exposed by alternatives that begin with ``Pyro\\.``, and by no others. An empty
    pattern exposes nothing.
    """

    def __init__(self, pattern: str) -> None:
        """:raises ConfigError: it is no regular expression."""
        self.pattern = pattern
        whole = [it + ".*" if _ends_in_dot(it) else it for it in alternatives(pattern) if it]
        self._any = _compiled(whole, pattern)
        self._internal = _compiled([it for it in whole if it.startswith(_EXPLICIT)], pattern)

    def __call__(self, name: str) -> bool:
        if len(name) > LONGEST_NAME:
            return False
        matching = self._internal if name.startswith(INTERNAL) else self._any
        return matching is not None and matching.fullmatch(name) is not None


def _compiled(parts: list[str], pattern: str) -> re.Pattern[str] | None:
    if not parts:
        return None
    try:
        re.compile(pattern)
        return re.compile("|".join(parts))
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(
            f"the pattern of names to expose is no regular expression: {pattern!r:.200}: {error}",
            hint=r"for instance http\. for all names that begin with http.",
        ) from error


def _ends_in_dot(part: str) -> bool:
    backslashes = len(part) - 1 - len(part[:-1].rstrip("\\"))
    return part.endswith(".") and backslashes % 2 == 1


def alternatives(pattern: str) -> list[str]:
    """The parts of a regular expression between the bars that are in no group, set or escape."""
    parts, start, depth, index = [], 0, 0, 0
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            index += 1
        elif char == "[":
            index = _end_of_set(pattern, index)
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and not depth:
            parts.append(pattern[start:index])
            start = index + 1
        index += 1
    return [*parts, pattern[start:]]


def _end_of_set(pattern: str, index: int) -> int:
    index += 2 if pattern[index + 1 : index + 2] == "^" else 1
    if pattern[index : index + 1] == "]":  # the first one is a member
        index += 1
    while index < len(pattern) and pattern[index] != "]":
        index += 2 if pattern[index] == "\\" else 1
    return index
