"""Requests and their answers: routes, statuses, headers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from pyroplug_gateway.app import Gateway
from werkzeug.test import Client

from pyroplug.api import behavior, expose

from .objects import Sample

ID = "11112222-1111-2222-3333-222244449999"

Ask = Callable[..., Any]
Make = Callable[..., Gateway]


@behavior(instance_mode="session")
class Session:
    """Counts the calls of one connection."""

    def __init__(self) -> None:
        self._calls = 0

    @expose
    def count(self) -> int:
        self._calls += 1
        return self._calls


def text_of(answer: Any) -> str:
    """What a failure says."""
    document = json.loads(answer.data)
    assert document["__exception__"] is True
    assert document["attributes"] == {}
    return str(document["args"][0])


# Routes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/pyro"])
def test_the_way_to_the_page(ask: Ask, path: str) -> None:
    answer = ask(path)
    assert (answer.status_code, answer.headers["Location"], answer.data) == (302, "/pyro/", b"")


def test_a_gateway_that_is_mounted_somewhere(make: Make) -> None:
    answer = Client(make()).get("/pyro", base_url="http://localhost/remote/")
    assert answer.headers["Location"] == "/remote/pyro/"


def test_odd_places_make_no_odd_headers(make: Make) -> None:
    answer = Client(make()).get("/", environ_overrides={"SCRIPT_NAME": "/a\r\nX: y/\xc3\xa9"})
    assert answer.headers["Location"] == "/a%0D%0AX%3A%20y/%C3%A9/pyro/"


def test_sessions_are_those_of_the_gateways_connections(make: Make, run_daemon: Any) -> None:
    uri = run_daemon(thing=Session).daemon.uriFor("thing")
    shared, alone = (Client(make(objects={"s": str(uri)}, idle_time=it)) for it in (60.0, 0.0))
    assert [shared.get("/pyro/s/count").json for _ in range(3)] == [1, 2, 3]
    assert [alone.get("/pyro/s/count").json for _ in range(3)] == [1, 1, 1]


def test_the_page_lists_names(ask: Ask) -> None:
    answer = ask("/pyro/")
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    assert b"http.sample" in answer.data


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/pyro/http.sample", 404),
        ("/pyro/http.sample/", 404),
        ("/pyro/http.sample/nothing", 404),
        ("/pyro/other/echo", 403),
        ("/pyro/Pyro.Daemon/registered", 403),
        ("/assets/nothing.css", 404),
    ],
)
def test_what_there_is_not(ask: Ask, path: str, status: int) -> None:
    answer = ask(path)
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert text_of(answer)


def test_a_path_that_is_no_text(ask: Ask) -> None:
    answer = ask("/", environ_overrides={"PATH_INFO": "/pyro/http.sample\xff/echo"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/pyro/http.sample/echo", "PUT", "GET, OPTIONS, POST"),
        ("/pyro/http.sample/echo", "HEAD", "GET, OPTIONS, POST"),
        ("/pyro/http.sample/echo", "BREW", "GET, OPTIONS, POST"),
        ("/pyro/", "POST", "GET, HEAD, OPTIONS"),
        ("/healthz", "DELETE", "GET, HEAD, OPTIONS"),
    ],
)
def test_methods_that_are_not_allowed(ask: Ask, path: str, method: str, allowed: str) -> None:
    answer = ask(path, method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == allowed


def test_head_of_what_can_be_read(ask: Ask) -> None:
    answer = ask("/pyro/", "HEAD")
    assert (answer.status_code, answer.data) == (200, b"")


# Calls -----------------------------------------------------------------------------------------------


def test_a_call(ask: Ask) -> None:
    answer = ask("/pyro/http.sample/echo?message=hello")
    assert (answer.status_code, answer.data) == (200, b'"hello"')
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_property(ask: Ask) -> None:
    for method in ("GET", "POST"):
        assert ask("/pyro/http.sample/colour", method).json == {"name": "blue", "share": 0.5}
    answer = ask("/pyro/http.sample/colour?x=1")
    assert (answer.status_code, text_of(answer)) == (400, "a property takes no parameters")


def test_meta(ask: Ask) -> None:
    found = ask("/pyro/http.sample/$meta").json
    assert found["attributes"] == ["colour"]
    assert {"echo", "stock", "note"} <= set(found["methods"])
    assert "secret" not in found["methods"]


def test_an_exception(ask: Ask) -> None:
    answer = ask("/pyro/http.sample/fail?text=gone")
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    found = answer.json
    assert (found["__class__"], found["__exception__"]) == ("builtins.ValueError", True)
    assert found["args"] == ["gone", {"code": [1, None]}]
    told = "".join(found["attributes"]["_pyroTraceback"])
    assert 'File "objects.py", line' in told
    assert "/" not in told.replace('File "objects.py"', "")


def test_an_exception_without_its_traceback(make: Make) -> None:
    answer = Client(make(tracebacks=False)).get("/pyro/http.sample/fail")
    assert answer.status_code == 500
    assert answer.json == {
        "__class__": "builtins.ValueError",
        "__exception__": True,
        "args": ["it is broken", {"code": [1, None]}],
        "attributes": {},
    }


def test_oneway_methods(ask: Ask, sample: Sample) -> None:
    answer = ask("/pyro/http.sample/note?text=a")
    assert (answer.status_code, answer.data) == (200, b"")
    assert sample.called.wait(20)
    assert sample.events == ["a"]


@pytest.mark.parametrize("options", ["oneway", "other, oneway"])
def test_any_method_called_oneway(ask: Ask, sample: Sample, options: str) -> None:
    answer = ask("/pyro/http.sample/sell", headers={"X-Pyro-Options": options})
    assert (answer.status_code, answer.data) == (200, b"")
    assert sample.called.wait(20)
    assert ask("/pyro/http.sample/echo?message=1").data == b'"1"', "the next call is a usual one"


# Correlation ids -------------------------------------------------------------------------------------


def test_the_callers_correlation_id(ask: Ask) -> None:
    answer = ask("/pyro/http.sample/correlation", headers={"X-Pyro-Correlation-Id": ID})
    assert answer.json == ID
    assert answer.headers["X-Pyro-Correlation-Id"] == ID


@pytest.mark.parametrize("path", ["/pyro/http.sample/fail", "/pyro/other/x", "/nothing", "/"])
def test_the_correlation_id_of_errors_too(ask: Ask, path: str) -> None:
    answer = ask(path, headers={"X-Pyro-Correlation-Id": ID})
    assert answer.headers["X-Pyro-Correlation-Id"] == ID


def test_a_correlation_id_of_its_own(ask: Ask) -> None:
    answers = [ask("/pyro/http.sample/correlation") for _ in range(2)]
    found = {answer.headers["X-Pyro-Correlation-Id"] for answer in answers}
    assert found == {answer.json for answer in answers}
    assert len(found) == 2


@pytest.mark.parametrize("given", ["x", "1111", "g" * 32, "1" * 10_000, "1111\xe92222"])
def test_a_correlation_id_that_is_none(ask: Ask, given: str) -> None:
    answer = ask("/pyro/http.sample/echo", environ_overrides={"HTTP_X_PYRO_CORRELATION_ID": given})
    assert answer.status_code == 400
    assert UUID(answer.headers["X-Pyro-Correlation-Id"])


# The key ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/pyro/http.sample/echo", "/pyro/", "/pyro/openapi.json", "/pyro/x/y"])
def test_without_the_key(make: Make, path: str) -> None:
    client = Client(make(key="open sesame"))
    for given in ({}, {"X-Pyro-Gateway-Key": "open"}, {"X-Pyro-Gateway-Key": ""}):
        answer = client.get(path, headers=given)
        assert answer.status_code == 403
        assert b"http.sample" not in answer.data


@pytest.mark.parametrize("path", ["/pyro/http.sample/echo", "/pyro/", "/pyro/openapi.json"])
def test_with_the_key(make: Make, path: str) -> None:
    client = Client(make(key="open sesame"))
    assert client.get(path, headers={"X-Pyro-Gateway-Key": "open sesame"}).status_code == 200
    assert client.get(path, query_string={"$key": "open sesame"}).status_code == 200


def test_the_key_is_no_parameter(make: Make) -> None:
    client = Client(make(key="k"))
    path = "/pyro/http.sample/arguments"
    assert client.get(path, query_string={"$key": "k", "a": "1"}).json == [[], {"a": "1"}]
    assert client.post(path, data={"$key": "k", "a": "1"}).json == [[], {"a": "1"}]


def test_a_key_that_is_not_ascii(make: Make) -> None:
    client = Client(make(key="schlüssel"))
    path = "/pyro/http.sample/stock"
    assert client.get(path, query_string={"$key": "schlüssel"}).json == 7
    raw = "schlüssel".encode().decode("latin-1")
    assert client.get(path, environ_overrides={"HTTP_X_PYRO_GATEWAY_KEY": raw}).json == 7
    assert client.get(path, query_string="$key=schl%fcssel").status_code == 403


# GET and POST ----------------------------------------------------------------------------------------


def test_get_requests_that_change_nothing(make: Make, sample: Sample) -> None:
    client = Client(make(get_calls=False))
    answer = client.get("/pyro/http.sample/sell")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")
    assert sample.events == []
    assert client.get("/pyro/http.sample/stock").json == 7
    assert client.get("/pyro/http.sample/colour").status_code == 200
    assert client.get("/pyro/http.sample/$meta").status_code == 200
    assert client.post("/pyro/http.sample/sell").json == "sold"


def test_asking_for_its_health_ends_idle_connections(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = make()
    client = Client(gateway)
    assert client.get("/pyro/http.sample/stock").json == 7
    assert gateway._pool._total == 1
    assert client.get("/healthz").status_code == 200
    assert gateway._pool._total == 1
    monkeypatch.setattr(gateway._pool, "_idle_time", -1.0)
    assert client.get("/healthz").status_code == 200
    assert gateway._pool._total == 0


# The gateway's own faults ----------------------------------------------------------------------------


def test_a_fault_tells_nothing(make: Make, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    gateway = make()

    def broken(call: Any) -> Any:
        raise RuntimeError("/srv/secret")

    monkeypatch.setattr(gateway.calls, "call", broken)
    answer = Client(gateway).get("/pyro/http.sample/echo")
    assert (answer.status_code, text_of(answer)) == (500, "the gateway failed")
    assert b"secret" not in answer.data
    assert "RuntimeError" in caplog.text


def test_no_configuration_is_changed(make: Make, ask: Ask) -> None:
    from pyroplug.api import config

    before = config.as_dict()
    assert ask("/pyro/http.sample/echo").status_code == 200
    assert config.as_dict() == before
