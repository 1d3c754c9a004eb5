"""New plugins: names that are refused, files that are written, all of them or none."""

from __future__ import annotations

import ast
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyroplug
from pyroplug.errors import PluginError
from pyroplug.scaffold import KINDS, LICENCES, Project, check_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

every_kind = pytest.mark.parametrize("kind", KINDS)


def pyproject(project: Project) -> dict[str, Any]:
    return tomllib.loads(project.files["pyproject.toml"])


def below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# Names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "cbor", "cbor2", "my-own-cbor", "x" * 40])
def test_names_that_are_taken(name: str) -> None:
    check_name(name)
    assert Project(name, "serializer").package == f"pyroplug_{name.replace('-', '_')}"


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("Cbor", "'cbor'"),
        ("MyCbor", "'my-cbor'"),
        ("my_cbor", "'my-cbor'"),
        ("my cbor", "'my-cbor'"),
        ("my--cbor", "'my-cbor'"),
        ("-cbor-", "'cbor'"),
        ("2cbor", "'cbor'"),
        ("../cbor", "'cbor'"),
        ("cbor/../..", "'cbor'"),
        ("pyroplug-cbor", "'cbor'"),
        ("pyroplug_cbor", "'cbor'"),
        ("Pyroplug", "another one"),
        ("", "another one"),
        ("é", "another one"),
        ("cbor\n", "'cbor'"),
        ("$$name", "'name'"),
        ("x" * 41, "40 at most"),
    ],
)
def test_names_that_are_refused_with_a_better_one(name: str, better: str) -> None:
    with pytest.raises(PluginError) as caught:
        check_name(name)
    assert better in str(caught.value.hint)


@given(st.text(max_size=60))
def test_what_is_advised_can_be_taken(name: str) -> None:
    try:
        check_name(name)
    except PluginError as error:
        for better in re.findall(r"such as '(.*)'", str(error.hint)):
            check_name(better)


def test_unknown_kinds_and_licences_are_refused_with_those_that_there_are() -> None:
    with pytest.raises(PluginError, match="'teapot'") as caught:
        Project("cbor", "teapot")
    assert "handshake-validator" in str(caught.value.hint)
    with pytest.raises(PluginError, match="'GPL'") as caught:
        Project("cbor", "serializer", licence="GPL")
    assert "Apache-2.0" in str(caught.value.hint)


# Files -----------------------------------------------------------------------------------------------


@every_kind
def test_a_distribution_is_complete(kind: str) -> None:
    project = Project("my-cbor", kind)
    (test,) = [path for path in project.files if path.startswith("tests/") and "plugin" not in path]
    assert project.files.keys() >= {
        "pyproject.toml",
        "README.md",
        ".gitignore",
        ".github/workflows/tests.yml",
        "pyroplug_my_cbor/__init__.py",
        "pyroplug_my_cbor/py.typed",
        "tests/test_plugin.py",
        test,
    }
    facts = pyproject(project)["project"]
    assert facts["name"] == "pyroplug-my-cbor"
    assert facts["entry-points"]["pyroplug"] == {"my-cbor": "pyroplug_my_cbor"}
    assert facts["dependencies"] == [f"pyroplug>={pyroplug.__version__}"]
    assert "pyroplug[testing]" in facts["optional-dependencies"]["test"]
    assert "authors" not in facts
    assert "license" not in facts


@every_kind
@pytest.mark.parametrize("name", ["x", "my-own-cbor-2"])
def test_every_word_is_filled_in_and_every_module_compiles(kind: str, name: str) -> None:
    project = Project(name, kind, licence="MIT")
    for path, text in project.files.items():
        assert not re.search(r"\$(?!\{\{|[ ])", re.sub(r"^\$ ", "", text, flags=re.MULTILINE)), path
        if path.endswith(".py"):
            ast.parse(text)


@every_kind
def test_it_uses_public_names_only(kind: str) -> None:
    public = {"api", "contracts", "errors", "hookspecs", "testing"}
    for path, text in Project("cbor", kind).files.items():
        for module, names in re.findall(r"^\s*from pyroplug\.(\S+) import \(?([^)\n]*)", text, re.MULTILINE):
            assert module in public, path
            assert not re.search(r"\b_", names), path


@every_kind
def test_its_tests_are_a_few_lines(kind: str) -> None:
    tests = {path: text for path, text in Project("cbor", kind).files.items() if path.startswith("tests/")}
    assert len(tests.pop("tests/test_plugin.py").partition("class Test")[2].splitlines()) <= 6
    (text,) = tests.values()
    body = text.partition("class Test")[2]
    # What nothing else can say of it.
    more = {"handshake-validator": 6, "server-model": 2, "name-service": 7, "name-storage": 8}.get(kind, 0)
    assert kind == "command" or len(body.splitlines()) <= 5 + more


def test_the_workflow_tests_every_python_that_it_says_it_runs_on() -> None:
    text = Project("cbor", "serializer").files[".github/workflows/tests.yml"]
    assert "${{ matrix.python }}" in text
    ours = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
    said = [it.split()[-1] for it in ours["project"]["classifiers"] if "Python :: 3." in it]
    assert re.findall(r'"(3\.\d+)"', text) == said


@pytest.mark.parametrize("licence", LICENCES)
def test_licences(licence: str) -> None:
    project = Project("cbor", "serializer", licence=licence, author="Ada Lovelace <ada@example.org>")
    facts = pyproject(project)["project"]
    if licence == "none":
        assert "LICENSE" not in project.files
        assert "no licence yet" in project.files["README.md"]
    else:
        assert facts["license"] == licence
        assert facts["license-files"] == ["LICENSE"]
        assert re.search(r"Copyright .*20\d\d Ada Lovelace\n", project.files["LICENSE"])
        assert f"licence is {licence}" in project.files["README.md"]


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("Ada", {"name": "Ada"}),
        ("  Ada Lovelace  ", {"name": "Ada Lovelace"}),
        ("Ada Lovelace <ada@example.org>", {"name": "Ada Lovelace", "email": "ada@example.org"}),
        ('Ada "$x \\ Löve', {"name": 'Ada "$x \\ Löve'}),
    ],
)
def test_authors(text: str, entry: dict[str, str]) -> None:
    project = Project("cbor", "serializer", author=text, licence="MIT")
    assert pyproject(project)["project"]["authors"] == [entry]
    assert entry["name"] in project.files["LICENSE"]


@pytest.mark.parametrize(
    "text", ["<ada@example.org>", "Ada <ada>", "Ada\nLovelace", "Ada <a@b> c", "Ada \x7f"]
)
def test_authors_that_are_not_understood(text: str) -> None:
    with pytest.raises(PluginError, match="author") as caught:
        Project("cbor", "serializer", author=text)
    assert "Name <address>" in str(caught.value.hint)


# Writing ---------------------------------------------------------------------------------------------


def test_what_is_written_is_what_was_planned(tmp_path: Path) -> None:
    project = Project("cbor", "serializer", licence="MIT")
    written = project.write(tmp_path / "new")
    assert set(written) == below(tmp_path / "new") == set(project.files)
    for path, text in project.files.items():
        assert (tmp_path / "new" / path).read_text("utf-8") == text


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_what_exists_is_left_alone(tmp_path: Path, make: Any) -> None:
    folder = tmp_path / "there"
    make(folder)
    with pytest.raises(PluginError, match="there exists already") as caught:
        Project("cbor", "serializer").write(folder)
    assert "--folder" in str(caught.value.hint)
    assert below(tmp_path) <= {"there"}


@pytest.mark.parametrize("place", ["absent/new", "file/new", "x" * 300])
def test_a_folder_that_cannot_be_made(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PluginError, match="cannot be made") as caught:
        Project("cbor", "serializer").write(tmp_path / place)
    assert "--folder" in str(caught.value.hint)
    assert below(tmp_path) == {"file"}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_when_writing_fails_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    left = iter(range(4))
    write = Path.write_text

    def fail_soon(path: Path, text: str, **options: Any) -> int:
        if next(left, None) is None:
            raise error
        return write(path, text, **options)

    monkeypatch.setattr(Path, "write_text", fail_soon)
    with pytest.raises((PluginError, KeyboardInterrupt), match=r"No space left|^$"):
        Project("cbor", "serializer").write(tmp_path / "new")
    assert os.listdir(tmp_path) == []
