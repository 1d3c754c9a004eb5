"""The site is built as a user builds it, with every page, those from outside ``docs/`` too."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .building import LIMIT, ROOT

NAV = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]


def test_the_navigation_has_every_page_once() -> None:
    listed = re.findall(r"(\S+\.md)$", NAV, re.MULTILINE)
    assert len(listed) == len(set(listed))
    inside = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert inside == {path for path in listed if not path.startswith("project/")}
    plugins = {f"project/plugins/{path.parent.name}/README.md" for path in ROOT.glob("plugins/*/README.md")}
    assert plugins == {path for path in listed if path.startswith("project/plugins/")}
    assert [path for path in listed if not (ROOT / "docs" / path.replace("project/", "../")).exists()] == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_docs(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns(".*", "__pycache__", "build", "site", "dist")
    tree = shutil.copytree(ROOT, tmp_path / "tree", ignore=ignored)
    made = make_docs(tree)
    if "(from versions: none)" in made.stderr:
        pytest.skip("pip reaches no package index")
    assert made.returncode == 0, made.stderr
    assert (tree / "docs" / "contracts.md").read_text("utf-8") == (ROOT / "docs" / "contracts.md").read_text()
    for page in ("", "hooks", "project", "project/plugins/json", "project/examples/oneway.py"):
        assert (tree / "site" / page / "index.html").is_file()
    index = (tree / "site" / "index.html").read_text("utf-8")
    assert 'href="project/examples/"' in index
    assert not re.search(r'(?:src|href)="https?:[^"]*\.(?:js|css|woff2?)', index), "fetched from elsewhere"

    with (tree / "docs" / "hooks.md").open("a") as page:
        page.write("\n[gone](../examples/gone.py), [missing](errors.md#missing)\n")
    made = make_docs(tree)
    assert made.returncode != 0
    assert "../examples/gone.py" in made.stderr
    assert "#missing" in made.stderr


def make_docs(tree: Path) -> subprocess.CompletedProcess[str]:
    command = ["make", "docs", f"PYTHON={sys.executable}"]
    # What the make that runs the tests was given, such as pytest's options, is not for this one.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKEOVERRIDES")}
    env.pop("ARGS", None)
    return subprocess.run(
        command, cwd=tree, env=env, capture_output=True, text=True, check=False, timeout=LIMIT
    )
