"""Every plugin that is broken on purpose fails its suite, which says what is wrong with it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from . import (
    mutants_name_services,
    mutants_observers,
    mutants_plugins,
    mutants_serializers,
    mutants_servers,
    mutants_storages,
    mutants_trackers,
    mutants_transports,
    mutants_validators,
)
from .mutation import failures

MODULES = {
    "name services": mutants_name_services,
    "observers": mutants_observers,
    "plugins": mutants_plugins,
    "serializers": mutants_serializers,
    "servers": mutants_servers,
    "storages": mutants_storages,
    "trackers": mutants_trackers,
    "transports": mutants_transports,
    "validators": mutants_validators,
}
SOUND = "TestSound"


@cache
def found(kind: str) -> dict[str, str]:
    module = MODULES[kind]
    chosen = [(SOUND, "test_"), *((name, test) for name, (test, _) in module.SAYS.items())]
    with TemporaryDirectory() as folder:
        return failures(Path(str(module.__file__)), chosen, Path(folder))


@pytest.mark.parametrize("kind", MODULES)
def test_what_is_sound_passes(kind: str) -> None:
    """Or else the mutants would prove nothing."""
    told = [text for name, text in found(kind).items() if name.startswith(SOUND)]
    assert told
    assert not any(told), "\n".join(told)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in MODULES for name in MODULES[kind].SAYS])
def test_a_mutant_is_caught(kind: str, name: str) -> None:
    told = found(kind)[name]
    assert told, f"the suite passes {name}"
    assert MODULES[kind].SAYS[name][1] in told


@pytest.mark.parametrize("kind", MODULES)
def test_no_mutant_is_forgotten(kind: str) -> None:
    suites = {name for name in vars(MODULES[kind]) if name.startswith("Test")}
    assert {name for name in suites if not name.startswith(SOUND)} == MODULES[kind].SAYS.keys()
