"""The entry points of what is installed, as ``importlib.metadata`` finds them, and nearly always without it.

That module imports a mail parser, archives, sockets and more: a fifth of the time in which a small program
starts. Where all that is installed lies in ordinary folders, which is seen at once, the names of what is in
them and two small files of those that matter are all there is to read. Anything else, such as archives or
somebody's own finders, is left to the module.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["Point", "normal", "points", "search_path"]


class Point(NamedTuple):
    """One entry point.

    :ivar value: what it names: a module, or something in one.
    :ivar distribution: the name of the distribution that has it.
    :ivar version: of that distribution.
    """

    name: str
    value: str
    distribution: str
    version: str | None


def search_path() -> list[str]:
    """Where distributions are looked for, the first one first."""
    return sys.path


def normal(distribution: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def points(group: str) -> list[Point]:
    """The entry points of a group.

    A distribution may be found more than once, installed and in a source tree; what counts is the first, as
    for imports. Files that nobody can read offer nothing, and do no harm to others.
    """
    folders = _folders(search_path()) if _only_folders_are_searched() else None
    found = _with_importlib(group) if folders is None else _in_folders(group, folders)
    return [
        Point(name, value, distribution, version)
        for text, distribution, version in found
        for name, value in _parsed(text, group)
    ]


def sections() -> list[tuple[str, list[str]]]:
    """Each distribution in an ordinary folder, by its file's name, with its groups of entry points."""
    return [
        (
            os.path.basename(folder).rpartition(".")[0].partition("-")[0].replace("_", "-"),
            re.findall(r"^\s*\[(.*)\]\s*$", _read(folder, "entry_points.txt"), re.MULTILINE),
        )
        for folder in sorted(_folders(search_path()) or ())
    ]


_Found = tuple[str, str, str | None]
"""The text of a distribution's ``entry_points.txt``, its name and version."""


# By ourselves ------------------------------------------------------------------------------------------


def _only_folders_are_searched() -> bool:
    from importlib.machinery import PathFinder

    return all(finder is PathFinder or not hasattr(finder, "find_distributions") for finder in sys.meta_path)


def _folders(path: list[str]) -> list[str] | None:
    """All folders with metadata, one for each name; ``None`` if something on the path is no plain folder."""
    found: dict[str, str] = {}
    for root in path:
        if root.lower().endswith(".egg"):
            return None
        try:
            children = os.listdir(root or ".")
        except NotADirectoryError:  # an archive
            return None
        except OSError:
            continue
        for child in children:
            if child.lower().endswith((".dist-info", ".egg-info")):
                name = child.rpartition(".")[0].partition("-")[0]
                found.setdefault(normal(name), os.path.join(root, child))
    return list(found.values())


def _in_folders(group: str, folders: list[str]) -> Iterator[_Found]:
    for folder in folders:
        text = _read(folder, "entry_points.txt")
        if f"[{group}]" not in text:
            continue
        facts = _headers(_read(folder, "METADATA") or _read(folder, "PKG-INFO"))
        file_name = os.path.basename(folder).rpartition(".")[0].partition("-")[0]
        # Half-removed distributions lack their metadata.
        if "name" in facts and normal(facts["name"]) == normal(file_name):
            yield text, facts["name"], facts.get("version")


def _read(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeError):
        return ""


def _headers(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line:
            break  # what follows is the description
        key, _, value = line.partition(":")
        found.setdefault(key.lower(), value.strip())
    return found


def _parsed(text: str, group: str) -> list[tuple[str, str]]:
    found, section = [], ""
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line.strip("[]")
            continue
        name, equals, value = line.partition("=")
        if not equals:
            return []
        if section == group:
            found.append((name.strip(), value.strip()))
    return found


# With importlib.metadata -------------------------------------------------------------------------------


def _with_importlib(group: str) -> Iterator[_Found]:
    from importlib import metadata

    seen = set()
    for distribution in metadata.distributions(path=search_path()):
        text = _text(distribution)
        facts = _facts(distribution) if f"[{group}]" in text else None
        if facts is not None and normal(facts[0]) not in seen:
            seen.add(normal(facts[0]))
            # The first of that name, which may have none.
            first = next(iter(metadata.distributions(path=search_path(), name=facts[0])), distribution)
            facts = _facts(first)
            if facts is not None:
                yield _text(first), *facts


def _text(distribution: Distribution) -> str:
    try:
        return distribution.read_text("entry_points.txt") or ""
    except (OSError, UnicodeError):
        return ""


def _facts(distribution: Distribution) -> tuple[str, str | None] | None:
    try:
        facts = distribution.metadata
        return (facts["Name"], facts["Version"]) if facts["Name"] else None
    except Exception:  # half-removed distributions lack their metadata; parsers differ in what they raise
        return None
