"""One plugin at a time: a fault in its module or its hooks is told, and harms no other plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pyroplug.hookspecs import hookimpl
from pyroplug.plugins import Kind, PluginRecord, PluginSet, Status

from .fabricate import (
    FakeSerializer,
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


def returning(value: object) -> Any:
    """A function of its own: marking it as a hook marks no other test's."""
    return lambda: value


def failed(site: Site, target: str) -> PluginRecord:
    """The record of a broken plugin, after all that holds for every one of them was checked."""
    site.plugin("good", serializer_source("good"), "good-dist")
    site.distribution("acme-bad", {"bad": target}, "3.1")
    warnings = Warnings()
    plugins = PluginSet(warn=warnings.append)
    record = record_of(plugins, "bad")
    assert record.status is Status.FAILED
    assert record.provides == ()
    assert record.problem
    assert record.hint
    assert "\n" not in record.problem
    assert plugins.names(Kind.SERIALIZER) == ("good",)
    warning = warnings.about("'bad'")
    assert warning == f"plugin 'bad' (acme-bad 3.1): {record.problem}\nhint: {record.hint}"
    assert len(warnings) == 1
    return record


def fault(plugin: Any) -> PluginRecord:
    """The record of a broken plugin that is given by hand."""
    record = record_of(set_of(bad=plugin), "bad")
    assert record.status is Status.FAILED
    assert record.problem
    assert record.hint
    return record


# Loading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ["ValueError", "SystemExit", "BaseException", "ImportError"])
def test_an_import_that_fails(site: Site, error: str) -> None:
    path = site.module("bad_module", f"\nraise {error}('out of\\ncheese')\n")
    record = failed(site, "bad_module")
    assert f"{error}: out of cheese" in (record.problem or "")
    assert f"({path}, line 3)" in (record.problem or "")
    assert "acme-bad" in (record.hint or "")
    assert "PYROPLUG_BLOCK=bad" in (record.hint or "")


def test_an_error_whose_text_cannot_be_had(site: Site) -> None:
    source = "class Mean(Exception):\n    def __str__(self): raise RuntimeError\nraise Mean\n"
    site.module("bad_module", source)
    assert "raised Mean (" in (failed(site, "bad_module").problem or "")


def test_a_syntax_error(site: Site) -> None:
    site.module("bad_module", "def f(:\n")
    assert "SyntaxError" in (failed(site, "bad_module").problem or "")


def test_the_users_interrupt_is_not_swallowed(site: Site) -> None:
    site.plugin("bad", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        PluginSet()


def test_a_missing_dependency(site: Site) -> None:
    site.module("bad_module", "import absent_cbor.tools")
    record = failed(site, "bad_module")
    assert "'absent_cbor'" in (record.problem or "")
    assert "not installed" in (record.problem or "")
    assert "pip install absent_cbor" in (record.hint or "")
    assert "acme-bad" in (record.hint or "")


def test_a_part_of_the_plugin_itself_is_missing(site: Site) -> None:
    package = site.folder / "bad_package"
    package.mkdir()
    (package / "__init__.py").write_text("from . import absent\n")
    assert "cannot import name 'absent'" in (failed(site, "bad_package").problem or "")


@pytest.mark.parametrize("target", ["bad_package", "bad_package.plugin"])
def test_a_module_of_the_plugin_itself_is_missing(site: Site, target: str) -> None:
    package = site.folder / "bad_package"
    package.mkdir()
    for name in ("__init__", "plugin"):
        (package / f"{name}.py").write_text("import bad_package.absent.inner\n")
    record = failed(site, target)
    assert "its own module 'bad_package.absent' is missing" in (record.problem or "")
    assert "install acme-bad again" in (record.hint or "")
    assert "pip install" not in (record.hint or "")


def test_an_entry_point_to_no_module(site: Site) -> None:
    record = failed(site, "absent_module.plugin")
    assert "'absent_module.plugin'" in (record.problem or "")
    assert "entry point" in (record.hint or "")
    assert "acme-bad" in (record.hint or "")


def test_an_entry_point_to_no_attribute(site: Site) -> None:
    site.module("bad_module", "")
    record = failed(site, "bad_module:nothing.here")
    assert "AttributeError" in (record.problem or "")
    assert "'nothing.here'" in (record.problem or "")
    assert "'bad_module:nothing.here'" in (record.hint or "")


def test_an_entry_point_to_a_class(site: Site) -> None:
    site.module("bad_module", "class Plugin:\n    @hookimpl\n    def pyroplug_serializers(self): return []\n")
    record = failed(site, "bad_module:Plugin")
    assert "class 'Plugin'" in (record.problem or "")
    assert "Plugin()" in (record.hint or "")


def test_an_entry_point_to_an_instance(site: Site) -> None:
    source = serializer_source("cbor") + (
        "class Plugin:\n    @hookimpl\n    def pyroplug_serializers(self): return [Fake()]\n"
        "class Box: it = Plugin()\n"
    )
    site.module("cbor_module", source)
    site.distribution("acme", {"cbor": "cbor_module:Box.it [extra]"})
    assert PluginSet().names(Kind.SERIALIZER) == ("cbor",)


# Hooks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["@hookimpl\n", ""])
def test_a_misspelled_hook(site: Site, mark: str) -> None:
    site.module("bad_module", f"{mark}def pyroplug_serialisers(): return []\n")
    record = failed(site, "bad_module")
    assert "'pyroplug_serialisers'" in (record.problem or "")
    assert "did you mean pyroplug_serializers?" in (record.hint or "")
    assert "pyroplug_transports" in (record.hint or "")


def test_an_unknown_hook_of_any_name(site: Site) -> None:
    site.module("bad_module", "@hookimpl\ndef on_call(): return []\n")
    record = failed(site, "bad_module")
    assert "'on_call'" in (record.problem or "")
    assert "did you mean" not in (record.hint or "")
    assert "pyroplug_transports" in (record.hint or "")


def test_a_hook_of_a_later_version_may_be_marked_optional() -> None:
    plugin = offering(serializer=[FakeSerializer()])
    plugin.pyroplug_of_tomorrow = hookimpl(optionalhook=True)(returning([]))
    assert record_of(set_of(good=plugin), "good").status is Status.ACTIVE


def test_a_hook_under_another_name() -> None:
    plugin = SimpleNamespace(
        anything=hookimpl(specname="pyroplug_serializers")(lambda: [FakeSerializer("x")])
    )
    assert set_of(good=plugin).names(Kind.SERIALIZER) == ("x",)


def test_a_forgotten_mark(site: Site) -> None:
    site.module("bad_module", "def pyroplug_serializers(): return []\n")
    record = failed(site, "bad_module")
    assert "pyroplug_serializers" in (record.problem or "")
    assert "from pyroplug.hookspecs import hookimpl" in (record.hint or "")


def test_a_mark_forgotten_on_one_of_two_hooks() -> None:
    plugin = offering(serializer=[])
    plugin.pyroplug_transports = returning([])
    assert "pyroplug_transports" in (fault(plugin).problem or "")


def test_no_hook_at_all(site: Site) -> None:
    site.module("bad_module", "def helper(): pass\npyroplug_version = 3\n")
    record = failed(site, "bad_module")
    assert "implements no pyroplug hook" in (record.problem or "")
    assert "from pyroplug.hookspecs import hookimpl" in (record.hint or "")
    assert "pyroplug_serializers" in (record.hint or "")


@pytest.mark.parametrize("thing", [None, 3, "text", object()])
def test_what_is_no_plugin_at_all(thing: object) -> None:
    assert type(thing).__name__ in (fault(thing).problem or "")


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_an_instance_that_cannot_be_looked_at(error: type[BaseException]) -> None:
    class Mean:
        def __dir__(self) -> list[str]:
            raise error("go away")

    record = fault(Mean())
    assert f"looking at it raised {error.__name__}: go away" in (record.problem or "")
    assert "PYROPLUG_BLOCK=bad" in (record.hint or "")


def test_the_users_interrupt_while_it_is_looked_at() -> None:
    class Slow:
        def __dir__(self) -> list[str]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        set_of(slow=Slow())


def test_properties_of_an_instance_are_not_run() -> None:
    class Plugin:
        @property
        def pyroplug_version(self) -> str:
            raise RuntimeError

        @hookimpl
        def pyroplug_serializers(self) -> list[Any]:
            return [FakeSerializer("x")]

    assert set_of(good=Plugin()).names(Kind.SERIALIZER) == ("x",)


def test_wrong_arguments(site: Site) -> None:
    site.module("bad_module", "@hookimpl\ndef pyroplug_serializers(config): return []\n")
    record = failed(site, "bad_module")
    assert "pyroplug_serializers" in (record.problem or "")
    assert "config" in (record.problem or "")
    assert "pyroplug_serializers()" in (record.hint or "")
    assert "pyroplug_commands(cli)" in (record.hint or "")


@pytest.mark.parametrize("options", [{"wrapper": True}, {"hookwrapper": True}])
def test_a_wrapper_is_refused(options: dict[str, Any]) -> None:
    def wrapper() -> Iterator[Any]:
        yield

    marked: Any = hookimpl(**options)
    record = fault(SimpleNamespace(pyroplug_serializers=marked(wrapper)))
    assert "wrapper" in (record.problem or "")
    assert "pyroplug_serializers" in (record.problem or "")


# What hooks return -----------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["raise ValueError('no cheese')", "yield 1 / 0", "raise SystemExit(3)"])
def test_a_hook_that_raises(site: Site, body: str) -> None:
    path = site.module("bad_module", f"@hookimpl\ndef pyroplug_serializers():\n    {body}\n")
    record = failed(site, "bad_module")
    assert "its pyroplug_serializers raised" in (record.problem or "")
    assert f"({path}, line 4)" in (record.problem or "")
    assert "acme-bad" in (record.hint or "")


def test_a_hook_that_raises_takes_the_whole_plugin_out() -> None:
    plugin = offering(serializer=[FakeSerializer()])
    plugin.pyroplug_transports = hookimpl(lambda: 1 / 0)
    plugins = set_of(bad=plugin)
    assert record_of(plugins, "bad").status is Status.FAILED
    assert plugins.names(Kind.SERIALIZER) == ()


@pytest.mark.parametrize(
    ("result", "named"),
    [(None, "None"), (3, "'int'"), ("text", "'str'"), ({}, "'dict'"), (FakeSerializer(), "'FakeSerializer'")],
)
def test_a_hook_that_returns_no_list(result: object, named: str) -> None:
    record = fault(offering(serializer=result))
    assert f"its pyroplug_serializers returned {'' if result is None else 'an object of type '}{named}" in (
        record.problem or ""
    )
    assert "list" in (record.hint or "")


@pytest.mark.parametrize("make", [list, tuple, iter, lambda values: (value for value in values)])
def test_any_iterable_will_do(make: Any) -> None:
    plugins = set_of(good=offering(serializer=make([FakeSerializer("a", 70), FakeSerializer("b", 71)])))
    assert plugins.names(Kind.SERIALIZER) == ("a", "b")


def test_every_kind_is_collected_from_its_hook() -> None:
    plugin = SimpleNamespace(**{kind.hook: hookimpl(returning([])) for kind in Kind})
    assert record_of(set_of(good=plugin), "good").status is Status.ACTIVE
