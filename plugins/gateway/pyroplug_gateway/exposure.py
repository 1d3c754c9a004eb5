"""Which names are exposed. Nothing here asks a name server."""

from __future__ import annotations

import threading

from pyroplug.errors import ConfigError, NamingError
from pyroplug.patterns import Pattern

__all__ = ["Exposed", "alternatives"]

LONGEST_NAME = 255
"""Characters; no longer name is matched."""
INTERNAL = "Pyro."
_EXPLICIT = r"Pyro\."


class Exposed:
    """Says of a name whether it is exposed.

    The pattern is a regular expression for the whole name, as name servers take them: strangers choose the
    names, and Python's own engine may take years for some. One of its alternatives that ends in ``\\.``
    stands for all names that begin like this, as it does for Pyro5. Pyro's own names, such as
    ``Pyro.NameServer``, are exposed by alternatives that begin with ``Pyro\\.``, and by no others. An empty
    pattern exposes nothing.
    """

    def __init__(self, pattern: str) -> None:
        """:raises ConfigError: it is no regular expression, or none that is matched in a bounded time."""
        self.pattern = pattern
        whole = [it + ".*" if _ends_in_dot(it) else it for it in alternatives(pattern) if it]
        try:
            Pattern(pattern)
            self._any = _Names(whole)
            self._internal = _Names([it for it in whole if it.startswith(_EXPLICIT)])
        except NamingError as error:
            raise ConfigError(
                f"the pattern of names to expose is no regular expression for names: {error.args[0]}",
                hint=error.hint or r"for instance http\. for all names that begin with http.",
            ) from error

    def __call__(self, name: str) -> bool:
        if len(name) > LONGEST_NAME:
            return False
        return (self._internal if name.startswith(INTERNAL) else self._any).have(name)


class _Names:
    """Those that match one of some patterns. May be used by many threads at once."""

    def __init__(self, patterns: list[str]) -> None:
        self._text = "|".join(patterns)
        self._pattern = Pattern(self._text)
        self._one_at_a_time = threading.Lock()

    def have(self, name: str) -> bool:
        """Whether it is one of them."""
        if not self._text:
            return False
        with self._one_at_a_time:
            for _ in range(2):
                try:
                    return self._pattern.matches(name)
                except NamingError:
                    # All names together have made it work too much; it is to begin anew, with this one.
                    self._pattern = Pattern(self._text)
        return False


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
