"""Client processes, for what one client alone, or one that is not new, does not show.

Each reads lines, a method and its arguments, and answers each with one: the result, and what went wrong.
"""

from __future__ import annotations

import json
import os
import sys

from benchmarks.contestant import Contestant
from benchmarks.contestants import line_up

__all__ = ["named", "obey"]


def named(name: str) -> Contestant:
    """The contestant of this name."""
    (found,) = (each for each in line_up() if each.name == name)
    return found


def obey(subject: object) -> None:
    """Call the subject's methods as long as there are lines, and end the process."""
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        result = error = None
        try:
            result = getattr(subject, method)(*arguments)
        except Exception as problem:  # whatever a library has
            error = f"{type(problem).__name__}: {problem}"
        print(json.dumps([result, error]), flush=True)
    os._exit(0)  # the system closes what is open, faster; and some libraries have threads that would wait
