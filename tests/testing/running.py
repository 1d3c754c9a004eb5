"""Runs a suite over plugins that are broken on purpose, in a process of its own, and tells what it found."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent


class Failure(NamedTuple):
    """One failed test.

    :ivar test: its name.
    :ivar text: what it said.
    """

    test: str
    text: str


def failures(module: Path, tests: list[str], folder: Path) -> dict[str, list[Failure]]:
    """The failures of each class of a module of tests; an empty list if there are none.

    :param tests: which of them to run: a class, or ``class::test``.
    :param folder: for what pytest writes.
    """
    report = folder / "report.xml"
    profile = folder / "conftest.py"
    profile.write_text(
        "import hypothesis\n"
        "hypothesis.settings.register_profile('mutants', database=None, max_examples=60, derandomize=True)\n"
        "hypothesis.settings.load_profile('mutants')\n"
    )
    copy = folder / f"test_{module.name}"
    copy.write_text(module.read_text())
    command = [
        sys.executable,
        "-m",
        "pytest",
        *(f"{copy.name}::{test}" for test in tests),
        f"--junit-xml={report}",
    ]
    command += ["-q", "-p", "no:cacheprovider", "-W", "error", "-o", "junit_logging=no"]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert result.returncode in (0, 1), result.stdout + result.stderr
    found: dict[str, list[Failure]] = {}
    for case in ET.parse(report).iter("testcase"):
        of_class = found.setdefault(case.attrib["classname"].rpartition(".")[2], [])
        for outcome in (*case.findall("failure"), *case.findall("error")):
            of_class.append(Failure(case.attrib["name"], outcome.attrib["message"]))
    return found
