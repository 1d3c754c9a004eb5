"""The plugins of ``examples/plugins/``, each a distribution of its own: built, installed, tested, used."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from .building import ROOT, Environment, copy_of_the_source

PLUGINS = sorted(path for path in (ROOT / "examples" / "plugins").iterdir() if path.is_dir())
PUBLIC = {"api", "config", "contracts", "errors", "hookspecs", "testing"}
every_plugin = pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)


def test_there_are_three() -> None:
    assert [folder.name for folder in PLUGINS] == ["pyroplug-cbor", "pyroplug-inproc", "pyroplug-sharednames"]


@every_plugin
def test_it_uses_nothing_private(folder: Path) -> None:
    for path in folder.rglob("*.py"):
        for module, names in re.findall(
            r"^\s*from pyroplug\.(\S+) import (.*)", path.read_text(), re.MULTILINE
        ):
            assert module in PUBLIC, path
            assert not re.search(r"\b_", names), path
        assert not re.search(r"^\s*import pyroplug", path.read_text(), re.MULTILINE), path


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where copies of the plugins' folders are: no trace is left in the source tree."""
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    return shutil.copytree(
        ROOT / "examples" / "plugins", tmp_path_factory.mktemp("x") / "plugins", ignore=ignored
    )


@pytest.fixture(scope="module")
def environment(copies: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With pyroplug, and all of them."""
    tree = copy_of_the_source(tmp_path_factory.mktemp("tree"))
    environment = Environment(tmp_path_factory.mktemp("examples") / "venv")
    environment.install("hatchling", "mypy", "ruff", "cbor2>=6.0", f"{tree}[testing]")
    wheels = [environment.build(copies / folder.name, tree / folder.name) for folder in PLUGINS]
    environment.install("--no-deps", *map(str, wheels))
    return environment


@pytest.mark.slow
@every_plugin
def test_it_is_a_plugin_that_passes_its_tests(environment: Environment, copies: Path, folder: Path) -> None:
    copy, name = copies / folder.name, folder.name.removeprefix("pyroplug-")
    plugin = environment.plugins()[name]
    assert (plugin["status"], plugin["distribution"]) == ("active", folder.name)
    assert " passed" in environment.run("pytest", "-q", "-p", "no:cacheprovider", folder=copy)
    assert "Success" in environment.run("mypy", folder=copy)
    environment.run("ruff", "check", ".", folder=copy)


@pytest.mark.slow
def test_it_is_used_in_every_combination(environment: Environment) -> None:
    # The server model inproc can serve nothing that other processes reach, as it says.
    out = environment.run("pyroplug", "demo", "--calls", "5", PYROPLUG_BLOCK="inproc")
    assert re.search(r"^threadpool +tcp +cbor ", out, re.MULTILINE)
