"""Runs the kit's suites over plugins that are broken on purpose, in a project of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

__all__ = ["failures"]

LIMIT = 240
"""Seconds that a run may take."""

SAME_EACH_TIME = """
import hypothesis
hypothesis.settings.register_profile("mutants", database=None, derandomize=True)
hypothesis.settings.load_profile("mutants")
"""


def failures(module: Path, chosen: Iterable[tuple[str, str]], folder: Path) -> dict[str, str]:
    """What the suites say about mutants: by the name of the mutant's test class, all of its failures' texts.

    :param module: the file with the test classes; it imports nothing of this project's tests.
    :param chosen: pairs of a test class and one of its tests, without parameters: those that are run.
    :param folder: where it is run: an empty one.
    """
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(SAME_EACH_TIME)
    shutil.copy(module, folder / "test_mutants.py")
    report = folder / "report.xml"
    expression = " or ".join(f"({mutant} and {test})" for mutant, test in chosen)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]
    done = subprocess.run(
        [*command, f"--junitxml={report}", "-k", expression, "test_mutants.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    told: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):
        name = case.get("classname", "").rpartition(".")[2]
        told.setdefault(name, "")
        for verdict in case:
            if verdict.tag in ("failure", "error"):
                told[name] += f"{verdict.get('message', '')}\n{verdict.text or ''}\n"
    return told
