"""The table of what Pyro5's page of tips says: every row is complete, and what it refers to exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from pyroplug.api import config

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "tips-and-tricks.md"
HEADER = ["the page says", "where it lives", "test", "note"]
LATER = ["comes with the name server", "comes with the type adapters"]

Row = list[str]


def rows(text: str) -> list[Row]:
    """The cells of all rows, without the tables' heads."""
    found = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row] for row in found]
    return [row for row in cells if row != HEADER and set("".join(row)) != {"-"}]


@cache
def names_of_tests(file: Path) -> frozenset[str]:
    """The names of its tests, those of classes as ``Class::test``."""
    names = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{it.name}" for it in node.body if isinstance(it, ast.FunctionDef)}
    return frozenset(name for name in names if name.rpartition("::")[2].startswith("test_"))


def trouble(row: Row) -> str:
    """What is wrong with a row; nothing, usually."""
    if len(row) != len(HEADER):
        return f"{len(row)} cells"
    if not all(row):
        return "an empty cell"
    places, tests = (re.findall(r"`([^`]+)`", cell) for cell in row[1:3])
    if not places or not (tests or row[2] in LATER):
        return "it says nothing of where, or of a test"
    missing = [place for place in places if not is_place(place)] + [
        test for test in tests if not is_test(test)
    ]
    return f"there is no {missing[0]}" if missing else ""


def is_place(place: str) -> bool:
    """Whether there is such a file or folder, or configuration item."""
    return (ROOT / place).exists() if "/" in place else place in config.as_dict()


def is_test(test: str) -> bool:
    """Whether there is such a test; in brackets an example may follow."""
    file, _, name = test.partition("::")
    name, _, example = name.partition("[")
    if example and not (ROOT / "examples" / f"{example.rstrip(']')}.py").is_file():
        return False
    return (ROOT / file).is_file() and name in names_of_tests(ROOT / file)


@pytest.mark.parametrize("row", rows(PAGE.read_text()), ids=lambda row: row[0][:60])
def test_a_row_is_true(row: Row) -> None:
    assert trouble(row) == ""


def test_nothing_is_missing() -> None:
    """Each part of the page has a table."""
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    assert len(sections) == 16
    assert [section.splitlines()[0] for section in sections if len(rows(section)) < 3] == []


def test_the_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", PAGE.read_text())
    assert links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


PLACE, TEST = "`pyroplug/uri.py`", "`tests/test_feature_table.py::test_nothing_is_missing`"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (["a", PLACE, TEST, "-"], ""),
        (["a", f"{PLACE}, `HOST`", LATER[0], "-"], ""),
        (["a", PLACE, "`tests/test_receiver.py::TestReceiver::test_checks_the_magic_number`", "-"], ""),
        (["a", PLACE, "`tests/test_examples.py::test_it_does_what_it_says[nat]`", "-"], ""),
        (["a", PLACE, TEST], "3 cells"),
        (["a", PLACE, TEST, ""], "an empty cell"),
        (["a", "", TEST, "-"], "an empty cell"),
        (["a", PLACE, "", "-"], "an empty cell"),
        (["a", "`pyroplug/attic.py`", TEST, "-"], "there is no pyroplug/attic.py"),
        (["a", "`NO_ITEM`", TEST, "-"], "there is no NO_ITEM"),
        (["a", "somewhere", TEST, "-"], "it says nothing of where, or of a test"),
        (["a", PLACE, "comes some day", "-"], "it says nothing of where, or of a test"),
        (["a", PLACE, "`tests/test_uri.py::test_x`", "-"], "there is no tests/test_uri.py::test_x"),
        (["a", PLACE, "`tests/test_receiver.py::test_checks_the_magic_number`", "-"], "there is no tests/"),
        (["a", PLACE, "`tests/attic.py::test_x`", "-"], "there is no tests/attic.py::test_x"),
        (
            ["a", PLACE, "`tests/test_examples.py::test_it_does_what_it_says[x]`", "-"],
            "there is no tests/",
        ),
    ],
)
def test_what_is_wrong_is_seen(row: Row, told: str) -> None:
    assert trouble(row).startswith(told)
    assert bool(trouble(row)) is bool(told)
