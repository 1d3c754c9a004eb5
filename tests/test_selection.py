from __future__ import annotations

import logging
from typing import Any, NamedTuple

import pytest

from pyroplug.errors import AddressError, ConfigError, PluginUnavailableError
from pyroplug.plugins import PluginSet
from pyroplug.selection import adopt, codec_for, select_for_daemon, transport_for
from pyroplug.values import registry

from .conversation import settings_with
from .fabricate import FakeSerializer, FakeServerModel, FakeTransport, offering, set_of


class FakeCodec(NamedTuple):
    """What its serializer was asked with."""

    name: str
    settings: Any
    classes: Any
    dumps = loads = dumps_call = loads_call = None


class Serializer(FakeSerializer):
    def codec(self, settings: Any, classes: Any, /) -> Any:
        return FakeCodec(self.name, settings, classes)


class Demanding(FakeSerializer):
    def codec(self, settings: Any, classes: Any, /) -> Any:
        raise ConfigError("not with these settings")


class FakeTracker:
    def __init__(self, name: str) -> None:
        self.name = name

    def open(self, peer: Any, settings: Any, /) -> Any:
        raise NotImplementedError


class Adopting(FakeTransport):
    """Takes channels that are texts with its name in them."""

    def adopt(self, channel: Any, settings: Any, /) -> Any:
        if channel == f"broken {self.name}":
            raise AddressError("it is not connected")
        return (self.name, channel) if channel == self.name else None


PLAIN, FAST, ODD = Serializer("plain", 70), Serializer("fast", 71), Demanding("odd", 72)
THREADED, LOOPING = FakeServerModel("threaded", frozenset({"thread"})), FakeServerModel("looping")
WEAK, STRONG = FakeTracker("weak"), FakeTracker("strong")
BARE, PIPE = Adopting("bare", None), Adopting("pipe", "p")


def plugins(**kinds: Any) -> PluginSet:
    offered = {
        "serializer": [PLAIN, FAST, ODD],
        "server": [THREADED, LOOPING],
        "resource_tracker": [WEAK, STRONG],
        "transport": [BARE, PIPE],
        **kinds,
    }
    return set_of(**{f"own-{kind}": offering(**{kind: objects}) for kind, objects in offered.items()})


def settings(**values: Any) -> Any:
    return settings_with(**{"SERIALIZER": "plain", "SERIALIZERS_ACCEPTED": ["fast"], **values})


class TestDaemon:
    def test_gets_what_its_configuration_names(self) -> None:
        chosen = settings(SERVERTYPE="looping", RESOURCE_TRACKER="strong")
        selection = select_for_daemon(plugins(), chosen, registry)
        assert selection.server is LOOPING
        assert selection.tracker is STRONG
        assert selection.serializers == {70: PLAIN, 71: FAST}
        assert selection.codecs == {70: ("plain", chosen, registry), 71: ("fast", chosen, registry)}

    def test_by_default(self) -> None:
        selection = select_for_daemon(plugins(), settings(), registry)
        assert selection.server is THREADED
        assert selection.tracker is WEAK

    def test_its_own_serializer_is_accepted_too(self) -> None:
        selection = select_for_daemon(plugins(), settings(SERIALIZERS_ACCEPTED=[]), registry)
        assert list(selection.serializers) == [70]
        selection = select_for_daemon(plugins(), settings(SERIALIZERS_ACCEPTED=["plain", "plain"]), registry)
        assert list(selection.serializers) == [70]

    def test_nothing_that_is_merely_installed_is_accepted(self) -> None:
        assert 72 not in select_for_daemon(plugins(), settings(), registry).codecs

    def test_the_choice_is_frozen(self) -> None:
        selection = select_for_daemon(plugins(), settings(), registry)
        with pytest.raises(TypeError):
            selection.serializers[5] = ODD  # type: ignore[index]
        with pytest.raises(AttributeError):
            selection.server = LOOPING  # type: ignore[misc]

    @pytest.mark.parametrize(
        ("item", "value"),
        [
            ("SERVERTYPE", "missing"),
            ("RESOURCE_TRACKER", "missing"),
            ("HANDSHAKE_VALIDATORS", ["missing"]),
            ("SERIALIZERS_ACCEPTED", ["fast", "missing"]),
            ("SERIALIZER", "missing"),
        ],
    )
    def test_what_is_named_has_to_be_there(self, item: str, value: Any) -> None:
        with pytest.raises(PluginUnavailableError, match="missing"):
            select_for_daemon(plugins(), settings(**{item: value}), registry)

    def test_a_default_that_is_missing_is_told_in_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        chosen = settings_with(SERIALIZER="plain")
        with caplog.at_level(logging.WARNING):
            selection = select_for_daemon(plugins(), chosen, registry)
        assert list(selection.serializers) == [70]
        assert caplog.text.count("not accepted: ") == 3

    def test_a_serializer_that_cannot_work_with_the_settings(self) -> None:
        with pytest.raises(ConfigError, match="not with these settings"):
            select_for_daemon(plugins(), settings(SERIALIZER="odd"), registry)


class TestOthers:
    def test_a_serializer_and_its_codec(self) -> None:
        chosen = settings()
        assert codec_for(plugins(), "fast", chosen, registry) == (FAST, ("fast", chosen, registry))
        with pytest.raises(PluginUnavailableError) as caught:
            codec_for(plugins(), "missing", chosen, registry)
        assert {"plain", "fast"} <= set(caught.value.available)

    @pytest.mark.parametrize(
        ("location", "transport", "address"),
        [
            ("localhost:80", BARE, "localhost:80"),
            ("[::1]:80", BARE, "[::1]:80"),
            ("./p:here", PIPE, "here"),
            ("./p:with:colons", PIPE, "with:colons"),
            ("./p:", PIPE, ""),
        ],
    )
    def test_the_transport_for_a_location(self, location: str, transport: Any, address: str) -> None:
        assert transport_for(plugins(), location) == (transport, address)

    def test_a_location_that_is_none(self) -> None:
        with pytest.raises(AddressError, match=r"'./nothing' is no location"):
            transport_for(plugins(), "./nothing")
        with pytest.raises(PluginUnavailableError, match="q"):
            transport_for(plugins(), "./q:address")
        with pytest.raises(PluginUnavailableError):
            transport_for(plugins(transport=[PIPE]), "localhost:80")

    def test_a_channel_goes_to_the_transport_that_takes_it(self) -> None:
        assert adopt(plugins(), "pipe", settings()) == ("pipe", "pipe")
        assert adopt(plugins(), "bare", settings()) == ("bare", "bare")

    def test_a_channel_that_nobody_takes(self) -> None:
        with pytest.raises(AddressError, match="no transport in use takes a int") as caught:
            adopt(plugins(), 5, settings())
        assert "bare, pipe" in (caught.value.hint or "")
        with pytest.raises(AddressError, match="it is not connected"):
            adopt(plugins(), "broken pipe", settings())
        with pytest.raises(AddressError) as caught:
            adopt(plugins(transport=[]), 5, settings())
        assert "none" in (caught.value.hint or "")
