"""What is found, in which order, and what is blocked before any of its code runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyroplug.errors import ConfigError
from pyroplug.plugins import PluginSet, Status
from pyroplug.plugins.discovery import Blocks, Source, find

from .fabricate import FakeSerializer, Site, Warnings, installed, offering, record_of, serializer_source


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with installed(tmp_path) as site:
        yield site


def test_a_plugin_is_found_with_its_origin(site: Site) -> None:
    site.distribution("acme-cbor", {"cbor": "acme.plugins:CBOR"}, "2.5")
    assert find() == [Source("cbor", "acme.plugins:CBOR", "acme-cbor", "2.5")]


def test_plugins_are_sorted_by_name_and_distribution(site: Site) -> None:
    site.distribution("zebra", {"b": "m", "a": "m"})
    site.distribution("aardvark", {"c": "m", "b": "m"})
    assert [(s.name, s.distribution) for s in find()] == [
        ("a", "zebra"),
        ("b", "aardvark"),
        ("b", "zebra"),
        ("c", "aardvark"),
    ]


def test_other_groups_and_distributions_without_plugins_are_ignored(site: Site) -> None:
    other = site.distribution("other", {})
    (other / "entry_points.txt").write_text("[console_scripts]\nx = y:z\n")
    (site.distribution("none", {}) / "entry_points.txt").unlink()
    assert find() == []


def test_unreadable_metadata_of_another_distribution_does_no_harm(site: Site) -> None:
    site.distribution("good", {"good": "m"})
    (site.distribution("garbled", {}) / "entry_points.txt").write_text(
        "[pyroplug\nno equals sign [pyroplug]\n"
    )
    (site.distribution("binary", {}) / "entry_points.txt").write_bytes(b"\xff\xfe[pyroplug]\nx = y\n")
    (site.distribution("nameless", {"x": "y"}) / "METADATA").unlink()
    assert "good" in [source.name for source in find()]


def test_the_same_distribution_twice_on_the_path_counts_once(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    site.distribution("Acme.Cbor", {"cbor": "new"}, "2.0", first)
    site.distribution("acme-cbor", {"cbor": "old"}, "1.0", second)
    monkeypatch.setattr("pyroplug.plugins.installed.search_path", lambda: [str(first), str(second)])
    assert [(s.target, s.version) for s in find()] == [("new", "2.0")]


def test_a_shadowed_version_adds_no_plugins(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    (site.distribution("acme", {}, "2.0", first) / "entry_points.txt").unlink()
    site.distribution("acme", {"gone": "m"}, "1.0", second)
    monkeypatch.setattr("pyroplug.plugins.installed.search_path", lambda: [str(first), str(second)])
    assert find() == []


# Blocking --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "block", ["cbor", " cbor ", "acme-cbor", "ACME_cbor", "acme-cbor:cbor", "Acme.Cbor:cbor"]
)
def test_blocked_code_never_runs(site: Site, block: str) -> None:
    module = site.plugin("cbor", serializer_source("cbor"), "acme-cbor")
    plugins = PluginSet(block=[block])
    record = record_of(plugins, "cbor")
    assert record.status is Status.BLOCKED
    assert repr(block.strip()) in (record.problem or "")
    assert record.hint is not None
    assert module not in sys.modules


@pytest.mark.parametrize("block", ["CBOR", "other:cbor", "acme-cbor:other", "cb"])
def test_other_names_do_not_block_it(site: Site, block: str) -> None:
    site.plugin("cbor", serializer_source("cbor"), "acme-cbor")
    plugins = PluginSet(block=[block], warn=Warnings().append)
    assert record_of(plugins, "cbor").status is Status.ACTIVE


def test_the_environment_blocks_in_addition(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.distribution("acme", {"a": "no.a", "b": "no.b", "c": "no.c"})
    monkeypatch.setenv("PYROPLUG_BLOCK", "a, b,,")
    plugins = PluginSet(block=["c"])
    assert [record.status for record in plugins.records] == [Status.BLOCKED] * 3
    assert PluginSet(load=False).records[0].status is Status.BLOCKED


def test_a_plugin_given_by_hand_can_be_blocked() -> None:
    plugins = PluginSet(
        autoload=False, plugins={"mine": offering(serializer=[FakeSerializer()])}, block=["mine"]
    )
    assert record_of(plugins, "mine").status is Status.BLOCKED


def test_a_block_that_matches_nothing_is_warned_of(site: Site) -> None:
    warnings = Warnings()
    site.plugin("cbor", serializer_source("cbor"), "acme-cbor")
    PluginSet(block=["cbro", "zzz"], warn=warnings.append)
    assert warnings.about("'cbro'").endswith(
        "hint: did you mean 'cbor'? What there is shows: pyroplug list-plugins"
    )
    assert "did you mean" not in warnings.about("'zzz'")


def test_warnings_go_to_the_log_unless_somebody_listens(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    PluginSet(block=["cbro"])
    assert [(r.name, r.levelname) for r in caplog.records] == [("pyroplug.plugins", "WARNING")]
    assert "'cbro'" in caplog.text


def test_unmatched_names_are_those_that_blocked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYROPLUG_BLOCK", raising=False)
    blocks = Blocks(["b", "a", "c"])
    assert blocks.match(Source("a")) == "a"
    assert blocks.match(Source("x")) is None
    assert blocks.unmatched == ("b", "c")


# Switching off ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["0", "off", "No", "false"])
def test_the_environment_switches_installed_plugins_off(
    site: Site, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    site.distribution("acme", {"a": "no.a"})
    monkeypatch.setenv("PYROPLUG_AUTOLOAD", value)
    assert PluginSet().records == ()
    assert [record.name for record in PluginSet(autoload=True, load=False).records] == ["a"]


@pytest.mark.parametrize("value", ["1", "on", "YES", "true", ""])
def test_the_environment_may_say_on(site: Site, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    site.distribution("acme", {"a": "no.a"})
    monkeypatch.setenv("PYROPLUG_AUTOLOAD", value)
    assert len(PluginSet(load=False).records) == 1
    assert PluginSet(autoload=False).records == ()


def test_any_other_word_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYROPLUG_AUTOLOAD", "perhaps")
    with pytest.raises(ConfigError, match=r"PYROPLUG_AUTOLOAD is 'perhaps'") as caught:
        PluginSet()
    assert caught.value.hint


def test_metadata_alone_runs_nothing(site: Site) -> None:
    module = site.plugin("cbor", serializer_source("cbor"), "acme-cbor")
    plugins = PluginSet(load=False)
    assert record_of(plugins, "cbor").status is Status.NOT_LOADED
    assert record_of(plugins, "cbor").provides == ()
    assert module not in sys.modules
