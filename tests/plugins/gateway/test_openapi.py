"""The description of the exposed objects."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pyroplug_gateway.app import Gateway
from pyroplug_gateway.calls import Members
from pyroplug_gateway.openapi import document
from werkzeug.test import Client

from tests.running import Running
from tests.support import PATIENCE

from .objects import Sample

Make = Callable[..., Gateway]


def valid(found: Any) -> Any:
    """The same document, if it is one."""
    OpenAPIV31SpecValidator(found).validate()
    return found


def test_of_the_sample(ask: Callable[..., Any]) -> None:
    answer = ask("/pyro/openapi.json")
    assert answer.mimetype == "application/json"
    found = valid(answer.json)
    assert found["openapi"] == "3.1.0"
    assert found["servers"] == [{"url": "/"}]
    assert set(found["paths"]["/pyro/http.sample/echo"]) == {"get", "post"}
    assert set(found["paths"]["/pyro/http.sample/colour"]) == {"get"}
    assert "/pyro/http.sample/$meta" in found["paths"]
    assert "/pyro/http.sample/secret" not in found["paths"]
    assert "securitySchemes" not in found["components"]
    assert "x-left-out" not in found


def test_what_get_may_not_call(make: Make) -> None:
    found = valid(Client(make(get_calls=False)).get("/pyro/openapi.json").json)
    assert set(found["paths"]["/pyro/http.sample/echo"]) == {"post"}
    assert set(found["paths"]["/pyro/http.sample/stock"]) == {"get", "post"}


def test_that_a_key_is_needed(make: Make) -> None:
    client = Client(make(key="k"))
    found = valid(client.get("/pyro/openapi.json?$key=k").json)
    assert found["security"] == [{"key": []}]
    assert b'"k"' not in client.get("/pyro/openapi.json?$key=k").data


def test_where_it_is_mounted(make: Make) -> None:
    answer = Client(make()).get("/pyro/openapi.json", base_url="http://localhost/remote/")
    assert valid(answer.json)["servers"] == [{"url": "/remote"}]


def test_objects_that_are_down_are_left_out(make: Make, daemon: Running, run_daemon: Any) -> None:
    down = run_daemon(thing=Sample())
    objects = {"up": str(daemon.daemon.uriFor("thing")), "down": str(down.daemon.uriFor("thing"))}
    down.stop()
    found = valid(Client(make(objects=objects)).get("/pyro/openapi.json").json)
    assert found["x-left-out"] == {"down": "the remote object cannot be reached"}
    assert "down" in found["info"]["description"]
    assert not [path for path in found["paths"] if path.startswith("/pyro/down/")]
    assert "/pyro/up/echo" in found["paths"]


def test_it_is_not_made_for_each_request(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = make()
    asked = []
    members = gateway.calls.members

    def noted(name: str, timeout: float) -> Members:
        asked.append(name)
        return members(name, timeout)

    monkeypatch.setattr(gateway.calls, "members", noted)
    client = Client(gateway)
    for _ in range(3):
        assert client.get("/pyro/openapi.json").status_code == 200
    assert asked == ["http.sample"]


def test_an_object_that_does_not_say_what_it_has(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody accepts its connection, and nobody refuses it."""
    monkeypatch.setattr("pyroplug_gateway.openapi._LONGEST_EACH", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"PYRO:thing@127.0.0.1:{silent.getsockname()[1]}"
        found = valid(Client(make(objects={"silent": uri})).get("/pyro/openapi.json").json)
    assert found["x-left-out"] == {"silent": "the remote object does not answer in time"}


def test_others_do_not_wait_while_it_is_made(
    make: Make, monkeypatch: pytest.MonkeyPatch, in_thread: Callable[..., Future[Any]]
) -> None:
    monkeypatch.setattr("pyroplug_gateway.openapi.LONGEST_WAIT", 0.05)
    gateway = make(cache_time=0)
    client = Client(gateway)
    made, members = client.get("/pyro/openapi.json").json, gateway.calls.members
    begun, go_on = threading.Event(), threading.Event()

    def waits(name: str, timeout: float) -> Members:
        begun.set()
        assert go_on.wait(PATIENCE)
        return members(name, timeout)

    monkeypatch.setattr(gateway.calls, "members", waits)
    making = in_thread(Client(gateway).get, "/pyro/openapi.json")
    try:
        assert begun.wait(PATIENCE)
        assert client.get("/pyro/openapi.json").json == made
        monkeypatch.setattr(gateway._openapi, "_made", None)
        answer = client.get("/pyro/openapi.json")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    finally:
        go_on.set()
    assert making.result(PATIENCE).json == made


@pytest.mark.parametrize("name", ["a/b", "a{b}", "a b", "é", "a?b#c", "a%2Fb", "..", "$meta"])
def test_odd_names(name: str) -> None:
    members = Members(frozenset(["call", "$meta"]), frozenset(["é"]), frozenset(), frozenset())
    found = valid(document({name: members}, {}, get_calls=True, key=False))
    identifiers = [op["operationId"] for item in found["paths"].values() for op in item.values()]
    assert len(identifiers) == len(set(identifiers))
    assert all(path.count("/") == 3 for path in found["paths"])


def test_names_that_look_alike() -> None:
    members = Members(frozenset(["b", "b_get", "c"]), frozenset(), frozenset(), frozenset())
    valid(document({"a": members, "a_b": members, "a%5Fb": members}, {}, get_calls=True, key=False))
