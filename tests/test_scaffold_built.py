"""A new plugin of every kind, as its author has it: built, installed beside pyroplug, tested, listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyroplug import testing
from pyroplug.scaffold import KINDS

from .building import Environment, copy_of_the_source

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With pyroplug, what its ``testing`` extra brings, and the tools of an author."""
    tree = copy_of_the_source(tmp_path_factory.mktemp("tree"))
    environment = Environment(tmp_path_factory.mktemp("author") / "venv")
    environment.install("hatchling", "mypy", "ruff", f"{tree}[testing]")
    return environment


@pytest.fixture(scope="module")
def made(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of a plugin of each kind; all of them are built and installed."""
    folder = tmp_path_factory.mktemp("new")
    made, wheels = {}, []
    for kind in KINDS:
        options = ["--kind", kind, "--licence", "Apache-2.0", "--author", "Ada <ada@example.org>"]
        out = environment.run("pyroplug", "new-plugin", f"my-{kind}", *options, folder=folder)
        assert f"cd pyroplug-my-{kind}" in out
        made[kind] = folder / f"pyroplug-my-{kind}"
        wheels.append(environment.build(made[kind], folder / kind))
    environment.install("--no-deps", *map(str, wheels))
    return made


def wait_for_its_suite(folder: Path) -> None:
    """Skip the test as long as ``pyroplug.testing`` lacks what the plugin's tests import from it."""
    for name in re.findall(r"pyroplug\.testing import (\w+)", "".join(_texts(folder / "tests"))):
        if not hasattr(testing, name):
            pytest.skip(f"there is no {name} yet")


def _texts(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.glob("*.py")]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_found(environment: Environment, made: dict[str, Path], kind: str) -> None:
    plugin = environment.plugins()[f"my-{kind}"]
    assert plugin["status"] == "active"
    assert plugin["distribution"] == f"pyroplug-my-{kind}"
    assert plugin["provides"] or kind == "command"


@pytest.mark.parametrize("kind", KINDS)
def test_it_passes_its_tests(environment: Environment, made: dict[str, Path], kind: str) -> None:
    wait_for_its_suite(made[kind])
    out = environment.run("pytest", "-q", "-p", "no:cacheprovider", folder=made[kind])
    assert " passed" in out


@pytest.mark.parametrize("kind", KINDS)
def test_its_types_are_right(environment: Environment, made: dict[str, Path], kind: str) -> None:
    wait_for_its_suite(made[kind])
    assert "Success" in environment.run("mypy", folder=made[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_in_good_form(environment: Environment, made: dict[str, Path], kind: str) -> None:
    environment.run("ruff", "check", ".", folder=made[kind])
    environment.run("ruff", "format", "--check", ".", folder=made[kind])


def test_they_work_together_in_every_combination(environment: Environment, made: dict[str, Path]) -> None:
    out = environment.run("pyroplug", "demo", "--calls", "5")
    for kind in ("serializer", "transport", "server-model"):
        assert f"my-{kind}" in out
