"""One new plugin: its files as texts, and how they come into a folder, all of them or none."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from pathlib import Path
from string import Template

from pyroplug import __version__
from pyroplug.errors import PluginError
from pyroplug.hookspecs import PROJECT

from .kinds import KINDS, NewKind
from .names import check_name

__all__ = ["LICENCES", "Project"]

LICENCES = ("MIT", "Apache-2.0", "BSD-3-Clause", "none")
"""SPDX identifiers of the licences whose texts there are, and none."""

_TEMPLATES = Path(__file__).parent / "templates"
_SUFFIX = ".in"
_PLACES = {
    "gitignore": ".gitignore",
    "workflow.yml": ".github/workflows/tests.yml",
    "test_plugin.py": "tests/test_plugin.py",
}
"""Where a file of ``common`` goes, if not beside the others of its name."""


class Project:
    """A plugin that is to be made.

    :ivar name: what people call the plugin.
    :ivar distribution: what it is installed as.
    :ivar package: what is imported.
    """

    def __init__(self, name: str, kind: str, *, licence: str = "none", author: str = "") -> None:
        """
        :param kind: one of ``KINDS``.
        :param licence: one of ``LICENCES``.
        :param author: ``Name``, or ``Name <address>``; empty if nobody is to be named.
        :raises PluginError: one of these is unusable; the text says what would do.
        """
        check_name(name)
        _check_choice("kind of plugin", kind, KINDS)
        _check_choice("licence", licence, LICENCES)
        self.name = name
        self.kind = kind
        self.licence = licence
        self.author, self.address = _author(author)
        self.distribution = f"{PROJECT}-{name}"
        self.package = f"{PROJECT}_{name.replace('-', '_')}"

    @property
    def row(self) -> NewKind:
        """What the table says about its kind."""
        return KINDS[self.kind]

    @cached_property
    def files(self) -> dict[str, str]:
        """The text of each file, by its path in the distribution's folder."""
        words = self._words()
        return {path: Template(text).substitute(words) for path, text in self._templates()}

    def write(self, folder: Path) -> list[str]:
        """Make the folder with all files in it: their paths, sorted.

        :raises PluginError: it is there already, or cannot be made; nothing was written then.
        """
        files = self.files
        try:
            folder.mkdir()
        except FileExistsError:
            raise PluginError(
                f"{folder} exists already, and nothing was written",
                hint="choose another folder with --folder, or remove that one.",
            ) from None
        except OSError as error:
            raise PluginError(
                f"the folder {folder} cannot be made: {error.strerror or error}",
                hint="choose another one with --folder: the folder around it has to exist, and be writable.",
            ) from error
        try:
            for path, text in files.items():
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise PluginError(
                    f"{folder} cannot be filled: {error.strerror or error}",
                    hint="what was written of it has been removed; choose another place with --folder.",
                ) from error
            raise
        return sorted(files)

    def _templates(self) -> Iterator[tuple[str, str]]:
        for source in sorted((_TEMPLATES / "common").glob(f"*{_SUFFIX}")):
            name = source.name.removesuffix(_SUFFIX)
            yield _PLACES.get(name, name), source.read_text("utf-8")
        for source in sorted((_TEMPLATES / self.kind).glob(f"*{_SUFFIX}")):
            name = source.name.removesuffix(_SUFFIX)
            yield f"{'tests' if name.startswith('test_') else self.package}/{name}", source.read_text("utf-8")
        yield f"{self.package}/py.typed", ""
        if self.licence != "none":
            yield "LICENSE", (_TEMPLATES / "licences" / f"{self.licence}{_SUFFIX}").read_text("utf-8")

    def _words(self) -> dict[str, str]:
        plain = {
            "name": self.name,
            "kind": self.kind.replace("-", " "),
            "distribution": self.distribution,
            "package": self.package,
            "camel": "".join(part.capitalize() for part in self.name.split("-")),
            "upper": self.name.replace("-", "_").upper(),
            "function": f"{self.name.replace('-', '_')}_command",
            "pyroplug_version": __version__,
            "year": str(date.today().year),
            "holder": self.author or f"the {self.distribution} authors",
        }
        texts = {
            "summary": Template(self.row.summary).substitute(plain),
            "offers": Template(self.row.offers).substitute(plain),
            "usage": Template(self.row.usage).substitute(plain),
            "licence_lines": "",
            "licence_sentence": "It has no licence yet: choose one before you publish it.",
            "author_lines": "",
        }
        if self.licence != "none":
            texts["licence_lines"] = f'license = "{self.licence}"\nlicense-files = ["LICENSE"]\n'
            texts["licence_sentence"] = f"The licence is {self.licence}, see `LICENSE`."
        if self.author:
            fields = {"name": self.author, **({"email": self.address} if self.address else {})}
            entry = ", ".join(f"{key} = {_quoted(value)}" for key, value in fields.items())
            texts["author_lines"] = f"authors = [{{ {entry} }}]\n"
        return {**plain, **texts}


def _check_choice(what: str, value: str, choices: dict[str, NewKind] | tuple[str, ...]) -> None:
    if value not in choices:
        raise PluginError(f"there is no {what} {value!r}", hint=f"choose one of {', '.join(choices)}.")


def _author(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"([^<>]+?)\s*(?:<([^<>@\s]+@[^<>@\s]+)>)?", text.strip())
    if text.strip() and (found is None or not text.isprintable()):
        raise PluginError(
            f"the author {text!r} is not understood", hint="write it as 'Name' or 'Name <address>'."
        )
    return (found[1], found[2] or "") if found else ("", "")


def _quoted(text: str) -> str:
    """As a text in TOML; of printable ones, JSON's form is the same."""
    return json.dumps(text, ensure_ascii=False)
