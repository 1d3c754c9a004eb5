"""What the README shows is what happens: its server and its client run, and its commands exist."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyroplug.plugins import Kind, PluginSet

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
PORT = "7766"
LIMIT = 60


def block(file: str) -> str:
    """The Python text that the README gives for a file."""
    (text,) = re.findall(rf"^`{file}`:\n\n```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return str(text)


@pytest.fixture
def port() -> str:
    """A free one: that of the README may be in use."""
    with socket.socket() as sock:
        sock.bind(("localhost", 0))
        return str(sock.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path, port: str) -> Iterator[subprocess.Popen[str]]:
    script = tmp_path / "server.py"
    script.write_text(block("server.py").replace(PORT, port))
    with subprocess.Popen([sys.executable, "-u", str(script)], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.mark.parametrize("api", ["pyroplug.api", "Pyro5.api"])
def test_the_server_and_the_client(
    server: subprocess.Popen[str], tmp_path: Path, port: str, api: str
) -> None:
    assert server.stdout is not None
    assert server.stdout.readline() == f"serving PYRO:greeter@localhost:{port}\n"
    script = tmp_path / "client.py"
    text = block("client.py").replace(PORT, port)
    assert "pyroplug.api" in text
    script.write_text(text.replace("pyroplug.api", api))
    result = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=LIMIT
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "Hello, world!\n", "")


def test_serving_and_calling_from_the_shell(tmp_path: Path, port: str) -> None:
    text = " ".join(README.split()).replace(PORT, port)
    (serve,) = re.findall(r"`pyroplug (serve [^`]+)`", text)
    (call,) = re.findall(r"`pyroplug (call [^`]+)`", text)
    (tmp_path / "greeter.py").write_text(block("server.py").partition("\n\n\nwith ")[0])
    command = [sys.executable, "-um", "pyroplug"]
    with subprocess.Popen(
        [*command, *serve.split()], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"PYRO:greeter@localhost:{port}\n"
            result = subprocess.run(
                [*command, *call.split()], capture_output=True, text=True, check=False, timeout=LIMIT
            )
        finally:
            process.terminate()
    assert (result.returncode, result.stdout, result.stderr) == (0, "Hello, world!\n", "")


def test_the_listing_names_every_built_in_plugin_and_what_it_provides() -> None:
    (listing,) = re.findall(r"^\$ pyroplug list-plugins\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    records = [record for record in PluginSet().records if record.distribution == "pyroplug"]
    shown = [line.split()[0] for line in listing.splitlines()[1:] if not line.startswith(" ")]
    assert shown == [record.name for record in records]
    provided = [it for record in records for it in record.provides if it.kind is not Kind.CONFIG_ITEM]
    assert [it.name for it in provided if not re.search(rf"\b{re.escape(it.name)}\b", listing)] == []
    assert [it.key for it in provided if it.key not in " ".join(listing.split())] == []


def test_the_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|\$ )make ([a-z]+)", README))
    assert named
    assert named - targets == set()
