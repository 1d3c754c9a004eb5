"""Installed plugins without installing any: distributions, modules and objects made up for a test."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pyroplug.hookspecs import hookimpl
from pyroplug.plugins import Kind, PluginRecord, PluginSet

HEADER = "from pyroplug.hookspecs import hookimpl\n"


class Site:
    """A folder that modules are imported from, and the only one whose distributions are seen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def module(self, name: str, source: str) -> Path:
        """Write a module; its text may rely on ``hookimpl``."""
        path = self.folder / f"{name}.py"
        path.write_text(HEADER + source)
        importlib.invalidate_caches()
        return path

    def distribution(
        self, name: str, entries: Mapping[str, str], version: str = "1.0", folder: Path | None = None
    ) -> Path:
        """Make a distribution's metadata, with entry points in pyroplug's group."""
        path = (folder or self.folder) / f"{name.replace('-', '_')}-{version}.dist-info"
        path.mkdir(parents=True)
        (path / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = [f"{entry} = {target}" for entry, target in entries.items()]
        (path / "entry_points.txt").write_text("\n".join(["[pyroplug]", *lines, ""]))
        importlib.invalidate_caches()
        return path

    def plugin(self, name: str, source: str, distribution: str = "acme", version: str = "1.0") -> str:
        """A distribution with one plugin in a module of its own: the module's name."""
        module = f"{distribution}_{name}_made_up".replace("-", "_")  # no module that really exists
        self.module(module, source)
        self.distribution(distribution, {name: module}, version)
        return module


@contextmanager
def installed(folder: Path) -> Iterator[Site]:
    """A site that is seen instead of all that is really installed, and forgotten afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pyroplug.plugins.installed.search_path", lambda: [str(folder)])
        patch.delenv("PYROPLUG_BLOCK", raising=False)
        patch.delenv("PYROPLUG_AUTOLOAD", raising=False)
        patch.syspath_prepend(str(folder))
        try:
            yield Site(folder)
        finally:
            for name, module in list(sys.modules.items()):
                if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
                    del sys.modules[name]


# Objects that satisfy the contracts, and plugins that offer them ---------------------------------------


@dataclass(eq=False)
class FakeSerializer:
    name: Any = "fake"
    wire_id: Any = 70
    carries: Any = frozenset()

    def codec(self, settings: Any, classes: Any, /) -> Any:
        raise NotImplementedError


@dataclass(eq=False)
class FakeTransport:
    name: Any = "fake"
    scheme: Any = "fake"

    def listen(self, address: str, settings: Any, /) -> Any:
        raise NotImplementedError

    def connect(self, address: str, settings: Any, timeout: float | None, /) -> Any:
        raise NotImplementedError

    def adopt(self, channel: Any, settings: Any, /) -> Any:
        return None

    def loopback_address(self, folder: str, /) -> Any:
        return None

    def loopback_pair(self) -> Any:
        return None


@dataclass(eq=False)
class FakeServerModel:
    name: Any = "fake"
    aliases: Any = frozenset()

    def create(self, host: Any, listeners: Any, connections: Any, settings: Any, /) -> Any:
        raise NotImplementedError


@dataclass(eq=False)
class FakeValidator:
    name: Any = "fake"

    def open(self, settings: Any, /) -> Any:
        raise NotImplementedError


@dataclass(eq=False)
class FakeObserver:
    name: Any = "fake"

    def open(self, settings: Any, /) -> Any:
        raise NotImplementedError


@dataclass(eq=False)
class FakeNameService:
    name: Any = "fake"

    def resolve(self, uri: str, delay: float, context: Any, /) -> Any:
        raise NotImplementedError

    def locate(self, host: Any, port: int | None, broadcast: bool, context: Any, /) -> Any:
        raise NotImplementedError

    def start(self, options: Any, context: Any, /) -> Any:
        raise NotImplementedError

    def serve(self, options: Any, condition: Any, context: Any, /) -> None:
        raise NotImplementedError


@dataclass(eq=False)
class FakeNameStorage:
    name: Any = "fake"

    def open(self, address: str, settings: Any, /) -> Any:
        raise NotImplementedError


def offering(**kinds: Any) -> SimpleNamespace:
    """A plugin that offers objects: ``offering(serializer=[FakeSerializer()])``."""
    hooks = {
        Kind[kind.upper()].hook: hookimpl(lambda result=result: result) for kind, result in kinds.items()
    }
    return SimpleNamespace(**hooks)


SERIALIZER_SOURCE = """
class Fake:
    name = {name!r}
    wire_id = {wire_id}
    carries = frozenset()
    def codec(self, settings, classes): pass

@hookimpl
def pyroplug_serializers():
    return [Fake()]
"""


def serializer_source(name: str, wire_id: int = 70) -> str:
    """A module's text: a plugin with one serializer."""
    return SERIALIZER_SOURCE.format(name=name, wire_id=wire_id)


# Sets ------------------------------------------------------------------------------------------------


class Warnings(list[str]):
    """Collects what a set warns of."""

    def about(self, word: str) -> str:
        """The one warning that has a word in it."""
        (found,) = [text for text in self if word in text]
        return found


def set_of(**plugins: Any) -> PluginSet:
    """A set of plugins that are given by hand, and no others."""
    return PluginSet(autoload=False, plugins=plugins, warn=lambda text: None)


def record_of(plugins: PluginSet, name: str, distribution: str | None = None) -> PluginRecord:
    """The one record of a plugin."""
    (found,) = [
        record
        for record in plugins.records
        if record.name == name and distribution in (None, record.distribution)
    ]
    return found
