"""The examples run, print what they say they print, and leave nothing behind; their README lists each."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "examples"
EXAMPLES = sorted(FOLDER.glob("*.py"))
README = (FOLDER / "README.md").read_text()
LIMIT = 60
LONGEST = 100
"""Lines: they are to be read in one go."""
SLOW = re.compile("^Executing .* took [0-9.]+ seconds\n", re.MULTILINE)
"""What asyncio's development mode says on a busy machine."""
PRINTS = "\nPrints:\n\n"


def promised(source: str) -> list[str]:
    """The lines that a program says it prints: the indented ones at the end of its docstring."""
    _about, heading, lines = (ast.get_docstring(ast.parse(source)) or "").partition(PRINTS)
    assert heading, "the docstring says in a block 'Prints:' what is printed"
    return [line.removeprefix("    ") for line in lines.splitlines()]


def is_as_promised(promise: list[str], printed: str) -> bool:
    """Whether the lines are the same, where ``…`` stands for whatever is different each time."""
    patterns = [".+".join(map(re.escape, line.split("…"))) for line in promise]
    return re.fullmatch("\n".join([*patterns, ""]), printed) is not None


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_does_what_it_says(example: Path, tmp_path: Path) -> None:
    # In development mode, forgotten sockets and files are told on standard error.
    command = [sys.executable, "-W", "error", "-X", "dev", str(example)]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=LIMIT, cwd=tmp_path, encoding="utf-8"
    )
    if result.stdout.startswith("Skipped: "):
        pytest.skip(result.stdout)
    assert (result.returncode, SLOW.sub("", result.stderr)) == (0, "")
    promise = promised(example.read_text())
    assert promise
    assert is_as_promised(promise, result.stdout), f"{result.stdout}\nwas promised as\n" + "\n".join(promise)
    assert list(tmp_path.iterdir()) == []


def test_there_are_some_and_none_is_too_long() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in EXAMPLES}
    assert len(lengths) > 30
    assert [name for name, length in lengths.items() if length > LONGEST] == []


def test_the_table_lists_each_once() -> None:
    assert sorted(re.findall(r"^\| \[(\w+\.py)\]\(\1\) \|", README, re.MULTILINE)) == [
        path.name for path in EXAMPLES
    ]


def test_no_name_hides_a_module() -> None:
    """Their folder is where Python looks first when one of them runs."""
    assert [path.stem for path in EXAMPLES if path.stem in sys.stdlib_module_names] == []
    assert [path.stem for path in EXAMPLES if path.stem.startswith("pyroplug")] == []


@pytest.mark.parametrize(
    ("promise", "printed", "kept"),
    [
        (["a", "b"], "a\nb\n", True),
        (["at …:…", "(b)"], "at ::1:99\n(b)\n", True),
        (["at …"], "at \n", False),
        (["a"], "a\nb\n", False),
        (["a", "b"], "a\n", False),
        (["a.c"], "abc\n", False),
    ],
)
def test_promises(promise: list[str], printed: str, kept: bool) -> None:
    assert is_as_promised(promise, printed) is kept


def test_a_docstring_without_a_promise() -> None:
    assert promised('"""A.\n\nPrints:\n\n    b\n      c\n"""') == ["b", "  c"]
    with pytest.raises(AssertionError, match="Prints"):
        promised('"""A."""')
