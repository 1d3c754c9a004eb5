"""Which names a plugin can have: it becomes the distribution's, the package's, the entry point's and more."""

from __future__ import annotations

import re

from pyroplug.errors import PluginError
from pyroplug.hookspecs import PROJECT

__all__ = ["check_name"]

_LONGEST = 40


def check_name(name: str) -> None:
    """Raise :exc:`~pyroplug.errors.PluginError` for a name that cannot be a plugin's, with one that can."""
    if len(name) > _LONGEST:
        raise PluginError(
            f"the name {name:.{_LONGEST}}… has {len(name)} letters",
            hint=f"choose one with {_LONGEST} at most: it is part of file names, and of what users type.",
        )
    if re.fullmatch(rf"{PROJECT}([-_].*)?", name, re.IGNORECASE):
        raise PluginError(
            f"{name!r} repeats the project's name", hint=_better(name, f"{PROJECT}-NAME is made of")
        )
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise PluginError(
            f"{name!r} cannot be a plugin's name",
            hint=_better(name, "it has to be of small letters, digits and single hyphens, a letter first;"),
        )


def _better(name: str, rule: str) -> str:
    words = re.findall(r"[a-z0-9]+", re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name).lower())
    words = words[1:] if words[:1] == [PROJECT] else words
    near = "-".join(words).lstrip("-0123456789")[:_LONGEST].rstrip("-")
    return f"{rule} {f'such as {near!r}.' if near else 'choose another one.'}"
