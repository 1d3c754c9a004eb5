"""What is found without ``importlib.metadata`` is what it finds."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug.plugins import installed
from pyroplug.plugins.installed import Point, points

from .fabricate import Site
from .fabricate import installed as alone

GROUP = "pyroplug"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with alone(tmp_path) as site:
        yield site


def both_ways(group: str) -> tuple[list[Point], list[Point]]:
    """By ourselves, and by the library, in one order."""
    folders = installed._folders(installed.search_path())
    assert folders is not None
    by_us = list(installed._in_folders(group, folders))
    by_library = list(installed._with_importlib(group))
    assert sorted(by_us) == sorted(by_library)
    assert sorted(points(group)) == sorted(
        Point(name, value, distribution, version)
        for text, distribution, version in by_library
        for name, value in installed._parsed(text, group)
    )
    return sorted(points(group)), sorted(_points_of_the_library(group))


def _points_of_the_library(group: str) -> Iterator[Point]:
    seen = set()
    for distribution in metadata.distributions(path=installed.search_path()):
        name = distribution.metadata["Name"]
        if installed.normal(name) not in seen:
            seen.add(installed.normal(name))
            for point in distribution.entry_points:
                if point.group == group:
                    yield Point(point.name, point.value, name, distribution.version)


@pytest.mark.parametrize("group", ["pyroplug", "console_scripts", "pytest11", "no.such.group"])
def test_in_this_very_environment(group: str) -> None:
    ours, theirs = both_ways(group)
    assert ours == theirs
    assert bool(ours) is (group != "no.such.group")


names = st.text("aZ-_.9", min_size=1, max_size=4).map("x{}x".format)
values = st.sampled_from(["m", "m.n:o.p", "m:o [extra]", " m ", "a=b"])
versions = st.sampled_from(["1.0", "2!1.0.dev3+local.4", "0"])


@given(
    st.lists(
        st.tuples(st.booleans(), names, versions, st.dictionaries(names, values, max_size=2)), max_size=4
    )
)
def test_the_same_distributions_count(made: list[tuple[bool, str, str, dict[str, str]]]) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as name:
        folder = Path(name)
        roots = [folder / "one", folder / "two"]
        for root in roots:
            root.mkdir()
        for second, distribution, version, entries in made:
            # Only one of a name in a folder: which of two is found is up to the file system.
            root = roots[second]
            if not any(
                installed.normal(it.name.partition("-")[0]) == installed.normal(distribution)
                for it in root.iterdir()
            ):
                Site(root).distribution(distribution, entries, version)
        patch.setattr(installed, "search_path", lambda: [str(root) for root in roots])
        ours, theirs = both_ways(GROUP)
        assert ours == theirs


TEXTS = [
    "",
    "[pyroplug]",
    "[pyroplug]\nx=y",
    "\n # [pyroplug]\n[pyroplug]\n\n  x = y:z  \n#no = no\n[other]\nx = no\n[pyroplug]\nlate = y\n",
    "[other]\nx = [pyroplug]\n",
    "[pyroplug]\r\nx = y\r\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_file_says_the_same(site: Site, text: str) -> None:
    (site.distribution("acme", {}) / "entry_points.txt").write_bytes(text.encode())
    ours, theirs = both_ways(GROUP)
    assert ours == theirs


def test_a_file_that_makes_no_sense_offers_nothing(site: Site) -> None:
    (site.distribution("acme", {}) / "entry_points.txt").write_text("[pyroplug]\nx = y\nno sense\n")
    assert points(GROUP) == []


def test_an_egg_info_folder_counts_and_a_file_does_no_harm(site: Site) -> None:
    site.distribution("acme", {"x": "y"}).rename(folder := site.folder / "acme.egg-info")
    (folder / "METADATA").rename(folder / "PKG-INFO")
    (site.folder / "other.egg-info").write_text("Name: other\nVersion: 1\n")
    assert points(GROUP) == [Point("x", "y", "acme", "1.0")]


def test_a_description_is_not_taken_for_facts(site: Site) -> None:
    metadata_file = site.distribution("acme", {"x": "y"}) / "METADATA"
    metadata_file.write_text("Name: acme\n\nVersion: 9\n")
    assert points(GROUP) == [Point("x", "y", "acme", None)]


def test_what_is_half_removed_offers_nothing(site: Site) -> None:
    (site.distribution("acme", {"x": "y"}) / "METADATA").unlink()
    assert points(GROUP) == []


def test_folders_that_are_not_there_or_not_to_be_read_are_passed_over(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.distribution("acme", {"x": "y"})
    monkeypatch.setattr(installed, "search_path", lambda: ["/no/such/folder", str(site.folder)])
    assert [point.name for point in points(GROUP)] == ["x"]


def printed(code: str, *arguments: object) -> str:
    """By an interpreter of its own."""
    command = [sys.executable, "-I", "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


IN_ARCHIVE = """
import sys
sys.path[:0] = sys.argv[1:]
from pyroplug.plugins.installed import points
print(*(f"{it.name}={it.value} of {it.distribution} {it.version}" for it in points("pyroplug")), sep=chr(10))
"""


def test_an_archive_on_the_path_is_looked_into(site: Site) -> None:
    folder = site.distribution("acme", {"x": "y"}, "3.0")
    archive = site.folder / "archive.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for each in folder.iterdir():
            file.write(each, f"{folder.name}/{each.name}")
    found = printed(IN_ARCHIVE, archive).splitlines()
    assert "x=y of acme 3.0" in found
    assert any(line.startswith("json=pyroplug_json of pyroplug ") for line in found)


def test_a_finder_of_somebodys_own_is_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        @staticmethod
        def find_distributions(context: metadata.DistributionFinder.Context) -> list[metadata.Distribution]:
            return [metadata.PathDistribution(folder)]

    folder = site.distribution("acme", {"x": "y"}, folder=site.folder / "elsewhere")
    assert points(GROUP) == []
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    assert points(GROUP) == [Point("x", "y", "acme", "1.0")]


def test_where_there_are_only_folders_the_library_is_not_imported() -> None:
    code = "import sys, pyroplug.plugins.installed as it; assert it.points('pyroplug'); print(*sys.modules)"
    assert {"importlib.metadata", "email", "zipfile", "socket"} & set(printed(code).split()) == set()
