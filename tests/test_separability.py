"""Each built-in plugin can be a distribution of its own, beside a kernel that has none of them.

The kernel's wheel is made of the source tree without the plugins' packages and entry points; a plugin's wheel
of its folder, and of the ``pyproject.toml`` that a new plugin gets.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyroplug.scaffold import Project

from .building import ROOT, Environment, copy_of_the_source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.slow

SERIALIZER = "serializer"
COMMAND = "command"
"""What is no kind of thing that is provided: it is added to the command line."""
KINDS = {
    "serpent": SERIALIZER,
    "marshal": SERIALIZER,
    "json": SERIALIZER,
    "msgpack": SERIALIZER,
    "transports": "transport",
    "servers": "server-model",
    "handshake": "handshake-validator",
    "resources": "resource-tracker",
    "observers": "call-observer",
    "nameserver": "name-service",
    "gateway": COMMAND,
    "tools": COMMAND,
    "doctor": COMMAND,
}
FACADE = "compat"
LIBRARIES = ("serpent", "msgpack")
"""What the kernel does not need: the plugins of these names do."""


def requirement(library: str) -> str:
    """As the whole distribution has it."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (found,) = [line for line in project["dependencies"] if re.match(rf"{library}\b", line)]
    return str(found)


def kernel_alone(folder: Path) -> Path:
    """The source of a distribution with the kernel, and nothing else."""
    tree = copy_of_the_source(folder)
    shutil.rmtree(tree / "plugins")
    text = (tree / "pyproject.toml").read_text()
    text, points = re.subn(
        r"^\[project\.entry-points\.pyroplug\]\n(\w+ = .*\n)+", "", text, flags=re.MULTILINE
    )
    text, packages = re.subn(r'^    "plugins/.*\n', "", text, flags=re.MULTILINE)
    for library in LIBRARIES:
        text, lines = re.subn(rf'^    "{library}\b.*\n', "", text, flags=re.MULTILINE)
        assert lines == 1
    assert points == 1
    assert packages == len(KINDS) + 1
    (tree / "pyproject.toml").write_text(text)
    return tree


def plugin_alone(name: str, folder: Path) -> Path:
    """The source of a distribution with one plugin."""
    project = Project(name, KINDS[name], licence="MIT")
    source = ROOT / "plugins" / name
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = project.files["pyproject.toml"]
    if name in LIBRARIES:
        text = text.replace('dependencies = ["pyroplug', f'dependencies = ["{requirement(name)}", "pyroplug')
    (folder / "pyproject.toml").write_text(text)
    (folder / "LICENSE").write_text(project.files["LICENSE"])
    assert (folder / project.package / "__init__.py").is_file()
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With the kernel alone, and what tests need."""
    tree = kernel_alone(tmp_path_factory.mktemp("kernel"))
    environment = Environment(tmp_path_factory.mktemp("apart") / "venv")
    environment.install("hatchling", *map(requirement, LIBRARIES), f"{tree}[test]")
    return environment


@pytest.fixture(scope="module")
def wheels(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("plugins")
    return {
        name: environment.build(plugin_alone(name, folder / name), folder / f"{name}-wheel") for name in KINDS
    }


@pytest.fixture
def installed(environment: Environment, request: pytest.FixtureRequest) -> Iterator[str]:
    """One plugin that is installed beside the kernel, for one test."""
    name: str = request.param
    environment.install("--no-deps", str(request.getfixturevalue("wheels")[name]))
    yield name
    environment.run("pip", "uninstall", "--quiet", "--yes", f"pyroplug-{name}")


def test_every_plugin_is_here() -> None:
    folders = {path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()}
    assert folders == {*KINDS, FACADE}


def test_the_kernel_works_without_any(environment: Environment) -> None:
    assert environment.plugins() == {}
    environment.run("python", "-c", "import pyroplug.api, pyroplug.plugins, pyroplug.hookspecs")
    told = environment.run("python", "-c", ASK_FOR_A_DAEMON)
    assert "is not available: no installed plugin offers it" in told


ASK_FOR_A_DAEMON = """
from pyroplug.api import Daemon
from pyroplug.errors import PluginUnavailableError
try:
    Daemon()
except PluginUnavailableError as error:
    print(error)
"""

LOADED = """
import sys
from pyroplug.plugins import PluginSet
PluginSet(warn=lambda text: sys.exit(text))
print(*sorted({name.partition(".")[0] for name in sys.modules if name.startswith("pyroplug_")}))
"""


@pytest.mark.parametrize("installed", KINDS, indirect=True)
def test_a_plugin_needs_the_kernel_and_no_other_plugin(environment: Environment, installed: str) -> None:
    (plugin,) = environment.plugins().values()
    assert (plugin["name"], plugin["distribution"]) == (installed, f"pyroplug-{installed}")
    assert plugin["status"] == "active"
    kinds = {it["kind"] for it in plugin["provides"]} - {"config-item", "name-storage"}  # beside the service
    assert kinds == {KINDS[installed].removesuffix("-model")} - {COMMAND}
    assert environment.run("python", "-c", LOADED).split() == [f"pyroplug_{installed}"]


def test_all_of_them_make_the_whole(
    environment: Environment, wheels: dict[str, Path], tmp_path: Path
) -> None:
    """The plugins' own tests pass, and what everybody does works, in every combination."""
    environment.install("--no-deps", *map(str, wheels.values()))
    try:
        assert environment.plugins().keys() == KINDS.keys()
        assert "all answers right" in environment.run("pyroplug", "demo", "--calls", "5", errors=True)
        for needed in ("tests", "benchmarks"):  # the latter for its examples of values
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / needed, tmp_path / needed, ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        out = environment.run("pytest", "-q", "-p", "no:cacheprovider", *TESTS, folder=tmp_path)
        assert re.search(r"\d{2,} passed", out)
    finally:
        environment.run("pip", "uninstall", "--quiet", "--yes", *(f"pyroplug-{name}" for name in wheels))


TESTS = [f"tests/plugins/{name}" for name, kind in KINDS.items() if kind != COMMAND]
"""Those of the plugins' folders; the tests that look at all serializers together are run elsewhere. What adds
nothing but commands takes what all plugins have, and long to test."""
