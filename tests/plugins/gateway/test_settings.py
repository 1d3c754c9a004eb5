"""Settings: from configuration items, and by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from pyroplug_gateway.items import ITEMS
from pyroplug_gateway.settings import Settings, objects_from

from pyroplug.config import Configuration
from pyroplug.errors import ConfigError


def made(**environ: str) -> Settings:
    return Settings.of(Configuration(environ={f"PYRO_{name}": text for name, text in environ.items()}))


def test_there_is_an_item_for_each() -> None:
    names = {it.name for it in dataclasses.fields(Settings)} - {"configuration"}
    assert {f"GATEWAY_{name.upper()}" for name in names} == {item.name for item in ITEMS}


def test_the_defaults_are_the_items() -> None:
    assert made() == Settings()


def test_from_the_environment() -> None:
    found = made(
        GATEWAY_EXPOSE="shop",
        GATEWAY_KEY="schlüssel",
        GATEWAY_TIMEOUT="1.5",
        GATEWAY_GET_CALLS="off",
        GATEWAY_OBJECTS="a=PYRO:x@localhost:1, b=PYRO:y@localhost:2",
    )
    assert (found.expose, found.key, found.timeout, found.get_calls) == (
        "shop",
        "schlüssel".encode(),
        1.5,
        False,
    )
    assert dict(found.objects) == {"a": "PYRO:x@localhost:1", "b": "PYRO:y@localhost:2"}
    assert found.nameserver is None


def test_the_key_is_shown_to_nobody() -> None:
    settings = Configuration(environ={"PYRO_GATEWAY_KEY": "sesame"})
    assert "sesame" not in repr(Settings.of(settings))
    assert "sesame" not in settings.dump()
    assert "sesame" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "objects", "uri"),
    [
        ("", [], ""),
        ("", ["a=PYRO:x@localhost:1"], None),
        ("none", [], None),
        ("none", ["a=PYRO:x@localhost:1"], None),
        ("home:99", ["a=PYRO:x@localhost:1"], "PYRO:Pyro.NameServer@home:99"),
        ("home", [], "PYRO:Pyro.NameServer@home:9090"),
        ("127.0.0.1:1", [], "PYRO:Pyro.NameServer@127.0.0.1:1"),
        ("::1", [], "PYRO:Pyro.NameServer@[::1]:9090"),
        ("[::1]:7", [], "PYRO:Pyro.NameServer@[::1]:7"),
        ("./u:/tmp/names", [], "PYRO:Pyro.NameServer@./u:/tmp/names"),
    ],
)
def test_name_servers(text: str, objects: list[str], uri: str | None) -> None:
    assert Settings.of(Configuration(environ={}), nameserver=text, objects=objects).nameserver == uri


@pytest.mark.parametrize("text", ["home:x", "a b", ":", "home:123456", "@"])
def test_what_is_no_name_server(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.of(Configuration(environ={}), nameserver=text)
    assert repr(text) in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "a", "a=", "a=x", "=PYRO:x@localhost:1", "PYRO:x@localhost:1"])
def test_what_is_no_object(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        objects_from([text])
    assert caught.value.hint


def test_names_may_have_equals_signs_in_the_uri_alone() -> None:
    assert dict(objects_from(["a b=PYRO:x=y@localhost:1"])) == {"a b": "PYRO:x=y@localhost:1"}


def test_it_cannot_be_changed() -> None:
    settings: Any = Settings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.key = b"x"
    with pytest.raises(TypeError):
        settings.objects["x"] = "y"
