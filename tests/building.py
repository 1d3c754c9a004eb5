"""Distributions that are really built and installed, in virtual environments made for a test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
INGREDIENTS = ("pyroplug", "plugins", "pyproject.toml", "README.md", "LICENSE", ".gitignore")
LIMIT = 600
"""Seconds for any one command."""


def copy_of_the_source(folder: Path) -> Path:
    """A copy of what a wheel is made of: building leaves no trace in the source tree."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in INGREDIENTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    return folder


class Environment:
    """A fresh virtual environment: what runs in it sees nothing of this one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self._variables = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "PYRO", "PYTEST"))
        }
        made = self._run([sys.executable, "-m", "venv", str(folder)], folder.parent)
        if made.returncode:
            pytest.skip(f"this Python makes no virtual environments: {made.stderr}")

    def install(self, *what: str) -> None:
        """Install, with all that is needed; skips the test where pip reaches no package index."""
        result = self._run([str(self.bin / "pip"), "install", "--quiet", *what], self.folder)
        if result.returncode and "(from versions: none)" in result.stderr:
            pytest.skip("pip reaches no package index")
        assert result.returncode == 0, result.stderr

    def build(self, source: Path, folder: Path) -> Path:
        """The wheel of a distribution, without its dependencies; hatchling has to be installed."""
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
        self.run("pip", "wheel", *options, str(source))
        (wheel,) = folder.glob("*.whl")
        return wheel

    def run(self, *command: str, folder: Path | None = None, errors: bool = False, **variables: str) -> str:
        """The output of one of its commands, which succeeds; ``errors`` for what it complains of, too."""
        result = self._run([str(self.bin / command[0]), *command[1:]], folder or self.folder, **variables)
        assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}"
        return result.stdout + (result.stderr if errors else "")

    def plugins(self) -> dict[str, Any]:
        """What it lists, all of which has to be in order: by the plugins' names."""
        document = json.loads(self.run("pyroplug", "list-plugins", "--json", "--check"))
        return {plugin["name"]: plugin for plugin in document["plugins"]}

    def _run(
        self, command: Iterable[str], folder: Path, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(command),
            cwd=folder,
            env={**self._variables, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
        )
