"""Packaging: every plugin's folder is complete and listed, and the wheel holds all of it and nothing else."""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

import pyroplug

from .building import ROOT, copy_of_the_source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = sorted(path for path in (ROOT / "plugins").iterdir() if path.is_dir())
FACADE = "compat"
"""A folder with a package that is no plugin: programs import it, and nothing in it can be chosen."""


def packages_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("pyroplug_*") if path.is_dir())


# The source tree -------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_plugins_folder_is_complete(folder: Path) -> None:
    (package,) = packages_in(folder)
    assert not (folder / "__init__.py").exists(), "the folder would hide the library of that name"
    assert (folder / package / "__init__.py").is_file()
    assert (folder / package / "py.typed").is_file()
    assert (folder / "README.md").is_file()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_plugin_is_listed_wherever_it_must_be(folder: Path) -> None:
    (package,) = packages_in(folder)
    tools = PROJECT["tool"]
    entry_points = PROJECT["project"]["entry-points"]["pyroplug"]
    assert entry_points.get(folder.name) == (None if folder.name == FACADE else package)
    assert f"plugins/{folder.name}/{package}" in tools["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert package in tools["mypy"]["packages"]


def test_nothing_is_listed_that_is_not_there() -> None:
    packages = {package for folder in FOLDERS for package in packages_in(folder)}
    tools = PROJECT["tool"]
    plugins = packages - set(packages_in(ROOT / "plugins" / FACADE))
    assert set(PROJECT["project"]["entry-points"]["pyroplug"].values()) == plugins
    assert len(tools["hatch"]["build"]["targets"]["wheel"]["packages"]) == 1 + len(packages)
    assert set(tools["mypy"]["packages"]) == {"pyroplug", *packages}


# The wheel -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is made of: building leaves no trace in the source tree."""
    return copy_of_the_source(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def unpacked(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip makes, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(tree), "--no-deps", "--wheel-dir", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if "No module named pip" in result.stderr:
        pytest.skip("building a wheel needs pip in this environment")
    if result.returncode and "(from versions: none)" in result.stderr:
        pytest.skip("building a wheel needs hatchling, and pip reaches no package index")
    assert result.returncode == 0, result.stderr
    (wheel,) = folder.glob("*.whl")
    assert wheel.name == f"pyroplug-{pyroplug.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "content")
    return folder / "content"


@pytest.fixture(scope="module")
def metadata(unpacked: Path) -> Message:
    return message_from_string((unpacked / dist_info() / "METADATA").read_text())


def dist_info() -> str:
    return f"pyroplug-{pyroplug.__version__}.dist-info"


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_wheel_holds_every_package_and_nothing_else(tree: Path, unpacked: Path) -> None:
    expected = {f"pyroplug/{name}" for name in files_below(tree / "pyroplug")}
    for folder in FOLDERS:
        for package in packages_in(folder):
            expected |= {
                f"{package}/{name}" for name in files_below(tree / "plugins" / folder.name / package)
            }
    found = {name for name in files_below(unpacked) if not name.startswith(dist_info())}
    assert found == expected


def test_the_wheel_has_all_entry_points(unpacked: Path) -> None:
    parser = configparser.ConfigParser(delimiters="=")
    parser.read(unpacked / dist_info() / "entry_points.txt")
    assert dict(parser["pyroplug"]) == PROJECT["project"]["entry-points"]["pyroplug"]
    assert dict(parser["console_scripts"]) == PROJECT["project"]["scripts"]


def test_the_metadata(metadata: Message) -> None:
    assert (metadata["Name"], metadata["Version"]) == ("pyroplug", pyroplug.__version__)
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "MIT"
    assert set(metadata.get_all("Provides-Extra", [])) == set(PROJECT["project"]["optional-dependencies"])
    assert {"test", "all"} <= set(metadata.get_all("Provides-Extra", []))
    needed = {line.split(">=")[0] for line in metadata.get_all("Requires-Dist", []) if "extra" not in line}
    assert needed == {"pluggy", "serpent", "msgpack", "click", "rich"}


def test_the_licence_is_in_the_wheel(unpacked: Path) -> None:
    text = (unpacked / dist_info() / "licenses" / "LICENSE").read_text()
    assert text == (ROOT / "LICENSE").read_text()


def test_what_is_in_the_wheel_works(unpacked: Path) -> None:
    """Every plugin is found and active, with nothing of the source tree in reach."""
    result = subprocess.run(
        [sys.executable, "-m", "pyroplug", "list-plugins", "--json", "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PYTHONPATH": str(unpacked), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=unpacked,
    )
    assert (result.returncode, result.stderr) == (0, "")
    plugins = json.loads(result.stdout)["plugins"]
    status = {plugin["name"]: plugin["status"] for plugin in plugins if plugin["distribution"] == "pyroplug"}
    assert status == dict.fromkeys(PROJECT["project"]["entry-points"]["pyroplug"], "active")
