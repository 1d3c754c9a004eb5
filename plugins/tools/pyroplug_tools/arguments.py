"""What is typed on a command line, and the values that are meant by it."""

from __future__ import annotations

import ast
import json
import re
from typing import Any, NoReturn

__all__ = ["UnclearError", "keyword", "value_of"]

_KEYWORD = re.compile(r"([^\W\d]\w*)=(.*)", re.DOTALL)
_OPENING = ("'", '"', "[", "{")
"""Nobody begins a plain word with these: who does means a value, and has made a mistake in it."""


class UnclearError(ValueError):
    """Something that looks like a value, and is none."""


def value_of(text: str) -> Any:
    """A JSON value, or a Python literal; any other text stands for itself.

    :raises UnclearError: it begins as a quoted text, a list or a dictionary does, and is none.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        pass
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        if text.lstrip().startswith(_OPENING):
            raise UnclearError(
                f"{_shown(text)} is neither JSON nor a Python literal",
                "quote it for the shell as a whole, as in '[\"a\", 1]'; with --text arguments are plain text",
            ) from None
        return text
    return text if value is ... else value


def keyword(text: str, plain: bool = False) -> tuple[str, Any]:
    """The name and the value of ``NAME=VALUE``.

    :param plain: the value is text, whatever it looks like.
    :raises UnclearError: it has not that form, or the value is unclear.
    """
    found = _KEYWORD.fullmatch(text)
    if found is None:
        raise UnclearError(f"{_shown(text)} is not NAME=VALUE, with a name that Python allows", "")
    name, value = found.groups()
    return name, value if plain else value_of(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # JSON knows neither NaN nor Infinity: these are words


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}...")
