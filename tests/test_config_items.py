"""The items themselves: Pyro5's with its defaults, ours in addition, and every one's limits."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import Pyro5.configure
import pytest

from pyroplug.api import Daemon
from pyroplug.config import KERNEL_ITEMS, Configuration, type_name
from pyroplug.config.values import checked, default_of
from pyroplug.contracts import ConfigItem
from pyroplug.errors import ConfigError, PluginUnavailableError
from pyroplug.plugins import Kind, default_plugins

PYRO5_ITEMS = Pyro5.configure.Configuration.__slots__


def bring() -> dict[str, str]:
    """Which plugin brings which item."""
    return {
        it.name: record.name
        for record in default_plugins().records
        for it in record.provides
        if it.kind is Kind.CONFIG_ITEM
    }


@pytest.fixture(scope="module")
def items() -> dict[str, ConfigItem]:
    return Configuration(environ={}).items()


@pytest.fixture
def theirs() -> Any:
    theirs = Pyro5.configure.Configuration()
    theirs.reset(use_environment=False)
    return theirs


def test_pyro5_has_39_items() -> None:
    assert len(set(PYRO5_ITEMS)) == 39


def test_its_items_are_ours_with_the_same_types_and_defaults(
    items: dict[str, ConfigItem], theirs: Any
) -> None:
    for name in PYRO5_ITEMS:
        value = getattr(theirs, name) if name != "SOCK_NODELAY" else True
        ours = default_of(items[name])
        assert ours == (tuple(value) if isinstance(value, list) else value), name
        kind = "str or None" if value is None else type(value).__name__
        assert type_name(items[name]) == kind, name


def test_its_variables_mean_the_same(items: dict[str, ConfigItem]) -> None:
    texts = {
        "bool": "yes",
        "int": "4",
        "float": "2.5",
        "str": "any text",
        "list": "a, b",
        "str or None": "some.text",
    }
    environ = {f"PYRO_{name}": texts[type_name(items[name])] for name in PYRO5_ITEMS}
    ours = Configuration(environ=environ)
    code = "import Pyro5.configure as c; print(repr(c.Configuration().as_dict()))"
    run = subprocess.run(  # it reads its environment when it is imported
        [sys.executable, "-c", code],
        env={**os.environ, **environ, "PYRO_LOGLEVEL": "INFO", "PYRO_LOGFILE": "{stderr}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for name, value in eval(run.stdout).items():
        if name not in ("LOGLEVEL", "LOGFILE"):
            assert getattr(ours, name) == (tuple(value) if isinstance(value, list) else value), name


def test_plugins_bring_what_is_theirs(items: dict[str, ConfigItem]) -> None:
    brought = bring()
    kernel = {item.name for item in KERNEL_ITEMS}
    assert kernel | brought.keys() == items.keys()
    assert not kernel & brought.keys()
    for name, plugin in {
        "SOCK_REUSE": "transports",
        "PREFER_IP_VERSION": "transports",
        "THREADPOOL_SIZE": "servers",
        "SERPENT_BYTES_REPR": "serpent",
        "SSL": "transports",
    }.items():
        assert brought[name] == plugin


def test_every_default_is_a_right_value(items: dict[str, ConfigItem]) -> None:
    for item in items.values():
        assert checked(item, default_of(item)) == default_of(item), item.name


def test_what_is_counted_or_measured_has_a_least_value(items: dict[str, ConfigItem]) -> None:
    for item in items.values():
        if type_name(item) in ("int", "float"):
            assert item.minimum is not None or item.choices, item.name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COMMTIMEOUT", -1),
        ("POLLTIMEOUT", -0.1),
        ("MAX_MESSAGE_SIZE", 0),
        ("MAX_MESSAGE_SIZE", 1 << 32),
        ("MAX_HANDSHAKE_SIZE", 0),
        ("MAX_RETRIES", -1),
        ("NS_PORT", 65536),
        ("NATPORT", -1),
        ("THREADPOOL_SIZE", 0),
        ("THREADPOOL_SIZE_MIN", 0),
        ("ONEWAY_THREADS", 0),
        ("PREFER_IP_VERSION", 5),
        ("ITER_STREAM_LIFETIME", -1),
        ("MAX_RESOURCES_PER_CONNECTION", -1),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_set(name: str, value: float) -> None:
    config = Configuration(environ={f"PYRO_{name}": str(value)})
    with pytest.raises(ConfigError, match=f"{name}: environment variable PYRO_{name}: '{value}' is not"):
        getattr(config, name)
    with pytest.raises(ConfigError, match=f"{name}: {value} is not"):
        setattr(config, name, value)


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("SERVERTYPE", "treadpool"),
        ("SERIALIZER", "serpant"),
        ("SERIALIZERS_ACCEPTED", ["jason"]),
        ("HANDSHAKE_VALIDATORS", ["nobody"]),
        ("RESOURCE_TRACKER", "week"),
    ],
)
def test_names_of_plugins_are_looked_up_when_a_daemon_is_made(item: str, value: Any) -> None:
    config = Configuration(environ={})
    setattr(config, item, value)
    name = value if isinstance(value, str) else value[0]
    with pytest.raises(PluginUnavailableError, match=name):
        Daemon(config=config)


def test_a_spoilt_item_stops_the_daemon_that_needs_it() -> None:
    with pytest.raises(ConfigError, match="PYRO_COMPRESSION"):
        Daemon(config=Configuration(environ={"PYRO_COMPRESSION": "perhaps"}))
