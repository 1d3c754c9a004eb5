"""A set of plugins: look-ups, what is said when they fail, and the process's own set."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import pyroplug
from pyroplug.contracts import ConfigItem
from pyroplug.errors import PluginUnavailableError
from pyroplug.plugins import Kind, PluginSet, Status, default_plugins, pluginset

from .fabricate import (
    FakeSerializer,
    FakeServerModel,
    FakeTransport,
    FakeValidator,
    Site,
    Warnings,
    installed,
    offering,
    record_of,
    serializer_source,
    set_of,
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with installed(tmp_path) as site:
        yield site


TABLES = offering(
    serializer=[FakeSerializer("b", 71), FakeSerializer("a", 70)],
    transport=[FakeTransport("tcp", None), FakeTransport("unix", "u")],
    config_item=[ConfigItem("WHEELS", 4, "how many")],
)


ITEM_SOURCE = """
from pyroplug.contracts import ConfigItem

@hookimpl
def pyroplug_config_items():
    return [ConfigItem("WHEELS", 4, "how many")]
"""


def refusal(plugins: PluginSet, kind: Kind, name: Any) -> PluginUnavailableError:
    with pytest.raises(PluginUnavailableError) as caught:
        plugins.get(kind, name)
    assert caught.value.hint
    assert (caught.value.kind, caught.value.name) == (kind.label, str(name))
    return caught.value


# Look-ups --------------------------------------------------------------------------------------------


def test_look_ups() -> None:
    plugins = set_of(x=TABLES)
    a = plugins.get(Kind.SERIALIZER, "a")
    assert a.wire_id == 70
    assert plugins.by_wire_id(70) is a
    assert plugins.by_scheme(None).name == "tcp"
    assert plugins.by_scheme("u").name == "unix"
    assert plugins.names(Kind.SERIALIZER) == ("a", "b")
    assert plugins.names(Kind.SERVER) == ()
    assert plugins.all(Kind.SERIALIZER) == {"a": a, "b": plugins.by_wire_id(71)}
    assert [item.name for item in plugins.config_items] == ["WHEELS"]


def test_an_alias_finds_it_and_is_not_listed() -> None:
    plugins = set_of(x=offering(server=[FakeServerModel("threadpool", frozenset({"thread", "pool"}))]))
    model = plugins.get(Kind.SERVER, "threadpool")
    assert plugins.get(Kind.SERVER, "thread") is model
    assert plugins.get(Kind.SERVER, "pool") is model
    assert plugins.names(Kind.SERVER) == ("threadpool",)
    assert plugins.all(Kind.SERVER) == {"threadpool": model}


def test_what_it_gives_out_cannot_be_changed() -> None:
    plugins = set_of(x=TABLES)
    with pytest.raises(TypeError):
        plugins.all(Kind.SERIALIZER)["a"] = None  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        plugins.records[0].name = "y"  # type: ignore[misc]


def test_records_are_sorted_and_can_be_put_in_a_set() -> None:
    plugins = set_of(b=TABLES, a=offering(serializer=[]))
    assert [record.name for record in plugins.records] == ["a", "b"]
    assert len(set(plugins.records)) == 2


def test_installed_and_given_plugins_together(site: Site) -> None:
    site.plugin("cbor", serializer_source("cbor"))
    plugins = PluginSet(plugins={"mine": offering(serializer=[FakeSerializer("mine", 71)])})
    assert plugins.names(Kind.SERIALIZER) == ("cbor", "mine")
    assert record_of(plugins, "cbor").who == "plugin 'cbor' (acme 1.0)"
    assert record_of(plugins, "mine").who == "plugin 'mine' (given by the program)"


def test_hooks_are_called_once_when_the_set_is_built() -> None:
    calls = []

    class Counting(list[Any]):
        def __iter__(self) -> Iterator[Any]:
            calls.append(1)
            return super().__iter__()

    plugins = set_of(x=offering(serializer=Counting([FakeSerializer()])))
    plugins.get(Kind.SERIALIZER, "fake")
    plugins.by_wire_id(70)
    assert plugins.records[0].status is Status.ACTIVE
    assert calls == [1]


# What is not there -----------------------------------------------------------------------------------


def test_nothing_of_that_name_is_installed() -> None:
    error = refusal(set_of(x=TABLES), Kind.SERIALIZER, "zzz")
    assert error.available == ("a", "b")
    assert "serializer 'zzz'" in str(error)
    assert "no installed plugin offers it" in str(error)
    assert "available: a, b" in str(error)
    assert "list-plugins" in (error.hint or "")


def test_a_misspelled_name_is_recognised() -> None:
    plugins = set_of(x=offering(serializer=[FakeSerializer("serpent")]))
    assert "did you mean 'serpent'?" in (refusal(plugins, Kind.SERIALIZER, "serpant").hint or "")


def test_a_misspelled_alias_is_recognised() -> None:
    error = refusal(
        set_of(x=offering(server=[FakeServerModel("pooled", frozenset({"thread"}))])), Kind.SERVER, "tread"
    )
    assert "did you mean 'thread'?" in (error.hint or "")
    assert error.available == ("pooled",)


@pytest.mark.parametrize("name", [None, 3, [], {}])
def test_a_name_may_be_anything_that_a_user_wrote(name: Any) -> None:
    assert repr(name) in str(refusal(set_of(x=TABLES), Kind.SERIALIZER, name))


def test_there_is_nothing_of_the_kind() -> None:
    error = refusal(set_of(), Kind.RESOURCE_TRACKER, "weak")
    assert error.available == ()
    assert "no resource tracker is available" in str(error)


def test_the_plugin_of_that_name_is_blocked() -> None:
    plugins = PluginSet(autoload=False, plugins={"x": TABLES}, block=["x"])
    error = refusal(plugins, Kind.SERIALIZER, "x")
    assert "plugin 'x' (given by the program) is not in use (blocked)" in str(error)
    assert "PYROPLUG_BLOCK" in (error.hint or "")


def test_the_plugin_of_that_name_failed(site: Site) -> None:
    site.plugin("cbor", "raise ValueError('out of cheese')", "acme-cbor", "1.5")
    error = refusal(PluginSet(warn=Warnings().append), Kind.SERIALIZER, "cbor")
    assert "plugin 'cbor' (acme-cbor 1.5) is not in use (failed): " in str(error)
    assert "out of cheese" in str(error)
    assert "acme-cbor" in (error.hint or "")


def test_the_plugin_of_that_name_was_not_loaded(site: Site) -> None:
    site.plugin("cbor", serializer_source("cbor"))
    assert "is not in use (not loaded)" in str(refusal(PluginSet(load=False), Kind.SERIALIZER, "cbor"))


def test_it_may_be_offered_by_a_plugin_of_another_name_that_is_out(site: Site) -> None:
    site.plugin("formats", "import absent_module", "acme")
    error = refusal(PluginSet(warn=Warnings().append), Kind.SERIALIZER, "cbor")
    assert "plugin 'formats' (acme 1.0) is not in use (failed)" in str(error)
    assert "absent_module" in str(error)
    assert "list-plugins" in (error.hint or "")


def test_a_wire_id_that_nobody_has() -> None:
    with pytest.raises(PluginUnavailableError) as caught:
        set_of(x=TABLES).by_wire_id(99)
    assert "a serializer with id 99" in str(caught.value)
    assert "a (id 70), b (id 71)" in str(caught.value)
    assert (caught.value.kind, caught.value.name) == ("serializer", "99")


def test_a_scheme_that_nobody_has() -> None:
    with pytest.raises(PluginUnavailableError) as caught:
        set_of(x=TABLES).by_scheme("vsock")
    assert "a transport with ./vsock:" in str(caught.value)
    assert "tcp (host:port), unix (./u:)" in str(caught.value)


def test_no_transport_without_a_scheme() -> None:
    with pytest.raises(PluginUnavailableError, match="host:port"):
        set_of().by_scheme(None)


def test_a_named_guard_is_never_silently_missing() -> None:
    plugins = set_of(x=offering(handshake_validator=[FakeValidator(name="a b")]))
    assert refusal(plugins, Kind.HANDSHAKE_VALIDATOR, "a b").available == ()


# The process's own set ---------------------------------------------------------------------------------


@pytest.fixture
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pluginset, "_default", None)


@pytest.mark.usefixtures("_fresh")
def test_the_default_set_is_made_once(site: Site) -> None:
    site.plugin("cbor", serializer_source("cbor"))
    gate = Barrier(8)

    def ask(_: int) -> PluginSet:
        gate.wait(10)
        return default_plugins()

    with ThreadPoolExecutor(8) as pool:
        sets = set(pool.map(ask, range(8)))
    assert len(sets) == 1
    assert sets.pop().names(Kind.SERIALIZER) == ("cbor",)


@pytest.mark.usefixtures("_fresh")
def test_a_plugin_cannot_ask_for_the_default_set_while_it_is_built(site: Site) -> None:
    site.plugin("hasty", "from pyroplug.plugins import default_plugins\ndefault_plugins()\n", "acme-hasty")
    site.plugin("good", serializer_source("good"))
    plugins = default_plugins()
    assert "still being built" in (record_of(plugins, "hasty").problem or "")
    assert plugins.names(Kind.SERIALIZER) == ("good",)
    assert default_plugins() is plugins


def test_broken_plugins_do_no_harm_where_warnings_are_errors(site: Site) -> None:
    site.plugin("old", "import warnings\nwarnings.warn('old', DeprecationWarning)\n", "acme-old")
    site.plugin("bad", "1 / 0", "acme-bad")
    site.plugin("good", serializer_source("good") + ITEM_SOURCE, "acme-good")
    code = (
        "from pyroplug.config import config; print(config.WHEELS)\n"
        "from pyroplug.plugins import *; print(default_plugins().names(Kind.SERIALIZER))\n"
    )
    environment = {
        "PYTHONPATH": f"{site.folder}:{Path(pyroplug.__file__).parent.parent}",
        "PYROPLUG_BLOCK": "pyroplug",
    }
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert result.stdout == "4\n('good',)\n"
    assert "plugin 'old' (acme-old 1.0): its import raised DeprecationWarning: old" in result.stderr
    assert "plugin 'bad' (acme-bad 1.0): its import raised ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr


def test_importing_the_plugin_system_loads_no_plugin_and_searches_nothing() -> None:
    code = "import pyroplug.plugins, sys; print(*sorted(sys.modules))"
    folder = str(Path(pyroplug.__file__).parent.parent)
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": folder}
    )
    loaded = set(result.stdout.split())
    assert not loaded & {
        "importlib.metadata",
        "logging",
        "socket",
        "selectors",
        "ssl",
        "click",
        "rich",
        "pluggy",
    }
    assert not [name for name in loaded if name.startswith("pyroplug_")]
