"""The members of a class, looked into without running anything of it.

A class's own dictionaries are read, and nothing is asked for an attribute: neither the class's code runs, nor
that of its metaclass, nor that of a descriptor in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial, partialmethod, singledispatchmethod
from types import FunctionType, GetSetDescriptorType, MethodType
from typing import Any

__all__ = [
    "ACCESSORS",
    "attributes_of",
    "bearers_of",
    "first_accessor",
    "has_mark",
    "is_a",
    "member_of",
    "members_of",
    "mro_of",
]

mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
members_of: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__
ACCESSORS = tuple(property.__dict__[name].__get__ for name in ("fget", "fset", "fdel"))
_INNER = {kind: kind.__dict__["__func__"].__get__ for kind in (staticmethod, classmethod)}


def is_a(thing: Any, *kinds: type) -> bool:
    # isinstance() would ask the thing for its __class__, which is a property that may fail in some proxies.
    return issubclass(type(thing), kinds)


def member_of(cls: type, name: str) -> Any:
    """A class's member, its own or inherited; ``None`` if there is none."""
    for base in mro_of(cls):
        members = members_of(base)
        if name in members:
            return members[name]
    return None


def bearers_of(member: Any) -> Iterator[Any]:
    """What carries a member's marks; nothing for what can never be exposed."""
    if is_a(member, property):
        yield from (one for one in (get(member) for get in ACCESSORS) if one is not None)
    elif is_a(member, staticmethod, classmethod):
        inner = next(get(member) for kind, get in _INNER.items() if is_a(member, kind))
        if _is_method(inner):
            yield inner
    elif is_a(member, cached_property, singledispatchmethod):
        function = attributes_of(member).get("func")
        if not is_a(function, type):
            yield function
        yield member
    elif is_a(member, partialmethod) or _is_method(member):
        # A partial method has marks of its own: those of its method say nothing of other arguments.
        yield member


def first_accessor(member: Any) -> Any:
    """The getter, or what stands in for it: whose mark decides for the whole property."""
    return next(bearers_of(member), None)


def _is_method(thing: Any) -> bool:
    """Whether it becomes a method of instances: a function, or an object in the place of one.

    Classes, and instances that merely can be called, do not, whatever marks they have.
    """
    if is_a(thing, FunctionType):
        return True
    special = {name for base in mro_of(type(thing)) for name in members_of(base)}
    return (
        not is_a(thing, type, MethodType, partial)  # the last two are descriptors in some versions of Python
        and {"__get__", "__call__"} <= special
        and not {"__set__", "__delete__"} & special
    )


def has_mark(bearer: Any, mark: str) -> bool:
    return not is_a(bearer, type) and attributes_of(bearer).get(mark) is True


def attributes_of(thing: Any) -> Mapping[str, Any]:
    """A thing's own attributes; none if it has no dictionary, or a class of somebody's making provides it."""
    for base in mro_of(type(thing)):
        if "__dict__" in (members := members_of(base)):
            found = members["__dict__"]
            return found.__get__(thing) or {} if is_a(found, GetSetDescriptorType) else {}
    return {}
