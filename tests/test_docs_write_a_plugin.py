"""``docs/write-a-plugin.md``: whoever does what it says has a plugin that works, and passes its suite."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .building import ROOT, Environment, copy_of_the_source

PAGE = (ROOT / "docs" / "write-a-plugin.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
HOOK, SERIALIZER, SERVER, CLIENT = BLOCKS
COMMANDS = re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)
LISTED = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0].splitlines()
ANSWER = re.findall(r"^\$ python client\.py\n(.*)\n", PAGE, re.MULTILINE)[0]
PORT = "7766"
LIMIT = 120


class Author:
    """Does what the page says, with this Python; the plugin is installed by metadata that are made up."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.folder = folder / "pyroplug-prices"
        self.variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYRO", "PYTEST"))},
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        (new,) = (command for command in COMMANDS if command.startswith("pyroplug new-plugin"))
        self.run(*shlex.split(new), folder=folder)
        write(self.folder)
        metadata = self.folder / "pyroplug_prices-0.1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pyroplug-prices\nVersion: 0.1.0\n")
        (metadata / "entry_points.txt").write_text("[pyroplug]\nprices = pyroplug_prices\n")

    def run(self, module: str, *arguments: str, folder: Path | None = None) -> str:
        """The output of a module's command line."""
        ended = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=folder or self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


def write(folder: Path) -> None:
    """What the page has one write."""
    for name, text in (("__init__", HOOK), ("serializer", SERIALIZER)):
        path = folder / "pyroplug_prices" / f"{name}.py"
        assert path.exists(), "it is made by new-plugin, and replaced"
        path.write_text(text)


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    return Author(tmp_path_factory.mktemp("author"))


def test_the_serializer_is_short() -> None:
    assert len([line for line in SERIALIZER.splitlines() if line.strip()]) < 60


def test_the_hook_is_what_new_plugin_has_written(tmp_path: Path) -> None:
    from pyroplug.scaffold import Project

    made = Project("prices", "serializer").files["pyroplug_prices/__init__.py"]
    assert [line for line in HOOK.splitlines() if line not in made.splitlines()] == []


def test_it_passes_its_suite(author: Author) -> None:
    assert " passed" in author.run("pytest", "-q", "-p", "no:cacheprovider")


def test_its_types_are_right(author: Author, tmp_path: Path) -> None:
    assert "Success" in author.run("mypy", "--cache-dir", str(tmp_path))


def test_it_is_listed(author: Author) -> None:
    (command,) = (command for command in COMMANDS if command.startswith("pyroplug list-plugins"))
    out = author.run(*shlex.split(command)).splitlines()
    assert LISTED[0] == "prices: active"
    assert [line for line in LISTED if line not in out] == []


def test_the_server_and_the_client(author: Author, tmp_path: Path) -> None:
    with socket.socket() as sock:
        sock.bind(("localhost", 0))
        port = str(sock.getsockname()[1])
    for name, text in (("server.py", SERVER), ("client.py", CLIENT)):
        assert text.count(PORT) == 1
        (tmp_path / name).write_text(text.replace(PORT, port))
    started = [sys.executable, str(tmp_path / "server.py")]
    with subprocess.Popen(started, env=author.variables, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == f"serving PYRO:shop@localhost:{port}\n"
            client = subprocess.run(
                [sys.executable, str(tmp_path / "client.py")],
                env=author.variables,
                capture_output=True,
                text=True,
                check=False,
                timeout=LIMIT,
            )
        finally:
            server.terminate()
    assert client.stderr == ""
    assert client.stdout == f"{ANSWER}\n"


@pytest.mark.slow
def test_its_commands_in_an_environment_of_its_own(tmp_path: Path) -> None:
    assert COMMANDS[:3] == [
        "python -m venv .venv",
        ". .venv/bin/activate",
        "pip install 'pyroplug[testing]'",
    ]
    environment = Environment(tmp_path / ".venv")
    environment.install(f"{copy_of_the_source(tmp_path / 'tree')}[testing]")
    folder, done = tmp_path, []
    for command in COMMANDS[3 : COMMANDS.index("python server.py &")]:
        if command.startswith("cd "):
            folder = folder / command[3:]
            write(folder)
        elif command.startswith("pip install "):
            environment.install(*[str(folder) if it == "." else it for it in shlex.split(command)[2:]])
        else:
            done.append(environment.run(*shlex.split(command), folder=folder))
    made, tested, listed = done
    assert "complete and working" in made
    assert " passed" in tested
    assert [line for line in LISTED if line not in listed.splitlines()] == []
