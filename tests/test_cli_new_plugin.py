"""``pyroplug new-plugin``: what it says, and what it refuses before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyroplug import cli
from pyroplug.scaffold import KINDS, LICENCES

from .fabricate import Site, installed, serializer_source
from .test_cli import run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one, in which the command runs."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    packages = tmp_path / "packages"
    packages.mkdir()
    with installed(packages) as site:
        yield site


def test_the_next_commands_are_told(folder: Path, site: Site) -> None:
    code, out, err = run("new-plugin", "cbor", "--kind", "serializer", "--licence", "MIT")
    assert (code, err) == (0, "")
    assert out.startswith("pyroplug-cbor: a serializer, complete and working, in pyroplug-cbor\n")
    for command in (
        "  cd pyroplug-cbor\n",
        "pip install --editable '.[test]'",
        "pytest",
        "mypy",
        "pyroplug list-plugins --verbose",
        "pip install '/path/to/pyroplug[testing]'",
    ):
        assert command in out
    assert "Without a licence" not in out
    assert (folder / "pyroplug-cbor" / "pyroplug_cbor" / "py.typed").is_file()


def test_the_folder_may_be_chosen(folder: Path, site: Site) -> None:
    code, out, _ = run("new-plugin", "cbor", "--kind", "transport", "--folder", "my place")
    assert code == 0
    assert "  cd 'my place'\n" in out
    assert "Without a licence nobody may use it" in out
    assert os.listdir(folder) == ["my place"]


def test_the_choices_are_told(site: Site) -> None:
    out = " ".join(run("new-plugin", "--help")[1].split())
    for choice in (*KINDS, *LICENCES):
        assert choice in out
    assert run("new-plugin", "cbor")[0] == 2
    assert run("new-plugin", "cbor", "--kind", "teapot")[0] == 2


def refused(folder: Path, *arguments: str) -> str:
    """What is said of it, after all that holds for every refusal was checked."""
    before = sorted(os.listdir(folder))
    code, out, err = run("new-plugin", *arguments)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert "\nhint: " in err
    assert sorted(os.listdir(folder)) == before
    return err


def test_a_bad_name(folder: Path, site: Site) -> None:
    assert "such as 'my-cbor'" in refused(folder, "MyCbor", "--kind", "serializer")


def test_a_folder_that_exists(folder: Path, site: Site) -> None:
    (folder / "pyroplug-cbor").mkdir()
    assert "exists already" in refused(folder, "cbor", "--kind", "serializer")


def test_an_author_that_is_not_understood(folder: Path, site: Site) -> None:
    assert "the author" in refused(folder, "cbor", "--kind", "serializer", "--author", "<a@b.c>")


def test_a_name_that_another_plugin_has(folder: Path, site: Site) -> None:
    site.plugin("cbor", serializer_source("other"), "acme-cbor", "1.2")
    assert "plugin 'cbor' (acme-cbor 1.2)" in refused(folder, "cbor", "--kind", "command")


def test_a_name_that_something_of_this_kind_has(folder: Path, site: Site) -> None:
    site.plugin("formats", serializer_source("cbor"), "acme-formats", "1.2")
    told = refused(folder, "cbor", "--kind", "serializer")
    assert "the serializer 'cbor' of plugin 'formats' (acme-formats 1.2)" in told
    assert run("new-plugin", "cbor", "--kind", "transport")[0] == 0


def test_a_package_that_is_there_already(folder: Path, site: Site) -> None:
    site.module("pyroplug_cbor", "")
    assert "the package pyroplug_cbor (" in refused(folder, "cbor", "--kind", "serializer")


@pytest.mark.parametrize("name", cli.BUILT_IN)
def test_a_command_that_there_is(folder: Path, site: Site, name: str) -> None:
    assert f"the command pyroplug {name}" in refused(folder, name, "--kind", "command")


@pytest.mark.parametrize("name", ["json", "tcp", "u", "thread", "pyro5"])
def test_names_of_what_comes_with_pyroplug(folder: Path, name: str) -> None:
    kinds = {"tcp": "transport", "u": "transport", "thread": "server-model"}
    assert "is taken by" in refused(folder, name, "--kind", kinds.get(name, "serializer"))
