"""Runs the programs: as they are, for real Pyro5, or moved; server and client in processes of their own."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 60.0

STYLES = {
    "as written": ("", ""),
    "other api": ("Pyro5.", "pyroplug."),
    "other package": ("Pyro5", "pyroplug_pyro5"),
}
"""What is replaced by what in a program's text."""


class Way(NamedTuple):
    """In which style the two sides of a program are."""

    server: str
    client: str

    def __str__(self) -> str:
        return f"server {self.server}, client {self.client}"


REAL = Way("as written", "as written")
WAYS = [
    Way("other package", "other package"),
    Way("other api", "other api"),
    Way("as written", "other package"),
    Way("other package", "as written"),
]


class Outcome(NamedTuple):
    """What a program printed; ``trouble`` is what it wrote to standard error."""

    server: str
    client: str
    codes: tuple[int, int]
    trouble: str


def uses_api_alone(name: str) -> bool:
    """Whether a program names nothing of Pyro5's but modules that pyroplug itself has by the same names."""
    source = PROGRAMS / name
    texts = [path.read_text() for path in (source.glob("*.py") if source.is_dir() else [source])]
    named = {word for text in texts for word in re.findall(r"\bPyro5(?:\.\w+)?", text.split('"""', 2)[2])}
    return named <= {"Pyro5.api", "Pyro5.errors", "Pyro5.config"}


def moved(name: str, style: str, folder: Path) -> Path:
    """The file to start, of a copy of the program in a style."""
    old, new = STYLES[style]
    copy = folder / style.replace(" ", "-")
    source = PROGRAMS / name
    if source.is_dir():
        shutil.copytree(source, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        copy.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy / "main.py")
    for path in copy.glob("*.py"):
        path.write_text(path.read_text().replace(old, new) if old else path.read_text())
    return copy / "main.py"


def environment(server_type: str) -> dict[str, str]:
    return {**os.environ, "PYRO_SERVERTYPE": server_type, "PYTHONUNBUFFERED": "1"}


def start(file: Path, *arguments: str, server_type: str, trouble: Path) -> subprocess.Popen[str]:
    with trouble.open("w") as errors:
        return subprocess.Popen(
            [sys.executable, "-W", "error", file.name, *arguments],
            cwd=file.parent,
            env=environment(server_type),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Whatever happens, the process does not outlive the block."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def run(name: str, way: Way, server_type: str, folder: Path) -> Outcome:
    """Start the server, then the client with what the server says, and wait for both."""
    troubles = [folder / f"{way} {side}" for side in ("server", "client")]
    files = [moved(name, style, folder / str(way) / side) for side, style in way._asdict().items()]
    with ExitStack() as stack:
        server = start(files[0], "server", server_type=server_type, trouble=troubles[0])
        stack.enter_context(ended(server))
        assert server.stdout is not None
        assert select.select([server.stdout], [], [], PATIENCE)[0], (
            f"{name}, {way}: the server does not start"
        )
        ready, *uris = server.stdout.readline().split() or ["nothing"]
        assert ready == "ready", f"{name}, {way}: {troubles[0].read_text()}"
        client = start(files[1], "client", *uris, server_type=server_type, trouble=troubles[1])
        stack.enter_context(ended(client))
        said, _ = client.communicate(timeout=PATIENCE)
        if client.returncode:  # it had no chance to end its server
            server.kill()
        server.wait(PATIENCE)
        codes = (server.returncode, client.returncode)
        return Outcome(server.stdout.read(), said, codes, "".join(it.read_text() for it in troubles))


def run_all(name: str, ways: list[Way], server_type: str, folder: Path) -> dict[Way, Outcome]:
    """All ways, at the same time."""
    with ThreadPoolExecutor(len(ways)) as pool:
        futures = {way: pool.submit(run, name, way, server_type, folder) for way in ways}
        return {way: future.result() for way, future in futures.items()}


def run_alone(name: str, style: str, folder: Path) -> str:
    """What a program prints that is server and client in one."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(moved(name, style, folder))],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=environment("thread"),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
