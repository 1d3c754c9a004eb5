from __future__ import annotations

import warnings

import pytest

from pyroplug.config import KERNEL_ITEMS, Configuration
from pyroplug.contracts import ConfigItem
from pyroplug.errors import ConfigError, PyroError

PLUGIN_ITEM = ConfigItem("WHEELS", 4, "number of wheels")


def make(environ: dict[str, str] | None = None) -> Configuration:
    return Configuration(environ=environ or {}, plugin_items=lambda: [PLUGIN_ITEM])


def test_defaults_are_those_of_pyro5() -> None:
    import Pyro5.configure

    theirs = Pyro5.configure.Configuration()
    theirs.reset(use_environment=False)
    ours = make()
    for item in KERNEL_ITEMS:
        if hasattr(theirs, item.name):
            value = getattr(theirs, item.name)
            assert getattr(ours, item.name) == (tuple(value) if isinstance(value, list) else value), item.name


def test_values_are_typed() -> None:
    config = make()
    config.COMMTIMEOUT = 3
    assert isinstance(config.COMMTIMEOUT, float)
    config.COMPRESSION = 1
    assert config.COMPRESSION is True
    config.SERIALIZERS_ACCEPTED = ["marshal"]
    assert config.SERIALIZERS_ACCEPTED == ("marshal",)
    config.NATHOST = "example.org"
    config.NATHOST = None
    assert config.NATHOST is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COMMTIMEOUT", "soon"),
        ("COMMTIMEOUT", True),
        ("NS_PORT", 1.5),
        ("NS_PORT", None),
        ("COMPRESSION", "maybe"),
        ("SERIALIZER", 4),
        ("SERIALIZERS_ACCEPTED", "serpent"),
        ("SERIALIZERS_ACCEPTED", [1]),
    ],
)
def test_a_wrong_value_is_refused_and_changes_nothing(name: str, value: object) -> None:
    config = make()
    before = config.as_dict()
    with pytest.raises(ConfigError, match=name) as caught:
        setattr(config, name, value)
    assert isinstance(caught.value, ValueError)
    assert caught.value.hint
    assert config.as_dict() == before


def test_an_unknown_item_is_an_attribute_error_that_suggests_one() -> None:
    config = make()
    with pytest.raises(AttributeError, match="COMMTIMEOUT"):
        _ = config.COMTIMEOUT
    with pytest.raises(PyroError, match="check-config"):
        config.XQZ = 1
    assert not hasattr(config, "nothing")


@pytest.mark.parametrize("prefix", ["PYRO_", "PYROPLUG_"])
def test_environment(prefix: str) -> None:
    config = make(
        {
            prefix + "COMPRESSION": "Yes",
            prefix + "NS_PORT": "1234",
            prefix + "COMMTIMEOUT": "2.5",
            prefix + "BROADCAST_ADDRS": "a, b,",
            prefix + "NATHOST": "x",
            prefix + "WHEELS": "3",
        }
    )
    assert config.COMPRESSION is True
    assert config.NS_PORT == 1234
    assert config.COMMTIMEOUT == 2.5
    assert config.BROADCAST_ADDRS == ("a", "b")
    assert config.NATHOST == "x"
    assert config.WHEELS == 3


def test_our_own_prefix_wins() -> None:
    assert make({"PYROPLUG_NS_PORT": "2", "PYRO_NS_PORT": "1"}).NS_PORT == 2


@pytest.mark.parametrize("text", ["maybe", "", "2"])
def test_a_bad_variable_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="environment variable PYRO_COMPRESSION"):
        make({"PYRO_COMPRESSION": text})


def test_an_unknown_variable_warns_once_plugins_are_known() -> None:
    config = make({"PYRO_WHEEL": "3", "PYROPLUG_BLOCK": "x", "PYRO_WHEELS": "2", "PATH": "/"})
    with pytest.warns(UserWarning, match="did you mean WHEELS") as caught:
        assert config.WHEELS == 2
    assert len(caught) == 1


def test_plugin_items_are_asked_for_only_when_needed() -> None:
    asked = []
    config = Configuration(environ={}, plugin_items=lambda: asked.append(1) or [PLUGIN_ITEM])
    assert config.HOST == "localhost"
    config.HOST = "other"
    config.copy()
    assert not hasattr(config, "__wrapped__")
    assert not asked
    assert config.WHEELS == 4
    assert "WHEELS" in config.as_dict()
    assert config.items()["WHEELS"] is PLUGIN_ITEM
    assert len(asked) == 1


def test_copies_are_independent() -> None:
    config = make()
    twin = config.copy()
    twin.HOST = "elsewhere"
    config.WHEELS = 6
    assert config.HOST == "localhost"
    assert twin.WHEELS == 4


def test_reset() -> None:
    config = make({"PYRO_HOST": "x"})
    config.NS_PORT = 1
    with warnings.catch_warnings():
        config.reset(use_environment=False)
    assert (config.HOST, config.NS_PORT) == ("localhost", 9090)


def test_dump_has_a_line_for_every_item() -> None:
    config = make()
    lines = config.dump().splitlines()
    assert lines == sorted(lines)
    assert [line.split(" = ")[0] for line in lines] == sorted(config)
    assert "WHEELS = 4" in lines
