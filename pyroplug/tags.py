"""Tags that say what a remote object is, for name servers that look objects up by what they are."""

from __future__ import annotations

from typing import Any

__all__ = ["type_meta"]


def type_meta(class_or_object: Any, prefix: str = "class:") -> set[str]:
    """A tag for a class and for each class that it derives from, Python's built-in ones left out.

    :param class_or_object: the class, or an instance of it.
    :param prefix: what every tag begins with; the class follows as ``module.Name``.
    """
    cls = class_or_object if isinstance(class_or_object, type) else type(class_or_object)
    return {
        f"{prefix}{base.__module__}.{base.__name__}" for base in cls.__mro__ if base.__module__ != "builtins"
    }
