"""What programs import: the names and signatures of Pyro5, and what type checkers make of them."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import Pyro5.api
import Pyro5.errors
import pytest

import pyroplug.api
import pyroplug.errors

ROOT = Path(__file__).parents[1]

THEIRS = {name: value for name, value in vars(Pyro5.api).items() if name in Pyro5.api.__all__}
COMMON = sorted(set(THEIRS) & set(pyroplug.api.__all__))


def test_every_name_is_there() -> None:
    assert set(THEIRS) - set(pyroplug.api.__all__) == set()
    assert all(hasattr(pyroplug.api, name) for name in pyroplug.api.__all__)
    assert pyroplug.api.__all__ == sorted(pyroplug.api.__all__, key=lambda name: (not name.isupper(), name))


def test_every_error_is_there() -> None:
    for name, theirs in vars(Pyro5.errors).items():
        if inspect.isclass(theirs):
            ours = getattr(pyroplug.errors, name)
            expected = [base.__name__ for base in theirs.__mro__]
            assert [base.__name__ for base in ours.__mro__ if base.__name__ in expected] == expected
        elif inspect.isfunction(theirs) and theirs.__module__ == Pyro5.errors.__name__:
            same_arguments(getattr(pyroplug.errors, name), theirs)


def same_arguments(ours: Any, theirs: Any) -> None:
    """Whatever is a valid call of theirs is one of ours."""
    mine = inspect.signature(ours).parameters
    for at, (name, parameter) in enumerate(inspect.signature(theirs).parameters.items()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        assert list(mine)[at] == name, f"{ours.__qualname__}: {list(mine)} instead of {name}"
        assert (mine[name].default is mine[name].empty) == (parameter.default is parameter.empty)
    for name in list(mine)[len(inspect.signature(theirs).parameters) :]:
        assert mine[name].default is not mine[name].empty, f"{ours.__qualname__} needs {name}"


def members(cls: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__[:-1]):
        found.update(vars(base))
    return {
        name: value
        for name, value in found.items()
        if not name.startswith("_") or (name.startswith("_pyro") and name != "_pyroExposed")
    }


@pytest.mark.parametrize("name", COMMON)
def test_signatures(name: str) -> None:
    ours, theirs = getattr(pyroplug.api, name), THEIRS[name]
    if inspect.isfunction(theirs):
        same_arguments(ours, theirs)
    elif inspect.isclass(theirs):
        same_arguments(ours.__init__, theirs.__init__)


# What Pyro5 has for itself, or for things that are done in another way here.
NOT_OURS = {
    "Daemon": {"handleRequest", "selector"},
    "BatchProxy": {"_pyroInvoke"},
    "Proxy": {"_pyroInvokeBatch"},
    "DaemonObject": set(),
    "SerializedBlob": set(),
    "SerializerBase": set(),
    "URI": {"uriRegEx"},
}


@pytest.mark.parametrize("name", NOT_OURS)
def test_methods_of_classes(name: str) -> None:
    ours, theirs = getattr(pyroplug.api, name), THEIRS[name]
    for member, value in members(theirs).items():
        if member not in NOT_OURS[name]:
            assert hasattr(ours, member), f"{name}.{member}"
            if inspect.isfunction(value) and inspect.isfunction(inspect.getattr_static(ours, member)):
                same_arguments(getattr(ours, member), value)


# Types

TYPED = """
from pyroplug.api import BatchProxy, Daemon, Proxy, expose

@expose
class Warehouse:
    @property
    def size(self) -> int:
        return 1

    def store(self, item: str, count: int = 1) -> list[str]:
        return [item] * count

with Daemon() as daemon:
    uri = daemon.register(Warehouse())
    reveal_type(uri)

with Proxy[Warehouse](uri) as typed:
    reveal_type(typed)
    reveal_type(typed.store("screw"))
    reveal_type(typed.size)
    typed.store(5)
    typed.nothing()

with Proxy(uri) as untyped:
    reveal_type(untyped)
    untyped.anything(1, 2)

plain: Proxy = Proxy(uri)
reveal_type(plain._pyroUri)
reveal_type(plain._pyroTimeout)
reveal_type(plain._pyroBind())
plain.anything()
plain.level = 5
reveal_type(BatchProxy(plain)(oneway=True))
"""
REVEALED = [
    "pyroplug.uri.URI",
    "Warehouse",
    "list[str]",
    "int",
    "Any",
    "pyroplug.uri.URI",
    "float | None",
    "bool",
    "Iterator[Any] | None",
]


def test_type_checkers_know_the_remote_object(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(TYPED)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(program)],
        cwd=tmp_path,
        env={"MYPYPATH": str(ROOT), "MYPY_CACHE_DIR": str(tmp_path / "cache"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = checked.stdout.splitlines()
    revealed = [line.split('"')[1] for line in lines if "Revealed type" in line]
    short = [re.sub(r"(builtins|typing|program)\.", "", name) for name in revealed]
    assert short == REVEALED, checked.stdout
    errors = [line for line in lines if ": error: " in line]
    assert len(errors) == 2, checked.stdout
    assert 'Argument 1 to "store"' in errors[0]
    assert '"Warehouse" has no attribute "nothing"' in errors[1]
