"""``docs/plugin-policies.md``: what it says about names, order and blocking holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy
from pyroplug.config import Configuration
from pyroplug.contracts import ConfigItem
from pyroplug.errors import PluginUnavailableError
from pyroplug.hookspecs import hookimpl
from pyroplug.plugins import Kind, PluginSet, Status

from .fabricate import FakeSerializer, FakeTransport, offering

PAGE = (Path(__file__).parent.parent / "docs" / "plugin-policies.md").read_text("utf-8")
ROWS = re.findall(r"^\| (.*?) \| .*? \| (the daemon does not start.*?) \|$", PAGE, re.MULTILINE)
NAMED = [(item, outcome) for items, outcome in ROWS for item in re.findall(r"`([A-Z_]+)`", items)]
LISTS = {"SERIALIZERS_ACCEPTED", "HANDSHAKE_VALIDATORS", "CALL_OBSERVERS"}


def settings(**changes: Any) -> Configuration:
    made = Configuration(environ={})
    for name, value in {"HOST": "127.0.0.1", **changes}.items():
        setattr(made, name, value)
    return made


@contextmanager
def missing(name: str) -> Iterator[None]:
    with pytest.raises(PluginUnavailableError) as caught:
        yield
    assert caught.value.name == name


def test_the_table_names_every_item_that_chooses_plugins() -> None:
    assert {item for item, _ in NAMED} == {*LISTS, "SERIALIZER", "SERVERTYPE", "RESOURCE_TRACKER"}


@pytest.mark.parametrize(("item", "outcome"), NAMED)
def test_what_is_named_has_to_be_there(item: str, outcome: str) -> None:
    config = settings(**{item: ["absent"] if item in LISTS else "absent"})
    with missing("absent"):
        Daemon(config=config)
    if "the proxy is not made" in outcome:
        with missing("absent"):
            Proxy("PYRO:x@127.0.0.1:9", config=config)
    else:
        Proxy("PYRO:x@127.0.0.1:9", config=config)._pyroRelease()


def test_an_address_with_a_scheme_that_nobody_has() -> None:
    with missing("absent"):
        Daemon(listen="./absent:x", config=settings())
    with Proxy("PYRO:x@./absent:x", config=settings()) as proxy, missing("absent"):
        proxy._pyroBind()


def test_a_default_that_is_missing_stops_nobody() -> None:
    plugins = PluginSet(block=["msgpack"])
    assert "msgpack" in settings().SERIALIZERS_ACCEPTED
    with Daemon(config=settings(), plugins=plugins):
        pass


def test_installed_is_not_enabled() -> None:
    plugins = PluginSet(
        plugins={"acme": offering(serializer=[FakeSerializer()], transport=[FakeTransport()])}
    )
    assert "fake" in plugins.names(Kind.SERIALIZER)
    from pyroplug.selection import select_for_daemon
    from pyroplug.values import registry

    assert 70 not in select_for_daemon(plugins, settings(), registry).serializers
    assert plugins.by_scheme("fake").name == "fake", "an address can name it at once"


@pytest.mark.parametrize("options", [{"tryfirst": True}, {"trylast": True}])
def test_a_plugin_cannot_ask_for_an_order(options: dict[str, bool]) -> None:
    def plugin(name: str, **marks: Any) -> SimpleNamespace:
        offer = hookimpl(**marks)(lambda: [ConfigItem(f"{name.upper()}_X", 1, "an item")])
        return SimpleNamespace(pyroplug_config_items=offer)

    plugins = PluginSet(autoload=False, plugins={"b": plugin("b", **options), "a": plugin("a")})
    assert [record.name for record in plugins.records] == ["a", "b"]
    assert [item.name for item in plugins.config_items] == ["A_X", "B_X"]


def test_a_hook_wrapper_is_refused() -> None:
    def wrapper() -> Iterator[None]:
        return (yield)

    plugin = SimpleNamespace(pyroplug_serializers=hookimpl(wrapper=True)(wrapper))
    (record,) = PluginSet(autoload=False, plugins={"acme": plugin}, warn=lambda text: None).records
    assert record.status is Status.FAILED
    assert "wrapper" in str(record.problem)


def test_no_installed_plugin_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYROPLUG_AUTOLOAD", "0")
    assert PluginSet().records == ()
    assert [it.name for it in PluginSet(plugins={"acme": offering()}, warn=lambda text: None).records] == [
        "acme"
    ]


def test_blocking_a_name_that_there_is_not_is_told() -> None:
    told: list[str] = []
    PluginSet(block=["serpnet"], warn=told.append)
    assert "did you mean 'serpent'?" in "".join(told)
