"""What pytest loads wherever pyroplug is installed breaks nobody's tests, and has the suites explained."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

PLUGIN = "pyroplug._pytest_plugin"
SOMEBODYS_TEST = """
import sys

def test_of_a_project_that_has_nothing_to_do_with_it():
    assert 1 + 1 == 2
    assert "hypothesis" not in sys.modules
"""


def needed(distribution: str) -> set[str]:
    """A distribution and all that it needs where it is installed now."""
    found, waiting = set[str](), [distribution]
    while waiting:
        name = waiting.pop()
        if name not in found:
            try:
                requires = metadata.requires(name) or []
            except metadata.PackageNotFoundError:  # not needed here
                continue
            found.add(name)
            waiting += [
                line.split(";")[0].split("[")[0].strip("()<>=!~ .,0123456789")
                for line in requires
                if "extra ==" not in line
            ]
    return found


def place(distribution: str, site: Path) -> None:
    """Have a distribution seen in another environment, by links to its files."""
    for file in metadata.files(distribution) or []:
        top = file.parts[0]
        if top not in ("..", "__pycache__") and not (site / top).exists():
            (site / top).symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / top)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with pyroplug and pytest, and without hypothesis."""
    if PLUGIN not in {entry.value for entry in metadata.entry_points(group="pytest11")}:
        pytest.skip("pyroplug was installed before it had an entry point for pytest")
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    (site,) = folder.glob("lib/python*/site-packages")
    for distribution in needed("pytest") | needed("pyroplug"):
        place(distribution, site)
    return folder / "bin" / "python"


def run(python: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PY", "COV"))}
    return subprocess.run(
        [str(python), *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_an_environment_without_hypothesis_can_run_anybodys_tests(python: Path, tmp_path: Path) -> None:
    assert run(python, "-c", "import hypothesis", folder=tmp_path).returncode == 1
    (tmp_path / "test_it.py").write_text(SOMEBODYS_TEST)
    result = run(python, "-m", "pytest", "-W", "error", "--trace-config", folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout
    assert "_pytest_plugin.py" in result.stdout  # it was there


def test_who_uses_the_kit_without_hypothesis_is_told_how_to_get_it(python: Path, tmp_path: Path) -> None:
    result = run(python, "-c", "import pyroplug.testing", folder=tmp_path)
    assert result.returncode == 1
    assert "needs hypothesis" in result.stderr
    assert "pip install 'pyroplug[testing]'" in result.stderr


def test_it_imports_next_to_nothing(python: Path, tmp_path: Path) -> None:
    code = (
        f"import pytest, sys; before = set(sys.modules); import {PLUGIN}; print(*set(sys.modules) - before)"
    )
    assert sorted(run(python, "-c", code, folder=tmp_path).stdout.split()) == ["pyroplug", PLUGIN]


def test_the_suites_assertions_are_explained(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from pyroplug.testing import suite\n"
        "def test_it():\n"
        "    assert type(suite.__loader__).__name__ == 'AssertionRewritingHook'\n"
    )
    result = run(Path(sys.executable), "-m", "pytest", "-q", "-W", "error", folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
