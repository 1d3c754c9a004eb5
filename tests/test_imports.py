"""What starting costs: no plugin, no library of a plugin or of the command line, and little time.

What takes long to import creeps in by one line anywhere. It is looked for by name: time is hard to tell.
"""

from __future__ import annotations

import importlib.util
import resource
import statistics
import subprocess
import sys

import pytest

ROUNDS = 15


def run(code: str) -> str:
    """What a program prints, run by an interpreter that sees what is installed and nothing else."""
    return subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def seconds(code: str) -> float:
    """Processor time, which other programs on the machine do not add to."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


LIBRARIES = ("click", "rich", "pluggy", "serpent", "msgpack", "Pyro5")

HEAVY = (
    *("ast", "dataclasses", "dis", "inspect", "logging", "pathlib", "random", "textwrap", "tokenize"),
    *(
        "traceback",
        "uuid",
        "asyncio",
        "concurrent",
        "multiprocessing",
        "queue",
        "select",
        "selectors",
        "signal",
    ),
    *("socket", "ssl", "subprocess", "bz2", "hashlib", "hmac", "lzma", "secrets", "zlib", "csv", "difflib"),
    *(
        "email",
        "importlib.metadata",
        "ipaddress",
        "json",
        "pickle",
        "shutil",
        "tempfile",
        "urllib",
        "zipfile",
    ),
)
"""Of the standard library: what takes a millisecond or more, alone or with what it imports itself."""

RARE = ("pyroplug.hosting", "pyroplug.session", "pyroplug.remote_iterator", "pyroplug.streams", "copy")
"""Small, and what a client has no use for, or few clients have."""

NOT_FOR_LISTING = (
    *("rich", "Pyro5", "asyncio", "concurrent", "multiprocessing", "ssl", "subprocess", "difflib"),
    *("email", "importlib.metadata", "hashlib", "hmac", "secrets", "tempfile", "urllib", "zipfile"),
    *("json", "logging", "queue"),
    *("pyroplug_json.serializer", "pyroplug_marshal.serializer", "pyroplug_servers.base"),
)
"""What listing plugins imports neither itself nor through them, where it prints no table on a terminal."""

LISTING = """
import sys
before = set(sys.modules)
sys.argv = ["pyroplug", "list-plugins"]
from pyroplug.cli import main
try:
    main()
finally:
    print(*(set(sys.modules) - before))
"""


def loaded_by(code: str) -> set[str]:
    """The modules that are named in the last line that a program prints."""
    return set(run(code).splitlines()[-1].split())


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    # What an installation loads at every start, by means of .pth files, is not to be blamed on the API.
    return loaded_by(
        "import sys; before = set(sys.modules); import pyroplug.api; print(*(set(sys.modules) - before))"
    )


@pytest.fixture(scope="module")
def loaded_by_listing() -> set[str]:
    return loaded_by(LISTING)


def test_importing_the_api_imports_no_plugin(loaded: set[str]) -> None:
    assert "pyroplug.api" in loaded
    assert [name for name in loaded if name.startswith("pyroplug_")] == []


@pytest.mark.parametrize("name", [*LIBRARIES, *HEAVY, *RARE])
def test_importing_the_api_imports_no_such_library(loaded: set[str], name: str) -> None:
    assert name not in loaded


def test_listing_plugins_loads_them(loaded_by_listing: set[str]) -> None:
    assert {"pyroplug_serpent", "pyroplug_servers", "msgpack"} <= loaded_by_listing


@pytest.mark.parametrize("name", NOT_FOR_LISTING)
def test_listing_plugins_imports_no_such_library(loaded_by_listing: set[str], name: str) -> None:
    if name == "subprocess" and sys.version_info < (3, 11):
        pytest.skip("before Python 3.11 the library's own uuid needs it, which msgpack's extensions know")
    assert name not in loaded_by_listing


@pytest.mark.parametrize("name", sorted({*HEAVY, *RARE, *NOT_FOR_LISTING}))
def test_there_are_such_modules(name: str) -> None:
    assert importlib.util.find_spec(name) is not None


def test_importing_the_api_takes_no_longer_than_importing_pyro5s() -> None:
    ours, theirs = [], []
    for _ in range(ROUNDS):  # in turn, so that a busy moment of the machine slows both
        ours.append(seconds("import pyroplug.api"))
        theirs.append(seconds("import Pyro5.api"))
    assert statistics.median(ours) <= statistics.median(theirs)
