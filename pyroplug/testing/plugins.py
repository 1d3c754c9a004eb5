"""What every plugin has to do as a whole, as a suite to subclass: be found, admitted, and quick to import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, ClassVar

import pytest

from pyroplug.plugins import Kind, PluginRecord, PluginSet, Status
from pyroplug.plugins.installed import points

from .suite import Breach, Suite

__all__ = ["PluginSuite"]

GROUP = "pyroplug"
LIMIT = 60
"""Seconds that a process may take which imports a plugin."""


class PluginSuite(Suite):
    """The laws of a plugin that is installed. Say what it is called, and what it provides.

    ::

        class TestPlugin(PluginSuite):
            plugin = "cbor"
            provides = {"serializer": ["cbor"]}

    :cvar plugin: its name: that of its entry point.
    :cvar provides: the names of what it provides, by kind: ``serializer``, ``transport``, ``server``,
        ``handshake-validator``, ``resource-tracker``, ``call-observer``, ``name-service``, ``name-storage``
        and ``config-item``.
    :cvar quick: seconds of processor time that its import may take, with all that it imports itself.
    """

    plugin: ClassVar[str] = ""
    provides: ClassVar[Mapping[str, Collection[str]]] = {}
    quick: ClassVar[float] = 0.5

    @pytest.fixture
    def target(self) -> str:
        """What its entry point names."""
        if not self.plugin:
            raise NotImplementedError(f'{type(self).__name__} needs the plugin\'s name: plugin = "..."')
        found = [point for point in points(GROUP) if point.name == self.plugin]
        if not found:
            names = sorted({point.name for point in points(GROUP)})
            near = get_close_matches(self.plugin, names, n=1)
            raise Breach(
                f"an installed distribution has an entry point {self.plugin!r} in the group {GROUP!r}",
                f"there is none; installed are {', '.join(names) or 'none at all'}",
                (f"did you mean {near[0]!r}? " if near else "")
                + "after a change of the entry points in pyproject.toml, install it again: pip install -e .",
            )
        if len(found) > 1:
            raise Breach(
                "a plugin's name is its own",
                " and ".join(f"{point.distribution} {point.version}" for point in found)
                + f" have an entry point {self.plugin!r}",
                "choose another name, or uninstall what you do not need",
            )
        return found[0].value

    @pytest.fixture
    def record(self, target: str) -> PluginRecord:
        """What became of it."""
        block = [
            f"{point.distribution}:{point.name}" for point in points(GROUP) if point.distribution != GROUP
        ]
        (mine,) = [point for point in points(GROUP) if point.name == self.plugin]
        others = set(block) - {f"{mine.distribution}:{mine.name}"}
        plugins = PluginSet(autoload=True, block=others, warn=lambda text: None)
        (record,) = [record for record in plugins.records if record.name == self.plugin]
        return record

    def test_it_is_found(self, target: str) -> None:
        """By its entry point, once."""
        assert target

    def test_it_is_admitted(self, record: PluginRecord) -> None:
        """With all that it provides, beside what comes with pyroplug."""
        if record.status is not Status.ACTIVE:
            raise Breach(
                "a plugin is active: it can be imported, and what its hooks give keeps the contracts",
                f"{record.who} is {record.status.value}: {record.problem}",
                record.hint or "",
            )

    def test_it_provides_what_it_says(self, record: PluginRecord) -> None:
        """No less, and nothing that nobody has heard of."""
        unknown = sorted(self.provides.keys() - {kind.slug for kind in Kind})
        if unknown:
            raise Breach(
                "provides has kinds that there are",
                f"{', '.join(unknown)} is none",
                f"the kinds are {', '.join(kind.slug for kind in Kind)}",
            )
        wanted = {(kind, name) for kind, names in self.provides.items() for name in names}
        found = {(it.kind.slug, it.name) for it in record.provides if it.status is Status.ACTIVE}
        for law, names in (
            ("a plugin provides what its suite says", wanted - found),
            ("a suite says all that its plugin provides", found - wanted),
        ):
            if names:
                raise Breach(
                    law, ", ".join(f"{kind} {name!r}" for kind, name in sorted(names)) + " is missing"
                )

    def test_its_import_is_quick(self, target: str) -> None:
        """Each program that uses any plugin waits for it."""
        seconds = _imported(target)["seconds"]
        if seconds > self.quick:
            raise Breach(
                f"a plugin's import takes at most {self.quick:g} s of processor time",
                f"it took {seconds:.2f} s",
                "import large libraries where they are used; python -X importtime shows which they are",
            )

    def test_its_import_has_no_side_effects(self, target: str) -> None:
        """It is imported to be looked at, also by those who do not choose it."""
        changes = _imported(target)["changes"]
        if changes:
            raise Breach(
                "importing a plugin, and asking it what it provides, changes nothing but what is imported",
                "; ".join(changes),
                "do it where it is used: in codec(), listen(), open() or create()",
            )

    def test_it_needs_no_tools_for_tests(self, target: str) -> None:
        """They are not installed where programs run."""
        tools = _imported(target)["tools"]
        if tools:
            raise Breach("a plugin imports no tools for tests", f"it imports {', '.join(tools)}")


@cache
def _imported(target: str) -> dict[str, Any]:
    """What a process tells that imports a plugin and asks it for what it provides."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYRO", "PYTHON"))}
    path = os.pathsep.join(entry for entry in sys.path if entry)
    result = subprocess.run(
        [sys.executable, "-m", "pyroplug.testing.import_trial", target],
        env={**variables, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    written, marked, told = result.stdout.rpartition("\0")
    if result.returncode or not marked:
        last = result.stderr.strip().splitlines()[-1:] or [f"exit status {result.returncode}"]
        raise Breach("a plugin can be imported, and asked what it provides", last[0])
    found: dict[str, Any] = json.loads(told)
    for stream, text in (("standard output", written), ("standard error", result.stderr)):
        if text.strip():
            found["changes"].append(f"{text.strip()[:200]!r} was written to {stream}")
    return found
