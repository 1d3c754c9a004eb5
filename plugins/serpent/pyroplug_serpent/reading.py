"""What :func:`ast.literal_eval` makes of a text, a little sooner.

The text is parsed by the same parser, which takes most of the time. Of its tree, those kinds of node are read


"""

from __future__ import annotations

import ast
from ast import Constant, parse
from collections.abc import Callable
from typing import Any

__all__ = ["read_literal"]


def read_literal(text: str) -> Any:
    """The value.

    :raises Exception: whatever ``literal_eval`` raises.
    """
    node = parse(text.lstrip(" \t"), mode="eval").body
    if type(node) is Constant:
        return node.value
    return _READERS.get(type(node), _other)(node)


# Plain loops: one frame for each level of nesting, as in literal_eval, where a comprehension would take two.


def _dict(node: ast.Dict) -> dict[Any, Any]:
    made = {}
    for key, item in zip(node.keys, node.values, strict=True):
        name = key.value if type(key) is Constant else _READERS.get(type(key), _other)(key)
        made[name] = item.value if type(item) is Constant else _READERS.get(type(item), _other)(item)
    return made


def _sequence(node: ast.List | ast.Tuple) -> list[Any] | tuple[Any, ...]:
    made = []
    for item in node.elts:
        made.append(item.value if type(item) is Constant else _READERS.get(type(item), _other)(item))
    return made if type(node) is ast.List else tuple(made)


def _signed(node: ast.UnaryOp) -> Any:
    if type(node.op) is ast.USub and type(node.operand) is Constant:
        number = node.operand.value
        if type(number) is int or type(number) is float:
            return -number
    return _other(node)


_other: Callable[[Any], Any] = ast.literal_eval
_READERS: dict[type, Callable[[Any], Any]] = {
    ast.Dict: _dict,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.UnaryOp: _signed,
}
