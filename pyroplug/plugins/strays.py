"""Distributions that were meant to have a plugin and in which nobody finds one, for listings.

A misspelled group of entry points, or none at all, is no error to Python: the plugin just is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyroplug.hookspecs import PROJECT

from .installed import normal, sections

__all__ = ["strays"]


def strays() -> Iterator[str]:
    """What to tell people, a sentence and a hint for each distribution."""
    for distribution, groups in sections():
        if PROJECT in groups or normal(distribution) == PROJECT:
            continue
        near = [group for group in groups if re.sub("[^a-z]", "", group.lower()).startswith(PROJECT)]
        if near:
            yield (
                f"{distribution} has entry points in the group {near[0]!r}, where nobody looks for plugins"
                f"\nhint: the group is {PROJECT!r}: [project.entry-points.{PROJECT}] in its pyproject.toml;"
                " install it again after the change."
            )
        elif normal(distribution).startswith(f"{PROJECT}-"):
            yield (
                f"{distribution} is installed and has no plugin: no entry point in the group {PROJECT!r}"
                f"\nhint: name its module under [project.entry-points.{PROJECT}] in its pyproject.toml, and"
                " install it again: also an editable installation notes entry points only then."
            )
